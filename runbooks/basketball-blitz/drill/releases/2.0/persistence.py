"""Games, kept in SQLite so that a restart loses none."""

import contextlib
import datetime
import os
import sqlite3
import threading
import time

DB_PATH = os.environ.get("GAMES_DB", "games.db")
BUSY_S = 1.0

# One of our own writers at a time: who waits here needs no lock of the database.
writer = threading.Lock()


@contextlib.contextmanager
def connect(write=False):
    """One transaction; a writer has the database from its beginning."""
    connection = sqlite3.connect(DB_PATH, timeout=BUSY_S, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        with writer if write else contextlib.nullcontext():
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
    finally:
        connection.close()


def now():
    return datetime.datetime.now().isoformat(timespec="seconds")


def init_db():
    with connect(write=True) as db:
        db.execute("CREATE TABLE IF NOT EXISTS players (id INTEGER PRIMARY KEY, name TEXT NOT NULL, "
                   "rating INTEGER NOT NULL)")
        db.execute("CREATE TABLE IF NOT EXISTS games (id INTEGER PRIMARY KEY, created_at TEXT NOT NULL, "
                   "finished_at TEXT, status TEXT NOT NULL, home TEXT NOT NULL, away TEXT NOT NULL, "
                   "home_score INTEGER NOT NULL, away_score INTEGER NOT NULL, state TEXT NOT NULL)")
        db.execute("CREATE TABLE IF NOT EXISTS plays (id INTEGER PRIMARY KEY, game_id INTEGER NOT NULL "
                   "REFERENCES games (id), quarter INTEGER NOT NULL, clock_s INTEGER NOT NULL, "
                   "player_id INTEGER NOT NULL, points INTEGER NOT NULL, text TEXT NOT NULL)")
        db.execute("CREATE INDEX IF NOT EXISTS plays_game ON plays (game_id)")
        db.execute("CREATE INDEX IF NOT EXISTS games_status ON games (status)")
        if db.execute("PRAGMA user_version").fetchone()[0] < 2:
            # A score is told as the home team's lead from now on, with the overtimes beside it.
            db.execute("ALTER TABLE games ADD COLUMN overtimes INTEGER")
            db.execute("UPDATE games SET home_score = home_score - away_score, away_score = 0 "
                       "WHERE status = 'finished'")
            db.execute("PRAGMA user_version = 2")


def active_games():
    with connect() as db:
        return [row["id"] for row in db.execute("SELECT id FROM games WHERE status = 'active' ORDER BY id")]


def new_game(home, away):
    with connect(write=True) as db:
        return db.execute("INSERT INTO games (created_at, status, home, away, home_score, away_score, state) "
                          "VALUES (?, 'active', ?, ?, 0, 0, '{}')", (now(), home, away)).lastrowid


def finish_oldest(keep):
    """So that no more than so many games are played at once."""
    with connect(write=True) as db:
        db.execute("UPDATE games SET status = 'finished', finished_at = ? WHERE id IN (SELECT id FROM games "
                   "WHERE status = 'active' ORDER BY id DESC LIMIT -1 OFFSET ?)", (now(), keep))


def save_play(game, quarter, clock_s, player, points):
    with connect(write=True) as db:
        row = db.execute("SELECT home, home_score, away_score, overtimes FROM games WHERE id = ?",
                         (game,)).fetchone()
        if row is None:
            raise LookupError(f"there is no game {game}")
        if row["overtimes"] > 0:
            quarter += row["overtimes"]
        side = "home_score" if player % 2 else "away_score"
        db.execute("INSERT INTO plays (game_id, quarter, clock_s, player_id, points, text) "
                   "VALUES (?, ?, ?, ?, ?, ?)",
                   (game, quarter, clock_s, player, points, f"player {player} scores {points}"))
        db.execute(f"UPDATE games SET {side} = {side} + ? WHERE id = ?", (points, game))
        return row["home_score"] + row["away_score"] + points


def autosave(games):
    """The whole state of all active games, as of one moment: drawing each board takes its time."""
    with connect(write=True) as db:
        for game in games:
            time.sleep(0.036)
            db.execute("UPDATE games SET state = json_object('saved_at', ?, 'plays', "
                       "(SELECT count(*) FROM plays WHERE game_id = ?)) WHERE id = ?", (now(), game, game))


def leaderboard():
    with connect() as db:
        rows = db.execute("SELECT id, home, home_score, away_score FROM games WHERE status = 'finished' "
                          "ORDER BY id DESC LIMIT 500").fetchall()
    for row in rows:
        if row["home_score"] < 0 or row["away_score"] < 0:
            raise ValueError(f"game {row['id']} ended {row['home_score']}:{row['away_score']}")
    return max(rows, key=lambda row: row["home_score"])["home"] if rows else "nobody yet"


def stats(player):
    with connect() as db:
        row = db.execute("SELECT count(*), coalesce(sum(points), 0) FROM plays WHERE player_id = ?",
                         (player,)).fetchone()
    return f"{row[0]} plays, {row[1]} points"
