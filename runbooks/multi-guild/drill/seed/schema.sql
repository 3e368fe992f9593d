-- The bot's tables after the multi-guild migration: whatever belongs to a server bears its guild_id.
CREATE TABLE schema_version (
	version INTEGER NOT NULL,
	at TEXT NOT NULL
);
INSERT INTO schema_version VALUES (2, '2025-09-22 19:35:21');
CREATE TABLE guilds (
	guild_id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	joined_at TEXT NOT NULL
);
CREATE TABLE users (
	guild_id INTEGER NOT NULL REFERENCES guilds (guild_id),
	user_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	registered_at TEXT NOT NULL,
	points INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (guild_id, user_id)
);
CREATE TABLE challenges (
	id INTEGER PRIMARY KEY,
	guild_id INTEGER NOT NULL,
	user_id INTEGER NOT NULL,
	points INTEGER NOT NULL,
	completed_at TEXT NOT NULL
);
CREATE INDEX challenges_user ON challenges (guild_id, user_id, points);
CREATE TABLE command_usage (
	id INTEGER PRIMARY KEY,
	guild_id INTEGER NOT NULL,
	user_id INTEGER NOT NULL,
	command TEXT NOT NULL,
	at TEXT NOT NULL
);
CREATE INDEX command_usage_user ON command_usage (guild_id, user_id);
