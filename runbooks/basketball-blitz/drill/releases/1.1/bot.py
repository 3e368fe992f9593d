"""Basketball Blitz: quick games of basketball, played with slash commands."""

import logging
import random
import sqlite3
import sys
import time

import standin

import gateway
import persistence
import replay

ACTIVE_MOST = 40

begun = time.monotonic()
bot = standin.Bot("Basketball Blitz")
log = logging.getLogger("bot")
commands = []
games = []


def slash(name, every):
    """A slash command: runs when a member has typed it. What fails in it is logged, and the bot goes on."""
    def register(call):
        commands.append(name)

        def handle(_db):
            if not discord.typed(name):
                return None
            try:
                return call()
            except Exception as error:
                bot.failures += 1
                if isinstance(error, sqlite3.Error):
                    log.error("Database error: %s", error)
                log.error("on_command_error: /%s: %s: %s", name, type(error).__name__, error, exc_info=True)
                return None
        return bot.command(f"/{name}", every)(handle)
    return register


@slash("play", every=3.0)
def play():
    game = persistence.new_game(random.choice(("Hawks", "Bulls")), random.choice(("Heat", "Spurs")))
    persistence.finish_oldest(ACTIVE_MOST)
    games[:] = persistence.active_games()
    return f"game {game} begins"


@slash("move", every=0.25)
def move():
    if not games:
        return None
    game = random.choice(games)
    score = persistence.save_play(game, random.randint(1, 4), random.randint(0, 720), random.randint(1, 60),
                                  random.choice((0, 2, 2, 3)))
    return f"game {game}, {score} points"


@slash("stats", every=0.5)
def stats():
    return persistence.stats(random.randint(1, 60))


@slash("leaderboard", every=0.7)
def leaderboard():
    return persistence.leaderboard()


@slash("classic", every=0.15)
def classic():
    return replay.classic()


@bot.event("gateway heartbeat", every=1.0)
def heartbeat(_db):
    try:
        discord.heartbeat()
    except OSError as error:
        log.warning("gateway: %s", error)


@bot.event("autosave", every=4.0)
def autosave(_db):
    try:
        persistence.autosave(games)
    except sqlite3.Error as error:
        log.error("Database error: %s", error)


def on_ready():
    persistence.init_db()
    games[:] = persistence.active_games()
    log.info("Loaded %d games from database", len(games))
    discord.login()
    try:
        log.info("Synced %d commands", discord.sync(commands))
    except gateway.Forbidden as error:
        log.error("Commands could not be synced: %s", error)
    log.info("Bot is ready! Started in %.1f s", time.monotonic() - begun)


if __name__ == "__main__":
    try:
        discord = gateway.Gateway(gateway.read_token(".env"))
        on_ready()
    except Exception as error:
        log.critical("Bot could not start: %s: %s", type(error).__name__, error, exc_info=True)
        sys.exit(1)
    bot.run()
