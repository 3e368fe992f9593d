"""Stand-in for nginx, and for the browsers of Cortex's users, for drills.

Serves the frontend's files on a unix socket and writes an access log. Beside it, browsers load the
page and then the script that the page names: where that is not there, users see a white screen.
While the file WEB_CLOSED is there, nobody gets in, as with a load balancer in maintenance mode.

Environment: WEB_ROOT, WEB_SOCKET, WEB_LOG, WEB_CLOSED; BACKOUT_CLOCK names the drill's clock, when it
has one: by how many microseconds it is ahead of the system's.
"""

import http.client
import http.server
import os
import re
import socket
import socketserver
import struct
import threading
import time

ROOT = os.path.realpath(os.environ["WEB_ROOT"])
VISIT_EVERY = 0.4
KINDS = {".html": "text/html", ".js": "text/javascript"}


def now():
    ahead = 0
    if "BACKOUT_CLOCK" in os.environ:
        with open(os.environ["BACKOUT_CLOCK"], "rb") as clock:
            ahead = struct.unpack("=q", clock.read(8))[0] / 1e6
    return time.time() + ahead


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = os.path.realpath(os.path.join(ROOT, self.path.split("?")[0].lstrip("/") or "index.html"))
        if os.path.exists(os.environ["WEB_CLOSED"]):
            self.answer(503, b"closed for maintenance\n", ".html")
        elif not path.startswith(ROOT + os.sep) or not os.path.isfile(path):
            self.answer(404, b"not found\n", ".html")
        else:
            with open(path, "rb") as file:
                self.answer(200, file.read(), os.path.splitext(path)[1])

    def answer(self, status, body, kind):
        self.send_response_only(status)
        self.send_header("Content-Type", KINDS.get(kind, "application/octet-stream"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now()))
        with open(os.environ["WEB_LOG"], "a", encoding="utf-8") as log:
            log.write(f'- - - [{at}] "GET {self.path} HTTP/1.1" {status} {len(body)} "-" "-"\n')

    def address_string(self):
        return "-"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 16


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(3)
        self.sock.connect(os.environ["WEB_SOCKET"])


def load(path):
    connection = Connection("localhost")
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def visit():
    while True:
        time.sleep(VISIT_EVERY)
        try:
            status, page = load("/")
            for script in re.findall(r'<script src="([^"]+)"', page) if status == 200 else []:
                load(script)
        except (OSError, http.client.HTTPException):
            pass


if __name__ == "__main__":
    if os.path.exists(os.environ["WEB_SOCKET"]):
        os.unlink(os.environ["WEB_SOCKET"])
    server = Server(os.environ["WEB_SOCKET"], Handler)
    threading.Thread(target=visit, daemon=True).start()
    server.serve_forever()
