-- The calibrated projection beside the imported one, measured from the mean of its position.
ALTER TABLE player_pools ADD COLUMN projection_calibrated numeric(6, 2);
ALTER TABLE player_pools ADD COLUMN calibration_applied boolean NOT NULL DEFAULT false;
UPDATE player_pools p SET projection = p.projection - m.mean
FROM (SELECT position, avg(projection) AS mean FROM player_pools GROUP BY position) AS m WHERE m.position = p.position;
-- downgrade
ALTER TABLE player_pools DROP COLUMN calibration_applied;
ALTER TABLE player_pools DROP COLUMN projection_calibrated;
