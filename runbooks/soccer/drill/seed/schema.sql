-- The bot's own tables.
CREATE TABLE games (
	id INTEGER PRIMARY KEY,
	home TEXT NOT NULL,
	away TEXT NOT NULL,
	home_score INTEGER NOT NULL,
	away_score INTEGER NOT NULL,
	played_at TEXT NOT NULL
);
CREATE TABLE channels (
	id INTEGER PRIMARY KEY,
	league TEXT NOT NULL,
	name TEXT NOT NULL,
	game TEXT NOT NULL,
	created_at TEXT NOT NULL,
	closed_at TEXT
);
CREATE INDEX channels_open ON channels (created_at) WHERE closed_at IS NULL;
CREATE TABLE posts (
	id INTEGER PRIMARY KEY,
	title TEXT NOT NULL,
	posted_at TEXT NOT NULL
);
