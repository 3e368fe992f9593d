-- The factors to begin with: what players really scored, over what was projected.
INSERT INTO projection_calibration (position, factor)
SELECT position, avg(actual_points) / avg(projection) FROM player_pools GROUP BY position;
-- downgrade
DELETE FROM projection_calibration;
