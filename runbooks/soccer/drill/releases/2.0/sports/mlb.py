"""Baseball: games come from the bot's own database."""

from sports import discord, store


def register(tree, mode):
    tree.add("create-channels", "MLB", 0.5, create_channels)
    tree.add("scores", "MLB", 0.3, scores)
    if mode not in ("safe", "emergency"):
        tree.add("standings", "MLB", 0.7, standings)


def create_channels(db):
    key, home, away = store.any_game(db)
    name = discord.create_channel(home, away)
    store.channel_created(db, "MLB", name, str(key))
    return name


def scores(db):
    key, home, away, home_score, away_score = store.latest_game(db)
    text = f"{home} {home_score} : {away_score} {away}"
    store.posted(db, discord.post({"title": text}))
    return text


def standings(db):
    return ", ".join(f"{team} {won}" for team, won in store.standings(db))


def clean_up(db):
    """Channels of games that are over are closed; what was in them is kept."""
    return f"{store.close_old_channels(db)} channels closed"
