-- A copy of a few lately played rounds, for the test server.
INSERT INTO rounds (map_name, round_time, duration_s, winner)
SELECT 'supply', now() - (200 - n) * interval '37 minutes', 240 + (n * 7919) % 660,
       (ARRAY['axis', 'allies', 'draw'])[1 + n % 3]
FROM generate_series(1, 200) AS n;

INSERT INTO player_stats (round_id, player_guid, kills, deaths, damage_given)
SELECT r.id, upper(lpad(to_hex(1 + (r.id * 13 + p * 7) % 60), 8, '0')), 10, 10, 1200
FROM rounds AS r, generate_series(1, 8) AS p;
