"""Stand-in for Discord's API: the gateway's address, channels and messages, as strict as the real one."""

import re

import standin

server = standin.Bot("Discord")


def refused(where, what):
    return 400, {"code": 50035, "message": f"Invalid Form Body: In {where}: {what}"}


@server.page("/api/v10/gateway")
def gateway(db, method, body):
    return 200, {"url": "wss://gateway.discord.gg"}


@server.page("/api/v10/channels")
def channels(db, method, body):
    if not re.fullmatch(r"[a-z0-9-]{1,100}", body["name"]):
        return refused("name", "Channel names have 1 to 100 letters, digits and dashes.")
    return 201, {"name": body["name"]}


@server.page("/api/v10/messages")
def messages(db, method, body):
    title = body["embed"].get("title")
    if not isinstance(title, str) or not 0 < len(title) <= 256:
        return refused("embed.title", "Must be between 1 and 256 in length.")
    if len(body["embed"].get("fields", ())) > 25:
        return refused("embed.fields", "Must be 25 or fewer in length.")
    return 200, {"title": title}


if __name__ == "__main__":
    server.run()
