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


def draftkings(db):
    if settings.maintenance():
        return None
    week = players.active_week(db)
    for row in spreadsheet():
        db.execute("INSERT INTO player_pools (week_id, player_name, position, team, salary, projection, ownership) "
                   "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (week_id, player_name) DO UPDATE SET "
                   "salary = excluded.salary, projection = excluded.projection, ownership = excluded.ownership, "
                   "imported_at = now()", (week, *row))
    return f"{ROWS} players imported"
