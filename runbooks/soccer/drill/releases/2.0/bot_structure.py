"""The sports bot: channels and answers for the leagues that are switched on.

    python bot_structure.py [--safe-mode | --performance-mode | --validate-data | --emergency-mode]
"""

import os
import sys

import config
from sports import mlb, soccer

MODES = {"--safe-mode": "safe", "--performance-mode": "performance", "--validate-data": "validate",
         "--emergency-mode": "emergency"}


class Command:
    """What members can call; `every` is how often they do, in seconds."""

    def __init__(self, name, league, every, call):
        self.name, self.league, self.every, self.call = name, league, every, call


class CommandTree:
    def __init__(self):
        self.commands = []

    def add(self, *command):
        self.commands.append(Command(*command))

    def get_commands(self):
        return list(self.commands)


class SportsBot:
    """What the bot can do. Talks to nobody until run() is called."""

    def __init__(self, mode="normal"):
        self.mode = mode
        self.leagues = {
            "MLB": {"active": True, "module": mlb},
            "SOCCER": {"active": config.FEATURES["soccer_integration"], "module": soccer},
        }
        self.tree = CommandTree()
        for league in self.leagues.values():
            if league["active"]:
                league["module"].register(self.tree, mode)

    def run(self):
        import standin
        bot = standin.Bot("sports")
        with Lock(bot.log):
            for command in self.tree.get_commands():
                bot.command(f"/{command.name} {command.league}", command.every)(command.call)
            bot.event("cleanup", every=2.0)(mlb.clean_up)
            bot.log.info("mode %s, leagues %s", self.mode, ", ".join(
                name for name, league in self.leagues.items() if league["active"]))
            bot.run()


class Lock:
    """Only one bot may answer a server's commands."""

    def __init__(self, log):
        self.log = log
        self.path = os.path.join(os.environ.get("BOT_LOCKS", "/tmp"), "bot_main.lock")

    def __enter__(self):
        try:
            with open(self.path, "x") as file:
                file.write(f"{os.getpid()}\n")
        except FileExistsError:
            self.log.critical("%s is there: another instance runs", self.path)
            sys.exit(1)

    def __exit__(self, *_):
        os.unlink(self.path)


if __name__ == "__main__":
    SportsBot(MODES.get(sys.argv[1], "normal") if len(sys.argv) > 1 else "normal").run()
