-- As the bot's own init_db() makes them.
CREATE TABLE players (id INTEGER PRIMARY KEY, name TEXT NOT NULL, rating INTEGER NOT NULL);
CREATE TABLE games (
	id INTEGER PRIMARY KEY,
	created_at TEXT NOT NULL,
	finished_at TEXT,
	status TEXT NOT NULL,
	home TEXT NOT NULL,
	away TEXT NOT NULL,
	home_score INTEGER NOT NULL,
	away_score INTEGER NOT NULL,
	state TEXT NOT NULL
);
CREATE TABLE plays (
	id INTEGER PRIMARY KEY,
	game_id INTEGER NOT NULL REFERENCES games (id),
	quarter INTEGER NOT NULL,
	clock_s INTEGER NOT NULL,
	player_id INTEGER NOT NULL,
	points INTEGER NOT NULL,
	text TEXT NOT NULL
);
CREATE INDEX plays_game ON plays (game_id);
CREATE INDEX games_status ON games (status);
PRAGMA user_version = 1;

INSERT INTO players (id, name, rating)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
SELECT i, 'player ' || i, 1000 + i * 37 % 400 FROM n;

-- Ten months of games up to an hour ago, the latest twenty-two still played: 2,400 games, 108,000 plays.
INSERT INTO games (id, created_at, finished_at, status, home, away, home_score, away_score, state)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2400)
SELECT i, strftime('%Y-%m-%dT%H:%M:%S', 'now', 'localtime', '-' || (60 + (2400 - i) * 180) || ' minutes'),
       CASE WHEN i <= 2378 THEN strftime('%Y-%m-%dT%H:%M:%S', 'now', 'localtime', '-' || (30 + (2400 - i) * 180) || ' minutes') END,
       CASE WHEN i <= 2378 THEN 'finished' ELSE 'active' END,
       CASE i % 2 WHEN 0 THEN 'Hawks' ELSE 'Bulls' END, CASE i % 3 WHEN 0 THEN 'Heat' ELSE 'Spurs' END,
       40 + i * 7 % 31, 40 + i * 11 % 29, '{}'
FROM n;

INSERT INTO plays (game_id, quarter, clock_s, player_id, points, text)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45)
SELECT g.id, 1 + i / 12, 720 - i * 16 % 720, 1 + (g.id * 13 + i * 7) % 60, (g.id + i) % 4,
       'player ' || (1 + (g.id * 13 + i * 7) % 60) || ' scores ' || (g.id + i) % 4
FROM games AS g, n;
