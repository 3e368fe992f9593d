#!/bin/bash
# A message of the runbook by real keys in a real tmux: shown as it would be sent, copied into tmux's paste
# buffer, written to a file; each with the head, on record, and without its secrets.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 7

cat >"$work/shop.json" <<'END'
{"format": 1, "system": "shop", "title": "The shop",
 "parameters": {"minutes": {"type": "int", "help": "how long it takes", "default": 30}},
 "procedures": {"look": {"title": "Look", "estimate": "1m", "data_loss": "none", "risk": "low",
   "steps": [{"id": "look", "say": "Look", "action": {"command": ["true"]}}]}},
 "messages": {
   "down": {"title": "Maintenance", "channel": "#news",
     "text": "**Work on ${incident.system}** 中文 💥\n\nAbout ${minutes} minutes; \"quotes\" \\ `x` $(id) stay.\npassword=hunter2secret"},
   "up": {"title": "All good", "text": "Back since ${incident.resolved}."}}}
END
cat >"$work/test.json" <<END
{"target": "test", "system": "shop", "class": "staging", "claim": "$work/claim", "parameters": {}}
END

server=backout-test-$$
tm() { TMUX_TMPDIR=$work tmux -L "$server" "$@"; }
screen() { tm capture-pane -p -t 0; }
cleanup() { tm kill-server 2>/dev/null; }
shows() {
	local i
	for ((i = 0; i < 200; i++)); do
		screen 2>/dev/null | grep -qE -- "$1" && return 0
		sleep 0.1
	done
	echo "not on the screen: $1"
	screen
	return 1
}
press() { tm send-keys -t 0 "$@"; }
event() { # The text of the latest message on record that went to $1.
	"$BACKOUT" log "$id" --json | python3 -c '
import json, sys
for line in sys.stdin:
    event = json.loads(line)
    if event["event"] == "message.prepared" and event["to"] == sys.argv[1]:
        text = event["text"]
sys.stdout.write(text)' "$1"
}

shown() {
	tm new-session -d -x 80 -y 24 "$BACKOUT open $work/shop.json --target $work/test.json --severity low --title fire; sleep 600" &&
		shows 'LOW T\+' && press 6 && shows 'Maintenance   to #news' && press Enter &&
		shows 'Work on shop\*\* 中文' && shows 'About 30 minutes' && shows "-- $(date -u +%Y)-.*, record [0-9a-f]{16}" &&
		press q && shows '1 Watch'
	id=$(basename "$BACKOUT_STATE_DIR"/incidents/*)
}
copied() {
	press y && shows 'copied [0-9:]{8}' && tm show-buffer >"$work/buffer" && event tmux >"$work/recorded" &&
		cmp "$work/buffer" "$work/recorded" && grep -qF 'About 30 minutes; "quotes" \ `x` $(id) stay.' "$work/buffer"
}
without_secrets() { ! grep -q hunter2secret "$work/buffer" "$BACKOUT_STATE_DIR"/incidents/*/ledger.jsonl; }
written() {
	press w && shows 'Written: ' && shows 'written [0-9:]{8}' && event file >"$work/recorded" &&
		cmp "$BACKOUT_STATE_DIR/incidents/$id/messages/02-down.txt" "$work/recorded" &&
		[ "$(stat -c %a "$BACKOUT_STATE_DIR/incidents/$id/messages/02-down.txt")" = 600 ]
}
head_holds() { # What was sent proves the record up to there.
	local head
	head=$(sed -n "s/^-- $id, record \([0-9a-f]*\)$/\1/p" "$work/buffer")
	[ ${#head} = 16 ] && "$BACKOUT" verify "$id" --head "$head"
}
not_yet() { press Down && press y && shows 'nothing is known about "incident.resolved" yet'; }
# Outside of tmux it is refused with what to do instead, and nothing is on record.
outside() {
	env -u TMUX "$BACKOUT" attach "$id" --plain <<<':copy down' >"$work/plain" 2>&1
	grep -q 'does not run inside tmux' "$work/plain" && [ "$("$BACKOUT" log "$id" | grep -c 'copied to tmux')" = 1 ]
}

if ! command -v tmux >/dev/null; then
	for name in shown copied secrets written head facts outside; do skip "a message: $name" "no tmux"; done
	exit 0
fi
check "a message is shown as it would be sent" shown
check "tmux's paste buffer holds exactly what is on record" copied
check "secrets are in neither" without_secrets
check "it is written below the incident's folder, for its owner" written
check "the head in the message verifies" head_holds
check "a fact that is not known yet is named" not_yet
check "outside of tmux copying is refused" outside
