-- The factors to begin with.
INSERT INTO projection_calibration (position, factor)
VALUES ('QB', 0.97), ('RB', 0.94), ('WR', 0.96), ('TE', 0.92), ('DST', 1.0);
-- downgrade
DELETE FROM projection_calibration;
