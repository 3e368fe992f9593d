"""The bot of one server: registration, profiles, challenges."""

import logging
import random

import standin

from bot.core import database, discord_api, settings

bot = standin.Bot("multi-guild")
maintenance = settings.is_on("MAINTENANCE_MODE")


def command(title, every):
    """A command of the bot: its answer goes to Discord. In maintenance mode it is put off, and
    neither the database nor Discord is troubled."""
    def declare(call):
        @bot.command(title, every=every)
        def run(db):
            if maintenance:
                logging.getLogger("bot").info("maintenance: %s put off", title)
                return None
            said = call(db)
            discord_api.post(said)
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
    guild, user = database.random_guild(db), random.randint(100000, 10**9)
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


if __name__ == "__main__":
    logging.getLogger("bot").info("maintenance mode is %s", "on" if maintenance else "off")
    bot.run()
