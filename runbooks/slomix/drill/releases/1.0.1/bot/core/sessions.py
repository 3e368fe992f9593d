"""Rounds: reading the last session, importing a finished round."""

import random

MAPS = ("supply", "goldrush", "radar", "frostbite", "adlernest", "delivery", "braundorf")


def last(db):
    db.execute("SELECT id, map_name, round_time, winner FROM rounds ORDER BY round_time DESC LIMIT 1")
    row = db.fetchone()
    if row is None:
        raise LookupError("no rounds in the database")
    number, map_name, at, winner = row
    if winner not in ("axis", "allies", "draw"):
        raise ValueError(f"round {number}: unknown winner {winner!r}")
    return f"{map_name}, won by {winner}"


def next_map(db):
    """The map that the rotation has after the one that was played last; its first after a guest."""
    db.execute("SELECT map_name FROM rounds ORDER BY round_time DESC LIMIT 1")
    row = db.fetchone()
    return MAPS[(MAPS.index(row[0]) + 1) % len(MAPS)] if row and row[0] in MAPS else MAPS[0]


def import_round(db):
    """A finished round with the statistics of its eight players."""
    db.execute("INSERT INTO rounds (map_name, round_time, duration_s, winner) "
               "VALUES (%s, now(), %s, %s) RETURNING id",
               (next_map(db), random.randint(240, 900), random.choice(("axis", "allies"))))
    number = db.fetchone()[0]
    for player in random.sample(range(1, 61), 8):
        kills, deaths = random.randint(0, 40), random.randint(1, 30)
        db.execute("INSERT INTO player_stats (round_id, player_guid, kills, deaths, damage_given) "
                   "VALUES (%s, %s, %s, %s, %s)",
                   (number, f"{player:08X}", kills, deaths, kills * 120))
    return f"round {number} imported"
