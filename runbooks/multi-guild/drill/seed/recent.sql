-- The fifteen minutes since the backup: registrations and challenges that only the live database has.
INSERT INTO users
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
SELECT 1000 + i, 90000 + i, 'newcomer ' || i, datetime('now', '-' || (15 * 60 - i * 14) || ' seconds'), 25 FROM n;
INSERT INTO challenges (guild_id, user_id, points, completed_at)
SELECT guild_id, user_id, 25, registered_at FROM users WHERE user_id > 90000;
