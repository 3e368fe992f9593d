#!/bin/bash
# Who may approve: two people from their own logins, one plan, for a time; and the broken glass.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/people.sh.inc
if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null || ! id mail daemon games nobody >/dev/null 2>&1; then
	plan 1
	skip "approvals of several people" "only root can be several users"
	exit 0
fi
plan 33

chmod 755 "$work"
mkdir -m 777 "$work/root"
mkdir "$work/state"
chgrp 2000 "$work/state"
chmod 2770 "$work/state"
install -m 755 "$BACKOUT" "$work/backout"
cat >"$work/lamp.json" <<'END_OF_RUNBOOK'
{"format": 1, "system": "lamp", "title": "A lamp",
 "parameters": {"root": {"type": "path", "help": "where the lamp stands"}},
 "sources": {"box": {"host": {}}},
 "metrics": {"load": {"host": "box", "read": "load", "title": "Load"}},
 "procedures": {
  "blow": {"title": "Blow it", "estimate": "1m", "data_loss": "all", "risk": "high",
   "approve": {"all": ["lead", "dba"], "within": "5m"}, "steps": [
   {"id": "blow", "say": "Blow", "action": {"command": ["touch", "${root}/blown"], "risk": "destructive"}}]},
  "light": {"title": "Light it", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "light", "say": "Light", "action": {"command": ["touch", "${root}/lit"]}}]}},
 "approvals": {"critical": {"any": ["lead"]}},
 "contacts": {"lead": {"role": "Lead", "reach": "upstairs", "logins": ["daemon"]},
              "dba": {"role": "DBA", "reach": "next door", "logins": []}}}
END_OF_RUNBOOK
cat >"$work/attic.json" <<END_OF_TARGET
{"target": "attic", "system": "lamp", "class": "staging", "claim": "$work/root/claim",
 "parameters": {"root": "$work/root"}, "contacts": {"dba": {"logins": ["games", "daemon"]}}}
END_OF_TARGET
sed 's/, "contacts".*/}/' "$work/attic.json" >"$work/nobody.json"
sed 's/"games", "daemon"/"daemon"/' "$work/attic.json" >"$work/one.json"
chmod 644 "$work"/*.json
await() { # TEXT FILE
	for _ in $(seq 600); do
		grep -qF "$1" "$2" && return 0
		sleep 0.05
	done
	tail -20 "$2"
	return 1
}
says() { local text=$1; shift; "$@" 2>&1 | tee "$work/said" | grep -qF -- "$text" || { cat "$work/said"; return 1; }; }
not() { ! "$@"; }
id() { basename "$(ls -d "$work"/state/incidents/* | tail -1)"; }
json() { as daemon approve "$(id)" --json | python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
open() { as mail open "$work/lamp.json" --target "$work/attic.json" "$@" --title Dark --plain; }

# ---- targets ----
check "a target on which nobody could approve is wrong" status 3 as mail check "$work/lamp.json" --target "$work/nobody.json" 
check "also when one person would have to be two" says "held by different people" \
	as mail check "$work/lamp.json" --target "$work/one.json"

# ---- without a screen ----
check "a run that others approve is refused" status 1 as mail run "$work/lamp.json" blow --target "$work/attic.json" --confirm attic
check "and says who" says "approved by Lead (daemon) and DBA (games or daemon), within 5 min" as mail run "$work/lamp.json" blow --target "$work/attic.json" --confirm attic
check "nothing was opened, nothing was done" not test -e "$work/state/incidents"
check "what has no rule is run" status 0 as mail run "$work/lamp.json" light --target "$work/attic.json" --confirm attic

# ---- two people ----
: >"$work/console"
typed "$work/console" <<'END_OF_KEYS' | open --severity high >"$work/console" 2>&1 &
#next: Nothing
choose blow it burns#Others approve it
ask-approval#Waiting for
#Next: Blow
run#procedure blow ended: done
quit#
END_OF_KEYS
console=$!
check "the console asks, and says what they type" await 'they type "backout approve' "$work/console"
incident=$(id)
digest=$(json '["digest"]')
check "the operator can't approve it" status 1 as mail approve "$incident" --confirm attic --digest "$digest"
check "nor can who claims to be another" says "nobody holds no role" env SUDO_USER=games HOME=/ setpriv --reuid nobody \
	--regid 2000 --clear-groups "$work/backout" approve "$incident" --confirm attic --digest "$digest"
check "without a terminal it must be named" status 2 as daemon approve "$incident"
check "with the right target" status 2 as daemon approve "$incident" --confirm cellar --digest "$digest"
check "and the right plan" status 2 as daemon approve "$incident" --confirm attic --digest 0123456789abcdef
check "nothing was said so far" test "$(json '["words"]')" = "[]"
check "the lead approves" says "Still missing: DBA" as daemon approve "$incident" --confirm attic --digest "${digest:0:16}"
check "one person gives one approval, though in two roles" status 1 as daemon approve "$incident" --confirm attic --digest "$digest"
check "and it is not enough" not test -e "$work/root/blown"
check "another one rejects it" status 0 as games approve "$incident" --reject "not before the dump"
check "which the console says" await "Rejected by games" "$work/console"
check "it is rejected now" test "$(json '["approval"]')" = rejected
check "the same one approves it later" says "can run it now" as games approve "$incident" --confirm attic --digest "$digest"
wait $console
check "the waiting console went on with it" test -e "$work/root/blown"
check "what is approved can't be approved again" status 1 as games approve "$incident" --confirm attic --digest "$digest"
report() { as mail report "$incident" >"$work/report"; tr -s ' \n' ' ' <"$work/report" >"$work/flat"; grep -qF "$1" "$work/flat" || { cat "$work/report"; return 1; }; }
check "the report has who approved in which role" report "Lead, DBA"
check "and who rejected it, and why" report "rejected: not before"

# ---- the broken glass ----
rm -f "$work/root/blown" "$work/root/claim"
: >"$work/glass"
typed "$work/glass" <<'END_OF_KEYS' | open --severity critical >"$work/glass" 2>&1 &
#next: Nothing
choose blow it burns#Others approve it
break glass on cellar asleep#in so many words
break glass on attic#usage: break
run#is not approved
break glass on attic both are asleep#BREAK-GLASS
run#procedure blow ended: done
quit#
END_OF_KEYS
wait $!
check "it takes the whole sentence and a reason" grep -qF "in so many words" "$work/glass"
check "then it runs" test -e "$work/root/blown"
incident=$(id)
check "the report says so" report "without authority by mail"
check "and the record says who was missing" says "missing: lead, dba" as mail log "$incident"

: >"$work/late"
typed "$work/late" <<'END_OF_KEYS' | open --severity high >"$work/late" 2>&1
#next: Nothing
choose blow it burns#Others approve it
break glass on attic both are asleep#BREAK-GLASS
quit#
END_OF_KEYS
check "who rejects it then is told that it can be run all the same" says "the glass was broken" as daemon approve "$(id)" --reject "wait for me"

# ---- without a person ----
rm -f "$work/root/blown" "$work/root/claim"
: >"$work/auto"
typed "$work/auto" <<'END_OF_KEYS' | open --severity high >"$work/auto" 2>&1
#next: Nothing
choose blow it burns#Others approve it
quit#
END_OF_KEYS
incident=$(id)
undecided() { status 1 as mail attach "$incident" --auto >"$work/robot" 2>&1 && grep -qF "blow is not approved: what is done on attic is a person's decision" "$work/robot" || { cat "$work/robot"; return 1; }; }
check "what nobody approved or asked for is not gone on with" undecided
: >"$work/auto"
typed "$work/auto" <<'END_OF_KEYS' | as mail attach "$incident" --plain >"$work/auto" 2>&1
#next: Others approve it
ask-approval#Waiting for
quit#
END_OF_KEYS
auto() { status 1 as mail attach "$incident" --auto >"$work/robot" 2>&1 && grep -qF "needs the approval of Lead" "$work/robot" || { cat "$work/robot"; return 1; }; }
check "what was asked for waits for its people, not the robot" auto
digest=$(json '["digest"]')
check "while they approve" status 0 as daemon approve "$incident" --confirm attic --digest "$digest"
as games approve "$incident" --confirm attic --digest "$digest" >"$work/said" 2>&1
as mail attach "$incident" --auto >"$work/robot" 2>&1
check "then it goes on" test -e "$work/root/blown"
