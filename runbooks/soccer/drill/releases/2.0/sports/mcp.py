"""The MCP server that knows soccer, asked by JSON-RPC, within the limits of config.py."""

import itertools
import logging
import time

import config
from sports import wire

ATTEMPTS = 3

log = logging.getLogger("mcp")
numbers = itertools.count(1)


class RateLimited(Exception):
    """It does not answer any more requests for now."""


class Bucket:
    """Requests that may still be sent: filled by the minute, `burst_limit` at most."""

    def __init__(self):
        self.left, self.filled = config.RATE_LIMITS["burst_limit"], time.monotonic()

    def take(self):
        now = time.monotonic()
        gained = (now - self.filled) * config.RATE_LIMITS["requests_per_minute"] / 60
        self.left, self.filled = min(config.RATE_LIMITS["burst_limit"], self.left + gained), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


bucket = Bucket()


def may_ask():
    """Whether a request is within our own limit; takes it."""
    return bucket.take()


def call(tool, **arguments):
    for attempt in range(1, ATTEMPTS + 1):
        status, said = wire.ask("MCP_SOCKET", "POST", "/mcp", {
            "jsonrpc": "2.0", "id": next(numbers), "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}})
        if status != 429:
            break
        log.warning("429 Too Many Requests, attempt %d of %d", attempt, ATTEMPTS)
        time.sleep(config.RATE_LIMITS["cooldown_seconds"])
    if status == 429:
        raise RateLimited(f"{tool} was refused {ATTEMPTS} times")
    if "result" not in said:
        raise ValueError(f"{tool}: {said.get('error')}")
    return said["result"]
