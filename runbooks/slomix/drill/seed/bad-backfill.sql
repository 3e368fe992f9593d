-- A backfill of predictions that was run again after it had broken off: what was stored already is
-- stored twice, and its confidence in percent.
INSERT INTO match_predictions (session_start_date, team_a_guids, team_b_guids, predicted_winner, confidence,
                               prediction_time, actual_winner, prediction_correct)
SELECT session_start_date, team_a_guids, team_b_guids, predicted_winner, confidence * 100,
       prediction_time, actual_winner, prediction_correct
FROM match_predictions WHERE id <= 300;
