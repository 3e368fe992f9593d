"""The bot: commands over the game's rounds and its players' statistics, and competitive analytics."""

import standin

from bot import config
from bot.core import sessions, stats
from bot.services import prediction_engine, results, voice_session_service

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


@bot.event("voice state update", every=0.6)
def voice_update(db):
    channels = voice_session_service.channel_distribution()
    if not config.ENABLE_TEAM_SPLIT_DETECTION:
        return None
    teams = voice_session_service.detect_team_split(channels)
    if teams and config.ENABLE_MATCH_PREDICTIONS:
        confidence = prediction_engine.predict(db, *teams)
        return f"prediction stored, confidence {confidence:.0%}"
    return None


@bot.event("match result", every=0.6)
def match_result(db):
    if not config.ENABLE_LIVE_SCORING:
        return None
    return results.settle(db)


if __name__ == "__main__":
    bot.run()
