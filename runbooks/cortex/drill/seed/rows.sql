-- Three seasons: 54 weeks with 2,000 players each, and 3,000 lineups of nine.
INSERT INTO weeks (week_number, year, is_active)
SELECT 1 + (n - 1) % 18, 2023 + (n - 1) / 18, n = 54 FROM generate_series(1, 54) AS n;

INSERT INTO player_pools (week_id, player_name, position, team, salary, projection, ownership, smart_score, imported_at)
SELECT w, 'Player ' || p, (ARRAY['QB', 'RB', 'WR', 'TE', 'DST'])[1 + p % 5], 'T' || p % 32,
       3000 + (p * 37 + w * 11) % 6500, 4 + (p * 53 + w * 29) % 2500 / 100.0, (p * 7 + w) % 4000 / 100.0,
       4 + (p * 53 + w * 29) % 2500 / 100.0, now() - (54 - w) * interval '7 days' - interval '1 hour'
FROM generate_series(1, 54) AS w, generate_series(1, 2000) AS p;

INSERT INTO lineups (week_id, created_at)
SELECT 1 + n % 54, now() - (54 - n % 54) * interval '7 days' - interval '1 hour' FROM generate_series(1, 3000) AS n;

INSERT INTO lineup_players (lineup_id, player_id)
SELECT l.id, (l.week_id - 1) * 2000 + 1 + (l.id * 17 + slot * 211) % 2000 FROM lineups AS l, generate_series(1, 9) AS slot;

ALTER TABLE weeks ADD UNIQUE (year, week_number);
ALTER TABLE player_pools ADD PRIMARY KEY (id), ADD UNIQUE (week_id, player_name), ADD FOREIGN KEY (week_id) REFERENCES weeks (id);
ALTER TABLE lineups ADD PRIMARY KEY (id), ADD FOREIGN KEY (week_id) REFERENCES weeks (id);
ALTER TABLE lineup_players ADD PRIMARY KEY (lineup_id, player_id), ADD FOREIGN KEY (lineup_id) REFERENCES lineups (id),
	ADD FOREIGN KEY (player_id) REFERENCES player_pools (id);
ANALYZE weeks, player_pools, lineups, lineup_players;
