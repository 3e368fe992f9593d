-- Calibration of projections: a factor for each position.
CREATE TABLE projection_calibration (
	id serial PRIMARY KEY,
	position text NOT NULL UNIQUE,
	factor numeric(6, 4),
	updated_at timestamptz NOT NULL DEFAULT now()
);
-- downgrade
DROP TABLE projection_calibration;
