"""Cortex's API: player pools, imports, Smart Scores and lineups."""

import standin

from cortex import imports, lineups, players, smart_score

app = standin.Bot("Cortex API", pool_size=6)


@app.command("GET /api/player-pools", every=0.35)
def player_pools(db):
    return players.pool(db)


@app.command("GET /api/players", every=0.4)
def player(db):
    return players.detail(db)


@app.command("POST /api/smart-scores", every=0.5)
def smart_scores(db):
    return smart_score.recalculate(db)


@app.command("POST /api/lineups", every=0.5)
def lineup(db):
    return lineups.generate(db)


@app.command("POST /api/import/draftkings", every=1.5)
def import_draftkings(db):
    return imports.draftkings(db)


if __name__ == "__main__":
    app.run()
