"""Stand-in for a Discord bot's runtime, for drills.

This module is what discord.py and the pool of the real bot would be: it keeps a heartbeat, calls the
bot's commands as members of a busy server would, writes a Python-style log, keeps a pool of PostgreSQL
sessions and answers a health request on a unix socket. What a command does, and whether it fails, is up
to the code of the release that uses it: nothing in here knows a fault.

    bot = standin.Bot("slomix", config)
    @bot.command("!ping", every=0.5)
    def ping(db): ...
    @bot.event("voice", every=2.0)
    def on_voice(db): ...
    bot.run()

Environment: STANDIN_DSN (libpq keywords), STANDIN_LOG (path), STANDIN_SOCKET (health); BACKOUT_CLOCK names
the drill's clock, when it has one: by how many microseconds it is ahead of the system's.
"""

import json
import logging
import os
import random
import signal
import socket
import struct
import sys
import threading
import time

import psycopg2
import psycopg2.extensions

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
        self.dsn = dsn
        self.log = logging.getLogger("pool")
        self.idle = [psycopg2.connect(dsn) for _ in range(size)]
        self.size = size

    def run(self, call):
        """Calls call(cursor) in one transaction and gives its result back."""
        connection = self.idle.pop() if self.idle else psycopg2.connect(self.dsn)
        healthy = False
        try:
            with connection:
                with connection.cursor() as cursor:
                    result = call(cursor)
            healthy = True
            return result
        except psycopg2.OperationalError as error:
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


class HTTPException(Exception):
    """What Discord answered to a request that it did not take."""


class Channel:
    """A text channel: takes messages as Discord does, up to its limit of 2,000 characters."""

    LIMIT = 2000

    def __init__(self, name):
        self.name = name

    def send(self, text):
        if not text.strip():
            raise HTTPException("400 Bad Request (error code: 50006): Cannot send an empty message")
        if len(text) > self.LIMIT:
            raise HTTPException("400 Bad Request (error code: 50035): Invalid Form Body: "
                                f"In content: Must be {self.LIMIT} or fewer in length.")


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
        self.pool = Pool(os.environ["STANDIN_DSN"], pool_size)
        self.log.info("Connected to PostgreSQL with %d sessions", pool_size)

    def command(self, title, every):
        return lambda call: self._add("command", title, every, call)

    def event(self, title, every):
        return lambda call: self._add("event", title, every, call)

    def _add(self, kind, title, every, call):
        self.tasks.append([time.monotonic() + every * random.random(), every, kind, title, call])
        return call

    def run(self):
        """Runs until TERM. An error in a command is logged; one in an event ends the bot, as an
        unhandled exception in an event loop does."""
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopping", True))
        self._serve_health()
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

    def _serve_health(self):
        path = os.environ["STANDIN_SOCKET"]
        if os.path.exists(path):
            os.unlink(path)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(path)
        server.listen(8)
        threading.Thread(target=self._answer_health, args=(server,), daemon=True).start()

    def _answer_health(self, server):
        while True:
            client, _ = server.accept()
            with client:
                client.settimeout(2)
                try:
                    client.recv(4096)
                    body = json.dumps({
                        "status": "ok", "bot": self.name, "pid": os.getpid(),
                        "uptime_s": round(time.monotonic() - self.started, 1),
                        "handled": self.handled, "failed": self.failures}).encode()
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                   b"Connection: close\r\nContent-Length: %d\r\n\r\n%s"
                                   % (len(body), body))
                except OSError:
                    pass
