#!/usr/bin/env python3
"""Does what a page of docs/ tells its reader to do, in the order in which it does, and prints TAP.

    usage: guide.py PAGE.md     in an empty folder, with backout in PATH

A fence whose text before it ends in a path (`PATH`:), or whose paragraph names one as its last path to a file, is
that file. In a fence "console" each line with "$ " is a command, which must exit with 0, and the lines below it are
what it prints: "..." in a line stands for anything, as a line of its own for any lines. A table "press | until the
screen says" is walked by real keys, in tmux at 80x24, in what the command above it opened; what it waits for may be
wrapped on the screen.
"""

import os
import re
import subprocess
import sys
import tempfile
import time

WAIT_S = 60
SERVER = "backout-guide-%d" % os.getpid()
KEYS = {"Enter": "Enter", "Esc": "Escape", "Space": "Space", "Tab": "Tab"}


class Wrong(Exception):
    pass


def blocks(text):
    """Yields ("file", path, content), ("command", line, expected) and ("keys", rows), in the page's order."""
    path, lines = None, iter(text.splitlines())
    for line in lines:
        if line.startswith("```"):
            kind, content = line[3:].strip(), []
            for inner in lines:
                if inner == "```":
                    break
                content.append(inner)
            if kind == "console":
                yield from commands(content)
            elif path:
                yield "file", path, "\n".join(content) + "\n"
            else:
                raise SystemExit("a fence of no file: %s" % content[0])
            path = None
        elif line.startswith("| press |"):
            next(lines)
            yield "keys", rows(lines)
        else:
            # a folder and an ending: a file's path, not a word of the format
            found = re.findall(r"`([\w-]+/[\w/.-]+\.\w+)`", line)
            path = found[-1] if found else path


def commands(content):
    command, expected = None, []
    for line in content:
        if line.startswith("$ "):
            if command:
                yield "command", command, expected
            command, expected = line[2:], []
        else:
            expected.append(line)
    if command:
        yield "command", command, expected


def rows(lines):
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:3]]
        found.append((re.findall(r"`([^`]+)`", cells[0]), cells[1].strip("`")))
    return found


def write(path, content):
    if os.path.dirname(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as out:
        out.write(content)


def pattern(line):
    return ".*".join(re.escape(part) for part in line.split("..."))


def matches(expected, printed):
    """Whether the printed lines are the expected ones."""
    if not expected:
        return not printed
    if expected[0].strip() == "...":
        return any(matches(expected[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and re.fullmatch(pattern(expected[0]), printed[0].rstrip()) is not None \
        and matches(expected[1:], printed[1:])


def run(command, expected):
    # Not a pipe: what a command leaves running in the background would hold it open.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.STDOUT, timeout=2 * WAIT_S, check=False)
        output.seek(0)
        text = output.read()
    printed = text.splitlines()
    # What is not shown is not promised; what is shown is promised whole.
    if done.returncode != 0 or (expected and not matches([line.rstrip() for line in expected], printed)):
        raise Wrong("exit status %d, printed:\n%s" % (done.returncode, text))


def tmux(*words):
    return subprocess.run(["tmux", "-L", SERVER, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False).stdout


def shows(wanted):
    deadline = time.monotonic() + WAIT_S
    screen = ""
    while time.monotonic() < deadline:
        screen = tmux("capture-pane", "-p", "-t", "0")
        if re.search(pattern(wanted), " ".join(screen.replace("│", " ").split())):
            return
        time.sleep(0.05)
    raise Wrong("not on the screen: %s\n%s" % (wanted, screen))


def walk(command, table):
    tmux("new-session", "-d", "-x", "80", "-y", "24", command + "; echo left with $?; sleep 600")
    try:
        for keys, wanted in table:
            for key in keys:
                tmux("send-keys", "-t", "0", KEYS.get(key, key))
            shows(wanted)
    finally:
        tmux("kill-server")


def main():
    with open(sys.argv[1]) as page:
        found = list(blocks(page.read()))
    steps, i = [], 0
    while i < len(found):
        if found[i][0] == "keys":
            raise SystemExit("a table of keys without a command above it")
        if found[i][0] == "command" and i + 1 < len(found) and found[i + 1][0] == "keys":
            steps.append(("walks: " + found[i][1], walk, found[i][1], found[i + 1][1]))
            i += 1
        elif found[i][0] == "command":
            steps.append(("does what it says: " + found[i][1].replace("#", ""), run, found[i][1], found[i][2]))
        else:
            steps.append(("", write, found[i][1], found[i][2]))
        i += 1
    said = [step for step in steps if step[0]]
    print("1..%d" % len(said), flush=True)
    number = 0
    for title, do, *args in steps:
        number += bool(title)
        try:
            do(*args)
        except (Wrong, OSError, subprocess.TimeoutExpired) as why:
            print("not ok %d - %s" % (number, title))
            print("\n".join("# " + line for line in str(why).splitlines()), flush=True)
            return 1  # what follows stands on it
        if title:
            print("ok %d - %s" % (number, title), flush=True)
    return 0


sys.exit(main())
