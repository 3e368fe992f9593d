"""Five tests of the multi-guild release, on a database in memory: python test_multi_guild.py"""

import sqlite3
import unittest

from bot.core import database

SCHEMA = """
CREATE TABLE guilds (guild_id INTEGER PRIMARY KEY, name TEXT, joined_at TEXT);
CREATE TABLE users (guild_id INTEGER, user_id INTEGER, name TEXT, registered_at TEXT, points INTEGER,
                    PRIMARY KEY (guild_id, user_id));
CREATE TABLE challenges (id INTEGER PRIMARY KEY, guild_id INTEGER, user_id INTEGER, points INTEGER, completed_at TEXT);
CREATE TABLE command_usage (id INTEGER PRIMARY KEY, guild_id INTEGER, user_id INTEGER, command TEXT, at TEXT);
INSERT INTO guilds VALUES (1000, 'Home', '2025-06-01 12:00:00');
"""


class MultiGuild(unittest.TestCase):
    def setUp(self):
        self.db = sqlite3.connect(":memory:").cursor()
        self.db.executescript(SCHEMA)
        for guild in (1, 2):
            database.register(self.db, guild, 7, "seven")

    def points(self, guild):
        self.db.execute("SELECT points FROM users WHERE guild_id = ? AND user_id = 7", (guild,))
        return self.db.fetchone()[0]

    def test_registers_on_two_servers(self):
        self.db.execute("SELECT count(*) FROM users WHERE user_id = 7")
        self.assertEqual(self.db.fetchone()[0], 2)

    def test_registers_once_on_a_server(self):
        with self.assertRaises(sqlite3.IntegrityError):
            database.register(self.db, 1, 7, "seven")

    def test_points_stay_on_their_server(self):
        database.complete_challenge(self.db, 1, 7)
        self.assertGreater(self.points(1), 0)
        self.assertEqual(self.points(2), 0)

    def test_profile_names_its_server(self):
        self.assertIn("on server 2", database.profile(self.db, 2, 7))

    def test_joins_a_server(self):
        database.join(self.db)
        self.db.execute("SELECT count(*) FROM guilds")
        self.assertEqual(self.db.fetchone()[0], 2)


if __name__ == "__main__":
    unittest.main()
