"""The bot's own data: games, the channels that it made, what it posted."""

import random


def any_game(db):
    db.execute("SELECT id, home, away FROM games WHERE id = ?1", (random.randint(1, 20000),))
    return db.fetchone()


def latest_game(db):
    db.execute("SELECT id, home, away, home_score, away_score FROM games ORDER BY id DESC LIMIT 1")
    return db.fetchone()


def standings(db):
    db.execute("SELECT home, count(*) AS won FROM games WHERE id > 19000 AND home_score > away_score "
               "GROUP BY home ORDER BY won DESC LIMIT 3")
    return db.fetchall()


def channel_created(db, league, name, key):
    db.execute("INSERT INTO channels (league, name, game, created_at) "
               "VALUES (?1, ?2, ?3, datetime('now'))", (league, name, key))


def posted(db, title):
    db.execute("INSERT INTO posts (title, posted_at) VALUES (?1, datetime('now'))", (title,))


def close_old_channels(db):
    db.execute("UPDATE channels SET closed_at = datetime('now') WHERE id IN (SELECT id FROM channels "
               "WHERE closed_at IS NULL AND created_at < datetime('now', '-3 days') LIMIT 5)")
    return db.rowcount
