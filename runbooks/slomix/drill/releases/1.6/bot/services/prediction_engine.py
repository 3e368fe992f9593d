"""Predictions from two teams' earlier encounters and their recent form."""


def encounters(db, team_a, team_b):
    """Who won how often when these two met, old encounters left out."""
    db.execute("SELECT coalesce(sum(won_a), 0), coalesce(sum(played), 0) FROM head_to_head_matchups "
               "WHERE lineup_a = %s AND lineup_b = %s AND last_played > now() - interval '90 days'",
               (",".join(team_a), ",".join(team_b)))
    return db.fetchone()


def form(db, team):
    """How a team has been doing lately."""
    db.execute("SELECT avg(s.kills - s.deaths) FROM player_stats s WHERE s.player_guid = ANY(%s)", (team,))
    return float(db.fetchone()[0] or 0)


def predict(db, team_a, team_b):
    """Stores a prediction and returns its confidence (0.5 to 1)."""
    won, played = encounters(db, team_a, team_b)
    lead = form(db, team_a) - form(db, team_b) + (10 * (won / played - 0.5) if played else 0)
    confidence = min(0.95, 0.5 + abs(lead) / 40)
    db.execute("INSERT INTO match_predictions (session_start_date, team_a_guids, team_b_guids, "
               "predicted_winner, confidence, prediction_time) VALUES (now(), %s, %s, %s, %s, now())",
               (",".join(team_a), ",".join(team_b), "a" if lead >= 0 else "b", confidence))
    return confidence
