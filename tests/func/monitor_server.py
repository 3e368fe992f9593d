"""Stand-in for the program that is watched and for the chat that is told: a small HTTP server.

usage: monitor_server.py FOLDER    serves until it is killed; FOLDER/port is its port when it listens,
                                   FOLDER/samples what /metrics gives, FOLDER/posted what was posted
"""
import http.server
import os
import sys

folder = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with open(os.path.join(folder, "samples"), "rb") as samples:
            self.answer(200, samples.read())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(os.path.join(folder, "posted"), "ab") as posted:
            posted.write(body + b"\n")
        self.answer(204, b"")

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.new"), "w") as port:
    port.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
