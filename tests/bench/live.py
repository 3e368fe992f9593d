"""Measures the live console and its peers in a terminal that is really read, in turns:

    live.py SCENARIO TURNS SECONDS PROGRAM...

Prints one line a program, `PROGRAM KEY=VALUE ...` with the median of each figure (the most of all, where its key
begins with "most"), or `PROGRAM failed: WHY`: what
could not be measured once is not measured at all. The environment gives WORK (a folder, kept for the whole run),
BACKOUT, and CLUSTER ("FOLDER PORT PID") of a PostgreSQL server made by cluster.py."""
import contextlib, json, os, random, signal, statistics, subprocess, sys, time

from cluster import Session
from logs import last_line, lines_of, stamped
from terminal import Terminal, cpu, memory, tree

WORK, BACKOUT = os.environ["WORK"], os.environ["BACKOUT"]
FOLDER, PORT, POSTMASTER = (os.environ.get("CLUSTER") or "- 0 0").split()
POSTMASTER = int(POSTMASTER)
HERE = os.path.dirname(os.path.abspath(__file__))
# Found in what a program writes, whatever it draws around it: letters that no log line has in a row.
TITLE, FIRST, END = "QZXJKVW", "JQXWZKV", "VKZWQJX"
LOG = f"{WORK}/live.log"


def book():
    """The runbook: a log, an error rate, connections, memory of a service and the host, and what is judged by them."""
    paths = [f"{WORK}/live-{name}.json" for name in ("runbook", "target")]
    for path, text in zip(paths, (RUNBOOK, TARGET)):
        if not os.path.exists(path):
            with open(path, "w") as file:
                json.dump(text, file)
            os.chmod(path, 0o644)
    return [paths[0], "--target", paths[1]]


RUNBOOK = {
    "format": 1, "system": "live", "title": "Live", "about": "all panels",
    "parameters": {"log": {"type": "path", "help": "the log"}, "pid": {"type": "path", "help": "pid file"},
                   "host": {"type": "string", "help": "database host"}, "port": {"type": "int", "help": "port"}},
    "sources": {
        "log": {"log": {"path": "${log}"}},
        "main": {"postgres": {"host": "${host}", "port": "${port}", "database": "postgres",
                              "role": "bench_backout"}},
        "process": {"process": {"pid_file": "${pid}"}},
        "host": {"host": {"disk": "/"}}},
    "metrics": {
        "errors": {"title": "Error rate", "log": "log", "read": "error_percent", "window": "10m", "unit": "%",
                   "info": 20, "warning": 40, "critical": 50, "for": "30s"},
        "starts": {"title": "Starts", "log": "log", "read": "matching", "match": "Starting the bot",
                   "window": "3m", "warning": 2, "critical": 3},
        "sessions": {"title": "Connections", "postgres": "main", "read": "sessions", "warning": 155,
                     "critical": 159, "for": "10s"},
        "waiting": {"title": "Waiting", "postgres": "main", "read": "waiting", "warning": 3, "for": "15s"},
        "memory": {"title": "Server memory", "process": "process", "read": "rss_mb", "unit": "MB",
                   "warning": 2000, "critical": 2500, "for": "30s"},
        "host-memory": {"title": "Host memory", "host": "host", "read": "memory_percent", "unit": "%",
                        "warning": 97, "critical": 99, "for": "60s"},
        "host-cpu": {"title": "Host CPU", "host": "host", "read": "cpu_percent", "unit": "%"}},
    "panels": [
        {"kind": "log", "title": TITLE, "source": "log"},
        {"kind": "chart", "title": "Error rate", "metrics": ["errors"]},
        {"kind": "connections", "title": "Connections", "source": "main", "metrics": ["sessions", "waiting"]},
        {"kind": "memory", "title": "Memory", "metrics": ["memory", "host-memory"]}],
    "probes": {
        "crashes": {"say": "it dies of an exception", "log": "log", "shows": "Unhandled exception|^Traceback",
                    "within": "3m"},
        "sessions-many": {"say": "sessions are many", "metric": "sessions", "above": 155},
        "running": {"say": "the server runs", "process": "process", "running": True}},
    "conditions": {
        "crash-loop": {"title": "Crash loop", "severity": "critical", "symptoms": ["crashes", "sessions-many"],
                       "suggest": {"advice": "Look at the log."}},
        "down": {"title": "The server is down", "severity": "critical", "symptoms": [{"not": "running"}],
                 "suggest": {"advice": "Start it."}}}}
TARGET = {"target": "bench", "system": "live", "class": "live",
          "parameters": {"log": LOG, "pid": f"{FOLDER}/data/postmaster.pid", "host": FOLDER, "port": int(PORT)}}

PROGRAMS = {
    "backout": lambda log: [BACKOUT, *book()],
    "tail": lambda log: ["tail", "-F", log],
    "lnav": lambda log: ["lnav", log],
    "multitail": lambda log: ["multitail", log],
    "top": lambda log: ["top", "-d", "1"],
    "htop": lambda log: ["htop", "-d", "10"],
    "btop": lambda log: ["btop"],
    "pg_activity": lambda log: ["pg_activity", "--refresh", "1", "-h", FOLDER, "-p", PORT, "-U", "bench_activity",
                                "-d", "postgres"],
    "pg_top": lambda log: ["pg_top", "-s", "1", "-h", FOLDER, "-p", PORT, "-U", "bench_top", "-d", "postgres"],
}
ROLES = {"backout": "bench_backout", "pg_activity": "bench_activity", "pg_top": "bench_top"}


def start(name, log=LOG):
    """The program in a terminal, with settings of its own and none of the user's."""
    config = f"{WORK}/config/btop"
    if not os.path.isdir(config):
        os.makedirs(config)
        with open(f"{config}/btop.conf", "w") as file:
            file.write("update_ms = 1000\n")
    return Terminal(PROGRAMS[name](log), {"HOME": WORK, "XDG_CONFIG_HOME": f"{WORK}/config"}, cwd=WORK)


def log_new(n=20000, last=None, path=LOG):
    with open(path, "wb") as file:
        file.write(stamped(lines_of(n), time.time()) + (last_line(last) if last else b""))


def writer(rate, seconds, writes, last=None):
    argv = [sys.executable, f"{HERE}/logs.py", LOG, str(rate), str(seconds), writes] + ([last] if last else [])
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def settled(name, log=LOG):
    """Started, and past the work of its beginning."""
    terminal = start(name, log)
    time.sleep(1)
    terminal.quiet(.3, 4)
    time.sleep(1.5)
    if not terminal.alive():
        raise RuntimeError("it ended at once")
    return terminal


# ---- scenarios: a program's name and a duration give figures, in seconds and bytes ----

def followed(name, rate, seconds, writes, patience):
    log_new()
    terminal = settled(name)
    try:
        kept, spent, bytes = memory(terminal.pid)[1], cpu(terminal.pid), terminal.bytes
        terminal.want(END)
        lines, ended = writer(rate, seconds, writes, END).communicate()[0].split()
        lag = max(0, terminal.shown(patience) - float(ended))
        resident, anonymous = memory(terminal.pid)
        return {"cpu": (cpu(terminal.pid) - spent) / int(lines) * 1e6, "lag": lag, "rate": int(lines) / seconds / 1e6,
                "bytes": (terminal.bytes - bytes) / (seconds + lag), "most_growth": anonymous - kept,
                "resident": resident}
    finally:
        terminal.close()


def flood(name, seconds):
    return followed(name, 100000, seconds, "batch", 60)


def drip(name, seconds):
    return followed(name, 10000, seconds, "each", 30)


def burst(name, seconds):
    return followed(name, 0, seconds, "fast", 30)


def server_seen(look, role):
    calls = look.value("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid "
                       f"WHERE r.rolname = '{role}'")
    sessions = look.value("SELECT sum(sessions) FROM pg_stat_database")
    return calls, sessions, cpu(POSTMASTER)


def idle(name, seconds):
    """Nothing happens. The name "nobody" gives what the server does by itself."""
    log_new(3000)
    look, role = Session(FOLDER, "bench_look", "look"), ROLES.get(name, "-")
    terminal = settled(name) if name != "nobody" else None
    try:
        time.sleep(2)
        before, begin = server_seen(look, role), time.monotonic()
        spent, bytes = (cpu(terminal.pid), terminal.bytes) if terminal else (0, 0)
        time.sleep(seconds)
        span, after = time.monotonic() - begin, server_seen(look, role)
        figures = {"queries": (after[0] - before[0]) / span, "most_sessions": after[1] - before[1],
                   "server": (after[2] - before[2]) / span}
        if terminal:
            resident, anonymous = memory(terminal.pid)
            figures |= {"cpu": (cpu(terminal.pid) - spent) / span, "bytes": (terminal.bytes - bytes) / span,
                        "resident": resident, "anonymous": anonymous}
        return figures
    finally:
        if terminal:
            terminal.close()


def calls(name, seconds):
    """System calls a second, of the program and its children."""
    log_new(3000)
    terminal = settled(name)
    try:
        strace = subprocess.Popen(["strace", "-c", "-f", "-p", str(terminal.pid)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
        time.sleep(seconds)
        strace.send_signal(signal.SIGINT)
        total = [line.split() for line in strace.communicate()[1].splitlines() if line.endswith(" total")]
        if not total:
            raise RuntimeError("strace counts nothing")
        return {"calls": int(total[0][3]) / seconds}  # share, seconds, microseconds a call, calls
    finally:
        terminal.close()


def first(name, size):
    """From the start to the first full screen: the newest line of the log, and the keys at the bottom."""
    path = f"{WORK}/first-{size}.log"
    if not os.path.exists(path):
        block = stamped(lines_of(10000), time.time())
        with open(path, "wb") as file:
            for _ in range(max(1, size // len(block))):
                file.write(block)
            file.write(last_line(FIRST))
            # On disk: else the system writes it out while the programs start.
            file.flush()
            os.fsync(file.fileno())
    if name == "backout":
        if os.path.lexists(LOG):
            os.remove(LOG)
        os.link(path, LOG)
    terminal = start(name, path)
    try:
        terminal.want(*{"htop": ["Quit"], "backout": [FIRST, TITLE, "help"]}.get(name, [FIRST]))
        return {"wall": terminal.shown(60) - terminal.started}
    finally:
        terminal.close()
        if name == "backout":
            os.remove(LOG)


def first_small(name, _):
    return first(name, 8 << 20)


def first_large(name, _):
    return first(name, 1 << 30)


# A key, and what it must show; the key back, and what that must show.
KEYS = {"backout": ("?", "Help", "q", TITLE), "htop": ("\x1bOS", "Done", "\x1b", "Setup")}


def latencies(name, seconds, meanwhile):
    """From a key to what it shows, about six keys a second at irregular times."""
    log_new()
    terminal, seen = settled(name), []
    there, mark, back, home = KEYS[name]
    pause = random.Random(7)
    try:
        with meanwhile:
            for i in range(int(seconds * 6)):
                key, text = (there, mark) if i % 2 == 0 else (back, home)
                time.sleep(pause.uniform(.02, .3))
                terminal.want(text)
                pressed = terminal.key(key)
                seen.append(terminal.shown(5) - pressed)
    finally:
        terminal.close()
    seen.sort()
    return {"median": statistics.median(seen), "p90": seen[int(len(seen) * .9)], "most": seen[-1]}


@contextlib.contextmanager
def flooding(seconds):
    process = writer(100000, seconds * 2 + 10, "batch")
    try:
        yield
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def frozen():
    """A server that neither answers nor refuses."""
    stopped = list(tree(POSTMASTER))
    try:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def keys(name, seconds):
    return latencies(name, seconds, contextlib.nullcontext())


def keys_flood(name, seconds):
    return latencies(name, seconds, flooding(seconds))


def keys_frozen(name, seconds):
    return latencies(name, seconds, frozen())


SCENARIOS = [flood, drip, burst, idle, calls, first_small, first_large, keys, keys_flood, keys_frozen]


def figure(key, values):
    return max(values) if key.startswith("most") else statistics.median(values)


def main(scenario, turns, seconds, names):
    measure = {one.__name__: one for one in SCENARIOS}[scenario]
    seen, failed = {name: [] for name in names}, {}
    for _ in range(turns):
        for name in names:
            try:
                if name not in failed:
                    seen[name].append(measure(name, seconds))
            except Exception as why:
                failed[name] = f"{type(why).__name__}: {why}".replace("\n", " ")
    for name in names:
        if name in failed:
            print(name, "failed:", failed[name])
        else:
            print(name, *(f"{key}={figure(key, [one[key] for one in seen[name]]):.6f}" for key in seen[name][0]))


if __name__ == "__main__":
    # Ended from outside: terminals and writers go, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
