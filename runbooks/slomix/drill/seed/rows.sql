-- A year of rounds up to fifteen minutes ago, eight players each: 14,000 + 112,000 rows and more.
INSERT INTO rounds (map_name, round_time, duration_s, winner)
SELECT (ARRAY['supply', 'goldrush', 'radar', 'frostbite', 'adlernest', 'delivery', 'braundorf'])[1 + n % 7],
       now() - interval '15 minutes' - (14000 - n) * interval '37 minutes',
       240 + (n * 7919) % 660,
       (ARRAY['axis', 'allies', 'allies', 'axis', 'draw'])[1 + (n * 31) % 5]
FROM generate_series(1, 14000) AS n;

INSERT INTO player_stats (round_id, player_guid, kills, deaths, damage_given)
SELECT r.id, upper(lpad(to_hex(1 + (r.id * 13 + p * 7) % 60), 8, '0')),
       (r.id * 17 + p * 5) % 41, 1 + (r.id * 11 + p * 3) % 30, ((r.id * 17 + p * 5) % 41) * 120
FROM rounds AS r, generate_series(1, 8) AS p;

INSERT INTO lineup_performance (lineup, played, won)
SELECT 'lineup-' || n, 10 + n % 50, (10 + n % 50) / 2 FROM generate_series(1, 400) AS n;

INSERT INTO head_to_head_matchups (lineup_a, lineup_b, played, won_a)
SELECT 'lineup-' || n, 'lineup-' || n + 1, 4 + n % 9, 2 + n % 3 FROM generate_series(1, 399) AS n;

INSERT INTO map_performance (lineup, map_name, played, won)
SELECT 'lineup-' || n, m, 3 + n % 7, 1 + n % 3
FROM generate_series(1, 400) AS n, unnest(ARRAY['supply', 'goldrush', 'radar', 'frostbite']) AS m;

INSERT INTO match_predictions (session_start_date, team_a_guids, team_b_guids, predicted_winner, confidence,
                               prediction_time, actual_winner, prediction_correct)
SELECT now() - n * interval '4 hours', 'team-' || n, 'team-' || n + 1, 'a', 0.5 + (n % 45) / 100.0,
       now() - n * interval '4 hours', CASE WHEN n % 3 = 0 THEN 'b' ELSE 'a' END, n % 3 <> 0
FROM generate_series(1, 800) AS n;
ANALYZE rounds, player_stats, match_predictions, lineup_performance, head_to_head_matchups, map_performance;
