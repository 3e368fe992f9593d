-- Cortex's own tables as migration 018 leaves them: before the projection calibration. Keys and
-- references come when the rows are there, which is faster.
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('018');
CREATE TABLE weeks (
	id serial PRIMARY KEY,
	week_number integer NOT NULL,
	year integer NOT NULL,
	is_active boolean NOT NULL DEFAULT false
);
CREATE TABLE player_pools (
	id bigserial,
	week_id integer NOT NULL,
	player_name text NOT NULL,
	position text NOT NULL,
	team text NOT NULL,
	salary integer NOT NULL,
	projection numeric(6, 2) NOT NULL,
	ownership numeric(5, 2) NOT NULL,
	actual_points numeric(6, 2),
	smart_score numeric(7, 2),
	imported_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE lineups (
	id bigserial,
	week_id integer NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	progress integer NOT NULL DEFAULT 100
);
CREATE TABLE lineup_players (
	lineup_id bigint NOT NULL,
	player_id bigint NOT NULL
);
