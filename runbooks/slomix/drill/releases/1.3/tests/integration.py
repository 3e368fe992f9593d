"""Integration tests: what !team does, on the test database."""

import asyncio
import os
import unittest

import psycopg2

from bot.core.db_adapter import Adapter
from bot.core.team_manager import TeamManager


class TeamOnTheTestDatabase(unittest.TestCase):
    def setUp(self):
        self.connection = psycopg2.connect(os.environ["TEST_DSN"])
        self.addCleanup(self.connection.close)

    def test_team_is_of_players_of_the_last_rounds(self):
        with self.connection.cursor() as cursor:
            team = asyncio.run(TeamManager(Adapter(cursor)).last_team(10))
            cursor.execute("SELECT DISTINCT player_guid FROM player_stats "
                           "WHERE round_id > (SELECT max(id) FROM rounds) - 10")
            lately = {guid for guid, in cursor.fetchall()}
        self.assertEqual(len(team), 4)
        self.assertLessEqual(set(team), lately)
