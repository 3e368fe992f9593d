"""Settings: what .env says when the bot starts."""


def _read(path=".env"):
    values = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                values[name] = value.strip("\"'")
    return values


_values = _read()


def is_on(name):
    return _values.get(name, "false").lower() in ("true", "yes", "on", "1")
