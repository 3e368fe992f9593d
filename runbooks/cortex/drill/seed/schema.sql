-- Cortex's own tables as migration 018 leaves them: before the projection calibration.
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('018');
CREATE TABLE weeks (
	id serial PRIMARY KEY,
	week_number integer NOT NULL,
	year integer NOT NULL,
	is_active boolean NOT NULL DEFAULT false,
	UNIQUE (year, week_number)
);
CREATE TABLE player_pools (
	id bigserial PRIMARY KEY,
	week_id integer NOT NULL REFERENCES weeks (id),
	player_name text NOT NULL,
	position text NOT NULL,
	team text NOT NULL,
	salary integer NOT NULL,
	projection numeric(6, 2) NOT NULL,
	ownership numeric(5, 2) NOT NULL,
	actual_points numeric(6, 2),
	smart_score numeric(7, 2),
	imported_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (week_id, player_name)
);
CREATE TABLE lineups (
	id bigserial PRIMARY KEY,
	week_id integer NOT NULL REFERENCES weeks (id),
	created_at timestamptz NOT NULL DEFAULT now(),
	progress integer NOT NULL DEFAULT 100
);
CREATE TABLE lineup_players (
	lineup_id bigint NOT NULL REFERENCES lineups (id),
	player_id bigint NOT NULL REFERENCES player_pools (id),
	PRIMARY KEY (lineup_id, player_id)
);
