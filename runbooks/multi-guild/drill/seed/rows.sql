-- The home server with its 19 users, sixty servers with 300 each, three challenges a user, and what
-- commands they gave: 18,019 + 54,057 + 100,000 rows, up to fifteen minutes ago.
INSERT INTO guilds VALUES (1000, 'Home', '2025-06-01 12:00:00');
INSERT INTO guilds
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
SELECT 1000 + i, 'Server ' || i, datetime('now', '-' || (70 - i) || ' days') FROM n;

INSERT INTO users
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19)
SELECT 1000, 5000 + i, 'member ' || i, datetime('now', '-' || (120 - i) || ' days'), 0 FROM n;

-- Every third user of every second server is on the server before it, too.
INSERT INTO users
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 17999)
SELECT 1001 + i / 300, 10000 + i % 300 + (i / 300 - (i % 3 = 0 AND i / 300 % 2 = 1)) * 300,
       'user ' || i, datetime('now', '-15 minutes', '-' || (18000 - i) || ' minutes'), 0
FROM n;

INSERT INTO challenges (guild_id, user_id, points, completed_at)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2)
SELECT u.guild_id, u.user_id, 10 + (u.user_id * 7 + u.guild_id + n.i * 11) % 40,
       datetime('now', '-15 minutes', '-' || ((u.user_id * 31 + n.i * 977) % 40000) || ' minutes')
FROM users AS u, n;

UPDATE users SET points = (SELECT sum(c.points) FROM challenges AS c
	WHERE c.guild_id = users.guild_id AND c.user_id = users.user_id);

INSERT INTO command_usage (guild_id, user_id, command, at)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
SELECT 1001 + i % 60, 10000 + i % 60 * 300 + i * 7 % 300,
       CASE i % 4 WHEN 0 THEN '!login' WHEN 1 THEN '!profile' WHEN 2 THEN '!challenge' ELSE '!leaderboard' END,
       datetime('now', '-15 minutes', '-' || (100000 - i) || ' seconds')
FROM n;
ANALYZE;
