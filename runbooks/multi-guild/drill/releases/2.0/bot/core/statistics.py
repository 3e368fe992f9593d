"""Statistics over all servers. Not isolated by guild yet, and not fast."""

from bot.core import discord_api


def footer():
    """A line below each answer. Discord lists the members of all servers for it, each time anew."""
    counted = discord_api.members()
    return f"{counted['online']} of {counted['members']} players are online"
