"""Levels 1 to 3 of Slomix, as the runbook has them, on a real sandbox, their processes killed on the way.

usage: levels_kill.py WORK LEVEL[,LEVEL...] KILLS SECONDS SEED    (WORK holds the sandbox; kills and time of each level)

Each run is `backout run slomix LEVEL`, or `attach --auto` where one was killed; at a moment of the seed's choice the
console, the runner, what works for it, or all of them are killed, or the Nth system call of some kind kills whoever
makes it. Then `attach --auto` goes on, without kills, and what is found in the world is compared with the record.
Prints a line for each kill, and at the end of each level "fault LEVEL INJECTED SURVIVED LOST".
"""
import glob
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

from killing import (BACKOUT, CALLS, QUIET, Lost, below, call_of, command, events_of, folder_of, kill, lines_of, moves_of,
                     must, need, no_blind_run, parents, proc_read, run, runner, runs_of, verified, wait_for)

FLAGS = ("ENABLE_TEAM_SPLIT_DETECTION", "ENABLE_MATCH_PREDICTIONS", "ENABLE_LIVE_SCORING")
CONTENT = """SELECT (SELECT count(*) || '.' || sum(hashtextextended(s::text, 0)) FROM player_stats s
	WHERE s.round_id <= 14000) || ' ' || (SELECT count(*) || '.' || sum(hashtextextended(r::text, 0))
	FROM rounds r WHERE id <= 14000) || ' ' || (SELECT count(*) FROM pg_constraint c JOIN pg_class t ON
	t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public') || ' ' ||
	(SELECT string_agg(relname::text || relkind::text, ' ' ORDER BY relname) FROM pg_class c JOIN pg_namespace n ON
	n.oid = c.relnamespace AND n.nspname = 'public')"""

EVENT = re.compile(rb'"event":"([a-z.]+)"')
BEGAN = time.monotonic()


class Sandbox:
    """What a drill builds, with nothing wrong in it yet, and nobody at work."""

    def __init__(self, work):
        self.work = work
        self.book = os.path.join(work, "slomix")
        if not os.path.exists(self.book):
            shutil.copytree("runbooks/slomix", self.book)
            # No need to wait for slow samples after each kill.
            for name in glob.glob(self.book + "/*.json"):
                book = json.load(open(name, encoding="utf-8"))
                for metric in book.get("metrics", {}).values():
                    metric["every"] = "1s"
                with open(name, "w", encoding="utf-8") as file:
                    json.dump(book, file)
            with open(self.book + "/drill/scenarios/calm.json", "w", encoding="ascii") as file:
                file.write('{"title": "Nothing is wrong", "procedure": "level-1", "faults": [], "facts": {}, '
                           '"well": {"service": {"say": "the bot runs", "all": ["bot-running"]}}}')
        out = open(work + "/sandbox.out", "w+", encoding="utf-8")
        with subprocess.Popen([BACKOUT, "drill", self.book, "calm", "--auto", "--keep"], stdin=subprocess.DEVNULL,
                              stdout=out, stderr=out) as drill:
            wait_for(lambda: glob.glob(work + "/backout-drill-*/incident") or drill.poll() is not None, 60,
                     "no sandbox was built")
            kill(drill.pid)
        folders = glob.glob(work + "/backout-drill-*")
        if len(folders) != 1:
            raise RuntimeError("no sandbox: " + open(out.name, encoding="utf-8").read())
        self.folder = folders[0]
        self.root = self.folder + "/slomix_discord"
        self.config = self.root + "/bot/config.py"
        self.target = self.folder + "/target.json"
        # Nobody will go on with that drill: its sandbox is ours, until --clean.
        shutil.rmtree(open(self.folder + "/incident", encoding="utf-8").read())
        os.unlink(self.folder + "/incident")
        open(self.folder + "/keep", "w", encoding="ascii").close()
        # No need to wait for a long quiet after each kill.
        text = open(self.target, encoding="utf-8").read()
        with open(self.target, "w", encoding="utf-8") as file:
            file.write(text.replace('"quiet": "4s"', '"quiet": "1s"'))
        self.plain_config = open(self.config, "rb").read()
        self.good = self.content("etlegacy")
        self.dumps = set(os.listdir(self.folder + "/backups"))
        self.mine = self.processes()
        # How the bot is started, as its supervisor was told.
        self.bot = next(words for words in map(command, parents()) if words[1:3] == ["__supervise", "start"] and
                        self.folder in words[3] and words[4] == "bot")

    def sql(self, database, text):
        return must("psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", self.folder + "/db", "-U", "postgres",
                    "-d", database, "-c", text).strip()

    def content(self, database):
        return self.sql(database, CONTENT)

    def databases(self):
        return self.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'etlegacy%' "
                        "ORDER BY 1").split()

    def git(self, *words):
        return must("git", "-C", self.root, *words).strip()

    def supervise(self, act, name="bot"):
        return run(BACKOUT, "__supervise", act, self.folder + "/run", name)

    def bot_pid(self):
        """Of the bot's process; empty while it is not there."""
        try:
            return open(self.folder + "/run/bot.pid", encoding="ascii").read().strip()
        except FileNotFoundError:
            return ""

    def processes(self):
        """Processes that have to do with the sandbox, but its services."""
        services = set()
        tree = parents()
        for pid in tree:
            words = command(pid)
            if "__supervise" in words[1:2] and "start" in words[2:3]:
                services |= below({pid}, tree)
        mark = self.folder.encode()
        return {pid for pid in tree if pid not in services and pid != os.getpid() and
                mark in proc_read(pid, "cmdline") + proc_read(pid, "environ")}

    # ---- What is wrong, level by level ----

    def break_it(self, level):
        """Back to a world in which the level has something to do."""
        open(self.folder + "/claim", "w", encoding="ascii").close()
        for name in set(os.listdir(self.folder + "/backups")) - self.dumps:
            os.unlink(self.folder + "/backups/" + name)
        self.git("checkout", "-q", "-f", "--detach", "v1.2" if level == "level-2" else "v1.1")
        for tag in self.git("tag", "--list", "backout*").split():
            self.git("tag", "-d", tag)
        config = self.plain_config
        if level == "level-1":
            for flag in FLAGS:
                config = config.replace(flag.encode() + b" = False", flag.encode() + b" = True")
            need(config != self.plain_config, "no flag could be switched on")
        with open(self.config, "wb") as file:
            file.write(config)
        if level == "level-3":
            self.damage()
        if run(BACKOUT, "__supervise", "status", self.folder + "/run", "bot").returncode:
            must(*self.bot)
        self.began = {"config": config, "bot": self.bot_pid(), "head": self.git("rev-parse", "HEAD"),
                      "moves": moves_of(self.root, self.git("rev-parse", "HEAD")),
                      "content": self.content("etlegacy")}

    def damage(self):
        """The database is the damaged one again."""
        self.supervise("stop")
        for name in self.databases():
            self.sql("postgres", "UPDATE pg_database SET datallowconn = true WHERE datname = '%s'" % name)
            self.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'" % name)
            if name != "etlegacy":
                self.sql("postgres", 'DROP DATABASE "%s" WITH (FORCE)' % name)
        if self.content("etlegacy") == self.good:
            self.sql("etlegacy", open(self.book + "/drill/seed/bad-migration.sql", encoding="utf-8").read())
        need(self.content("etlegacy") != self.good, "the migration damaged nothing")

    # ---- What is there afterwards ----

    def judge(self, level, events):
        """Whole, open and clean, and nothing happened twice."""
        leftovers = []
        end = time.monotonic() + 5
        while time.monotonic() < end:
            leftovers = [(pid, command(pid)) for pid in self.processes() - self.mine if command(pid)]
            if not leftovers:
                break
            time.sleep(0.05)
        need(not leftovers, "processes are left: %s" % leftovers)
        runs = runs_of(events)
        self.judge_code(level)
        self.judge_database(level, runs)
        files = [name for folder in (self.root + "/bot", self.folder + "/backups", self.root)
                 for name in os.listdir(folder) if ".tmp" in name or name.endswith((".new", ".part", "~"))]
        need(not files, "files are left: %s" % files)
        claim = open(self.folder + "/claim", encoding="utf-8").read().strip()
        over = any(event["event"] == "incident.resolved" for event in events)
        ran = any(event["event"] == "step.intent" for event in events)
        need(not (over and claim), "the incident is resolved, and its claim is still there: " + claim)
        need(over or claim or not ran, "the incident is open, and its claim is gone")
        return over

    def judge_code(self, level):
        head, new = self.git("rev-parse", "HEAD"), self.git("rev-parse", "v1.0^{commit}")
        dirty = [line for line in self.git("status", "--porcelain", "--untracked-files=no").splitlines()
                 if not line.endswith("bot/config.py")]
        need(not dirty, "the tree is not clean: %s" % dirty)
        need(head in (self.began["head"], new), "HEAD is neither old nor new: " + head)
        moves = moves_of(self.root, head) - self.began["moves"]
        need(moves == (head == new and head != self.began["head"]), "HEAD was moved %d times" % moves)
        need(run("git", "-C", self.root, "fsck", "--connectivity-only").returncode == 0, "git fsck finds damage")
        need(not glob.glob(self.root + "/.git/*.lock"), "a lock of git is left")
        config = open(self.config, "rb").read()
        if level == "level-1":
            need(config in (self.began["config"], self.plain_config), "the configuration is neither old nor new")
        elif head == new:
            need(config == self.plain_config, "the configuration is not that of the commit")

    def judge_database(self, level, runs):
        names = self.databases()
        need(not [name for name in names if "_new_" in name], "a half-made copy is left: %s" % names)
        before = [name for name in names if "_before_" in name]
        closed = self.sql("postgres", "SELECT datname FROM pg_database WHERE NOT datallowconn AND "
                          "datname = 'etlegacy'")
        need(not closed, "the database is closed")
        content = self.content("etlegacy")
        sessions = self.sql("postgres", "SELECT string_agg(application_name, ' ') FROM pg_stat_activity WHERE "
                            "application_name LIKE 'backout%'")
        need(not sessions, "sessions are left: " + sessions)
        if level != "level-3":
            need(content == self.began["content"], "the database was changed")
            return
        need(len(before) <= 1, "the database was swapped %d times: %s" % (len(before), names))
        need(content == (self.good if before else self.began["content"]),
             "the database is neither whole and old nor whole and new")
        if before:
            self.sql("postgres", "UPDATE pg_database SET datallowconn = true WHERE datname = '%s'" % before[0])
            need(self.content(before[0]) == self.began["content"], "the old database was not kept whole")
        dumps = [name for name in set(os.listdir(self.folder + "/backups")) - self.dumps if name.endswith(".dump")]
        made = runs.get(("level-3", "snapshot"), [])
        need(len(dumps) <= len(made), "%d dumps of %d runs" % (len(dumps), len(made)))
        for name in dumps:
            need(os.path.exists("%s/backups/%s.json" % (self.folder, name)), "a dump without what is known of it")


def finished(level, sandbox):
    """What holds when the level is done."""
    if level == "level-1":
        return open(sandbox.config, "rb").read() == sandbox.plain_config and sandbox.bot_pid() != sandbox.began["bot"]
    if level == "level-2":
        return sandbox.git("rev-parse", "HEAD") == sandbox.git("rev-parse", "v1.0^{commit}")
    return sandbox.content("etlegacy") == sandbox.good


class Sweep:
    def __init__(self, work, sandbox, level, seed):
        self.work, self.sandbox, self.level = work, sandbox, level
        self.dice_seed, self.dice = seed, random.Random(seed)
        self.kills = self.lost = self.done = 0
        self.steps, self.marks, self.spans = [], [], []
        self.incident = None

    def begin(self):
        """Somebody works: a new incident, or one goes on."""
        known = set(os.listdir(folder_of(""))) if os.path.isdir(folder_of("")) else set()
        words = ("attach", self.incident, "--auto") if self.incident else (
            "run", self.sandbox.book, self.level, "--target", self.sandbox.target, "--confirm", "sandbox")
        out = open(self.work + "/console.out", "w", encoding="utf-8")
        console = subprocess.Popen([BACKOUT, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        if not self.incident:
            fresh = wait_for(lambda: os.path.isdir(folder_of("")) and set(os.listdir(folder_of(""))) - known, 30,
                             "no incident was opened")
            self.incident = fresh.pop()
        return console

    def acts_now(self):
        names = (EVENT.search(line).group(1).decode() for line in lines_of(folder_of(self.incident)))
        return [name for name in names if name not in QUIET]

    def victims(self, console, kind):
        """Processes of that kind: the console, the runner, what works for it, or all."""
        tree = parents()
        runners = {pid for pid in tree if command(pid)[1:3] == ["__runner", folder_of(self.incident)]}
        top = {pid for pid in runners if tree[pid] not in runners}
        work = below(top, tree) - top
        tools = {pid for pid in work if "__runner" not in command(pid) and "__supervise" not in command(pid)}
        return {"console": {console.pid}, "runner": top, "stage": work & runners, "tool": tools,
                "all": {console.pid} | below(top, tree)}[kind]

    def say(self, what):
        print("%6.1f %s: %s" % (time.monotonic() - BEGAN, self.level, what), flush=True)

    def kill_at_moment(self, kind):
        """While some step is begun, runs or is verified, or after the last one."""
        console = self.begin()
        number = self.dice.randint(0, len(self.steps))
        wait = self.dice.uniform(0, self.spans[number])
        wait_for(lambda: len(self.acts_now()) >= self.marks[number] or console.poll() is not None, 60,
                 "step %d is never reached" % number)
        time.sleep(wait)
        end = time.monotonic() + 1
        found = self.victims(console, kind)
        # What works for a runner comes and goes.
        while not found and console.poll() is None and time.monotonic() < end:
            found = self.victims(console, kind)
        kind, found = (kind, found) if found else ("console", {console.pid})
        said = ["%s in %s" % (" ".join(command(pid)[1:3] or ["?"])[:40].replace(folder_of(self.incident), "step"),
                              call_of(pid)) for pid in sorted(found)]
        hit = [pid for pid in found if kill(pid)]
        kept = lines_of(folder_of(self.incident))
        if hit:
            self.kills += 1
            self.say("%s KILL %s after %d events: %s" % (self.incident, kind, len(kept), "; ".join(said)))
        return console, kept

    def kill_at_call(self):
        """The console is killed when a step is about to begin; its runner, at the Nth call of a kind."""
        number = self.dice.randrange(len(self.steps))
        step, call = self.steps[number], self.dice.choice(sorted(CALLS))
        when = self.dice.randint(1, CALLS[call])
        console = self.begin()
        wait_for(lambda: len(self.acts_now()) >= self.marks[number] or console.poll() is not None, 60,
                 "step %s is never reached" % step)
        kill(console.pid)
        console.wait()
        kept = lines_of(folder_of(self.incident))
        self.kills += 1
        self.say("%s KILL console after %d events, before %s" % (self.incident, len(kept), step))
        hit = runner(folder_of(self.incident), step, "run", call, when, self.work + "/trace")
        kept = lines_of(folder_of(self.incident))
        self.kills += len(hit)
        for pid, where in hit:
            self.say("%s KILL at call %s %d of step %s: pid %s in %s" % (self.incident, call, when, step, pid,
                                                                        where[:100]))
        return None, kept

    def settle(self, console, kept):
        """Whoever still works may end; then somebody goes on, without kills."""
        if console:
            wait_for(lambda: console.poll() is not None, 150, "the console does not end")
        done = run(BACKOUT, "attach", self.incident, "--auto")
        verified(self.incident, kept)
        return done.returncode, done.stdout

    def turn(self):
        self.incident = None
        self.sandbox.break_it(self.level)
        kept = []
        # Some runs are killed more than once: whoever goes on is killed as well.
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            if self.incident and any(event["event"] in ("incident.resolved", "procedure.ended")
                                     for event in events_of(folder_of(self.incident))):
                break
            console, now = (self.kill_at_call() if not self.incident and self.dice.random() < 0.5 else
                            self.kill_at_moment(self.dice.choice(
                                ("console", "runner", "runner", "stage", "tool", "all", "all"))))
            if self.incident and kept:
                need(lines_of(folder_of(self.incident))[:len(kept)] == kept, "the record lost what it had")
            kept = now
            if console and console.poll() is None and self.dice.random() < 0.5:
                kill(console.pid) # the next one attaches while the runner is still at work
                console.wait()
        status, said = self.settle(console, kept)
        events = events_of(folder_of(self.incident))
        no_blind_run(events)
        over = self.sandbox.judge(self.level, events)
        if status == 0:
            need(finished(self.level, self.sandbox), "attach said that it holds, but it does not")
            need(over, "attach said that it holds, but the incident is open")
            self.done += 1
        else:
            self.say("%s: attach ended with %d: %s" % (self.incident, status, said.strip().splitlines()[-1:]))

    def first(self):
        """Undisturbed: how the record grows, and that the level works at all."""
        self.incident = None
        self.sandbox.break_it(self.level)
        console = self.begin()
        need(console.wait(120) == 0, "the level does not work: " + open(self.work + "/console.out",
                                                                      encoding="utf-8").read())
        events = events_of(folder_of(self.incident))
        acts = [event for event in events if event["event"] not in QUIET]
        begun = [number for number, event in enumerate(acts) if event["event"] == "step.intent"]
        self.steps = [acts[number]["step"] for number in begun]
        # How many acts are on record when a step is about to begin, and how long it takes from there.
        self.marks = begun + [len(acts) - 2]
        ends = [acts[number - 1]["mono"] for number in self.marks] + [acts[-1]["mono"]]
        self.spans = [later - earlier for earlier, later in zip(ends, ends[1:])]
        self.sandbox.judge(self.level, events)
        need(finished(self.level, self.sandbox), "the level ended well, but it is not what it should be")


    def all(self, kills, seconds):
        """Until there were so many kills, or the time is over. How many times a promise did not hold."""
        self.first()
        end, turns = time.monotonic() + seconds, 0
        self.say("seed %s; undisturbed: %s" % (self.dice_seed, ", ".join(
            "%s %.1f s" % pair for pair in zip(self.steps + ["after"], self.spans))))
        while self.kills < kills and (time.monotonic() < end or self.kills == 0):
            turns += 1
            try:
                self.turn()
            except Lost as lost:
                self.lost += 1
                self.say("%s LOST: %s" % (self.incident, lost))
                if os.environ.get("KEEP_LOST"):
                    break
        self.say("%d runs, %d ended well" % (turns, self.done))
        print("fault %s %d %d %d" % (self.level, self.kills, self.kills - self.lost, self.lost), flush=True)
        return self.lost


def main():
    work, levels, kills, seconds, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    sandbox, lost = Sandbox(work), 0
    for level in levels.split(","):
        lost += Sweep(work, sandbox, level, seed).all(kills, seconds)
    return lost > 0


if __name__ == "__main__":
    sys.exit(main())
