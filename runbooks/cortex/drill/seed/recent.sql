-- Twenty minutes of work of Cortex's users that are in no backup.
INSERT INTO lineups (week_id, created_at)
SELECT 54, now() - n * interval '15 seconds' FROM generate_series(1, 80) AS n;

INSERT INTO lineup_players (lineup_id, player_id)
SELECT l.id, 53 * 2000 + 1 + (l.id * 19 + slot * 223) % 2000
FROM lineups AS l, generate_series(1, 9) AS slot WHERE l.id > 3000;

UPDATE player_pools SET imported_at = now() - interval '10 minutes' WHERE week_id = 54 AND id % 2 = 0;
