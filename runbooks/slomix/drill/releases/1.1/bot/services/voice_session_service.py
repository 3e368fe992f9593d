"""Voice channels: who sits where, and when a session's players split into two teams."""

import random


def channel_distribution():
    """Members by channel, as the gateway reports them."""
    players = random.sample(range(1, 61), 8)
    half = len(players) // 2
    return {"Team A": [f"{p:08X}" for p in players[:half]],
            "Team B": [f"{p:08X}" for p in players[half:]]}


def detect_team_split(channels):
    """The two teams when members sit in exactly two channels, else None."""
    teams = [members for members in channels.values() if len(members) >= 2]
    return teams if len(teams) == 2 else None
