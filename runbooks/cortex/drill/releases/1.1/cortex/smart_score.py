"""Smart Scores: calibrated projection per salary, less for what everybody owns."""

from cortex import calibration, players

SCORE = "round({} * 1000 / salary * 10 - ownership / 10, 2)"


def recalculate(db):
    """The scores of the active week that are not what they should be."""
    week = players.active_week(db)
    score = SCORE.format("projection_calibrated" if calibration.factors(db) else "projection")
    calibration.apply(db, week)
    db.execute(f"UPDATE player_pools SET smart_score = {score} WHERE week_id = %s AND smart_score IS DISTINCT FROM {score}",
               (week,))
    return f"{db.rowcount} scores"
