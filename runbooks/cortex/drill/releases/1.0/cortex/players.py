"""Player pools: the players of a week, with what is projected for them."""


def active_week(db):
    db.execute("SELECT id FROM weeks WHERE is_active")
    return db.fetchone()[0]


def pool(db):
    """The pool as the player screen shows it."""
    db.execute("SELECT id, player_name, position, salary, projection, smart_score FROM player_pools "
               "WHERE week_id = %s ORDER BY smart_score DESC NULLS LAST LIMIT 200", (active_week(db),))
    rows = db.fetchall()
    return f"{len(rows)} players"


def detail(db):
    """One player's view: the projection that counts."""
    db.execute("SELECT player_name, projection FROM player_pools WHERE week_id = %s ORDER BY random() LIMIT 1",
               (active_week(db),))
    name, projection = db.fetchone()
    return f"{name}: {projection}"
