#!/bin/bash
# Whose word a rollback of Cortex needs: that of the severity's people, each from their own login, and of others when
# the severity changes before the first step. The trouble and its parts are those of a drill that was left as it is.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/people.sh.inc
. tests/func/drill.sh.inc
if [ -z "$LONG" ]; then # tests/func/approve.sh has the short form, on a small system
	plan 1
	skip "approvals by severity" "only with LONG=1"
	exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null || ! id daemon games nobody >/dev/null 2>&1; then
	plan 1
	skip "approvals by severity" "only root can be several users"
	exit 0
fi
plan 12

chmod 755 "$work"
mkdir -p "$work/state"
chgrp 2000 "$work/state"
chmod 2770 "$work/state"
install -m 755 "$BACKOUT" "$work/backout"
runbook=cortex drill kept bad-seeds --auto --keep --procedure save-state
sandbox=$(python3 -c "import json, os, sys; print(os.path.dirname(json.load(open(sys.argv[1]))['sandbox']['git']))" "$work/kept.json")
python3 - "$sandbox/target.json" "$work/staging.json" <<'PY'
import json, sys
target = json.load(open(sys.argv[1]))
target.update({"target": "staging", "class": "staging", "contacts": {
    "senior-engineer": {"logins": ["daemon"]}, "devops-lead": {"logins": []}, "engineering-manager": {"logins": ["daemon"]},
    "team-lead": {"logins": ["daemon"]}, "product-owner": {"logins": ["games"]}, "tech-lead": {"logins": ["nobody"]}}})
json.dump(target, open(sys.argv[2], "w"))
PY
chmod 644 "$work/staging.json"

await() { # TEXT FILE
	for _ in $(seq 600); do
		grep -qF "$1" "$2" && return 0
		sleep 0.05
	done
	tail -20 "$2"
	return 1
}
says() { local text=$1; shift; "$@" 2>&1 | tee "$work/said" | grep -qF -- "$text" || { cat "$work/said"; return 1; }; }
id() { basename "$(ls -d "$work"/state/incidents/* | tail -1)"; }
json() { as daemon approve "$(id)" --json | python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
approves() { as "$1" approve "$(id)" --confirm staging --digest "$(json '["digest"]')"; }
sent() { grep -c 'Calibration rollback in progress' "$sandbox/team"; }

before=$(sent)
: >"$work/console"
mkfifo "$work/keys"
as root open runbooks/cortex --target "$work/staging.json" --severity critical --title "Empty scores" --plain \
	<"$work/keys" >"$work/console" 2>&1 &
console=$!
exec 9>"$work/keys"
type() { echo "$1" >&9; }
await "next: " "$work/console" >/dev/null
type "choose option-1 the seeds are empty"
await "calibration_copy" "$work/console" >/dev/null
type "params calibration_copy=$work/calibration.csv"
await "Others approve it" "$work/console" >/dev/null
type "ask-approval"
check "critical: the console waits for one of two roles" await "Waiting for one of Senior engineer (daemon) or DevOps lead" "$work/console"
type "run"
check "until then no step runs" await "is not approved" "$work/console"
check "the product owner has no say in it" status 1 approves games
check "nor has the tech lead" status 1 approves nobody
check "the senior engineer approves" says "can run it now" approves daemon
type "severity medium it was looked at again"
check "medium: the product owner and the tech lead, both" await "Product owner (games) and Tech lead (nobody)" "$work/console"
check "what the senior engineer said counts no more" test "$(json '["approval"]')" != approved
check "the product owner alone is not enough" says "Still missing: Tech lead" approves games
check "with the tech lead it is" says "can run it now" approves nobody
type "run"
check "then the first step runs" await "state/tell: verified" "$work/console"
check "and the team was told, once" test "$(sent)" = $((before + 1))
type "quit"
exec 9>&-
wait $console
report() { as root report "$(id)" | tr -s ' \n' ' ' >"$work/flat"; grep -qF "$1" "$work/flat" || { cat "$work/flat"; return 1; }; }
check "the report says who decided" report "Decision maker games@$(hostname), nobody@$(hostname)"
