"""Rows, each of one server: every query names its guild."""

import random
import time

from bot.core import settings

HOME = 1000
WEIGHTS = {"!challenge": 3, "!profile": 2, "!login": 1}
MULTI_GUILD = settings.is_on("MULTI_GUILD")


def now():
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())


def random_guild(db):
    """A server that somebody gives a command in; only the home server without MULTI_GUILD."""
    if not MULTI_GUILD:
        return HOME
    db.execute("SELECT guild_id FROM users GROUP BY guild_id HAVING count(*) > 0")
    return random.choice(db.fetchall())[0]


def random_user(db):
    guild = random_guild(db)
    db.execute("SELECT user_id FROM users WHERE guild_id = ?", (guild,))
    return guild, random.choice(db.fetchall())[0]


def register(db, guild, user, name):
    db.execute("INSERT INTO users (guild_id, user_id, name, registered_at, points) VALUES (?, ?, ?, ?, 0)",
               (guild, user, name, now()))


def known_elsewhere(db, guild):
    """Somebody who is registered on another server, and not yet on this one; None."""
    db.execute("SELECT user_id FROM users WHERE guild_id <> ? AND user_id NOT IN "
               "(SELECT user_id FROM users WHERE guild_id = ?) ORDER BY registered_at DESC LIMIT 1", (guild, guild))
    row = db.fetchone()
    return row[0] if row else None


def profile(db, guild, user):
    db.execute("SELECT name, points FROM users WHERE guild_id = ? AND user_id = ?", (guild, user))
    name, points = db.fetchone()
    return f"{name} has {points} points on server {guild}"


def complete_challenge(db, guild, user):
    points = random.randint(10, 49)
    db.execute("INSERT INTO challenges (guild_id, user_id, points, completed_at) VALUES (?, ?, ?, ?)",
               (guild, user, points, now()))
    db.execute("UPDATE users SET points = points + ? WHERE guild_id = ? AND user_id = ?", (points, guild, user))
    return f"{points} points on server {guild}"


def used(db, guild, user, command):
    db.execute("INSERT INTO command_usage (guild_id, user_id, command, at) VALUES (?, ?, ?, ?)",
               (guild, user, command, now()))


def join(db):
    """A server that invites the bot."""
    db.execute("SELECT max(guild_id) + 1 FROM guilds")
    guild = db.fetchone()[0]
    db.execute("INSERT INTO guilds (guild_id, name, joined_at) VALUES (?, ?, ?)", (guild, f"Server {guild - HOME}", now()))
    register(db, guild, guild * 10, f"owner of server {guild - HOME}")
    return f"server {guild} joined"


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
