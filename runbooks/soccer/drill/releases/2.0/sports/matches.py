"""Matches as the MCP server gives them, checked and kept.

temp/match_data_ID.json is what the server said last, cache/soccer_ID.json what was made of it. What is in
the cache is taken as it is: it was checked before it came there, if it was checked at all.
"""

import glob
import json
import logging
import os

import config
from sports import mcp

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

log = logging.getLogger("matches")


class InvalidData(Exception):
    """A match is not as it should be."""


def cached(key):
    path = os.path.join(HERE, "cache", f"soccer_{key}.json")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def keep(key, raw, match):
    with open(os.path.join(HERE, "temp", f"match_data_{key}.json"), "w") as file:
        json.dump(raw, file)
    with open(os.path.join(HERE, "cache", f"soccer_{key}.json"), "w") as file:
        json.dump(match, file)


def check(match):
    for side in ("home", "away"):
        if not isinstance(match[side], str) or not 0 < len(match[side]) <= 40:
            raise InvalidData(f"match {match['id']}: {side} is no team")
    if not isinstance(match["score"], str) or not match["score"].replace("-", "", 1).isdigit():
        raise InvalidData(f"match {match['id']}: no score")


def fetch(key, mode):
    match = cached(key)
    if match is None:
        match = mcp.call("get_match", id=key)
        if mode == "validate":
            check(match)
        keep(key, match, match)
    return match


def valid(keys, mode):
    """The first of them that can be used; None when none can and that is allowed."""
    for key in keys:
        try:
            return fetch(key, mode)
        except InvalidData as error:
            if not config.FALLBACK["skip_invalid_data"]:
                raise
            log.info("skipped: %s", error)
    if not config.FALLBACK["graceful_degradation"]:
        raise LookupError("no match can be used")
    return None


def keys():
    """Matches of today. When nobody may be asked, or falling back is allowed, those in the cache."""
    try:
        if mcp.may_ask():
            return mcp.call("list_matches")["ids"]
    except OSError:
        if not config.FALLBACK["fallback_to_cache"]:
            raise
    kept = glob.glob(os.path.join(HERE, "cache", "soccer_*.json"))
    return sorted(int(path.rsplit("_", 1)[1][:-5]) for path in kept)
