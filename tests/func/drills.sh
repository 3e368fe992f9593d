#!/bin/bash
# The drills of every runbook, as tests/drills/NAME says: the right procedure recovers, a wrong one does not, nor does
# the right one without its decisive step; and the score says why. In short: one scenario of each runbook, since
# slomix has tests of its own. With LONG=1 all of them, or those that ONLY is found in ("slomix lacking host-lost").
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc

# As many at a time as mostly wait.
at_once=${DRILLS:-3}
together() {
	while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do wait -n; done
	"$@" &
}
started() { # RUNBOOK NAME SCENARIO [ARGS...]
	runbook=$1 drill "${@:2}"
	echo $? >"$work/$2.status"
}

# A copy of the runbook in which a step is still there, and does nothing.
idle_step() { # RUNBOOK PROCEDURE STEP COPY
	cp -R "runbooks/$1" "$4" && python3 - "$4" "${@:2:2}" "$BACKOUT" <<-'PY'
		import glob, json, os, re, subprocess, sys
		folder, procedure, gone, backout = sys.argv[1:]
		documents = {path: json.load(open(path)) for path in glob.glob(f"{folder}/*.json") + [f"{folder}/drill/sandbox.json"]}
		def without(steps):
		    found = False
		    for at, step in enumerate(steps):
		        if step["id"] == gone:
		            steps[at] = {"id": gone, "say": "Do nothing", "action": {"command": ["true"]}}
		            found = True
		        for branch in ("yes", "no", "choose"):
		            found |= isinstance(step.get(branch), list) and without(step[branch])
		    return found
		assert sum(without(d["procedures"][procedure]["steps"]) for d in documents.values()
		           if procedure in d.get("procedures", {})) == 1, f"{procedure} has no step {gone}"
		bind = documents[f"{folder}/drill/sandbox.json"]["target"].get("bind", {})
		for place in [p for p in bind if p.split("/")[0] == procedure and p.split("/")[-1] == gone]:
		    del bind[place]
		def save():
		    for path, document in documents.items():
		        with open(path, "w") as file: json.dump(document, file, indent=1)
		save()
		# What only that step used goes with it.
		said = subprocess.run([backout, "check", folder], capture_output=True, text=True).stdout
		for name in re.findall(r'parameter "([^"]+)" is never used', said):
		    for document in documents.values():
		        document.get("parameters", {}).pop(name, None)
		        document.get("target", {}).get("parameters", {}).pop(name, None)
		save()
	PY
}
lacking() { # RUNBOOK NAME SCENARIO PROCEDURE STEP
	idle_step "$1" "$4" "$5" "$work/$2.runbook" >"$work/$2.err" 2>&1 || { echo broken >"$work/$2.status"; return; }
	started "$work/$2.runbook" "$2" "$3" --auto --procedure "$4"
}

# recovered NAME PROCEDURE: as its scenario demands, by that procedure ("-": none), within the plan's budget.
recovered() {
	python3 - "$work/$1.json" "$(cat "$work/$1.status")" "$2" <<-'PY' || { tail -30 "$work/$1.err"; return 1; }
		import json, sys
		score = json.load(open(sys.argv[1]))
		print(sys.argv[2], score)
		well = sys.argv[2] == "0" and score["result"] == "recovered" and score["verified"] is True
		if sys.argv[3] != "-":
		    well = well and score["procedure"] == sys.argv[3] and 0 < score["recover_s"] < score["budget_s"]
		sys.exit(not well)
	PY
}
# not_recovered NAME WHY: exit 1, and the score names what is not well.
not_recovered() {
	python3 - "$work/$1.json" "$(cat "$work/$1.status")" "$2" <<-'PY' || { tail -30 "$work/$1.err"; return 1; }
		import json, sys
		score = json.load(open(sys.argv[1]))
		print(sys.argv[2], score)
		named = any(sys.argv[3] in name for name in score["not_well"])
		sys.exit(not (sys.argv[2] == "1" and score["result"] == "not recovered" and not score["verified"] and named))
	PY
}
# Every scenario has its line, and each fault a wrong way and a decisive step.
table_is_whole() {
	local name title bad=0
	while read -r _ name title; do
		grep -q "^right $name " "tests/drills/$1" || { echo "$name: what is right?"; bad=1; }
		grep -q "^right $name -" "tests/drills/$1" && continue
		grep -q "^wrong $name " "tests/drills/$1" || { echo "$name: no wrong way"; bad=1; }
		grep -q "^lacking $name " "tests/drills/$1" || { echo "$name: no decisive step"; bad=1; }
	done < <("$BACKOUT" drill --list "$1" | sed '/^ /d; /^$/,$d; 1d')
	return $bad
}

tables=(tests/drills/*)
lines=$work/lines
for table in "${tables[@]}"; do
	name=${table##*/}
	if [ -n "$LONG" ]; then
		sed "/^#/d; /^$/d; s/^/$name /" "$table" | grep -- "${ONLY:-.}"
	elif [ "$name" != slomix ]; then
		grep -m 1 '^right [^ ]* [^-]' "$table" | sed "s/^/$name /"
	fi
done >"$lines"
plan $((${#tables[@]} + $(wc -l <"$lines") + 2))
for table in "${tables[@]}"; do
	check "${table##*/}: right, wrong and lacking of every scenario" table_is_whole "${table##*/}"
done
i=0
while read -r name kind scenario procedure rest; do
	i=$((i + 1))
	case $kind in
	right) together started "$name" "$i" "$scenario" --auto ;;
	wrong) together started "$name" "$i" "$scenario" --auto --procedure "$procedure" ;;
	lacking) together lacking "$name" "$i" "$scenario" "$procedure" "${rest%% *}" ;;
	esac
done <"$lines"
wait
i=0
while read -r name kind scenario procedure rest; do
	i=$((i + 1))
	case $kind in
	right) check "$name $scenario: recovered" recovered $i "$procedure" ;;
	wrong) check "$name $scenario by $procedure: not recovered, and why" not_recovered $i "$rest" ;;
	lacking) check "$name $scenario, $procedure without \"${rest%% *}\": not recovered, and why" not_recovered $i "${rest#* }" ;;
	esac
done <"$lines"
check "nothing is left" nothing_left
whole() { for id in "$BACKOUT_STATE_DIR"/incidents/*; do [ ! -d "$id" ] || "$BACKOUT" verify "${id##*/}" || return 1; done; }
check "all ledgers are whole" whole
