"""Stand-in for Discord, for drills.

It answers what a bot and its operators ask of Discord, on a unix socket, with the paths and the answers of
the real one where those are public: the guild's widget, the status page, an application's commands. The
gateway's websocket became three requests: identify, heartbeat, and "has a member typed this command?".

It does what Discord does, good days and bad ones: a session may be dropped without a word (what is sent in it
is taken, and leads nowhere), a bot may be invited without the scope for commands, a token may be reset, and
all of it may be out for a while, but for the status page.

    usage: discord.py SOCKET TOKEN
"""

import http.server
import json
import os
import secrets
import socketserver
import sys
import time

BEAT_S = 4.0  # a session without a heartbeat for so long is offline
BOT = "Basketball Blitz"


class Discord:
    def __init__(self, token):
        self.token = token
        self.sessions = {}  # id -> time of its latest heartbeat
        self.commands = []
        self.may_have_commands = True
        self.out_until = 0.0

    def is_out(self):
        return time.monotonic() < self.out_until

    def online(self):
        return any(time.monotonic() - beat < BEAT_S for beat in self.sessions.values())

    # The bot's side of the gateway.

    def identify(self, token, body):
        if token != self.token:
            return 401, {"message": "401: Unauthorized", "code": 0}
        session = secrets.token_hex(8)
        self.sessions[session] = time.monotonic()
        return 200, {"session": session}

    def heartbeat(self, token, body):
        if token != self.token:
            return 401, {"message": "401: Unauthorized", "code": 0}
        if body["session"] in self.sessions:
            self.sessions[body["session"]] = time.monotonic()
        return 200, {"op": 11}

    def typed(self, token, body):
        """Members type all the time, where the bot shows as online and the command is offered to them."""
        there = body["session"] in self.sessions and body["command"] in self.commands
        return 200, {"interaction": there}

    # The API.

    def commands_of(self, token, body):
        if token != self.token:
            return 401, {"message": "401: Unauthorized", "code": 0}
        if body is not None and not self.may_have_commands:
            return 403, {"message": "Missing Access", "code": 50001}
        if body is not None:
            self.commands = [command["name"] for command in body]
        return 200, [{"name": name} for name in self.commands]

    def widget(self, token, body):
        members = [{"username": "ada", "status": "online"}, {"username": "paul", "status": "idle"}]
        if self.online():
            members.append({"username": BOT, "status": "online"})
        return 200, {"id": "1", "name": "Hoops", "presence_count": len(members), "members": members}

    def status(self, token, body):
        return 200, {"page": {"name": "Discord"}, "status": {"indicator": "major" if self.is_out() else "none"}}

    # What people do in a browser, and what happens to Discord.

    def authorize(self, token, body):
        self.may_have_commands = "applications.commands" in body["scope"].split()
        if not self.may_have_commands:
            self.commands = []
        return 200, {"scope": body["scope"]}

    def reset_token(self, token, body):
        self.token = body["token"]
        self.sessions.clear()
        return 200, {}

    def drop_sessions(self, token, body):
        self.sessions.clear()
        return 200, {}

    def outage(self, token, body):
        self.sessions.clear()
        self.out_until = time.monotonic() + body["seconds"]
        return 200, {}

    def answer(self, path, token, body):
        page = self.pages().get(path)
        if page is None:
            return 404, {}
        if self.is_out() and page != self.status:
            return 503, {"message": "503: Service Unavailable", "code": 0}
        return page(token, body)

    def pages(self):
        return {
            "/gateway/identify": self.identify, "/gateway/heartbeat": self.heartbeat,
            "/gateway/typed": self.typed, "/api/v10/applications/100200300/commands": self.commands_of,
            "/api/guilds/1/widget.json": self.widget, "/api/v2/status.json": self.status,
            "/oauth2/authorize": self.authorize, "/developers/reset-token": self.reset_token,
            "/drop-sessions": self.drop_sessions, "/outage": self.outage,
        }


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 2
    discord = None

    def do_GET(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("Authorization", "").removeprefix("Bot ")
        status, said = self.discord.answer(self.path.split("?")[0], token, json.loads(data) if data else None)
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PUT = do_GET

    def address_string(self):
        return "local"

    def log_message(self, *_):
        """Discord's own log is nobody's business here."""


class Server(socketserver.UnixStreamServer):
    request_queue_size = 64

    def handle_error(self, request, client):
        """Who hangs up in the middle is nobody's trouble."""


def main(path, token):
    if os.path.exists(path):
        os.unlink(path)
    Handler.discord = Discord(token)
    Server(path, Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
