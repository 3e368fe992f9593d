#!/bin/bash
# Two users of one group share the state folder: either sees what the other runs, stops it, and goes on.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/people.sh.inc
if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null; then
	plan 1
	skip "two users on one incident" "only root can be two users"
	exit 0
fi
plan 8

chmod 755 "$work"
mkdir -m 777 "$work/root"
mkdir "$work/state"
chgrp 2000 "$work/state"
chmod 2770 "$work/state"
mkfifo -m 666 "$work/root/gate"
# The program must be where another user can start it.
install -m 755 "$BACKOUT" "$work/backout"
cat >"$work/lamp.json" <<'END_OF_RUNBOOK'
{"format": 1, "system": "lamp", "title": "A lamp",
 "parameters": {"root": {"type": "path", "help": "where the lamp stands"}},
 "sources": {"box": {"host": {}}},
 "metrics": {"load": {"host": "box", "read": "load", "title": "Load"}},
 "procedures": {"wait": {"title": "Wait", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "gate", "say": "Wait", "action": {"command":
      ["sh", "-c", "echo on; touch \"$1/waiting\"; read x <\"$1/gate\"", "sh", "${root}"]}},
   {"id": "next", "say": "Go on", "action": {"command": ["touch", "${root}/next"]}}]}}}
END_OF_RUNBOOK
cat >"$work/attic.json" <<END_OF_TARGET
{"target": "attic", "system": "lamp", "class": "staging", "claim": "$work/root/claim",
 "parameters": {"root": "$work/root"}}
END_OF_TARGET
chmod 644 "$work"/*.json
second() { : >"$work/second" && typed "$work/second" | as 2002 attach "$@" --plain >"$work/second" 2>&1; }
log() { "$BACKOUT" log "$(basename "$work"/state/incidents/*)"; }

as 2001 run "$work/lamp.json" wait --target "$work/attic.json" --confirm attic >"$work/first" 2>&1 &
for _ in $(seq 200); do
	[ -e "$work/root/waiting" ] && break
	sleep 0.05
done
second <<'END_OF_KEYS'
#Running: Wait
stop enough#can't be stopped
quit#
END_OF_KEYS
check "the other one sees it run" grep -q 'Running: Wait' "$work/second"
check "and is told who can end the step" grep -q 'whoever started it, or root, can: kill' "$work/second"
timeout 20 sh -c 'echo x >"$1/gate"' sh "$work/root"
wait
check "it was the last one that ran" test ! -e "$work/root/next"
check "which is on record" grep -q 'procedure wait ended: stopped' <(log)
second <<'END_OF_KEYS'
#next:
resolve#resolved
close nothing#closed
quit#
END_OF_KEYS
check "the other one closes the incident" grep -q 'closed' <(log)
check "and everything in it is sealed" grep -q 'good.*sealed' <("$BACKOUT" verify "$(basename "$work"/state/incidents/*)")
others() { find "$work/state" ! -perm -060 ! -path '*/steps/*/*' -printf '%M %p\n' | tee "$work/closed" && [ ! -s "$work/closed" ]; }
check "everything is the group's" others
check "what was measured, too" test -n "$(find "$work/state/metrics/lamp/attic" -name '*.jsonl' -perm -060)"
