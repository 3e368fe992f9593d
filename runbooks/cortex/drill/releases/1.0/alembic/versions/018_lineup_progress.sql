-- Progress of lineup generation.
ALTER TABLE lineups ADD COLUMN progress integer NOT NULL DEFAULT 100;
-- downgrade
ALTER TABLE lineups DROP COLUMN progress;
