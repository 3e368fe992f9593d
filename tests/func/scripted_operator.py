#!/usr/bin/env python3
"""An operator of a drill who types commands: `backout drill RUNBOOK SCENARIO --plain` on pipes.

    usage: scripted_operator.py RUNBOOK SCENARIO PROCEDURE [skip STEP] [ignore STEP] [fill FIELD TEXT]...

Waits until something is sensed, chooses the procedure, and does what the line "next:" asks for: approves the plan, runs
one step after the other, answers as it is proposed, takes the first choice, and says that what only a person can do is
done. `skip` skips that step when it comes; `ignore` skips its verify, which does not hold, and whatever does not hold
after it. What does not hold before is replaced by its alternative; without one the procedure is stopped. Then the
operator resolves, fills in fields of the report and closes. Prints what the console says, at last "exit STATUS". A
command that is refused, or that nothing comes of for five minutes, ends it with 1.
"""

import os
import queue
import re
import subprocess
import sys
import threading

PATIENCE_S = 300
# What the line "next:" may ask for while a procedure is under way; the first that is found counts.
ASKED = {
    "trouble": r"(?=.*\bskip, \S+ stop\b)(.*?): (\S+) (?:failed|(?:was )?not verified)\b",
    "wait": r"Running: |is being made|is ending| yes or \S+ no\.",
    "params": r"has questions\. ",
    "approve": r"Read the plan of ",
    "run": r"Next: (.*)\. Press .* to run it",
    "done": r"By hand: (.*)\. Press .* when it is done",
    "reply": r"(.*) Proposed: (yes|no)\. Press ",
    "choose": r"(.*) Press .* to choose\.",
}


class Console:
    def __init__(self, *args):
        self.process = subprocess.Popen([os.environ["BACKOUT"], "drill", *args, "--plain"], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            print(line, end="", flush=True)
            self.lines.put(line)
        self.lines.put(None)

    def give_up(self, why):
        self.process.terminate()
        raise SystemExit(why)

    def until(self, *patterns):
        """The first line that one of them matches."""
        while True:
            try:
                line = self.lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                self.give_up("nothing came of it; waited for %s" % (patterns,))
            if line is None:
                self.give_up("the console ended; waited for %s" % (patterns,))
            if "refused:" in line:
                self.give_up("refused")
            for pattern in patterns:
                found = re.search(pattern, line)
                if found:
                    return found

    def say(self, command, *patterns):
        print("> " + command, flush=True)
        self.process.stdin.write(command + "\n")
        return self.until(*patterns) if patterns else None


class Procedure:
    """One that was chosen, and how the operator takes it."""

    def __init__(self, console, skip, ignore):
        self.console, self.skip, self.ignore = console, skip, ignore
        self.ignoring = False
        self.plan = []  # (id, what it says) of the steps, in order

    def step(self, said):
        """The next one that says so; a time that presses may stand before it."""
        for at, (step, say) in enumerate(self.plan):
            if said.endswith(say):
                del self.plan[:at]
                return step
        return self.console.give_up("no step says: " + said)

    def command(self, wish, *said):
        """What to type then."""
        if wish == "params":
            return "params"
        if wish == "approve":
            return "approve sandbox"
        if wish == "trouble":
            return self.trouble(*said)
        step = self.step(said[0])
        if step == self.skip:
            return "skip %s I know better" % step
        if wish == "reply":
            return "reply %s %s" % (step, said[1])
        if wish == "choose":  # an answer's steps are called STEP/ANSWER/...
            first = next(name for name, _ in self.plan if name.startswith(step + "/"))
            return "reply %s %s" % (step, first.split("/")[step.count("/") + 1])
        return "run" if wish == "run" else "done %s" % step

    def trouble(self, ways, step):
        if self.ignoring or step == self.ignore:
            self.ignoring = True
            return "skip %s it looks fine to me" % step
        return "alternative %s" % step if " alternative" in ways else "stop that did not help"

    def walk(self):
        while True:
            found = self.console.until(r"^\S+ +\d+\. (\S+): (.*) \[[^]]*\](?: \(does not apply now\))?$",
                                       r" next: ()(.*)", r"procedure \S+ ended")
            if not found.re.groups:
                return
            if found[1]:
                self.plan.append((found[1], found[2]))
                continue
            for wish, pattern in ASKED.items():
                asked = re.search(pattern, found[2])
                if asked:
                    if wish != "wait":
                        command = self.command(wish, *asked.groups())
                        # Between "done" and "verified" it is still what is next.
                        self.console.say(command, *[r"step \S+: (?:NOT )?verified"] * command.startswith("done "))
                    break


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
    console.until(r" alert: ", r"condition \S+ holds")
    console.say("choose %s the operator says so" % procedure, r" procedure \S+ chosen")
    Procedure(console, skip, ignore).walk()
    console.say("resolve by hand", r"resolved: by hand")
    for fill in fills:
        console.say(fill, r" report: ")
    console.say("close", r" closed")
    for line in iter(lambda: console.lines.get(timeout=PATIENCE_S), None):
        pass
    print("exit %d" % console.process.wait(PATIENCE_S))


if __name__ == "__main__":
    main(*sys.argv[1:])
