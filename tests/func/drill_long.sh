#!/bin/bash
# What takes minutes: wrong ways, procedures without their decisive step, and faults mended by hand. Runs with
# LONG=1 (make check-long).
cd "$(dirname "$0")/../.." || exit 2
if [ -z "$LONG" ]; then
	echo "1..0"
	exit
fi
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
plan 32

# not_recovered NAME WHY: exit 1, and the score names what is not well.
not_recovered() {
	python3 - "$work/$1.json" "$(cat "$work/$1.status")" "$2" <<-'PY' || { tail -20 "$work/$1.err"; return 1; }
		import json, sys
		score = json.load(open(sys.argv[1]))
		print(sys.argv[2], score)
		named = any(sys.argv[3] in name for name in score["not_well"])
		sys.exit(not (sys.argv[2] == "1" and score["result"] == "not recovered" and
		          not score["verified"] and named))
	PY
}
started() { # NAME ARGS...
	local name=$1
	drill "$@"
	echo $? >"$work/$name.status"
}
# Two at a time: drills mostly wait.
together() {
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
	"$@" &
}

# ---- wrong ways ----
wrong=("bad-flag level-2 release" "bad-flag level-3 row" "bad-release level-1 code" "bad-release free-connections code"
	"bad-migration level-1 statistics" "bad-migration level-2 statistics"
	"host-lost level-1 code" "host-lost level-2 code" "host-lost level-3 code")
for way in "${wrong[@]}"; do
	read -r scenario procedure why <<<"$way"
	together started "$scenario.$procedure" "$scenario" --procedure "$procedure"
done
wait
for way in "${wrong[@]}"; do
	read -r scenario procedure why <<<"$way"
	check "$scenario by $procedure: not recovered, and why" not_recovered "$scenario.$procedure" "$why"
done

# ---- the decisive step taken out ----
# without NAME PROCEDURE STEP...: a copy of the runbook whose procedure lacks these steps (with all that they hold).
without() {
	cp -R runbooks/slomix "$work/$1"
	python3 - "$work/$1/procedures.json" "${@:2}" <<-'PY'
		import json, os, sys
		path, procedure, *gone = sys.argv[1:]
		document = json.load(open(path))
		def left(steps):
		    kept = [step for step in steps if step["id"] not in gone]
		    for step in kept:
		        for branch in ("yes", "no"):
		            if branch in step:
		                step[branch] = left(step[branch])
		    return kept
		steps = document["procedures"][procedure]
		before = json.dumps(steps)
		steps["steps"] = left(steps["steps"])
		assert json.dumps(steps) != before
		if procedure == "level-2":  # others take its step over
		    for other in document["procedures"].values():
		        other["steps"] = [s for s in other["steps"] if s.get("procedure") != "level-2"]
		json.dump(document, open(path, "w"), indent=2)
		# What only that step used goes with it.
		folder = os.path.dirname(path)
		def edit(name, change):
		    with open(f"{folder}/{name}") as file: other = json.load(file)
		    change(other)
		    with open(f"{folder}/{name}", "w") as file: json.dump(other, file, indent=2)
		if "${archive}" not in json.dumps(document):
		    edit("runbook.json", lambda runbook: runbook["parameters"].pop("archive"))
		for step in gone:
		    edit("drill/sandbox.json", lambda sandbox: sandbox["target"]["bind"].pop(f"{procedure}/{step}", None))
	PY
}
lacking() { # NAME SCENARIO PROCEDURE STEP...
	without "$1.runbook" "${@:3}" || return 1
	runbook=$work/$1.runbook started "$1" "$2" --procedure "$3"
}
decisive=("bad-flag level-1 error flags" "bad-release level-2 code code" "bad-migration level-3 statistics restore"
	"host-lost level-4 statistics left" "host-lost level-4 code files" "host-lost level-4 told notify")
for one in "${decisive[@]}"; do
	read -r scenario procedure why step <<<"$one"
	together lacking "$scenario-$step" "$scenario" "$procedure" "$step"
done
wait
for one in "${decisive[@]}"; do
	read -r scenario procedure why step <<<"$one"
	check "$scenario, $procedure without \"$step\": not recovered, and why" not_recovered "$scenario-$step" "$why"
done

# ---- mended by hand ----
# The sandbox stays after a procedure that does nothing; then an operator mends the fault without backout.
cp -R runbooks/slomix "$work/idle"
python3 - "$work/idle/procedures.json" <<-'PY'
	import json, sys
	document = json.load(open(sys.argv[1]))
	document["procedures"]["idle"] = {
	    "title": "Nothing", "estimate": "1s-2s", "data_loss": "None.", "risk": "low",
	    "steps": [{"id": "nothing", "say": "Do nothing", "action": {"command": ["true"]}}]}
	json.dump(document, open(sys.argv[1], "w"), indent=2)
PY
target_of() { dirname "$(json "$work/$1.json" sandbox | python3 -c "import ast,sys; print(ast.literal_eval(sys.stdin.read())['git'])")"; }
service() { # SANDBOX start|stop
	python3 - "$1/target.json" "$2" <<-'PY'
		import json, subprocess, sys
		target = json.load(open(sys.argv[1]))
		subprocess.run(target["sources"]["bot"]["service"][sys.argv[2]], check=True)
	PY
}
asked() { "$BACKOUT" probe "$work/idle" "${@:2}" --target "$1/target.json" >"$work/probes" 2>&1; }
symptoms() { ! asked "$@" || { cat "$work/probes"; return 1; }; }
well() {
	for _ in $(seq 40); do asked "$@" && return; sleep 0.5; done
	cat "$work/probes"
	return 1
}
sql() { psql -X -q -At "host=$1/db port=5432 user=postgres dbname=etlegacy" -c "$2"; }
mend_bad-release() { git -c safe.directory='*' -C "$1/slomix_discord" checkout -q v1.1 && service "$1" stop && service "$1" start; }
mend_bad-flag() {
	sed -i 's/^ENABLE_LIVE_SCORING = True/ENABLE_LIVE_SCORING = False/' "$1/slomix_discord/bot/config.py" &&
		service "$1" stop && service "$1" start
}
mend_bad-migration() {
	sql "$1" "UPDATE player_stats SET kills = kills + deaths WHERE kills < 0 OR round_id <= 14089;
		UPDATE rounds SET winner = substr(winner, 6) WHERE winner LIKE 'team %';
		UPDATE match_predictions SET confidence = confidence / 100 WHERE confidence > 1"
}
for scenario in bad-release bad-flag bad-migration; do
	runbook=$work/idle together started "idle-$scenario" "$scenario" --procedure idle --keep
done
wait
for scenario in bad-release bad-flag bad-migration; do
	sandbox=$(target_of "idle-$scenario")
	probes=(log-quiet)
	[ $scenario != bad-release ] || probes=(log-quiet bot-running)
	[ $scenario != bad-migration ] || probes=(log-quiet data-sound)
	check "$scenario: doing nothing helps nothing" not_recovered "idle-$scenario" "error"
	check "$scenario: the symptoms are there" symptoms "$sandbox" "${probes[@]}"
	check "$scenario: mended by hand" "mend_$scenario" "$sandbox"
	check "$scenario: the symptoms are gone" well "$sandbox" bot-running health-answers ping-answers "${probes[@]}"
done

# ---- killed at other moments ----
for moment in "database\|rows" "watching" "alert" "approved" "step stop: verified" "restore: done"; do
	name=killed$((++killed))
	begun $name bad-migration --auto
	said $name "$moment"
	kill -KILL $pid
	wait $pid 2>/dev/null
done
# Each of them swept what the one before had left, but for a step that still ran.
attach_last() { "$BACKOUT" attach --auto >"$work/attached.out" 2>&1 || { cat "$work/attached.out"; return 1; }; }
check "killed after the restore: attach --auto finishes it" attach_last
check "what is kept is removed by --clean" "$BACKOUT" drill --clean
check "nothing is left" nothing_left
still_open() { [ -z "$("$BACKOUT" incidents | grep -v closed)" ] || { "$BACKOUT" incidents; return 1; }; }
check "every incident is closed" still_open
still=$(ls "$BACKOUT_STATE_DIR/incidents" | wc -l)
whole() { for id in "$BACKOUT_STATE_DIR"/incidents/*; do "$BACKOUT" verify "${id##*/}" || return 1; done; }
check "all $still ledgers are whole" whole
