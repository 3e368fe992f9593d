"""Smart Scores: projection per salary, less for what everybody owns."""

from cortex import players

SCORE = "round({} * 1000 / salary * 10 - ownership / 10, 2)"


def recalculate(db):
    """The scores of the active week that are not what they should be."""
    score = SCORE.format("projection")
    db.execute(f"UPDATE player_pools SET smart_score = {score} WHERE week_id = %s AND smart_score IS DISTINCT FROM {score}",
               (players.active_week(db),))
    return f"{db.rowcount} scores"
