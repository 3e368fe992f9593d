-- The bot's own tables, and those of competitive analytics.
CREATE TABLE rounds (
	id bigserial PRIMARY KEY,
	map_name text NOT NULL,
	round_time timestamptz NOT NULL,
	duration_s integer NOT NULL,
	winner text NOT NULL
);
CREATE INDEX rounds_time ON rounds (round_time);
CREATE TABLE player_stats (
	id bigserial PRIMARY KEY,
	round_id bigint NOT NULL REFERENCES rounds (id),
	player_guid text NOT NULL,
	kills integer NOT NULL,
	deaths integer NOT NULL,
	damage_given integer NOT NULL
);
CREATE INDEX player_stats_player ON player_stats (player_guid);
CREATE INDEX player_stats_round ON player_stats (round_id);
CREATE TABLE match_predictions (
	id bigserial PRIMARY KEY,
	session_start_date timestamptz NOT NULL,
	team_a_guids text NOT NULL,
	team_b_guids text NOT NULL,
	predicted_winner text NOT NULL,
	confidence double precision NOT NULL,
	prediction_time timestamptz NOT NULL,
	actual_winner text,
	prediction_correct boolean
);
CREATE TABLE lineup_performance (
	lineup text PRIMARY KEY,
	played integer NOT NULL,
	won integer NOT NULL
);
CREATE TABLE head_to_head_matchups (
	lineup_a text NOT NULL,
	lineup_b text NOT NULL,
	played integer NOT NULL,
	won_a integer NOT NULL,
	PRIMARY KEY (lineup_a, lineup_b)
);
CREATE TABLE map_performance (
	lineup text NOT NULL,
	map_name text NOT NULL,
	played integer NOT NULL,
	won integer NOT NULL,
	PRIMARY KEY (lineup, map_name)
);
