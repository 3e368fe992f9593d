"""Voice channels: who sits where, and when a session's players split into two teams."""

import random


def channel_distribution():
    """Members by channel id, as the gateway reports them, with each channel's limit."""
    players = random.sample(range(1, 61), 8)
    half = len(players) // 2
    return [{"id": 101, "limit": 6, "members": [f"{p:08X}" for p in players[:half]]},
            {"id": 102, "members": [f"{p:08X}" for p in players[half:]]}]


def detect_team_split(channels):
    """The two teams when members sit in exactly two channels, else None."""
    teams = [channel["members"] for channel in channels if len(channel["members"]) >= 2]
    return teams if len(teams) == 2 else None


def free_seats(channels):
    return {channel["id"]: channel["limit"] - len(channel["members"]) for channel in channels}
