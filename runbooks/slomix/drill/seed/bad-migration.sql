-- A migration meant to store kills net of deaths in a new column; it writes into the old one, and
-- "cleans" winners while it is at it.
UPDATE player_stats SET kills = kills - deaths;
UPDATE rounds SET winner = 'team ' || winner WHERE id % 3 = 0;
UPDATE match_predictions SET confidence = confidence * 100 WHERE id % 2 = 0;
