"""Live scoring: the standings of the season, posted whenever a score changes."""

import logging

import standin

ATTEMPTS = 3

log = logging.getLogger("live_scoring")
channel = standin.Channel("#live-scores")


def standings(db):
    db.execute("SELECT s.player_guid, sum(s.kills), sum(s.deaths) FROM player_stats s "
               "WHERE s.round_id > (SELECT max(id) - 100 FROM rounds) GROUP BY 1 ORDER BY 2 DESC")
    return [f"{place:3}. {guid}  {kills:5} kills  {deaths:5} deaths  ratio {kills / max(deaths, 1):.2f}"
            for place, (guid, kills, deaths) in enumerate(db.fetchall(), 1)]


def update(db):
    """Posts the standings, and tries again at once when they are not taken."""
    text = "\n".join(standings(db))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            channel.send(text)
            return f"{len(text)} characters posted"
        except standin.HTTPException as error:
            log.error("standings not posted, attempt %d of %d: %s", attempt, ATTEMPTS, error)
    return None
