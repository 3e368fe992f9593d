-- A guest map is in the game server's rotation tonight; its first round, as the server wrote it.
WITH new AS (
	INSERT INTO rounds (map_name, round_time, duration_s, winner)
	VALUES ('et_ice', now() + interval '1 second', 720, 'allies')
	RETURNING id
)
INSERT INTO player_stats (round_id, player_guid, kills, deaths, damage_given)
SELECT new.id, upper(lpad(to_hex(p * 7), 8, '0')), 15, 11, 1800 FROM new, generate_series(1, 8) AS p;
