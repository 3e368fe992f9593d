#!/bin/bash
# What takes minutes: faults mended by hand, and drills killed at other moments. Runs with LONG=1 (make check-long).
cd "$(dirname "$0")/../.." || exit 2
if [ -z "$LONG" ]; then
	echo "1..0"
	exit
fi
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
plan 17

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
