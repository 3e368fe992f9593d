-- Four seasons up to fifteen minutes ago: 20,000 games, a channel for each, four posts in each channel.
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO games (id, home, away, home_score, away_score, played_at)
SELECT i, 'Team ' || (1 + i % 30), 'Team ' || (1 + (i * 7 + 3) % 30), (i * 31) % 11, (i * 17) % 9,
       datetime('now', '-15 minutes', '-' || ((20000 - i) * 105) || ' minutes')
FROM n;
INSERT INTO channels (league, name, game, created_at, closed_at)
SELECT 'MLB', lower(replace(home || '-vs-' || away, ' ', '-')), id, played_at,
       CASE WHEN id < 19990 THEN datetime(played_at, '+3 days') END
FROM games;
INSERT INTO posts (title, posted_at)
SELECT home || ' ' || home_score || ' : ' || away_score || ' ' || away, played_at
FROM games, (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4);
