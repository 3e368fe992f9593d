"""What the bot asks Discord to do."""

from sports import wire


class HTTPException(Exception):
    """Discord did not take it."""


def _send(path, body):
    status, said = wire.ask("DISCORD_SOCKET", "POST", path, body)
    if status >= 400:
        raise HTTPException(f"{status} {said['message']}")
    return said


def create_channel(home, away):
    name = f"{home}-vs-{away}".lower().replace(" ", "-").replace(".", "")
    return _send("/api/v10/channels", {"name": name})["name"]


def post(embed):
    return _send("/api/v10/messages", {"embed": embed})["title"]
