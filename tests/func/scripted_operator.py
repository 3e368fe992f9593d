#!/usr/bin/env python3
"""An operator of a drill who types commands: `backout drill RUNBOOK SCENARIO --plain` on pipes.

    usage: scripted_operator.py RUNBOOK SCENARIO PROCEDURE [skip STEP] [ignore STEP] [fill FIELD TEXT]...

Waits until something is sensed, chooses the procedure, approves its plan, and runs one step after the other. `skip`
skips that step when it comes; `ignore` runs it, and skips its verify, which does not hold; another one that does not
hold stops the procedure. Then it resolves, fills in fields of the report and closes. Prints what the console says, at
last "exit STATUS". A command that is refused, or that nothing comes of for a minute, ends it with 1.
"""

import os
import queue
import re
import subprocess
import sys
import threading

PATIENCE_S = 60


class Console:
    def __init__(self, *args):
        self.process = subprocess.Popen([os.environ["BACKOUT"], "drill", *args, "--plain"], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines, self.seen = queue.Queue(), []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            print(line, end="", flush=True)
            self.lines.put(line)
        self.lines.put(None)

    def until(self, *patterns):
        """The first line that one of them matches, and which."""
        while True:
            try:
                line = self.lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                self.process.terminate()
                raise SystemExit("nothing came of it; waited for %s" % (patterns,)) from None
            if line is None:
                raise SystemExit("the console ended; waited for %s" % (patterns,))
            self.seen.append(line)
            if "refused:" in line:
                self.process.terminate()
                raise SystemExit("refused")
            for which, pattern in enumerate(patterns):
                found = re.search(pattern, line)
                if found:
                    return which, found

    def once(self, pattern):
        """The same, where it may have come already."""
        if not any(re.search(pattern, line) for line in self.seen):
            self.until(pattern)

    def say(self, command, *patterns):
        print("> " + command, flush=True)
        self.process.stdin.write(command + "\n")
        return self.until(*patterns) if patterns else None


def steps_of(console):
    """The ids of the plan's steps, in order: it is printed whole, then what to do next."""
    ids = []
    while True:
        which, found = console.until(r"^\S+ +\d+\. (\S+): ", r" next: ")
        if which == 1:
            return ids
        ids.append(found[1])


def run(console, step, ignore):
    """False when the operator gives up."""
    which, _ = console.say("run", r"step %s: verified" % re.escape(step),
                           r"step %s: (NOT verified|verification unknown|failed|took too long)" % re.escape(step))
    # Its runner may still be about to end.
    console.until(r" next: (?!Running)")
    if which == 0:
        return True
    if step == ignore:
        console.say("skip %s it looks fine to me" % step, r"step %s: skipped" % re.escape(step))
        return True
    console.say("stop that did not help", r"procedure \S+ ended")
    return False


def walk(console, procedure, skip, ignore):
    console.until(r" alert: ", r"condition \S+ holds")
    console.say("choose %s the operator says so" % procedure, r" plan of ")
    ids = steps_of(console)
    console.say("approve sandbox", r"procedure \S+ approved")
    for step in ids:
        if step == skip:
            console.say("skip %s I know better" % step, r"step %s: skipped" % re.escape(step))
        elif not run(console, step, ignore):
            return
    console.once(r"procedure \S+ ended")


def main(runbook, scenario, procedure, *wishes):
    wishes = list(wishes)
    skip = ignore = None
    fills = []
    while wishes:
        wish = wishes.pop(0)
        if wish == "skip":
            skip = wishes.pop(0)
        elif wish == "ignore":
            ignore = wishes.pop(0)
        elif wish == "fill":
            fills.append("fill %s %s" % (wishes.pop(0), wishes.pop(0)))
    console = Console(runbook, scenario)
    walk(console, procedure, skip, ignore)
    console.say("resolve by hand", r"resolved: by hand")
    for fill in fills:
        console.say(fill, r" report: ")
    console.say("close", r" closed")
    for line in iter(lambda: console.lines.get(timeout=PATIENCE_S), None):
        pass
    print("exit %d" % console.process.wait(PATIENCE_S))


if __name__ == "__main__":
    main(*sys.argv[1:])
