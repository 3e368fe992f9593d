"""The database adapter: queries bind $1, $2 and so on, whatever the driver below takes."""

import re


class Adapter:
    def __init__(self, cursor):
        self.cursor = cursor

    async def fetch_all(self, query, *values):
        order = [int(number) - 1 for number in re.findall(r"\$(\d+)", query)]
        self.cursor.execute(re.sub(r"\$\d+", "%s", query), [values[n] for n in order])
        return self.cursor.fetchall()
