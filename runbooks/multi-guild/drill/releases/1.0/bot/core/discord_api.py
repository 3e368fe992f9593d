"""Answers go to Discord by its HTTP interface, as discord.py would send them."""

import http.client
import os
import socket


class Unreachable(Exception):
    """Discord took no answer."""


class _Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(2)
        self.sock.connect(os.environ["DISCORD_SOCKET"])


def post(text):
    """Sends one answer; raises Unreachable when Discord does not take it."""
    connection = _Connection("discord")
    try:
        connection.request("POST", "/api/v10/interactions", body=text.encode())
        status = connection.getresponse().status
        if status >= 400:
            raise Unreachable(f"Discord answered {status}")
    except OSError as error:
        raise Unreachable(f"Discord does not answer: {error}") from error
    finally:
        connection.close()
