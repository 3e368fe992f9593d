-- The fifteen minutes since the copy: a channel a minute, and what was posted in it.
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 14)
INSERT INTO channels (league, name, game, created_at)
SELECT 'SOCCER', 'arsenal-vs-chelsea-' || i, i, datetime('now', '-' || i || ' minutes') FROM n;
INSERT INTO posts (title, posted_at)
SELECT name || ' ' || p, created_at
FROM channels, (SELECT 1 AS p UNION ALL SELECT 2) WHERE league = 'SOCCER';
