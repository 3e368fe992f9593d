-- Games since the archive of the checkout was made, and before the latest copy: ids 2401 to 2406.
INSERT INTO games (created_at, status, home, away, home_score, away_score, state)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6)
SELECT strftime('%Y-%m-%dT%H:%M:%S', 'now', 'localtime', '-' || (61 - i) || ' minutes'), 'active', 'Bulls', 'Spurs', 30, 20 + i, '{}'
FROM n;
