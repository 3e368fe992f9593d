#!/bin/bash
# The whole pre-flight of the shipped runbook walked by real keys, in tmux at 80x24, on the real clock,
# against the parts of a drill's sandbox. On the way its facts are really changed, and what was green opens
# again, on record. LONG=1 goes on behind T: the deployment is run, and the console is killed: the next one
# shows the same.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
export TMPDIR=$work
chmod 711 "$work"
if ! command -v tmux >/dev/null; then
	plan 1
	skip "the pre-flight in tmux" "tmux is not installed"
	exit 0
fi
. tests/func/tmux.sh.inc
plan $((${LONG:+4} + 15))

target=$work/target.json
record() { "$BACKOUT" log "$(ls "$BACKOUT_STATE_DIR/incidents" | tail -1)"; }
recorded() {
	local i
	for ((i = 0; i < 300; i++)); do
		record | grep -qE -- "$1" && return 0
		sleep 0.1
	done
	echo "not on record: $1"
	record | tail -15
	return 1
}
gone() {
	local i
	for ((i = 0; i < 600; i++)); do
		screen | grep -qE -- "$1" || return 0
		sleep 0.1
	done
	screen
	return 1
}

# What comes behind a step that failed can't be reached: it need not be waited for.
lost=
reached() {
	[ -z "$lost" ] || { echo "not reached"; return 1; }
	"$@" || { lost=1; return 1; }
}

# The sandbox stays when its console is left. People tick here what the drill has machines do.
sandbox_made() {
	console drill slomix deploy-go --keep
	shows 'Press any key' && press Enter && shows 'ready' && press 1 && shows 'bot.log' && press q &&
		confirm 'Leave the console' y && shows 'left with' || return 1
	tm kill-server
	sandbox=$(ls -d "$work"/backout-drill-*)
	python3 - "$sandbox/target.json" "$target" <<-'PY'
		import json, sys
		target = json.load(open(sys.argv[1]))
		for place in ("team", "message", "all-good"):
		    del target["bind"]["preflight/" + place]
		team = sys.argv[2].rsplit("/", 1)[0] + "/on-call"
		target["bind"]["preflight/contact"] = {"probe": {"file": team, "exists": True}}
		json.dump(target, open(sys.argv[2], "w"), indent=1)
	PY
}
begun() {
	touch "$work/on-call"
	at=$(date -u -d "+${seconds:-40} seconds" +%Y-%m-%dT%H:%M:%SZ)
	console preflight slomix production --at "$at" --target "$target"
	shows 'T-2h, due since 01:5' && shows 'T-00:0[01]:'
}
sensed() {
	shows '\[x\] A fresh dump' && shows '\[x\] The tag of the way back' && shows '\[x\] The three feature flags' &&
		shows '\[x\] The test server'
}
backed_up() {
	press m && shows '▸ \[ \] Database and checkout' && press Space && shows 'Press a to approve' && press a &&
		confirm 'Approve the plan' y && shows 'Press r to run' && press R && confirm 'straight through' y &&
		shows 'Press 3 for the checklist' && press 3 && shows '\[x\] Database and checkout .* done by'
}
by_hand() {
	press m && shows '▸ \[ \] Everyone in the team' && press Space && shows '\[x\] Everyone in the team .*done by' &&
		press m && shows '▸ \[ \] The maintenance message is prep' && press Space &&
		shows '\[x\] The maintenance message is prep'
}
action_run() {
	press m && shows '▸ \[ \] The deployment.s plan' && press Space && shows 'Press a to run' && press a &&
		confirm 'Run the action' y && shows 'Press 3 for the checklist|Nothing stands' && press 3 &&
		shows '\[x\] The deployment.s plan .*done by'
}
all_green() { shows '100% ready' && shows 'Nothing stands in the way of go'; }

# NAME ITEM FACT UNDO: the item opens when the fact is gone, closes when it is back; both on record.
changed() {
	local item=$1 pattern=$2
	press '<' && shows "\\[x\\] $pattern" || return 1
	eval "$3"
	shows "\\[!\\] $pattern" && shows 'Gate .*: (no-go|undecided)' && gone '100% ready' &&
		recorded "item preflight/$item does not hold: .*$5" || return 1
	eval "$4"
	shows "\\[x\\] $pattern"
}
config=
flag_on() {
	config=$sandbox/slomix_discord/bot/config.py
	cp -p "$config" "$work/config.py"
	changed flags 'The three feature flags' \
		'sed -i "/ENABLE_LIVE_SCORING/s/False/True/" "$config"' 'cp -p "$work/config.py" "$config"' 'SCORING = True'
}
old_dump() {
	mkdir "$work/recorded" && cp -p "$sandbox"/backups/*.json "$work/recorded"
	changed backup 'A fresh dump' 'sed -i "/\"seal\"/d; s/\"made_at\": \"20..-/\"made_at\": \"2020-/" "$sandbox"/backups/*.json' \
		'cp -p "$work"/recorded/*.json "$sandbox/backups"' 'd old \(at most 4 h\)'
}
# It is looked at again when half of its life is over: meanwhile there is other work.
tag=pre-competitive-analytics-v1.0
code() { git -c safe.directory='*' -C "$sandbox/slomix_discord" "$@"; }
tag_gone() { commit=$(code rev-parse "$tag^{commit}") && code tag -d "$tag"; }
tag_missed() {
	press '<' && shows '\[!\] The tag of the way back' && shows 'Gate .*: undecided' &&
		recorded "item preflight/tag does not hold: .*no tag $tag" && code tag "$tag" "$commit" &&
		shows '\[x\] The tag of the way back'
}

gate_decided() {
	all_green && press g && shows 'Left Right change it' && shows '\[no-go\]' && press Right Right && shows '\[go\]' &&
		press Enter && shows 'Enter does it' && press Enter && shows 'Decided: go, by'
}
counts_down() { shows 'T\+00:00:' && recorded 'gate preflight at T-0: '; }
deployed() {
	press m && shows '▸ \[ \] The integration is deployed' && press Space && shows 'Press a to approve' && press a &&
		confirm 'Approve the plan' y && shows 'Press r to run' && press R && confirm 'straight through' y &&
		shows 'Press 3 for the checklist|in 00:|Go\. ' && press 3 && shows '\[x\] The integration is deployed.*done by'
}
deferred() {
	shows 'Next, in 00:2.*Half an hour' && press m && shows '▸ \[[!?]\] Half an hour' && press d &&
		shows '\[>\] Half an hour .*deferred by'
}
after() { press '>' && shows '\[x\] Every command is answered' && shows '\[x\] The deployment is a success' && shows 'T\+30m, in 00:2'; }
second_console() {
	kill -KILL "$(console_pid)"
	tm kill-server
	console attach && shows 'slomix > sandbox' && press 3 && press '<' && shows '\[x\] Everyone in the team .*done by' &&
		shows '\[x\] Database and checkout .*done by' && press '>' && shows '\[x\] Every command is answered' &&
		shows '\[>\] Half an hour .*deferred by' && shows 'Decided: go, by'
}
verified() { "$BACKOUT" verify "$(ls "$BACKOUT_STATE_DIR/incidents" | tail -1)"; }
nothing_left() {
	tm kill-server
	"$BACKOUT" drill --clean && ! ls -d "$work"/backout-drill-* 2>/dev/null
}

check "a sandbox stays when its console is left" reached sandbox_made
check "the pre-flight counts down by the real clock" reached begun
check "what a machine can check ticks itself" reached sensed
check "the tag is deleted" reached tag_gone
check "an item that is a procedure: planned, approved, run, ticked" reached backed_up
check "what a person does takes one key" reached by_hand
check "an item that is an action: shown, asked, run, ticked" reached action_run
check "a flag that is switched on opens its item" reached flag_on
check "a dump that is too old opens its item" reached old_dump
check "a tag that is gone opens its item" reached tag_missed
check "everything before T is green" reached all_green
check "the gate says go, a person decides" reached gate_decided
check "T passes, and the gate is computed at it" reached counts_down
if [ -n "${LONG:-}" ]; then
	check "the deployment is run from the checklist" reached deployed
	check "what can't be done yet is deferred" reached deferred
	check "what comes after T is measured, too" reached after
	check "the console is killed: the next one shows the same" reached second_console
fi
echo "# $keys keys"
check "the ledger verifies" verified
check "nothing is left" nothing_left
