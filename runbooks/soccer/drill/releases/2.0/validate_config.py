"""Says what is wrong with config.py, if anything; exit status 0 when it can be used."""

import sys

WANTED = {
    "FEATURES": (bool, ("soccer_integration", "h2h_analysis", "betting_recommendations",
                        "advanced_statistics", "multi_league_support")),
    "RATE_LIMITS": (int, ("requests_per_minute", "requests_per_hour", "burst_limit",
                          "cooldown_seconds")),
    "FALLBACK": (bool, ("graceful_degradation", "fallback_to_cache", "skip_invalid_data",
                        "use_minimal_embeds")),
}


def mistakes():
    try:
        import config
    except Exception as error:
        return [f"config.py can't be read: {type(error).__name__}: {error}"]
    found = []
    for table, (kind, names) in WANTED.items():
        values = getattr(config, table, {})
        found += [f"{table} has no {name}" for name in names if name not in values]
        found += [f"{table}: {name} is {values[name]!r}" for name in names
                  if name in values and type(values[name]) is not kind]
    return found


if __name__ == "__main__":
    found = mistakes()
    print("\n".join(found) or "config.py is valid")
    sys.exit(bool(found))
