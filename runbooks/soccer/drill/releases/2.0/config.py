"""Configuration of the sports bot."""

# What is switched on
FEATURES = {
    "soccer_integration": True,
    "h2h_analysis": True,
    "betting_recommendations": True,
    "advanced_statistics": True,
    "multi_league_support": True,
}

# What is asked of the MCP server at most
RATE_LIMITS = {
    "requests_per_minute": 600,
    "requests_per_hour": 30000,
    "burst_limit": 20,
    "cooldown_seconds": 1,
}

# What happens with data that is not as it should be
FALLBACK = {
    "graceful_degradation": False,
    "fallback_to_cache": False,
    "skip_invalid_data": False,
    "use_minimal_embeds": False,
}
