"""What sweeps of kills share: processes of a runner, a ledger at an instant and at the end, a trace's last calls."""
import glob
import json
import os
import re
import signal
import subprocess
import time

BACKOUT = os.environ.get("BACKOUT", os.path.abspath("backout"))
STATE = os.environ.get("BACKOUT_STATE_DIR", "")
# What a runner and its stages do to files, processes, connections and the record, and up to which of these calls a
# kill is tried.
CALLS = {"write": 8, "pwrite64": 4, "fdatasync": 4, "fsync": 4, "rename": 3, "unlink": 3, "openat": 60, "mkdir": 2,
         "sendto": 30, "recvfrom": 30, "clone": 3, "close": 80, "fcntl": 16, "fchmod": 2, "poll": 20, "newfstatat": 60,
         "flock": 3, "setsid": 1, "wait4": 3, "kill": 2, "getdents64": 6, "connect": 4, "link": 2, "symlink": 1,
         "ftruncate": 2, "fallocate": 1, "dup2": 6, "prctl": 4, "epoll_wait": 4, "mmap": 60}
# Events that change nothing: what a start must have seen is the last one but these.
QUIET = {"note", "evidence", "message.prepared", "alert", "condition", "item.sensed", "item.applies", "gate.computed",
         "drill.injecting", "drill.injected", "drill.scored"}


class Lost(Exception):
    """A promise does not hold: the message says which."""


def need(holds, what):
    if not holds:
        raise Lost(what)


def run(*argv, **more):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False, **more)


def must(*argv, **more):
    done = run(*argv, **more)
    if done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(argv), done.stdout))
    return done.stdout


# ---- Processes ----

def proc_read(pid, name):
    try:
        with open("/proc/%d/%s" % (pid, name), "rb") as file:
            return file.read()
    except OSError:
        return b""


def command(pid):
    """Its argv; empty when it is gone or a zombie."""
    return [word.decode(errors="replace") for word in proc_read(pid, "cmdline").split(b"\0")[:-1]]


def parents():
    """{pid: parent} of all processes."""
    out = {}
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            stat = proc_read(int(pid), "stat")
            if stat:
                out[int(pid)] = int(stat.rpartition(b")")[2].split()[1])
    return out


def below(roots, tree):
    """Descendants of `roots`, themselves included."""
    found, more = set(roots), set(roots)
    while more:
        more = {pid for pid, parent in tree.items() if parent in more} - found
        found |= more
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


def call_of(pid):
    """The system call that a process is in, as the kernel tells it."""
    words = proc_read(pid, "syscall").split()
    if not words:
        return "gone"
    return CALL_NAMES.get(words[0].decode(), "call " + words[0].decode())


def call_names():
    """Numbers of system calls of this machine, from the C headers where they are."""
    names = {"running": "running", "-1": "no call"}
    for path in ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h"):
        try:
            with open(path, encoding="ascii") as file:
                found = re.findall(r"#define __NR_(\w+)\s+(\d+)", file.read())
        except OSError:
            continue
        names.update({number: name for name, number in found})
        break
    return names


CALL_NAMES = call_names()


# ---- The record ----

def folder_of(incident):
    return os.path.join(STATE, "incidents", incident)


def lines_of(folder):
    """Whole lines of a ledger, as bytes."""
    lines = []
    for name in sorted(glob.glob(folder + "/ledger*.jsonl"), key=lambda path: (len(path), path)):
        with open(name, "rb") as file:
            lines += [line for line in file.read().split(b"\n")[:-1] if line.endswith(b'"}')]
    return lines


def events_of(folder):
    return [json.loads(line) for line in lines_of(folder)]


def verified(incident, kept):
    """By both verifiers; and all that was on disk when the kill came is still there, as it was."""
    folder = folder_of(incident)
    lines = lines_of(folder)
    need(lines[:len(kept)] == kept, "%s: %d lines were written before the kill, they are not the first of %d now"
         % (incident, len(kept), len(lines)))
    for argv in ([BACKOUT, "verify", incident], ["python3", "tests/verify_ledger.py", folder]):
        done = run(*argv)
        need(done.returncode == 0, "%s: %s" % (" ".join(argv), done.stdout))


def runs_of(events):
    """{(procedure, step, act): [what became of each run, in order]} of the last attempt: an outcome's result, or
    what `settled` gave after a death; "open" when nothing is on record."""
    runs = {}
    for event in events:
        name = event["event"]
        if name == "procedure.chosen":
            runs = {}
        if not name.startswith("step.") or "step" not in event:
            continue
        key = (event.get("procedure"), event["step"])
        if name == "step.intent":
            runs.setdefault(key, []).append("open")
        elif name == "step.outcome" and runs.get(key):
            runs[key][-1] = event["result"]
        elif name == "step.died" and runs.get(key) and runs[key][-1] == "open":
            runs[key][-1] = "died"
        elif name == "step.settled" and runs.get(key) and runs[key][-1] in ("died", "unknown"):
            runs[key][-1] = event["settled"]
    return runs


def no_blind_run(events):
    """No step ran again by itself: each further run comes after one that certainly had no effect. Returns the number
    of runs."""
    total = 0
    for key, runs in runs_of(events).items():
        total += len(runs)
        for earlier in runs[:-1]:
            need(earlier == "no", "%s/%s ran again after a run that was \"%s\"" % (*key, earlier))
        need(runs.count("no") <= 2, "%s/%s was run by itself more than once more" % key)
        need(runs[-1] != "open", "%s/%s: nobody judged what became of it" % key)
    return total


def last_act(events):
    return max((event["seq"] for event in events if event["event"] not in QUIET), default=0)


# ---- Runners under strace ----

def runner(folder, step, act, call, when, trace):
    """A runner as a console starts it; whichever of its processes makes the call for the Nth time is killed there.
    What it starts by exec (a server, a service) is let go. Returns [(pid, the call), ...] of those killed."""
    # A refused call (the record moved on meanwhile) runs nothing: once more.
    for _ in range(3):
        done = run("strace", "-f", "-qq", "-b", "execve", "-o", trace, "-e", "trace=" + call, "-e",
                   "inject=%s:signal=KILL:when=%d" % (call, when), BACKOUT, "__runner", folder, step, act,
                   str(last_act(events_of(folder))))
        if "meanwhile" not in done.stdout:
            break
    last, killed = {}, []
    with open(trace, errors="replace", encoding="utf-8") as file:
        for line in file:
            pid, _, rest = line.strip().partition(" ")
            if "killed by SIGKILL" in rest:
                killed.append((pid, last.get(pid, "no call yet")))
            else:
                last[pid] = rest.strip()
    return killed


def calls_at_work(folder, step, trace):
    """Runs a step undisturbed: [(call, n), ...] that some process of the runner makes after the intent, and none of
    them before."""
    run("strace", "-f", "-qq", "-b", "execve", "-o", trace, "-e", "trace=" + ",".join(CALLS), BACKOUT, "__runner",
        folder, step, "run", str(last_act(events_of(folder))))
    counts, before, after, first, begun = {}, {}, set(), None, False
    with open(trace, errors="replace", encoding="utf-8") as file:
        for line in file:
            pid, _, rest = line.strip().partition(" ")
            call = rest.strip().partition("(")[0]
            if call not in CALLS:
                continue
            first = first or pid
            counts[pid, call] = counts.get((pid, call), 0) + 1
            if begun:
                after.add((call, counts[pid, call]))
            else:
                before[call] = max(before.get(call, 0), counts[pid, call])
            # The intent is the first line that the runner puts on the disk.
            begun = begun or (pid == first and call == "fdatasync")
    return sorted((call, n) for call, n in after if n > before.get(call, 0))


def moves_of(repository, head):
    """How often HEAD was moved. Git writes that down before it does it: what one that was killed wrote counts only when
    the next line, or HEAD itself, goes on from there."""
    with open(repository + "/.git/logs/HEAD", encoding="utf-8") as file:
        moves = [line.split(maxsplit=2)[:2] for line in file]
    return sum(new == after for (_, new), after in zip(moves, [old for old, _ in moves[1:]] + [head]))


def wait_for(what, seconds, why):
    """Polls; raises Lost when it does not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.004)
    raise Lost(why)
