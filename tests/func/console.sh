#!/bin/bash
# A drill walked in the console by real keys, in tmux at 80x24. In the middle of the restore the console is
# killed, and its terminal with it: the step goes on, another console attaches and finishes, undo is tried
# on the way, the record verifies, and nothing is left.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
export TMPDIR=$work
chmod 711 "$work"
if ! command -v tmux >/dev/null; then
	plan 1
	skip "the console in tmux" "tmux is not installed"
	exit 0
fi
plan 16

. tests/func/tmux.sh.inc

alert_seen() { shows 'Press any key' && press Enter && shows 'Alerts: .*(WARNING|CRITICAL|info)'; }
opened() {
	press '!' && shows 'Change the severity' && sleep 0.5 || return 1
	for _ in 1 2 3 4; do
		screen | grep -q '\[critical\]' && break
		press Right && sleep 0.2
	done
	press Enter && press ' rows' Enter && shows 'CRITICAL T\+'
}
answered() {
	press 2 && shows 'responsive.*' && shows 'Proposed: YES' && press Enter &&
		shows 'Is data corrupt' && shows 'Proposed: YES' && press Enter && shows 'The tree ends here'
}
planned() { press c && shows 'needs inputs' && press Enter && shows 'Inputs for the plan' && sleep 0.5 && press Enter && shows 'measured: [0-9]+ rows'; }
approved() { press a && confirm 'Type sandbox to confirm' sandbox Enter && shows 'Next: Dump the database'; }
two_steps() {
	press r && shows '1\. Dump .* done' && press r && shows '2\. Stop .* done' && shows 'Next: Restore the dump'
}
incident=
killed_in_the_middle() {
	local console pid
	incident=$(basename "$BACKOUT_STATE_DIR"/incidents/*)
	press r
	confirm 'Run a destructive step' y
	for _ in $(seq 600); do
		"$BACKOUT" log "$incident" | grep -q 'step restore: begins' && break
		sleep 0.05
	done
	console=$(console_pid)
	kill -KILL "$console"
	tm kill-server
	! "$BACKOUT" log "$incident" | grep -q 'step restore: \(done\|failed\)'
}
goes_on() {
	for _ in $(seq 600); do
		"$BACKOUT" log "$incident" | grep -q 'step restore: verified' && return 0
		sleep 0.1
	done
	"$BACKOUT" log "$incident" | tail -5
	return 1
}
attached() { console attach && shows '3\. Restore .* done'; }
undone() {
	press k k k k k k k k j j && shows 'u undo' && press u && shows 'y ' && sleep 0.5 && press y && shows '3\. Restore .* undone' || return 1
	local dsn
	dsn="host=$(ls -d "$work"/backout-drill-*)/db port=5432 user=postgres"
	[ "$(psql -X -At "$dsn dbname=etlegacy" -c 'SELECT count(*) > 0 FROM player_stats WHERE kills < 0')" = t ]
}

done_again() { press r && confirm 'Run ' y && shows '3\. Restore .* done'; }
finished() {
	press R && confirm 'Run straight through' y && shows 'How does the code go back' &&
		shows 'answer|choose' && press Enter && shows 'checkout' && sleep 0.5 && press Enter && shows 'answered checkout' &&
		press R && { shows 'Run straight through|running|done and holds' && sleep 0.5 && press y; } && shows 'is done and holds'
}
closed() {
	press e && shows 'Resolve the incident' && sleep 0.5 && press Enter && shows 'RESOLVED' &&
		press C && shows 'Root cause' && sleep 0.5 && press Enter Enter Enter && shows 'recovered, verified' &&
		press Enter && shows 'left with 0'
}
report_read() { "$BACKOUT" report "$incident" | grep -q 'Level 3: database rollback'; }
nothing_left() { ! ls -d "$work"/backout-drill-* 2>/dev/null; }

console drill slomix bad-migration
check "the alert is seen" alert_seen
check "the severity is declared" opened
check "the tree is answered as proposed" answered
check "the plan counts the rows that will be lost" planned
check "the plan is approved by the target's name" approved
check "steps run and are verified" two_steps
check "console and terminal are killed in the middle of the restore" killed_in_the_middle
check "the restore goes on" goes_on
check "another console attaches and shows it" attached
check "undo brings the former state back" undone
check "the step is run again" done_again
check "the rest runs straight through" finished
check "resolved, closed, scored" closed
echo "# $keys keys"
check "the report is there" report_read
verified() { "$BACKOUT" verify "$incident"; }
check "the ledger verifies" verified
check "nothing is left" nothing_left
