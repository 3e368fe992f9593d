"""The bot of many servers: registration, profiles and challenges, each by guild."""

import logging
import random

import standin

from bot.core import database, discord_api, settings, statistics

bot = standin.Bot("multi-guild")
log = logging.getLogger("bot")
maintenance = settings.is_on("MAINTENANCE_MODE")
show_statistics = settings.is_on("ENABLE_STATISTICS")
accept_joins = settings.is_on("ACCEPT_JOINS") and not maintenance


def command(title, every):
    """A command of the bot: its answer goes to Discord. In maintenance mode it is put off, and
    neither the database nor Discord is troubled."""
    def declare(call):
        @bot.command(title, every=every)
        def run(db):
            if maintenance:
                log.info("maintenance: %s put off", title)
                return None
            said = call(db)
            discord_api.post(f"{said}\n{statistics.footer()}" if show_statistics else said)
            return said
        return run
    return declare


@command("!login", every=0.7)
def login(db):
    guild, user = database.random_user(db)
    database.used(db, guild, user, "!login")
    return f"user {user} is logged in on server {guild}"


@command("!register", every=1.1)
def register(db):
    guild = database.random_guild(db)
    user = random.randint(100000, 10**9)
    if random.random() < 0.3:
        user = database.known_elsewhere(db, guild) or user
    database.register(db, guild, user, f"user {user}")
    return f"user {user} is registered on server {guild}"


@command("!profile", every=0.4)
def profile(db):
    guild, user = database.random_user(db)
    return database.profile(db, guild, user)


@command("!challenge", every=0.6)
def challenge(db):
    guild, user = database.random_user(db)
    return database.complete_challenge(db, guild, user)


@command("!leaderboard", every=0.8)
def leaderboard(db):
    return database.leaderboard(db, database.random_guild(db))


@bot.event("guild join", every=3.0)
def guild_join(db):
    if not accept_joins:
        log.info("guild join refused: no servers are taken now")
        return None
    return database.join(db)


if __name__ == "__main__":
    log.info("maintenance mode is %s, joins are %s", "on" if maintenance else "off",
             "open" if accept_joins else "closed")
    bot.run()
