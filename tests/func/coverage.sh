#!/bin/bash
# A runbook's COVERAGE.md: every place that it names is in the runbook; what is left out has a reason.
. "$(dirname "$0")/tap.sh.inc"
root=$(cd "$(dirname "$0")/../.." && pwd)
runbooks=()
for page in "$root"/runbooks/*/runbook.json; do
	page=${page%/*}
	runbooks+=("${page##*/}")
done
plan $((3 * ${#runbooks[@]} + 2))

cat >"$work/coverage.py" <<'PY'
import glob, json, os, re, sys

folder, page, question = sys.argv[1:4]
runbook = {}
for path in glob.glob(os.path.join(folder, "*.json")):
    for key, value in json.load(open(path)).items():
        if isinstance(value, dict):
            runbook.setdefault(key, {}).update(value)
        else:
            runbook[key] = value
LISTS = ("steps", "sections", "items", "fields", "yes", "no", "choose")

def below(node, name):
    """What bears a name in a node: a key, or an id in its lists; sections have none."""
    if isinstance(node, dict) and name in node:
        return node[name]
    for key in LISTS:
        for part in node.get(key, []) if isinstance(node, dict) else []:
            if part.get("id") == name:
                return part
            if key == "sections" and (found := below(part, name)) is not None:
                return found
    return None

def exists(place):
    node = runbook
    for name in place.split("."):
        node = below(node, name)
        if node is None:
            return False
    return True

rows, title = [], ""
for line in open(page):
    if line.startswith("## "):
        title = line[3:].strip()
    elif line.startswith("| ") and not line.startswith("| in the plan"):
        rows.append((title, [cell.strip() for cell in line.strip().strip("|").split("|")]))
named = [(place, row) for _, row in rows for cell in row[1:] for place in re.findall(r"`([a-z]+\.[^`]+)`", cell)]
named = [(place, row) for place, row in named if place.split(".")[0] in runbook]
bad = []
if question == "places":
    bad = [f"{place}: no such place ({row[0]})" for place, row in named if not exists(place)]
    bad += ["the page names no places"] if len(named) < 30 else []
elif question == "reasons":
    late = ("Phases 2 to 5", "Routines after a deployment", "Go or no-go, success")
    for title, row in rows:
        placed = "`" in row[1]
        if len(row) != 3 or not (placed or row[2]):
            bad.append(f"neither a place nor a reason: {row[0]}")
        elif not placed and row[2].startswith("not yet") and title not in late:
            bad.append(f"\"not yet\" is no reason here: {row[0]}")
elif question == "all":
    places = {".".join(place.split(".")[:2]) for place, _ in named}
    for section in ("procedures", "conditions", "checklists", "gates", "deployments", "messages",
                    "contacts", "bands", "routines", "phases"):
        bad += [f"{section}.{name} is named nowhere" for name in runbook.get(section, {})
                if f"{section}.{name}" not in places]
print(*bad, sep="\n")
sys.exit(bool(bad))
PY
ask() { python3 "$work/coverage.py" "$root/runbooks/$1" "${3:-$root/runbooks/$1/COVERAGE.md}" "$2"; }

for name in "${runbooks[@]}"; do
	check "$name: every place that the page names is in the runbook" ask "$name" places
	check "$name: what is in no place has a reason" ask "$name" reasons
	check "$name: what the runbook declares is all on the page" ask "$name" all
done

sed 's/`procedures.level-1.flags`/`procedures.level-1.banners`/' "$root/runbooks/slomix/COVERAGE.md" >"$work/wrong.md"
missing() { ask slomix places "$work/wrong.md" >"$work/out"; [ $? = 1 ] && grep -q '^procedures.level-1.banners' "$work/out"; }
check "a place that is gone is found" missing
sed 's/^| tree: responsive.*/| tree: responsive? | – | not yet |/' "$root/runbooks/slomix/COVERAGE.md" >"$work/lazy.md"
lazy() { ask slomix reasons "$work/lazy.md" >"$work/out"; [ $? = 1 ] && grep -q 'not yet' "$work/out"; }
check "what is put off is found" lazy
