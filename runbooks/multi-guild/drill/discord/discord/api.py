"""Stand-in for Discord: takes answers, says that its gateway is open, and what the bot may do."""

import time

import standin

discord = standin.Bot("discord")


@discord.page("/api/v10/interactions")
def interactions(db, method, body):
    return 200, {"type": 4}


@discord.page("/api/v10/gateway")
def gateway(db, method, body):
    return 200, {"url": "wss://gateway.discord.gg"}


@discord.page("/api/v10/users/@me")
def me(db, method, body):
    return 200, {"username": "multi-guild", "bot": True, "permissions": ["send_messages", "embed_links"]}


@discord.page("/api/v10/guilds/members")
def members(db, method, body):
    time.sleep(0.35)  # the lists of all servers, page by page
    return 200, {"members": 4200, "online": 800}


if __name__ == "__main__":
    discord.run()
