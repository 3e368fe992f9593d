"""Replays of games of seasons past: each is drawn once, and kept for whoever asks next."""

import functools
import os

import persistence

FRAMES = 66
FRAME_BYTES = 40 * 1024  # a court of 160 by 64 pixels, four bytes each


@functools.lru_cache(maxsize=128)
def frames(game):
    with persistence.connect() as db:
        plays = db.execute("SELECT quarter, clock_s, text FROM plays WHERE game_id = ?", (game,)).fetchall()
    return len(plays), [os.urandom(FRAME_BYTES) for _ in range(FRAMES)]


def classic():
    """A game that is older than a month, by chance."""
    with persistence.connect() as db:
        row = db.execute("SELECT id FROM games WHERE created_at < strftime('%Y-%m-%dT%H:%M:%S', 'now', "
                         "'-30 days') ORDER BY random() LIMIT 1").fetchone()
    if row is None:
        return "no game is old enough"
    plays, pictures = frames(row["id"])
    return f"game {row['id']}, {plays} plays in {len(pictures)} pictures"
