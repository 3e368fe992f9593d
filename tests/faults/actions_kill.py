"""Every type of action, its runner or what works for it killed at some system call, and gone on with.

usage: actions_kill.py WORK KILLS SECONDS SEED [SHARE]    (KILLS for each action; SECONDS for all; SHARE 3: a third
of the types, which ones the seed says)

A runbook of the test's own has a procedure for each: a gate, at which the console is killed, and the action. Its
runner runs under strace, which kills at the Nth call of a kind. What happened is looked at here, by other means than
the program's: then `attach --auto` must judge it so, and go on accordingly. The action's undo is killed likewise.
Prints a line for each kill, and last "fault INJECTED SURVIVED LOST".
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

from killing import (BACKOUT, CALLS, Lost, calls_at_work, command, events_of, folder_of, kill, last_act, lines_of,
                     moves_of, must, need, no_blind_run, parents, run, runner, runs_of, verified, wait_for)
from levels_kill import Sandbox

GIT = ("git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
# Those whose undo brings the former state back, as it is told here.
UNDONE = {"flags", "file_copy", "file_restore", "file_remove", "archive_restore", "service start", "service stop",
          "git tag", "git branch", "git checkout", "git reset", "git revert", "git pull", "pg_restore"}


class World:
    """What the actions change, and what is found there."""

    def __init__(self, work):
        self.sandbox = Sandbox(work)
        self.root = work + "/world"
        os.mkdir(self.root)
        os.chmod(self.root, 0o755)
        self.repo, self.origin = self.root + "/repo", self.root + "/origin.git"
        self.make_repository()
        self.sandbox.sql("postgres", "CREATE DATABASE scratch")
        self.sandbox.sql("scratch", "CREATE TABLE t (n int PRIMARY KEY, at timestamptz DEFAULT now()); "
                         "INSERT INTO t SELECT g FROM generate_series(1, 2000) g")
        os.mkdir(self.root + "/dumps")

    def path(self, name):
        return os.path.join(self.root, name)

    def put(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def get(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def wipe(self, *names):
        for name in names:
            for path in glob.glob(self.path(name)):
                shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def git(self, *words):
        return must(*GIT, "-C", self.repo, *words).strip()

    def make_repository(self):
        must(*GIT, "init", "-q", "--bare", "-b", "main", self.origin)
        must(*GIT, "init", "-q", "-b", "main", self.repo)
        for number, tag in ((1, "v1"), (2, "v2"), (3, "v3")):
            for name in range(5):
                self.put("repo/f%d" % name, "%d %d\n" % (number, name))
            self.put("repo/only%d" % number, "x\n")
            self.git("add", "-A")
            self.git("commit", "-q", "-m", "release %d" % number)
            self.git("tag", tag)
        self.git("remote", "add", "origin", self.origin)
        self.git("push", "-q", "origin", "main")

    def repository(self, at="v2"):
        """main at a commit, clean, no tags but the releases', the remote at v3."""
        for lock in glob.glob(self.repo + "/.git/**/*.lock", recursive=True):
            os.unlink(lock)
        self.git("checkout", "-q", "-f", "-B", "main", at)
        self.git("clean", "-qfd")
        for tag in set(self.git("tag").split()) - {"v1", "v2", "v3"}:
            self.git("tag", "-d", tag)
        for branch in set(self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()) - {"main"}:
            self.git("branch", "-q", "-D", branch)
        run(*GIT, "-C", self.origin, "update-ref", "-d", "refs/tags/mark")
        self.moves = moves_of(self.repo, self.git("rev-parse", "HEAD"))

    def clean_at(self, *revisions):
        """"yes" for the last one, "no" for the first, clean; else "part"."""
        locks = glob.glob(self.repo + "/.git/**/*.lock", recursive=True)
        if self.git("status", "--porcelain") or locks:
            return "part"
        head = self.git("rev-parse", "HEAD^{tree}")
        trees = [self.git("rev-parse", revision + "^{tree}") for revision in revisions]
        return "yes" if head == trees[-1] else "no" if head == trees[0] else "part"

    def moved(self):
        return moves_of(self.repo, self.git("rev-parse", "HEAD")) - self.moves

    def supervised(self, start):
        """The service "sleeper" of the world runs or not; how often it was started is counted from now."""
        if os.path.isdir(self.path("run")):
            run(BACKOUT, "__supervise", "stop", self.path("run"), "sleeper")
        os.makedirs(self.path("run"), exist_ok=True)
        self.put("starts", "")
        if start:
            must("sh", self.path("start.sh"))
            wait_for(lambda: self.lines("starts"), 10, "the service does not start")
        self.put("starts", "")

    def active(self):
        return "yes" if run(BACKOUT, "__supervise", "status", self.path("run"), "sleeper").returncode == 0 else "no"

    def lines(self, name):
        return len((self.get(name) or "").splitlines())

    def strays(self):
        return [pid for pid in parents() if command(pid)[:1] == ["sleep"] and command(pid)[1:2] == ["98765"]]

    def databases(self, like):
        return self.sandbox.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE '%s' ORDER BY 1" %
                                like).split()

    def database(self):
        """scratch as the dump has it is "no" more than 2000 rows; dropped copies of earlier runs."""
        for name in self.databases("scratch%"):
            self.sandbox.sql("postgres", "UPDATE pg_database SET datallowconn = true WHERE datname = '%s'" % name)
            if name != "scratch":
                self.sandbox.sql("postgres", 'DROP DATABASE "%s" WITH (FORCE)' % name)
        if "scratch" not in self.databases("scratch"):
            self.sandbox.sql("postgres", "CREATE DATABASE scratch")
            self.sandbox.sql("scratch", "CREATE TABLE t (n int PRIMARY KEY, at timestamptz DEFAULT now())")
        self.sandbox.sql("scratch", "TRUNCATE t; INSERT INTO t SELECT g FROM generate_series(1, 2100) g")

    def rows(self):
        return int(self.sandbox.sql("scratch", "SELECT count(*) FROM t"))


def table(world):
    """name -> (action, reset, truth, count): truth is "yes", "no" or "part"; count is how often it happened."""
    def text(name, old, new):
        return lambda: {old: "no", new: "yes"}.get(world.get(name), "part")

    once = lambda: 0

    def stray():
        for pid in world.strays():
            kill(pid)
        subprocess.Popen(["sleep", "98765"], start_new_session=True)
        wait_for(world.strays, 5, "no stray")

    def dumps(pattern):
        files = [name for name in glob.glob(world.path(pattern)) if not name.endswith(".json")]
        whole = [name for name in files if os.path.exists(name + ".json") and not name.endswith(".part")]
        return "yes" if whole and len(whole) == len(files) else "no" if not files else "part"

    def swapped():
        if "scratch" not in world.databases("scratch"):
            return "part"
        closed = world.sandbox.sql("postgres", "SELECT NOT datallowconn FROM pg_database WHERE datname = 'scratch'")
        if closed == "t" or world.databases("scratch\\_new%"):
            return "part"
        return {2000: "yes", 2100: "no"}.get(world.rows(), "part")

    def folder():
        world.wipe("tree", "tree.*", "archives/*.old")
        os.makedirs(world.path("tree"))
        world.put("tree/a", "new\n")
        world.put("tree/b", "new\n")

    def folder_is():
        have = {name: world.get("tree/" + name) for name in ("a", "b", "c")}
        return {("old\n", "old\n", "old\n"): "yes", ("new\n", "new\n", None): "no"}.get(tuple(have.values()), "part")

    def restarted():
        return "yes" if world.active() == "yes" and world.lines("starts") else "no"

    def tag():
        ref = run(*GIT, "-C", world.repo, "rev-parse", "-q", "--verify", "refs/tags/mark").returncode == 0
        return "yes" if ref else "no"

    def branch():
        return "yes" if "rescue" in world.git("branch", "--list", "rescue") else "no"

    def pushed():
        return "yes" if run(*GIT, "-C", world.origin, "rev-parse", "-q", "--verify", "refs/tags/mark"
                            ).returncode == 0 else "no"

    def marked():
        world.repository()
        world.git("tag", "mark", "v2")

    def reverts():
        return int(world.git("rev-list", "--count", "v3..HEAD"))

    sh = lambda text: ["sh", "-c", text, "sh", world.root]
    slow = 'echo run >>"$1/ran"; '
    return {
        "flags": ({"flags": "config", "set": {"on": True}},
                  lambda: world.put("config.json", '{"on": false}\n'),
                  lambda: "no" if world.get("config.json") == '{"on": false}\n' else
                  "yes" if json.loads(world.get("config.json")) == {"on": True} else "part", once),
        "file_copy": ({"file_copy": world.path("from"), "to": world.path("to"), "roots": [world.root],
                       "overwrite": True},
                      lambda: (world.put("from", "new\n"), world.put("to", "old\n")), text("to", "old\n", "new\n"), once),
        "file_restore": ({"file_restore": world.path("to"), "from": world.path("from")},
                         lambda: (world.put("from", "new\n"), world.put("to", "old\n")),
                         text("to", "old\n", "new\n"), once),
        "file_remove": ({"file_remove": [world.path("cache/*.tmp")], "roots": [world.path("cache")]},
                        lambda: (os.makedirs(world.path("cache"), exist_ok=True),
                                 [world.put("cache/%d.tmp" % n, "x") for n in range(4)]),
                        lambda: {4: "no", 0: "yes"}.get(len(glob.glob(world.path("cache/*.tmp"))), "part"), once),
        "archive": ({"archive": "tree", "of": [world.path("tree")], "to": world.path("archives")},
                    lambda: (folder(), world.wipe("archives"), os.mkdir(world.path("archives"))),
                    lambda: dumps("archives/*"), lambda: len(glob.glob(world.path("archives/*.gz"))) - 1),
        "archive_restore": ({"archive_restore": world.path("tree"), "from": world.path("kept.tar.gz")}, folder,
                            folder_is, lambda: len(glob.glob(world.path("tree.before*"))) - 1),
        "command": ({"command": sh('echo run >>"$1/ran"')}, lambda: world.put("ran", ""),
                    lambda: "yes" if world.lines("ran") else "no", lambda: world.lines("ran") - 1),
        "shell": ({"shell": 'echo run >>"$BACKOUT_ROOT/ran"'}, lambda: world.put("ran", ""),
                  lambda: "yes" if world.lines("ran") else "no", lambda: world.lines("ran") - 1),
        "service start": ({"service": "sleeper", "do": "start"}, lambda: world.supervised(False), world.active,
                          lambda: world.lines("starts") - 1),
        "service stop": ({"service": "sleeper", "do": "stop"}, lambda: world.supervised(True),
                         lambda: "no" if world.active() == "yes" else "yes", once),
        "service restart": ({"service": "sleeper", "do": "restart"}, lambda: world.supervised(True), restarted,
                            lambda: world.lines("starts") - 1),
        "process_stop": ({"process_stop": "stray", "grace": "2s"}, stray,
                         lambda: "no" if world.strays() else "yes", once),
        "git tag": ({"git": "code", "do": "tag", "name": "mark"}, world.repository, tag, once),
        "git branch": ({"git": "code", "do": "branch", "name": "rescue"}, world.repository, branch, once),
        "git checkout": ({"git": "code", "do": "checkout", "to": "v1"}, world.repository,
                         lambda: world.clean_at("v2", "v1"), lambda: world.moved() - 1),
        "git reset": ({"git": "code", "do": "reset", "to": "v1"}, world.repository,
                      lambda: world.clean_at("v2", "v1"), lambda: world.moved() - 1),
        "git revert": ({"git": "code", "do": "revert", "since": "v1"}, lambda: world.repository("v3"),
                       lambda: world.clean_at("v3", "v1"), lambda: (reverts() - 2) // 2),
        "git pull": ({"git": "code", "do": "pull"}, lambda: world.repository("v1"),
                     lambda: world.clean_at("v1", "v3"), lambda: world.moved() - 1),
        "git push": ({"git": "code", "do": "push", "name": "mark"}, marked, pushed, once),
        "pg_dump": ({"pg_dump": "db", "to": world.path("out"), "name": "d"},
                    lambda: (world.database(), world.wipe("out"), os.mkdir(world.path("out"))),
                    lambda: dumps("out/*"), lambda: len(glob.glob(world.path("out/*.dump"))) - 1),
        "pg_restore": ({"pg_restore": "db", "admin": "admin", "from": world.path("kept.dump")}, world.database,
                       swapped, lambda: len(world.databases("scratch\\_before%")) - 1),
        "pg_sql": ({"pg_sql": "db", "sql": "INSERT INTO t SELECT max(n) + 1 FROM t"}, world.database,
                   lambda: "no" if world.rows() == 2100 else "yes", lambda: world.rows() - 2101),
        "wait": ({"wait": {"file": world.path("from"), "exists": True}, "for": "5s"},
                 lambda: world.put("from", "x"), lambda: "yes", once),
    }


class Sweep:
    def __init__(self, work, seed):
        self.work, self.dice, self.seed = work, random.Random(seed), seed
        self.world = World(work)
        self.target = work + "/target.json"
        self.book = work + "/book.json"
        self.prepare()
        self.actions = table(self.world)
        self.write_book({name: row[0] for name, row in self.actions.items()})
        self.kills = self.lost = 0

    def write_book(self, actions):
        world, sandbox = self.world, self.world.sandbox
        # The program itself says that it was started: a start that was killed before is none.
        world.put("start.sh", 'exec "%s" __supervise start "%s" sleeper -- sh -c \'echo start >>"%s"; exec sleep 1000\'\n'
                  % (BACKOUT, world.path("run"), world.path("starts")))
        server = {"host": sandbox.folder + "/db", "port": 5432, "role": "postgres"}
        sources = {
            "config": {"flags": {"path": world.path("config.json"), "format": "json", "names": {"on": "it is on"}}},
            "code": {"git": {"path": "${root}/repo"}},
            "sleeper": {"service": {"start": ["sh", world.path("start.sh")], **{
                word: [BACKOUT, "__supervise", word, world.path("run"), "sleeper"] for word in ("stop", "status")}}},
            "stray": {"process": {"match": ["sleep", "98765"]}},
            "db": {"postgres": {**server, "database": "scratch"}},
            "admin": {"postgres": {**server, "database": "postgres"}}}
        gate = {"id": "gate", "say": "Wait until the console is dead", "timeout": "60s",
                "action": {"wait": {"file": world.path("gate"), "exists": True}, "for": "50s"}}
        book = {"format": 1, "system": "world", "title": "A world to act on",
                "parameters": {"root": {"type": "path", "help": "where it is"}},
                "sources": sources, "procedures": {
                    re.sub("[^a-z]", "-", name): {
                        "title": name, "estimate": "1s-1m", "risk": "low", "data_loss": "None.",
                        "steps": [gate, {"id": "act", "say": name, "action": action, "timeout": "60s"}]}
                    for name, action in actions.items()}}
        with open(self.book, "w", encoding="utf-8") as file:
            json.dump(book, file)
        with open(self.target, "w", encoding="utf-8") as file:
            json.dump({"target": "here", "system": "world", "class": "drill", "claim": self.work + "/claim",
                       "parameters": {"root": world.root}}, file)
        for path in (self.book, self.target):
            os.chmod(path, 0o600)

    def prepare(self):
        """A dump and an archive to go back to, made as an operator would."""
        world = self.world
        os.mkdir(world.path("tree"))
        for name in "abc":
            world.put("tree/" + name, "old\n")
        world.put("gate", "")
        self.write_book({"dump": {"pg_dump": "db", "to": world.path("dumps"), "name": "kept"},
                         "pack": {"archive": "kept", "of": [world.path("tree")], "to": world.path("dumps")}})
        for name in ("dump", "pack"):
            must(BACKOUT, "run", self.book, name, "--target", self.target, "--confirm", "here")
        for end in (".dump", ".tar.gz"):
            made, = glob.glob(world.path("dumps/*" + end))
            os.rename(made, world.path("kept" + end))
            os.rename(made + ".json", world.path("kept%s.json" % end))

    # ---- One action ----

    def begin(self, name):
        """The incident, its next step the action, and no console."""
        world = self.world
        world.wipe("gate")
        open(self.work + "/claim", "w", encoding="ascii").close()
        known = set(os.listdir(folder_of("")))
        console = subprocess.Popen(
            [BACKOUT, "run", self.book, re.sub("[^a-z]", "-", name), "--target", self.target, "--confirm", "here"],
            stdin=subprocess.DEVNULL, stdout=open(self.work + "/console.out", "w", encoding="utf-8"),
            stderr=subprocess.STDOUT)
        fresh = wait_for(lambda: set(os.listdir(folder_of(""))) - known or console.poll() is not None, 30, "no incident")
        need(fresh is not True, "%s: %s" % (name, open(self.work + "/console.out", encoding="utf-8").read()))
        incident = fresh.pop()
        folder = folder_of(incident)
        wait_for(lambda: any(event["event"] == "step.intent" for event in events_of(folder)) or
                 console.poll() is not None, 60, "the gate is not reached")
        need(console.poll() is None, "%s: %s" % (name, open(self.work + "/console.out", encoding="utf-8").read()))
        kill(console.pid)
        console.wait()
        world.put("gate", "")
        wait_for(lambda: any(event["event"] == "step.verify" for event in events_of(folder)), 60, "the gate stays shut")
        self.quiet(folder)
        return incident, folder

    def quiet(self, folder):
        """Until no process of a runner is there any more."""
        wait_for(lambda: not [pid for pid in parents() if folder in command(pid)], 90, "a runner does not end")

    def say(self, what):
        print("%6.1f %s" % (time.monotonic() - self.began, what), flush=True)

    def once(self, name, call, when):
        action, reset, truth, count = self.actions[name]
        reset()
        incident, folder = self.begin(name)
        hit = runner(folder, "act", "run", call, when, self.work + "/trace")
        self.quiet(folder)
        time.sleep(0.05) # what a killed command had started is over
        if not hit:
            self.ended(name, incident, folder)
            return False
        self.kills += 1
        kept, was, runs = lines_of(folder), truth(), runs_of(events_of(folder))
        begun = runs.get((re.sub("[^a-z]", "-", name), "act"), [])
        for pid, where in hit:
            self.say("%s: %s KILL at call %s %d: pid %s in %s; then %s, %s" % (
                name, incident, call, when, pid, where[:90], begun or "nothing begun", was))
        need(begun or was == "no" or name == "wait", "%s happened with no intent on record" % name)
        done = run(BACKOUT, "attach", incident, "--auto")
        verified(incident, kept)
        self.judged(name, events_of(folder), begun, was)
        self.ended(name, incident, folder, done)
        return True

    def back(self, name, call, when):
        """Its undo is killed; what is said of it is what is there, and the next undo ends it."""
        _, reset, truth, _ = self.actions[name]
        reset()
        incident, folder = self.begin(name)
        must(BACKOUT, "__runner", folder, "act", "run", str(last_act(events_of(folder))))
        hit = runner(folder, "act", "undo", call, when, self.work + "/trace")
        self.quiet(folder)
        if hit:
            self.kills += 1
        kept, was = lines_of(folder), truth()
        for pid, where in hit:
            self.say("%s: %s KILL of the undo at call %s %d: pid %s in %s; then %s" % (name, incident, call, when, pid,
                                                                                     where[:90], was))
        if any(event["event"] == "step.intent" and event.get("act") == "undo" for event in events_of(folder)):
            run(BACKOUT, "attach", incident, "--auto")
        verified(incident, kept)
        events = events_of(folder)
        said = [event["settled"] for event in events if event["event"] == "step.settled" and event["step"] == "act"]
        need(not said or not (was == "no" and said[-1] == "no") and not (was != "no" and said[-1] == "yes"),
             "the undo was judged \"%s\", where it was \"%s\"" % (said, was))
        done = run(BACKOUT, "__runner", folder, "act", "undo", str(last_act(events))) # refused where it is undone
        need(truth() == "no", "undone twice, it is \"%s\": %s\n%s" % (truth(), done.stdout, run(
            BACKOUT, "log", incident).stdout))
        run(BACKOUT, "attach", incident, "--auto")
        return bool(hit)

    def judged(self, name, events, begun, was):
        """What was said of the killed run is what was seen."""
        no_blind_run(events)
        if begun != ["open"]:
            return
        said = [event["settled"] for event in events if event["event"] == "step.settled" and event["step"] == "act"]
        need(said, "nobody judged it")
        need(not (was == "yes" and said[0] == "no"), "it happened, but was judged: no")
        need(not (was != "yes" and said[0] == "yes"), "it did not happen (%s), but was judged: yes" % was)
        need(name in ("command", "shell") or said[-1] != "unknown" or was == "part", "nobody knows, where it was " + was)

    def ended(self, name, incident, folder, done=None):
        """Everything or nothing, once at most, and nothing left."""
        _, _, truth, count = self.actions[name]
        now, more = truth(), count()
        # A service that a killed stage had started is ended with it, and started anew by the next run.
        begun = runs_of(events_of(folder)).get((re.sub("[^a-z]", "-", name), "act"), [])
        allowed = len(begun) - 1 if name.startswith("service") else 0
        need(more <= max(allowed, 0), "%s happened %d times in %d runs" % (name, more + 1, len(begun)))
        if done is not None and done.returncode == 0:
            need(now == "yes", "attach said that it holds: it is \"%s\"" % now)
        elif done is not None:
            self.say("%s: %s attach ended with %d: %s" % (name, incident, done.returncode,
                                                         done.stdout.strip().splitlines()[-1:]))
            # Killed twice, the second time while it was cleaned: then that is on record.
            if any("can't be cleaned" in event.get("detail", "") for event in events_of(folder)):
                return
            need(now != "part", "it was left half done")
        left = [path for path in glob.glob(self.world.root + "/**", recursive=True)
                if path.endswith(".part") or re.search(r"\.tmp|\.new\b|backout-", os.path.basename(path))
                and "/cache/" not in path]
        left += glob.glob(self.world.repo + "/.git/**/*.lock", recursive=True)
        need(not left, "files are left: %s" % left)
        self.quiet(folder)
        sessions = self.world.sandbox.sql("postgres", "SELECT string_agg(application_name, ' ') FROM pg_stat_activity "
                                          "WHERE application_name LIKE 'backout%'")
        need(not sessions, "sessions are left: " + sessions)

    def call(self, name):
        """Where to kill: mostly at what is done after the intent, now and then anywhere."""
        if self.dice.random() < 0.15:
            call = self.dice.choice(sorted(CALLS))
            return call, self.dice.randint(1, CALLS[call])
        # Each kind of call alike, however often it is made.
        kind = self.dice.choice(sorted({call for call, _ in self.calls[name]}))
        return self.dice.choice([at for at in self.calls[name] if at[0] == kind])

    def undisturbed(self, name):
        """Which calls it makes; that it works at all, and that what is looked for here sees it."""
        _, reset, truth, count = self.actions[name]
        reset()
        need(truth() == "no" or name == "wait", "before anything is done: " + truth())
        incident, folder = self.begin(name)
        self.calls[name] = calls_at_work(folder, "act", self.work + "/trace")
        need(truth() == "yes" and count() <= 0, "undisturbed: %s, %d times\n%s" % (
            truth(), count() + 1, run(BACKOUT, "log", incident).stdout))
        need(run(BACKOUT, "attach", incident, "--auto").returncode == 0, "undisturbed, it is not resolved")
        self.ended(name, incident, folder)

    def all(self, kills, seconds):
        self.began, self.calls = time.monotonic(), {}
        only = os.environ.get("ONLY")
        for turn in range(kills):
            for name in sorted(self.actions):
                if only and name not in only.split(","):
                    continue
                if turn and time.monotonic() - self.began > seconds:
                    return
                try:
                    if name not in self.calls:
                        self.undisturbed(name)
                    for _ in range(4):
                        if self.once(name, *self.call(name)):
                            break
                    if turn % 3 == (kills > 1) and name in UNDONE:
                        self.back(name, *self.call(name))
                except Lost as lost:
                    self.lost += 1
                    self.say("%s LOST: %s" % (name, lost))
                    if os.environ.get("KEEP_LOST"):
                        return


def main():
    work, kills, seconds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    print("seed", seed)
    sweep = Sweep(work, seed)
    share = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    chosen = sorted(sweep.dice.sample(sorted(sweep.actions), len(sweep.actions) // share))
    sweep.actions = {name: sweep.actions[name] for name in chosen}
    sweep.all(kills, seconds)
    for pid in sweep.world.strays():
        kill(pid)
    run(BACKOUT, "__supervise", "stop", sweep.world.path("run"), "sleeper")
    print("fault %d %d %d" % (sweep.kills, sweep.kills - sweep.lost, sweep.lost))
    return sweep.lost > 0


if __name__ == "__main__":
    sys.exit(main())
