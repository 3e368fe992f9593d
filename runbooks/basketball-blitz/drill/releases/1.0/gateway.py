"""The bot's connection to Discord (what discord.py is elsewhere)."""

import http.client
import json
import os
import socket

APPLICATION = "100200300"


class LoginFailure(Exception):
    pass


class Forbidden(Exception):
    pass


class Unavailable(OSError):
    """Discord answers only that it can't."""


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.environ["DISCORD_SOCKET"])


def read_token(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, _, value = line.strip().partition("=")
            if name == "DISCORD_TOKEN":
                return value
    raise LoginFailure("no DISCORD_TOKEN in .env")


class Gateway:
    def __init__(self, token):
        self.token = token
        self.session = None
        self.away = False  # Discord said that it can't: the next heartbeat logs in anew

    def _call(self, method, path, body):
        connection = Connection("localhost", timeout=5)
        try:
            connection.request(method, path, json.dumps(body), {"Authorization": f"Bot {self.token}"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status >= 500:
            self.away = True
            raise Unavailable(f"{answer.status} {answer.reason}: {path}")
        if answer.status == 401:
            raise LoginFailure("Improper token has been passed.")
        if answer.status == 403:
            raise Forbidden(f"403 Forbidden (error code: {said['code']}): {said['message']}")
        return said

    def login(self):
        self.session = self._call("POST", "/gateway/identify", {})["session"]
        self.away = False

    def sync(self, names):
        """Tells Discord which commands there are; gives back how many it offers."""
        return len(self._call("PUT", f"/api/v10/applications/{APPLICATION}/commands",
                              [{"name": name} for name in names]))

    def heartbeat(self):
        if self.away:
            self.login()
        else:
            self._call("POST", "/gateway/heartbeat", {"session": self.session})

    def typed(self, command):
        """Whether a member has typed that command, and Discord handed it to us."""
        try:
            return not self.away and self._call(
                "POST", "/gateway/typed", {"session": self.session, "command": command})["interaction"]
        except Unavailable:
            return False
