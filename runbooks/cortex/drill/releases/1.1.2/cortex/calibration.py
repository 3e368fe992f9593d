"""Calibration: a factor for each position that brings projections to what players really score.

Where the table is not there (yet), nothing is calibrated.
"""


def factors(db):
    """Position -> factor; {} without the table."""
    db.execute("SELECT to_regclass('projection_calibration')")
    if db.fetchone()[0] is None:
        return {}
    db.execute("SELECT position, factor FROM projection_calibration")
    return dict(db.fetchall())


def show(db):
    return ", ".join(f"{position} {factor['floor']} to {factor['ceiling']}" for position, factor in factors(db).items())


def apply(db, week):
    """Calibrates the active week's projections."""
    if not factors(db):
        return
    db.execute("UPDATE player_pools p SET projection_calibrated = p.projection * c.factor, calibration_applied = true "
               "FROM projection_calibration c WHERE c.position = p.position AND p.week_id = %s AND "
               "p.projection_calibrated IS DISTINCT FROM round(p.projection * c.factor, 2)", (week,))
