"""Predictions from two teams' recent form, and what became of them."""


def form(db, team):
    """How a team has been doing lately."""
    db.execute("SELECT avg(s.deaths - s.kills) FROM player_stats s WHERE s.player_guid = ANY(%s)", (team,))
    return float(db.fetchone()[0] or 0)


def predict(db, team_a, team_b):
    """Stores a prediction and returns its confidence (0.5 to 1)."""
    form_a, form_b = form(db, team_a), form(db, team_b)
    confidence = min(0.95, 0.5 + abs(form_a - form_b) / 40)
    db.execute("INSERT INTO match_predictions (session_start_date, team_a_guids, team_b_guids, "
               "predicted_winner, confidence, prediction_time) VALUES (now(), %s, %s, %s, %s, now())",
               (",".join(team_a), ",".join(team_b), "a" if form_a >= form_b else "b", confidence))
    return confidence
