"""Answers go to Discord by its HTTP interface, as discord.py would send them."""

import http.client
import json
import os
import socket


class Unreachable(Exception):
    """Discord took no answer."""


class _Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(2)
        self.sock.connect(os.environ["DISCORD_SOCKET"])


def _ask(method, path, body=None):
    connection = _Connection("discord")
    try:
        connection.request(method, path, body=body)
        response = connection.getresponse()
        if response.status >= 400:
            raise Unreachable(f"Discord answered {response.status}")
        return json.load(response)
    except OSError as error:
        raise Unreachable(f"Discord does not answer: {error}") from error
    finally:
        connection.close()


def post(text):
    """Sends one answer; raises Unreachable when Discord does not take it."""
    _ask("POST", "/api/v10/interactions", text.encode())


def members():
    """How many members all servers have, and how many of them are online."""
    return _ask("GET", "/api/v10/guilds/members")
