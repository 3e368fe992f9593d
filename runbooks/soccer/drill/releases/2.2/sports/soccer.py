"""Soccer: matches come from the MCP server."""

import random

import config
from sports import discord, matches, mcp, store

LEAGUES = ("Premier League", "La Liga", "Bundesliga", "Serie A", "Ligue 1", "Eredivisie", "Primeira Liga",
           "Super Lig")
TOOLS = {"h2h_analysis": "get_h2h", "betting_recommendations": "get_odds",
         "advanced_statistics": "get_statistics"}


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


def analyses(match):
    """Live, for each league that the teams may have met in."""
    leagues = LEAGUES if config.FEATURES["multi_league_support"] else (match["league"],)
    return [{"name": f"{tool} {league}", "value": mcp.call(tool, id=match["id"], league=league)["text"]}
            for feature, tool in TOOLS.items() if config.FEATURES[feature] for league in leagues]


def embed(match):
    home, away = (int(goals) for goals in match["score"].split("-"))
    shown = {"title": f"{match['home']} {home} : {away} {match['away']}"}
    if not config.FALLBACK["use_minimal_embeds"]:
        shown["fields"] = [{"name": "Competition", "value": match["league"]}] + analyses(match)
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
