"""Soccer: matches come from the MCP server."""

import random

import config
from sports import discord, matches, store


def register(tree, mode):
    def command(call):
        return lambda db: call(db, mode)
    tree.add("create-channels", "SOCCER", 1.0, command(create_channels))
    tree.add("match", "SOCCER", 0.8, command(show_match))
    if config.FEATURES["h2h_analysis"]:
        tree.add("h2h", "SOCCER", 1.2, command(h2h))


def pick(mode):
    """A match that somebody asks for, or the next one that can be used."""
    keys = matches.keys()
    at = random.randrange(len(keys)) if keys else 0
    return matches.valid(keys[at:] + keys[:at], mode)


def embed(match):
    home, away = (int(goals) for goals in match["score"].split("-"))
    shown = {"title": f"{match['home']} {home} : {away} {match['away']}"}
    if not config.FALLBACK["use_minimal_embeds"]:
        shown["fields"] = [{"name": "Competition", "value": match["league"]}]
    return shown


def create_channels(db, mode):
    match = pick(mode)
    if match is None:
        return "no match that can be used"
    name = discord.create_channel(match["home"], match["away"])
    store.channel_created(db, "SOCCER", name, str(match["id"]))
    return name


def show_match(db, mode):
    match = pick(mode)
    if match is None:
        return "no match that can be used"
    store.posted(db, discord.post(embed(match)))
    return match["home"]


def h2h(db, mode):
    match = pick(mode)
    return f"{match['home']} against {match['away']}" if match else "no match that can be used"
