"""Results of matches, read from their two rounds and written beside what was predicted."""


def strength(db, guids):
    db.execute("SELECT avg(kills - deaths) FROM player_stats WHERE player_guid = ANY(%s)", (guids.split(","),))
    return float(db.fetchone()[0] or 0)


def rounds(db, number, team_a, team_b):
    """Who won R1 and R2, whose files stand here for the stronger team; every third match it is R2 that decides."""
    stronger, weaker = ("a", "b") if strength(db, team_a) >= strength(db, team_b) else ("b", "a")
    return (weaker, stronger) if number % 3 == 0 else (stronger, stronger)


def settle(db):
    """The oldest open match is over."""
    db.execute("SELECT id, team_a_guids, team_b_guids FROM match_predictions WHERE actual_winner IS NULL "
               "ORDER BY prediction_time LIMIT 1")
    row = db.fetchone()
    if row is None:
        return None
    first, second = rounds(db, *row)
    db.execute("UPDATE match_predictions SET actual_winner = %s, prediction_correct = predicted_winner = %s "
               "WHERE id = %s RETURNING prediction_correct", (second, first, row[0]))
    return f"result posted: prediction {row[0]} was {'right' if db.fetchone()[0] else 'wrong'}"
