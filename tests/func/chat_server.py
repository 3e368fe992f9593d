"""Stand-in for a chat's webhooks: a small HTTP server that behaves as it is asked to.

usage: chat_server.py FOLDER    serves until it is killed; FOLDER/port is its port when it listens,
                                FOLDER/posted gets a line of JSON for each POST: path, type, body, status

The first part of a path says how it answers: /ok, /busy (429 with retry_after the first two times), /shut (429
without end, retry_after an hour), /refuse (403), /broken (500), /slow (after FOLDER/delay seconds), /hole (never).
"""
import http.server
import json
import os
import sys
import threading
import time

folder = sys.argv[1]
lock = threading.Lock()
asked = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, body, status):
        with lock, open(os.path.join(folder, "posted"), "a") as posted:
            posted.write(json.dumps({"path": self.path, "type": self.headers["Content-Type"],
                                     "authorization": self.headers["Authorization"],
                                     "body": body, "status": status}) + "\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        way = self.path.split("/")[1]
        with lock:
            asked[self.path] = asked.get(self.path, 0) + 1
        if way == "busy" and asked[self.path] <= 2:
            self.note(body, 429)
            self.answer(429, json.dumps({"message": "slow down", "retry_after": 0.4}).encode())
        elif way == "shut":
            self.note(body, 429)
            self.answer(429, b'{"retry_after": 3600}')
        elif way == "refuse":
            self.note(body, 403)
            self.answer(403, b"no such webhook")
        elif way == "broken":
            self.note(body, 500)
            self.answer(500, b"<html>oops</html>")
        elif way == "hole":
            self.note(body, 0)
            time.sleep(60)
        else:
            self.note(body, 204)
            if way == "slow":
                with open(os.path.join(folder, "delay")) as delay:
                    time.sleep(float(delay.read()))
            self.answer(204)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer.daemon_threads = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.new"), "w") as port:
    port.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
