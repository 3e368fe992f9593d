"""A running step outlives whoever started it: usage: outlive.py WORK DEATH TIMES. Last line: "fault DEATHS FINISHED"."""
import json
import os
import pty
import signal
import subprocess
import sys

from killing import BACKOUT, command, events_of, folder_of, kill, must, need, parents, run, verified, lines_of, wait_for


def book(work):
    """One step: it is at work until a file is there, then leaves another one."""
    text = 'until [ -e "$1/gate" ]; do sleep 0.02; done; echo done >>"$1/effect"'
    with open(work + "/book.json", "w", encoding="utf-8") as file:
        json.dump({"format": 1, "system": "long", "title": "A long step", "parameters": {
            "root": {"type": "path", "help": "where it works"}}, "procedures": {"long": {
                "title": "Long", "estimate": "1s-1m", "risk": "low", "data_loss": "None.", "steps": [
                    {"id": "act", "say": "Work", "timeout": "60s", "verify": [
                        {"say": "the effect is there", "file": "${root}/effect", "contains": "done"}],
                     "action": {"command": ["sh", "-c", text, "sh", "${root}"]}}]}}}, file)
    with open(work + "/target.json", "w", encoding="utf-8") as file:
        json.dump({"target": "here", "system": "long", "class": "drill", "claim": work + "/claim",
                   "parameters": {"root": work}}, file)
    for name in ("book", "target"):
        os.chmod("%s/%s.json" % (work, name), 0o600)
    return [BACKOUT, "run", work + "/book.json", "long", "--target", work + "/target.json", "--confirm", "here"]


def consoles(work):
    return [pid for pid in parents() if command(pid)[1:3] == ["run", work + "/book.json"]]


def begin(work, death, argv):
    """Starts it; returns what lets whoever started it die."""
    if death == "terminal":
        pid, master = pty.fork()
        if pid == 0:
            os.execv(argv[0], argv)
        return lambda: (os.close(master), os.waitpid(pid, 0))
    if death == "tmux":
        name = "outlive-%d" % os.getpid()
        must("tmux", "-L", name, "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", *argv)
        return lambda: must("tmux", "-L", name, "kill-server")
    if death == "session":
        # As sshd ends a login: its whole process group is hung up, then its shell is killed.
        shell = subprocess.Popen(["bash", "-c", '"$@" & wait', "bash", *argv], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        return lambda: (os.killpg(shell.pid, signal.SIGHUP), os.killpg(shell.pid, signal.SIGKILL), shell.wait())
    console = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return lambda: (kill(console.pid), console.wait())


def once(work, death, argv):
    for name in ("gate", "effect", "claim"):
        if os.path.exists(work + "/" + name):
            os.unlink(work + "/" + name)
    known = set(os.listdir(folder_of(""))) if os.path.isdir(folder_of("")) else set()
    die = begin(work, death, argv)
    fresh = wait_for(lambda: os.path.isdir(folder_of("")) and set(os.listdir(folder_of(""))) - known, 30, "no incident")
    incident = fresh.pop()
    folder = folder_of(incident)
    names = lambda: [event["event"] for event in events_of(folder)]
    wait_for(lambda: "step.intent" in names(), 30, "the step does not begin")
    die()
    wait_for(lambda: not consoles(work), 30, "the console does not go")
    kept = lines_of(folder)
    need("step.outcome" not in names(), "the step was over before")
    open(work + "/gate", "w", encoding="ascii").close()
    wait_for(lambda: "step.verify" in names(), 60, "no outcome: %s" % names())
    outcome = [event for event in events_of(folder) if event["event"] == "step.outcome"]
    need([event["result"] for event in outcome] == ["done"], "outcome: %s" % outcome)
    need(open(work + "/effect", encoding="ascii").read() == "done\n", "the effect")
    need(run(BACKOUT, "attach", incident, "--auto").returncode == 0, "it is not gone on with")
    verified(incident, kept)


def main():
    work, death, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
    argv, finished = book(work), 0
    # Also where the tests themselves run under nohup: a console that ignores it rightly goes on.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for _ in range(times):
        once(work, death, argv)
        finished += 1
    print("fault %d %d" % (times, finished))


if __name__ == "__main__":
    main()
