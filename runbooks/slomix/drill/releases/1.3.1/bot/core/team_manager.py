"""Teams: the best of the last rounds. Reads through the adapter only."""


class TeamManager:
    def __init__(self, db_adapter):
        self.db_adapter = db_adapter

    async def last_team(self, rounds):
        return [guid for guid, _ in await self.db_adapter.fetch_all(
            "SELECT player_guid, sum(kills) FROM player_stats "
            "WHERE round_id > (SELECT max(id) FROM rounds) - ? GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
            rounds, 4)]
