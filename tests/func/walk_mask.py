#!/usr/bin/env python3
"""Masks on a screen what differs from run to run, and compares two screens by what is left.

    usage: walk_mask.py <SCREEN                 prints the screen, masked, as it is laid out
           walk_mask.py --compare GOLDEN SCREEN exits with 0 when they say the same, else prints what differs

Numbers (but for a digit alone, which may be a key), times, hashes, ids and paths become #. The lines of a log, charts,
quoted log lines, what was seen of an item, conditions that don't hold, the alerts of the moment and most keys (alerts
take their room) are left out. Where a line is wrapped or cut depends on the length of what is masked: two screens are
compared panel by panel, as words.
"""

import difflib
import re
import sys

QUOTED = re.compile(r"[\d#]{4}-[\d#]{2}-[\d#]{2}[ T][\d#]{2}:[\d#]{2}")
ITEM = re.compile(r"^ *▸? *\[.\]")
CHART = re.compile(r"[⠀-⣿]|─ ─|\bmax [\d#.,]+ +now *$", re.M)
LOG = re.compile(r"/min|follow|quiet for|hold")
UNIT = r"(?: ?(?:ms|us|µs|s|min|h|d|%|kB|B|KiB|MiB|MB|GiB|GB)(?![\w/]))"
NUMBER = (r"(?<![A-Za-z\d])(?:\d[\d,]*(?:[.:-]\d+)+|\d{2,}(?:-\d+)*|\d(?=" + UNIT +
          r"| in |\+? lines| of \d+ symptoms| symptoms))" + UNIT + "?Z?")
MASKS = [
    (re.compile(r"/[\w.-]+(?:/[\w.-]*)+"), "/#"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"), "#"),
    (re.compile(NUMBER), "#"),
]
# A masked screen is masked already, as wide as what stood there.
AGAIN = [(re.compile(r"/#+"), "/#"), (re.compile(r"#+(?::#+)*"), "#"), (re.compile(r"#(?: #)+"), "#")]


def mask(text):
    for pattern, by in MASKS + AGAIN:
        text = pattern.sub(by, text)
    return text


def boxes(lines):
    """(top, left, bottom, right) of every panel, by its corners."""
    found = []
    for y, line in enumerate(lines):
        for x, char in enumerate(line):
            if char != "┌":
                continue
            right = line.find("┐", x)
            for below in range(y + 1, len(lines)):
                if right > 0 and lines[below][x:x + 1] == "└" and lines[below][right:right + 1] == "┘":
                    found.append((y, x, below, right))
                    break
    return found


def body(title, lines):
    """The lines of one panel that say the same in every run."""
    if LOG.search(title) or CHART.search("\n".join(lines)):
        return []
    out, skip = [], None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if skip is not None and indent >= skip and line.strip():
            continue
        skip = None
        if ITEM.search(line):
            # Behind that the item's own words may give way to who did it, and how long ago. What was deferred, for
            # it did not hold, may hold by now.
            out.append(line.replace("▸", " ").replace("[>]", "[x]")[:30].split(": ")[0])
        elif QUOTED.search(line) or line.lstrip().startswith(("Seen:", "Note:")):
            skip = indent
        elif re.search(r"\b(no|unknown), [\d#] of [\d#] symptoms", line):
            pass  # come and go, in an order of their own
        else:
            out.append(line)
    return out


def panels(screen):
    """The screen as a list of (title, text): what is above the panels, each of them, what is below."""
    lines = [line.rstrip("\n").ljust(80) for line in screen]
    found = boxes(lines)
    if not found:
        return [("screen", words("\n".join(lines)))]
    # The first screen is all figures: each of them may be another one.
    watch = any(LOG.search(lines[y][left:right]) for y, left, _, right in found)
    top, bottom = min(box[0] for box in found), max(box[2] for box in found)
    out = [("above", words(head("\n".join(lines[:top]))))]
    for y, left, below, right in found:
        title = lines[y][left + 1:right].strip("─ ")
        inner = [line[left + 1:right] for line in lines[y + 1:below]]
        name = re.sub(r"( \(\S+ of \S+, Tab\))? ?─+ ?.*", "", title)
        text = words("\n".join(body(title, inner)))
        if watch:
            name, text = (re.sub(r"[\d#][\d#,]*", "#", part) for part in (name, text))
        out.append((mask(name), text))
    out.append(("below", words(foot(lines[bottom + 1:]))))
    return out


def head(text):
    """Without the clock and the ledger's head; a long system's name is cut."""
    text = re.sub(r"( +#[\d#]* \w+)? +[\d:#]+Z? *$", "", text, count=1, flags=re.M)
    return re.sub(r"^ \S+ > ", " > ", text)


def foot(lines):
    """The row of views, and the key that decides: what else has room depends on alerts and on what is selected."""
    kept = [line for line in lines if line.strip() and not line.startswith(" Alerts:")]
    return " ".join(re.findall(r"\b(?:c choose|a approve)\b", " ".join(kept)) + kept[-1:])


def words(text):
    """What is said, whatever is cut off or wrapped where."""
    lines = []
    for line in text.splitlines():
        if "…" in line:  # cut where the length of a value decides
            before = line.split("…")[0]
            line = before.rsplit(": ", 1)[0] if ": " in before else before.rsplit(" ", 1)[0]
        lines.append(line)
    return " ".join(mask(" ".join(lines)).split())


def shown(screen):
    """The masked screen as it is laid out."""
    out = []
    for line in screen:
        line = " Alerts: #" if line.startswith(" Alerts:") else line.rstrip("\n")
        dates = {found.start(): re.sub(r"\d", "#", found.group()) for found in QUOTED.finditer(line)}
        for pattern, by in MASKS:
            line = pattern.sub(lambda found, by=by: by.ljust(len(found.group()), "#"), line)
        for start, date in dates.items():
            line = line[:start] + date + line[start + len(date):]
        out.append(line.rstrip())
    return "\n".join(out).rstrip("\n") + "\n"


def read(path):
    with open(path) as screen:
        return screen.readlines()


def main():
    if len(sys.argv) == 1:
        sys.stdout.write(shown(sys.stdin.readlines()))
        return 0
    wanted, got = ([title + ": " + text for title, text in panels(read(path))] for path in sys.argv[2:4])
    if len(wanted) == len(got):
        for i, line in enumerate(wanted):
            if line.startswith("Plan: "):  # how much of it is on its first page depends on how long paths are
                least = min(len(line.split()), len(got[i].split())) * 3 // 4
                wanted[i], got[i] = (" ".join(text.split()[:least]) for text in (line, got[i]))
    if wanted == got:
        return 0
    for line in difflib.unified_diff(wanted, got, "golden", "screen", lineterm="", n=0):
        print(line)
    return 1


sys.exit(main())
