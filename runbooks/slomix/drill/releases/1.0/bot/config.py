"""Configuration of the bot."""

database_type = "postgresql"
min_pool_size = 10
max_pool_size = 30

# Feature flags for competitive analytics
ENABLE_TEAM_SPLIT_DETECTION = False  # default: off
ENABLE_MATCH_PREDICTIONS = False     # default: off
ENABLE_LIVE_SCORING = False          # default: off
ENABLE_PREDICTION_LOGGING = True     # always on, for debugging
