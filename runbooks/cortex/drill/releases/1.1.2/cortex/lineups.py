"""Lineups: the best players of each position that a salary can pay."""

from cortex import calibration, players, settings

SLOTS = {"QB": 1, "RB": 2, "WR": 4, "TE": 1, "DST": 1}


def best(db, week, position, number, ceiling):
    db.execute("SELECT id FROM player_pools WHERE week_id = %s AND position = %s AND smart_score IS NOT NULL "
               "ORDER BY least(smart_score, %s) DESC LIMIT 40", (week, position, ceiling))
    found = [row[0] for row in db.fetchall()]
    return found[:number]


def generate(db):
    if settings.maintenance():
        return None
    week = players.active_week(db)
    chosen, factors = [], calibration.factors(db)
    for position, number in SLOTS.items():
        some = best(db, week, position, number, factors[position]["ceiling"])
        if len(some) < number:
            return f"no lineup: no {position} has a Smart Score"
        chosen += some
    db.execute("INSERT INTO lineups (week_id) VALUES (%s) RETURNING id", (week,))
    number = db.fetchone()[0]
    db.executemany("INSERT INTO lineup_players VALUES (%s, %s)", [(number, player) for player in chosen])
    return f"lineup {number} of {len(chosen)} players"
