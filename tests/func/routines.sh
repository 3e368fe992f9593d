#!/bin/bash
# Routines for cron: backout run of one, what it leaves on record, when it is due, its report; and what the
# monitor and the status line say of it.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 20

root=$work/desk
mkdir "$root"
echo well >"$root/state"
cat >"$work/desk.json" <<'END'
{"format": 1, "system": "desk", "title": "A desk",
 "parameters": {"root": {"type": "path", "help": "where it stands"}},
 "sources": {"state": {"file": {"path": "${root}/state"}}},
 "metrics": {"size": {"file": "state", "read": "bytes", "title": "Size of the state", "every": "1s"}},
 "probes": {
   "well": {"file": "${root}/state", "contains": "well"},
   "checked": {"routine": "weekly", "within": "1h"},
   "stable": {"phase": "one", "stable_for": "0s"}},
 "contacts": {"dba": {"role": "DBA", "reach": "#dba", "logins": ["dora"]}},
 "procedures": {
   "clean": {"title": "Clean", "estimate": "1m", "data_loss": "none", "risk": "low", "approve": {"any": ["dba"]},
     "steps": [{"id": "clean", "say": "Clean it", "action": {"command": ["touch", "${root}/cleaned"]}}]}},
 "checklists": {
   "round": {"title": "A round", "sections": [{"title": "All", "items": [
     {"id": "well", "say": "All is well", "probe": "well"},
     {"id": "stamp", "say": "The round is stamped", "action": {"command": ["sh", "-c", "echo x >>\"$1/stamps\"", "sh", "${root}"]}},
     {"id": "queue", "say": "Nobody waits"}]}]},
   "guarded": {"title": "Others approve it", "sections": [{"title": "All", "items": [
     {"id": "clean", "say": "It is cleaned", "procedure": "clean"}]}]}},
 "routines": {
   "weekly": {"title": "The week", "checklist": "round", "every": "1w", "within": "1s", "period": "7d"},
   "guarded": {"title": "Cleaning", "checklist": "guarded", "every": "1d"},
   "follow": {"title": "Follow-up", "checklist": "round", "after": "incident", "at": ["1h"]}},
 "phases": {"one": {"title": "One desk", "checklists": ["round"]}}}
END
cat >"$work/front.json" <<END
{"target": "front", "system": "desk", "class": "live", "claim": "$work/claim", "parameters": {"root": "$root"}}
END
on() { local what=$1; shift; "$BACKOUT" "$what" "$work/desk.json" "$@" --target "$work/front.json"; }
round() { on run "$@" --confirm front >"$work/out" 2>"$work/err"; }
latest() { ls "$BACKOUT_STATE_DIR/incidents" | tail -1; }
count() { ls "$BACKOUT_STATE_DIR/incidents" 2>/dev/null | wc -l; }
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/out" "$1"; }
same() { [ "$1" = "$2" ] || { echo "\"$1\" is not \"$2\""; return 1; }; }

# ---- run ----
holds() {
	status 0 round weekly --json || { cat "$work/err"; return 1; }
	same "$(field result)" partly && same "$(field routine)" weekly && same "$(cat "$root/stamps")" x
}
check "what a machine can do is done: 0" holds
check "what a person does is left, and named" grep -q '"say":"Nobody waits","status":"open"' "$work/out"
check "its record is whole" status 0 "$BACKOUT" verify "$(latest)"
check "and closed" grep -q '"state":"closed","kind":"routine"' <("$BACKOUT" incidents --json)
reported() {
	"$BACKOUT" report "$(latest)" >"$work/report" || return 1
	grep -q '^Routine report' "$work/report" && grep -q 'The week (weekly)' "$work/report" &&
		grep -q 'Size of the state' "$work/report" && ! grep -q 'Root cause' "$work/report" ||
		{ cat "$work/report"; return 1; }
}
check "its report sums the week up, and asks for no cause" reported
not_due() { local n; n=$(count); status 0 round weekly --due && same "$(count)" "$n"; }
check "--due does nothing when it is done: 0, no record" not_due
check "the probe says that it was done" status 0 on probe checked

echo broken >"$root/state"
fails() {
	status 1 round weekly --json || return 1
	same "$(field result)" fails && grep -q '"status":"red"' "$work/out"
}
check "what does not hold fails: 1" fails
check "the probe does not take that for done" status 1 on probe checked
affairs() { "$BACKOUT" report "$(latest)" --format json >"$work/json" && python3 - "$work/json" <<'PY'
import json, sys
routine = json.load(open(sys.argv[1]))["routine"]
assert routine["result"] == "fails", routine
assert [a["result"] for a in routine["affairs"]] == ["partly"], routine["affairs"]
PY
}
check "the report has what was done before" affairs

guarded() { status 1 round guarded --json && same "$(field result)" fails && [ ! -e "$root/cleaned" ]; }
check "what others approve is left undone: 1" guarded
nothing() { local n; n=$(count); status 0 round follow --due && same "$(count)" "$n"; }
check "where nothing happened, nothing follows up" nothing

check "the target must be confirmed: 2" status 2 on run weekly --confirm back
check "an unknown name: 2" status 2 on run weakly --confirm front
check "--due is of routines: 2" status 2 on run clean --due --confirm front
check "a routine has a title of its own: 2" status 2 on run weekly --title Mine --confirm front

# ---- who watches ----
rm -rf "$BACKOUT_STATE_DIR"
watched() {
	# Not by way of on(): the pid would be that of a shell around it.
	"$BACKOUT" monitor "$work/desk.json" --target "$work/front.json" >"$work/lines" 2>"$work/err" &
	local pid=$! i result=1
	for ((i = 0; i < 300; i++)); do
		grep -q '"event":"routine".*"routine":"weekly".*"state":"due"' "$work/lines" &&
			"$BACKOUT" status | grep -q 'due: The week' && { result=0; break; }
		sleep 0.1
	done
	[ $result = 0 ] || { cat "$work/lines"; "$BACKOUT" status; }
	kill "$pid"
	wait "$pid"
	return $result
}
check "the monitor and the status line say what is due" watched
# ---- plain lines ----
plain() {
	mkfifo "$work/keys"
	on watch --plain <"$work/keys" >"$work/lines" 2>&1 &
	local pid=$! i
	exec 3>"$work/keys"
	for ((i = 0; i < 300; i++)); do
		grep -q 'The week is due' "$work/lines" && break
		sleep 0.1
	done
	printf 'routines\nphase begin one\nphases\nphase finish one\nroutine weekly\nquit\n' >&3
	exec 3>&-
	wait "$pid"
}
check "the console of plain lines does all that, too" plain
lines() {
	local text
	for text in 'weekly: The week: due since' 'every 7 d; not done yet' 'phase one begins' 'phase one is over: finished' 'routine weekly begun'; do
		grep -qF "$text" "$work/lines" || { echo "no line says: $text"; cat "$work/lines"; return 1; }
	done
}
check "each record from its beginning" lines
check "what has just finished is stable for no time" status 0 on probe stable
