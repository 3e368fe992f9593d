"""What the environment file says."""

import pathlib

ENVIRONMENT = pathlib.Path(__file__).parent.parent / ".env"


def maintenance():
    """Whether writes are refused: MAINTENANCE_MODE=true."""
    return any(line.replace(" ", "").lower() == "maintenance_mode=true"
               for line in ENVIRONMENT.read_text().splitlines())
