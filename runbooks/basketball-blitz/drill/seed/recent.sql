-- The hour since the backup: twelve more games, thirty plays each.
INSERT INTO games (created_at, status, home, away, home_score, away_score, state)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12)
SELECT strftime('%Y-%m-%dT%H:%M:%S', 'now', 'localtime', '-' || (51 - i * 4) || ' minutes'), 'active', 'Hawks', 'Heat', 20 + i, 20, '{}'
FROM n;

INSERT INTO plays (game_id, quarter, clock_s, player_id, points, text)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
SELECT g.id, 1, 700 - i * 20, 1 + i, 2, 'player ' || (1 + i) || ' scores 2'
FROM games AS g, n WHERE g.id > 2406;
