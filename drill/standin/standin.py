"""Stand-in for the runtime of a Discord bot or a web back end, for drills.

This module is what discord.py, the web framework and the database's pool of the real system would be: it
keeps a heartbeat, calls the bot's commands as members of a busy server would, writes a Python-style log,
keeps sessions of PostgreSQL or opens a SQLite file, and answers HTTP requests on a unix socket. What a
command or a page does, and whether it fails, is up to the code of the release that uses it: nothing in
here knows a fault.

    bot = standin.Bot("slomix", config)
    @bot.command("!ping", every=0.5)
    def ping(db): ...
    @bot.event("voice", every=2.0)
    def on_voice(db): ...
    @bot.page("/rpc")
    def rpc(db, method, body): ...  # (status, what becomes JSON)
    bot.run()

Environment: STANDIN_DSN (libpq keywords) or STANDIN_SQLITE (path), else handlers get None for `db`;
STANDIN_LOG (path), STANDIN_SOCKET (its pages, with /health); BACKOUT_CLOCK names the drill's clock, when
it has one: by how many microseconds it is ahead of the system's.
"""

import http.server
import json
import logging
import os
import random
import signal
import socketserver
import sqlite3
import struct
import sys
import threading
import time

LAYOUT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


def record_on_the_drill_clock(*args, **kwargs):
    """A log record that bears the drill's time, not the system's."""
    record = logging.LogRecord(*args, **kwargs)
    with open(os.environ["BACKOUT_CLOCK"], "rb") as clock:
        record.created += struct.unpack("=q", clock.read(8))[0] / 1e6
    record.msecs = record.created % 1 * 1000
    return record


class Pool:
    """A fixed number of sessions, handed out one at a time, reconnected when they broke."""

    def __init__(self, dsn, size):
        import psycopg2  # only who has a PostgreSQL needs it
        self.connect = lambda: psycopg2.connect(dsn)
        self.lost = psycopg2.OperationalError
        self.log = logging.getLogger("pool")
        self.idle = [self.connect() for _ in range(size)]
        self.size = size
        self.log.info("Connected to PostgreSQL with %d sessions", size)

    def _take(self):
        try:
            return self.idle.pop()  # a page's thread may have been faster
        except IndexError:
            return self.connect()

    def run(self, call):
        """Calls call(cursor) in one transaction and gives its result back."""
        connection = self._take()
        healthy = False
        try:
            with connection:
                with connection.cursor() as cursor:
                    result = call(cursor)
            healthy = True
            return result
        except self.lost as error:
            self.log.warning("session lost: %s", str(error).strip().splitlines()[0])
            raise
        except Exception:
            healthy = not connection.closed
            raise
        finally:
            if healthy and len(self.idle) < self.size:
                self.idle.append(connection)
            else:
                connection.close()


class File:
    """A SQLite database: opened for each call, since it may be replaced while the bot runs."""

    BUSY_S = 2.0  # how long a call waits for somebody else's lock

    def __init__(self, path):
        self.path = path
        logging.getLogger("database").info("Database: %s", path)

    def run(self, call):
        """Calls call(cursor) in one transaction and gives its result back."""
        # Like any other client, it does not make a file that is not there.
        connection = sqlite3.connect(f"file:{self.path}?mode=rw", uri=True, timeout=self.BUSY_S)
        try:
            with connection:
                return call(connection.cursor())
        finally:
            connection.close()


class Nothing:
    """For a service without a database."""

    def run(self, call):
        return call(None)


def database(pool_size):
    if "STANDIN_DSN" in os.environ:
        return Pool(os.environ["STANDIN_DSN"], pool_size)
    if "STANDIN_SQLITE" in os.environ:
        return File(os.environ["STANDIN_SQLITE"])
    return Nothing()


class HTTPException(Exception):
    """What Discord answered to a request that it did not take."""


class Channel:
    """A text channel: takes messages as Discord does, up to its limit of 2,000 characters, and five of
    them in five seconds."""

    LIMIT = 2000
    BUCKET, REFILL_S = 5, 5.0

    def __init__(self, name):
        self.name = name
        self.sent = []  # when, of the latest seconds

    def send(self, text):
        if not text.strip():
            raise HTTPException("400 Bad Request (error code: 50006): Cannot send an empty message")
        if len(text) > self.LIMIT:
            raise HTTPException("400 Bad Request (error code: 50035): Invalid Form Body: "
                                f"In content: Must be {self.LIMIT} or fewer in length.")
        now = time.monotonic()
        self.sent = [at for at in self.sent if now - at < self.REFILL_S]
        if len(self.sent) >= self.BUCKET:
            logging.getLogger("discord.http").warning(
                "We are being rate limited. POST %s responded with 429. Retrying in %.2f seconds.",
                self.name, self.sent[0] + self.REFILL_S - now)
            raise HTTPException("429 Too Many Requests (error code: 20028): The write action you are "
                                "performing on the channel has hit the write rate limit.")
        self.sent.append(now)


class Bot:
    def __init__(self, name, pool_size=10, heartbeat=2.0):
        self.name = name
        self.heartbeat = heartbeat
        self.tasks = []  # [due, every, kind, title, call]
        self.failures = 0
        self.handled = 0
        self.slowest_ms = 0
        self.started = time.monotonic()
        self.stopping = False
        if "BACKOUT_CLOCK" in os.environ:
            logging.setLogRecordFactory(record_on_the_drill_clock)
        logging.basicConfig(filename=os.environ["STANDIN_LOG"], level=logging.INFO, format=LAYOUT)
        self.log = logging.getLogger(name)
        self.log.info("Starting %s bot (pid %d)", name, os.getpid())
        self.pages = {}
        self.pool = database(pool_size)

    def command(self, title, every):
        return lambda call: self._add("command", title, every, call)

    def event(self, title, every):
        return lambda call: self._add("event", title, every, call)

    def page(self, path):
        """A page's handler is given the database, the method and the body (of JSON, else its bytes), and
        gives back (status, what becomes JSON). An error in it is logged and answered with 500."""
        def keep(call):
            self.pages[path] = call
            return call
        return keep

    def _add(self, kind, title, every, call):
        self.tasks.append([time.monotonic() + every * random.random(), every, kind, title, call])
        return call

    def run(self):
        """Runs until TERM. An error in a command is logged; one in an event ends the bot, as an
        unhandled exception in an event loop does."""
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopping", True))
        self._serve()
        self.log.info("%s bot is ready", self.name)
        beat = 0.0
        while not self.stopping:
            now = time.monotonic()
            if now >= beat:
                beat = now + self.heartbeat
                self.log.info("heartbeat ok, %d commands handled", self.handled)
            for task in self.tasks:
                if now < task[0]:
                    continue
                task[0] = now + task[1]
                self._handle(task[2], task[3], task[4])
            time.sleep(0.02)
        self.log.info("%s bot stopped", self.name)

    def _handle(self, kind, title, call):
        begin = time.monotonic()
        try:
            said = self.pool.run(call)
        except Exception as error:
            self.failures += 1
            if kind == "event":
                self.log.critical("Unhandled exception in %s event", title, exc_info=True)
                logging.shutdown()
                sys.exit(1)
            self.log.error("%s failed: %s: %s", title, type(error).__name__,
                           str(error).strip().splitlines()[0] if str(error) else "", exc_info=True)
            return
        self.handled += 1
        took = (time.monotonic() - begin) * 1000
        self.slowest_ms = max(self.slowest_ms * 0.99, took)
        if said:
            self.log.info("%s answered in %.0f ms: %s", title, took, said)

    def _health(self, db, method, body):
        return 200, {"status": "ok", "bot": self.name, "pid": os.getpid(),
                     "uptime_s": round(time.monotonic() - self.started, 1),
                     "handled": self.handled, "failed": self.failures}

    def _serve(self):
        path = os.environ["STANDIN_SOCKET"]
        if os.path.exists(path):
            os.unlink(path)
        bot = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 2

            def do_GET(self):
                bot._answer(self)

            do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

            def address_string(self):
                return "local"

            def log_message(self, *_):
                """The bot's log is not a web server's."""

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            request_queue_size = 32

            def handle_error(self, request, client):
                """Who hangs up in the middle is nobody's trouble."""

        threading.Thread(target=Server(path, Handler).serve_forever, daemon=True).start()

    def _answer(self, request):
        path = request.path.split("?")[0]
        data = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        try:
            body = json.loads(data) if data else None
        except ValueError:
            body = data
        if path == "/health":  # answers without the database
            status, said = self._health(None, request.command, body)
        elif path in self.pages:
            try:
                status, said = self.pool.run(lambda db: self.pages[path](db, request.command, body))
            except Exception as error:
                self.failures += 1
                self.log.error("%s %s failed: %s: %s", request.command, path, type(error).__name__,
                               str(error).strip().split("\n")[0], exc_info=True)
                status, said = 500, {"error": "internal server error"}
        else:
            status, said = 404, {"error": "not found"}
        text = json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(text)
