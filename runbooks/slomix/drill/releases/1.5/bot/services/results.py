"""Results of matches, written beside what was predicted."""


def strength(db, guids):
    db.execute("SELECT avg(kills - deaths) FROM player_stats WHERE player_guid = ANY(%s)", (guids.split(","),))
    return float(db.fetchone()[0] or 0)


def settle(db):
    """The oldest open match is over; its round files stand here for the stronger team, which wins."""
    db.execute("SELECT id, team_a_guids, team_b_guids FROM match_predictions WHERE actual_winner IS NULL "
               "ORDER BY prediction_time LIMIT 1")
    row = db.fetchone()
    if row is None:
        return None
    number, team_a, team_b = row
    winner = "a" if strength(db, team_a) >= strength(db, team_b) else "b"
    db.execute("UPDATE match_predictions SET actual_winner = %s, prediction_correct = predicted_winner = %s "
               "WHERE id = %s RETURNING prediction_correct", (winner, winner, number))
    return f"prediction {number} was {'right' if db.fetchone()[0] else 'wrong'}"
