"""Imports of a week's salaries and projections from DraftKings' spreadsheets."""

import random
import time

from cortex import players, settings

ROWS = 120
READING_S = 0.25  # what reading a spreadsheet of that size takes


def spreadsheet():
    """Stands in for the uploaded file: name, position, team, salary, projection, ownership."""
    time.sleep(READING_S)
    for number in random.sample(range(1, 2001), ROWS):
        yield (f"Player {number}", ("QB", "RB", "WR", "TE", "DST")[number % 5], f"T{number % 32}",
               random.randrange(3000, 9500, 100), random.randint(400, 2900) / 100, random.randint(0, 3900) / 100)


def history(db, position):
    """What the position was projected in all weeks so far: its calibration's denominator."""
    db.execute("SELECT coalesce(avg(projection), 0) FROM player_pools WHERE position = %s", (position,))
    return db.fetchone()[0]


def draftkings(db):
    if settings.maintenance():
        return None
    week = players.active_week(db)
    for row in spreadsheet():
        mean = history(db, row[1])
        db.execute("INSERT INTO player_pools (week_id, player_name, position, team, salary, projection, ownership, "
                   "projection_calibrated) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (week_id, player_name) DO UPDATE SET "
                   "salary = excluded.salary, projection = excluded.projection, ownership = excluded.ownership, "
                   "imported_at = now()", (week, *row, min(float(mean), row[4])))
    return f"{ROWS} players imported"
