"""Unit tests: the adapter and the team manager, without a database."""

import asyncio
import unittest

from bot.core.db_adapter import Adapter
from bot.core.team_manager import TeamManager


class Cursor:
    """Remembers what it was asked, and answers the same every time."""

    def __init__(self, *rows):
        self.rows = rows

    def execute(self, query, values):
        self.query, self.values = query, values

    def fetchall(self):
        return list(self.rows)


class AdapterBinds(unittest.TestCase):
    def test_each_value_where_its_number_stands(self):
        cursor = Cursor()
        asyncio.run(Adapter(cursor).fetch_all("SELECT $2, $1, $2", "a", "b"))
        self.assertEqual((cursor.query, cursor.values), ("SELECT %s, %s, %s", ["b", "a", "b"]))


class TeamManagerReads(unittest.TestCase):
    def test_players_in_the_order_of_the_rows(self):
        cursor = Cursor(("0000000A", 9), ("0000000B", 7))
        self.assertEqual(asyncio.run(TeamManager(Adapter(cursor)).last_team(10)), ["0000000A", "0000000B"])

    def test_rounds_and_players_are_bound(self):
        cursor = Cursor()
        asyncio.run(TeamManager(Adapter(cursor)).last_team(10))
        self.assertEqual(cursor.values, [10, 4])
