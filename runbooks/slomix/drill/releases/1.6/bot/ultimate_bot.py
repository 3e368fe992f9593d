"""The bot: commands over the game's rounds and its players' statistics, and competitive analytics."""

import logging
import time

import psycopg2
import standin

from bot import config
from bot.core import sessions, stats
from bot.services import live_scoring, prediction_engine, voice_session_service

log = logging.getLogger("predictions")
bot = standin.Bot("Slomix", pool_size=config.min_pool_size)


@bot.command("!ping", every=0.4)
def ping(db):
    db.execute("SELECT 1")
    return "pong"


@bot.command("!last_session", every=0.9)
def last_session(db):
    return sessions.last(db)


@bot.command("!player_stats", every=0.25)
def player_stats(db):
    return stats.of_random_player(db)


@bot.event("round import", every=1.5)
def round_import(db):
    return sessions.import_round(db)


def predict(db, teams):
    """Predicts a match. Without a prediction the match is played all the same: an error is logged."""
    begin = time.monotonic()
    try:
        confidence = prediction_engine.predict(db, *teams)
    except psycopg2.Error as error:
        db.connection.rollback()
        log.error("prediction failed: %s: %s", type(error).__name__, str(error).splitlines()[0], exc_info=True)
        return None
    log.info("Prediction generated in %.3fs", time.monotonic() - begin)
    return f"prediction stored, confidence {confidence:.0%}"


@bot.event("voice state update", every=1.2)
def voice_update(db):
    channels = voice_session_service.channel_distribution()
    if not config.ENABLE_TEAM_SPLIT_DETECTION:
        return None
    teams = voice_session_service.detect_team_split(channels)
    if teams and config.ENABLE_MATCH_PREDICTIONS:
        return predict(db, teams)
    return None


@bot.event("score change", every=0.5)
def score_change(db):
    if not config.ENABLE_LIVE_SCORING:
        return None
    return live_scoring.update(db)


if __name__ == "__main__":
    bot.run()
