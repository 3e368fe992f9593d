#!/bin/bash
# The drills of every runbook, as tests/drills/NAME says: the right procedure recovers, a wrong one does not, nor does
# the right one without its decisive step, nor for an operator who skips that step's verify; and the score says why. In
# short: one scenario of each runbook, since slomix has tests of its own, and two skipped verifies. With LONG=1 all of
# them, or those that ONLY is found in ("slomix lacking host-lost").
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

# A copy of the runbook in which a step is still there, and does nothing. STEP is its id in the plan, or the id alone.
# Its verify is gone, or stays for somebody who won't wait for it.
idle_step() { # RUNBOOK PROCEDURE STEP COPY [verify]
	cp -R "runbooks/$1" "$4" && python3 - "$BACKOUT" "$4" "${@:2:2}" "${@:5}" <<-'PY'
		import glob, json, re, subprocess, sys
		backout, folder, procedure, gone, *verify = sys.argv[1:]
		documents = {path: json.load(open(path)) for path in glob.glob(f"{folder}/*.json") + [f"{folder}/drill/sandbox.json"]}
		procedures = {name: p for d in documents.values() for name, p in d.get("procedures", {}).items()}
		def branches(step, path):
		    path = path.removeprefix(step["id"] + "/")
		    for answer in ("yes", "no"):
		        yield step.get(answer, []), path
		    for option in step.get("choose", []):
		        yield option["steps"], path.removeprefix(option["id"] + "/")
		def idle(steps, path):
		    found = 0
		    for at, step in enumerate(steps):
		        if step["id"] == path:
		            steps[at] = {"id": path, "say": "Do nothing", "action": {"command": ["true"]}}
		            if verify:
		                steps[at].update(verify=step["verify"], within="10s")
		            found += 1
		        elif "procedure" in step and path.startswith(step["id"] + "/"):
		            found += idle(procedures[step["procedure"]]["steps"], path.removeprefix(step["id"] + "/"))
		        else:
		            found += sum(idle(*branch) for branch in branches(step, path))
		    return found
		assert idle(procedures[procedure]["steps"], gone) == 1, f"{procedure} has no step {gone}, or several"
		bind = documents[f"{folder}/drill/sandbox.json"]["target"].get("bind", {})
		for place in [p for p in bind if p.split("/")[0] == procedure and p.split("/")[-1] == gone.split("/")[-1]]:
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
# The step does nothing, and an operator who types skips its verify.
unverified() { # RUNBOOK NAME SCENARIO PROCEDURE STEP
	idle_step "$1" "$4" "$5" "$work/$2.runbook" verify >"$work/$2.err" 2>&1 &&
		python3 tests/func/scripted_operator.py "$work/$2.runbook" "$3" "$4" ignore "$5" >"$work/$2.err" 2>&1
	sed -n 's/^exit //p' "$work/$2.err" >"$work/$2.status"
	"$BACKOUT" report "$(sed -n 's/^incident \([^:]*\):.*/\1/p' "$work/$2.err")" --json 2>>"$work/$2.err" |
		python3 -c "import json, sys; json.dump(json.load(sys.stdin)['score'], sys.stdout)" >"$work/$2.json" 2>>"$work/$2.err"
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
# unlooked NAME STEP WHY: the same, since this step's verify was skipped. WHY "-": recovered, but not verified.
unlooked() {
	python3 - "$work/$1.json" "$(cat "$work/$1.status")" "$2" "$3" <<-'PY' || { tail -30 "$work/$1.err"; return 1; }
		import json, sys
		path, status, step, why = sys.argv[1:]
		score = json.load(open(path))
		print(status, score)
		if why == "-":
		    came = score["result"] == "recovered"
		else:
		    came = score["result"] == "not recovered" and any(why in name for name in score["not_well"])
		told = score["not_verified"].get(score["procedure"] + "/" + step)
		skipped = told == "ran, its verify was skipped: it looks fine to me"
		sys.exit(not (status == "1" and came and skipped and not score["verified"]))
	PY
}
# Every scenario has its line, and each fault a wrong way, a decisive step and a verify that it does not do to skip (but
# on a day of deployment, which the operator who types does not walk).
table_is_whole() {
	local name title bad=0
	while read -r _ name title; do
		grep -q "^right $name " "tests/drills/$1" || { echo "$name: what is right?"; bad=1; }
		grep -q "^right $name -" "tests/drills/$1" && continue
		grep -q "^wrong $name " "tests/drills/$1" || { echo "$name: no wrong way"; bad=1; }
		grep -q "^lacking $name " "tests/drills/$1" || { echo "$name: no decisive step"; bad=1; }
		grep -q "^unverified $name " "tests/drills/$1" ||
			grep -q '"deployment":' "runbooks/$1/drill/scenarios/$name.json" || { echo "$name: no verify to skip"; bad=1; }
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
		{ grep -m 1 '^right [^ ]* [^-]' "$table"; grep -E '^unverified (bad-seeds|slow-bot) ' "$table"; } | sed "s/^/$name /"
	fi
done >"$lines"
plan $((${#tables[@]} + $(wc -l <"$lines") + 2))
for table in "${tables[@]}"; do
	check "${table##*/}: right, wrong, lacking and unverified of every scenario" table_is_whole "${table##*/}"
done
i=0
while read -r name kind scenario procedure rest; do
	i=$((i + 1))
	case $kind in
	right) together started "$name" "$i" "$scenario" --auto ;;
	wrong) together started "$name" "$i" "$scenario" --auto --procedure "$procedure" ;;
	lacking | unverified) together "$kind" "$name" "$i" "$scenario" "$procedure" "${rest%% *}" ;;
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
	unverified) check "$name $scenario, $procedure, the verify of \"${rest%% *}\" skipped: not recovered, and why" \
		unlooked $i "${rest%% *}" "${rest#* }" ;;
	esac
done <"$lines"
check "nothing is left" nothing_left
whole() { for id in "$BACKOUT_STATE_DIR"/incidents/*; do [ ! -d "$id" ] || "$BACKOUT" verify "${id##*/}" || return 1; done; }
check "all ledgers are whole" whole
