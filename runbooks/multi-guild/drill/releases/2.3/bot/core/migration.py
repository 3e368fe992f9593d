"""Migrates the schema when the bot starts: levels take the place of points."""

VERSION = 3


def migrate(db):
    db.execute("SELECT max(version) FROM schema_version")
    if db.fetchone()[0] >= VERSION:
        return
    db.execute("ALTER TABLE users RENAME COLUMN points TO level")
    db.execute("UPDATE users SET level = level / 100")
    db.execute("INSERT INTO schema_version VALUES (?, datetime('now'))", (VERSION,))
