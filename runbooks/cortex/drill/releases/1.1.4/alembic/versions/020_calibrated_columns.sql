-- The calibrated projection beside the imported one, always there.
ALTER TABLE player_pools ADD COLUMN projection_calibrated numeric(6, 2) NOT NULL DEFAULT 0;
ALTER TABLE player_pools ALTER COLUMN projection_calibrated DROP DEFAULT;
ALTER TABLE player_pools ADD COLUMN calibration_applied boolean NOT NULL DEFAULT false;
-- downgrade
ALTER TABLE player_pools DROP COLUMN calibration_applied;
ALTER TABLE player_pools DROP COLUMN projection_calibrated;
