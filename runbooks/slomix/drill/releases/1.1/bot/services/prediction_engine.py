"""Predictions from two teams' recent form."""


def predict(db, team_a, team_b):
    """Stores a prediction and returns its confidence (0.5 to 1)."""
    db.execute("SELECT avg(s.kills - s.deaths) FROM player_stats s WHERE s.player_guid = ANY(%s)", (team_a,))
    form_a = float(db.fetchone()[0] or 0)
    db.execute("SELECT avg(s.kills - s.deaths) FROM player_stats s WHERE s.player_guid = ANY(%s)", (team_b,))
    form_b = float(db.fetchone()[0] or 0)
    confidence = min(0.95, 0.5 + abs(form_a - form_b) / 40)
    db.execute("INSERT INTO match_predictions (session_start_date, team_a_guids, team_b_guids, "
               "predicted_winner, confidence, prediction_time) VALUES (now(), %s, %s, %s, %s, now())",
               (",".join(team_a), ",".join(team_b), "a" if form_a >= form_b else "b", confidence))
    return confidence
