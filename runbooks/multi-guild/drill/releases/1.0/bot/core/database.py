"""Rows of the home server, the only one that this version knows."""

import random
import time

HOME = 1000
WEIGHTS = {"!challenge": 3, "!profile": 2, "!login": 1}


def now():
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())


def random_user(db):
    db.execute("SELECT user_id FROM users WHERE guild_id = ?", (HOME,))
    return HOME, random.choice(db.fetchall())[0]


def random_guild(db):
    return HOME


def register(db, guild, user, name):
    db.execute("INSERT INTO users (guild_id, user_id, name, registered_at, points) VALUES (?, ?, ?, ?, 0)",
               (guild, user, name, now()))


def profile(db, guild, user):
    db.execute("SELECT name, points FROM users WHERE guild_id = ? AND user_id = ?", (guild, user))
    name, points = db.fetchone()
    return f"{name} has {points} points"


def complete_challenge(db, guild, user):
    points = random.randint(10, 49)
    db.execute("INSERT INTO challenges (guild_id, user_id, points, completed_at) VALUES (?, ?, ?, ?)",
               (guild, user, points, now()))
    db.execute("UPDATE users SET points = points + ? WHERE guild_id = ? AND user_id = ?", (points, guild, user))
    return f"{points} points"


def used(db, guild, user, command):
    db.execute("INSERT INTO command_usage (guild_id, user_id, command, at) VALUES (?, ?, ?, ?)",
               (guild, user, command, now()))


def leaderboard(db, guild):
    """The three of the server who gave the most commands: a challenge counts three times, a login once."""
    db.execute("SELECT user_id, name FROM users WHERE guild_id = ?", (guild,))
    scores = []
    for user, name in db.fetchall():
        score = 0
        for command, weight in WEIGHTS.items():
            db.execute("SELECT count(*) FROM command_usage WHERE guild_id = ? AND user_id = ? AND command = ?",
                       (guild, user, command))
            score += weight * db.fetchone()[0]
        scores.append((score, name))
    return f"server {guild}: " + ", ".join(name for _, name in sorted(scores, reverse=True)[:3])
