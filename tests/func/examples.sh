#!/bin/bash
# The manual's examples: every action has one, and each is what the checker takes in a runbook.
. "$(dirname "$0")/tap.sh.inc"
plan 2
"$BACKOUT" check --types >"$work/types"

# The actions that have no example, by name.
without() {
	awk -F'\t' '
	function done() { if (name != "" && !shown) { print name " has no example"; bad = 1 } }
	$1 != "" { done(); name = $1 ~ /^action / ? $1 : ""; shown = 0 }
	$3 == "example" { shown = 1 }
	END { done(); exit bad }' "$work/types"
}
check "every action type has an example" without

# One procedure whose steps are the examples; parameters that none of them uses would be mistakes.
taken() {
	python3 - "$(dirname "$0")/examples.json" "$work/types" >"$work/runbook.json" <<'PYTHON' || return 1
import json, sys
runbook = json.load(open(sys.argv[1]))
steps, action = [], False
for line in open(sys.argv[2]):
    cells = line.rstrip("\n").split("\t")
    if cells[0]:
        action = cells[0].startswith("action ")
    elif action and cells[2] == "example":
        steps.append({"id": "s%d" % len(steps), "say": cells[0] or "An example", "action": json.loads(cells[3])})
runbook["procedures"] = {"all": {"title": "Every example", "estimate": "1m-2m", "data_loss": "None",
                                 "risk": "low", "steps": steps}}
print(json.dumps(runbook, indent=1))
sys.stderr.write("%d examples\n" % len(steps))
PYTHON
	"$BACKOUT" check "$work/runbook.json"
}
check "the checker takes each of them" taken
