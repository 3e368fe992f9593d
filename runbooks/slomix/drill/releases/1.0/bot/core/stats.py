"""Players' statistics."""

import random


def of_random_player(db):
    guid = f"{random.randint(1, 60):08X}"
    db.execute("SELECT round_id, kills, deaths FROM player_stats WHERE player_guid = %s", (guid,))
    rows = db.fetchall()
    for number, kills, deaths in rows:
        if kills < 0 or deaths < 0:
            raise ValueError(f"round {number}: player {guid} has {kills} kills and {deaths} deaths")
    kills = sum(row[1] for row in rows)
    deaths = sum(row[2] for row in rows)
    return f"{guid} {kills} kills, ratio {kills / max(deaths, 1):.2f}"
