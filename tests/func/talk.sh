#!/bin/bash
# Messages and pages that are sent, as steps: a real command, and a webhook of a chat's stand-in that takes them, is
# busy, refuses, breaks down, is slow, or never answers. What is on record before and after; what runs again and what
# never does by itself; and that the webhook's token stands nowhere.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 13

token=CANARY-7f3a9c51e6
python3 tests/func/chat_server.py "$work" 2>/dev/null &
server=$!
# Lists who is running for as long as the test runs: a token in a command line or an environment would be there.
watch() { while sleep 0.1; do cat /proc/[0-9]*/cmdline; done >"$work/seen" 2>/dev/null; }
watch &
watcher=$!
cleanup() { kill "$server" "$watcher" 2>/dev/null; wait "$server" "$watcher" 2>/dev/null; }
for ((i = 0; i < 100; i++)); do [ -e "$work/port" ] && break; sleep 0.1; done
port=$(cat "$work/port")
echo 0.5 >"$work/delay"

# runbook AS TIMEOUT: the webhook's URL is a secret of the target.
runbook() {
	mkdir -p "$work/rb"
	cat >"$work/rb/shop.json" <<END
{"format": 1, "system": "shop", "title": "The shop",
 "parameters": {"hook": {"type": "string", "help": "the chat's webhook", "secret": true},
   "key": {"type": "string", "help": "the chat's key", "secret": true},
   "minutes": {"type": "int", "help": "how long it takes", "default": 30}},
 "sources": {
   "news": {"messenger": {"webhook": "\${hook}", "as": "$1", "timeout": "$2", "headers": {"Authorization": "Bearer \${key}"}}},
   "pager": {"messenger": {"command": ["sh", "-c", "cat >$work/paged; echo \"rang \$BACKOUT_TO\"; exit \$(cat $work/exit 2>/dev/null || echo 0)"]}},
   "hand": {"messenger": {"person": "post it in #news"}}},
 "contacts": {"dba": {"role": "Database admin", "reach": "extension 12", "through": "pager"}},
 "procedures": {
   "tell": {"title": "Tell them", "estimate": "1m", "data_loss": "none", "risk": "low",
     "steps": [{"id": "tell", "say": "Tell them", "timeout": "8s", "action": {"message": "down"}}]},
   "call": {"title": "Call", "estimate": "1m", "data_loss": "none", "risk": "low",
     "steps": [{"id": "call", "say": "Page the database admin", "action": {"page": "dba"}},
       {"id": "hand", "say": "Tell them by hand", "action": {"message": "up"}}]}},
 "messages": {
   "down": {"title": "Maintenance", "channel": "#news", "through": "news",
     "text": "**Work on \${incident.system}** @everyone 中文\nAbout \${minutes} minutes."},
   "up": {"title": "All good", "channel": "#news", "through": "hand", "text": "Back."}}}
END
}
echo "key-$token" >"$work/key"
# Each incident has a target of its own: one that failed keeps its claim.
target() {
	targets=$((targets + 1))
	cat >"$work/test.json" <<END
{"target": "test", "system": "shop", "class": "staging", "claim": "$work/claim-$targets",
 "secrets": {"hook": {"file": "$work/hook"}, "key": {"file": "$work/key"}}}
END
}
# send WAY PROCEDURE: by a run without a screen; its incident is $id.
send() {
	echo "http://127.0.0.1:$port/$1/$token" >"$work/hook"
	: >"$work/posted"
	target
	"$BACKOUT" run "$work/rb" "$2" --target "$work/test.json" --confirm test >"$work/run.log" 2>&1
	status=$?
	id=$(ls "$BACKOUT_STATE_DIR/incidents" | tail -1)
	cat "$work/run.log"
	return 0
}
posted() { python3 -c '
import json, sys
for line in open(sys.argv[1]):
    print(json.loads(line)["status"])' "$work/posted"; }
# The last outcome on record; $1: a Python expression over it ("o") and its facts ("f").
outcome() {
	"$BACKOUT" log "$id" --json | python3 -c '
import json, sys
for line in sys.stdin:
    e = json.loads(line)
    if e["event"] == "step.outcome":
        o, f = e, e.get("facts", {})
print(o, file=sys.stderr)
sys.exit(not eval(sys.argv[1]))' "$1"
}

taken() {
	runbook discord 5s
	send ok tell
	[ "$status" = 0 ] && [ "$(posted)" = 204 ] &&
		outcome 'o["result"] == "done" and f["end"] == "taken" and f["status"] == 204 and f["to"] == "#news"' &&
		python3 - "$work/posted" "$id" <<'END'
import json, re, sys
post = json.loads(open(sys.argv[1]).readline())
body = json.loads(post["body"])
assert post["type"] == "application/json", post
assert body["allowed_mentions"] == {"parse": []}, body
assert re.fullmatch(r"\*\*Work on shop\*\* @everyone 中文\nAbout 30 minutes\.\n\n-- %s, record [0-9a-f]{16}\n" % sys.argv[2],
                    body["content"]), body
END
}
# The text that was sent is the one that was on record before; and its head verifies.
on_record_before() {
	local head
	head=$(sed -n 's/.*record \([0-9a-f]\{16\}\).*/\1/p' "$work/posted") &&
		"$BACKOUT" verify "$id" --head "$head" &&
		"$BACKOUT" log "$id" --json | python3 -c '
import json, sys
sent = json.loads(json.loads(open(sys.argv[1]).readline())["body"])["content"]
lines = [json.loads(line) for line in sys.stdin]
intent = next(i for i, e in enumerate(lines) if e["event"] == "step.intent")
assert lines[intent]["before"]["text"] == sent
assert lines[intent + 1]["event"] == "step.outcome"' "$work/posted"
}
busy() { # Asked twice to wait for 0.4 s, which is done.
	send busy tell
	[ "$status" = 0 ] && [ "$(posted | tr '\n' ' ')" = "429 429 204 " ] &&
		outcome 'f["tries"] == 3 and o["elapsed"] >= 0.8'
}
shut() { # An hour is longer than there is time: not sent, and known to be.
	send shut tell
	[ "$status" = 1 ] && [ "$(posted)" = 429 ] &&
		outcome 'o["result"] == "failed" and f["end"] == "refused" and "asks to wait for 3600 s" in o["detail"]'
}
refused() {
	send refuse tell
	[ "$status" = 1 ] && [ "$(posted)" = 403 ] &&
		outcome 'f["end"] == "refused" and "not taken" in o["detail"] and "no such webhook" in o["detail"]'
}
broken() { # It may have been passed on: asked once, and never again by itself.
	send broken tell
	[ "$status" = 1 ] && [ "$(posted)" = 500 ] &&
		outcome 'f["end"] == "unknown" and "may have been taken" in o["detail"]' || return 1
	"$BACKOUT" attach "$id" --auto >"$work/attach.log" 2>&1
	[ "$(posted)" = 500 ]
}
slow() {
	send slow tell
	[ "$status" = 0 ] && [ "$(posted)" = 204 ] && outcome 'f["end"] == "taken" and o["elapsed"] >= 0.5'
}
hole() { # No answer within the messenger's time.
	runbook slack 1s
	send hole tell
	[ "$status" = 1 ] && [ "$(posted)" = 0 ] && outcome 'f["end"] == "unknown" and f["status"] is None'
}
nobody_there() { # No connection: nothing left, and that is known.
	echo "http://127.0.0.1:1/ok/$token" >"$work/hook"
	target
	"$BACKOUT" run "$work/rb" tell --target "$work/test.json" --confirm test >"$work/run.log" 2>&1
	id=$(ls "$BACKOUT_STATE_DIR/incidents" | tail -1)
	outcome 'f["end"] == "refused" and "can" in o["detail"]'
}
# The runner is killed while the chat has the message and has not answered yet: unknown, and not sent again.
killed() {
	local pid again
	runbook discord 20s
	echo 6 >"$work/delay"
	echo "http://127.0.0.1:$port/slow/killed-$token" >"$work/hook"
	: >"$work/posted"
	target
	"$BACKOUT" run "$work/rb" tell --target "$work/test.json" --confirm test >"$work/run.log" 2>&1 &
	pid=$!
	for ((i = 0; i < 150; i++)); do [ -s "$work/posted" ] && break; sleep 0.1; done
	id=$(ls "$BACKOUT_STATE_DIR/incidents" | tail -1)
	kill -9 $(pgrep -f "__runner $BACKOUT_STATE_DIR/incidents/$id") "$pid"
	wait "$pid" 2>/dev/null
	timeout 60 "$BACKOUT" attach "$id" --auto >"$work/attach.log" 2>&1
	again=$?
	cat "$work/attach.log"
	echo 0.5 >"$work/delay"
	[ "$again" = 1 ] && [ "$(posted | wc -l)" = 1 ] && "$BACKOUT" log "$id" | grep "can't be told: it was on its way"
}
paged() {
	send ok call
	[ "$status" = 0 ] && grep -q '^You are paged as Database admin\.$' "$work/paged" &&
		"$BACKOUT" log "$id" | grep 'rang Database admin (extension 12)' &&
		"$BACKOUT" log "$id" | grep 'step hand: skipped, because only a person can do this' &&
		"$BACKOUT" plan "$work/rb" call --target "$work/test.json" | grep 'by hand: post it in #news' &&
		"$BACKOUT" report "$id" --format text | grep -A8 '^MESSAGES\|^Messages' | grep 'page of dba' || return 1
	echo 3 >"$work/exit"
	send ok call
	rm "$work/exit"
	[ "$status" = 1 ] && outcome 'f["end"] == "refused" and f["status"] == 3'
}
too_long() { # Known before anything is sent.
	runbook discord 5s
	python3 - "$work/rb/shop.json" <<'END'
import json, sys
book = json.load(open(sys.argv[1]))
book["messages"]["down"]["text"] = "x" * 1990 + "${minutes}"
json.dump(book, open(sys.argv[1], "w"))
END
	send ok tell
	[ "$status" = 1 ] && ! grep -q . "$work/posted" && outcome 'o["result"] == "refused" and "Discord takes 2000" in o["detail"]'
}
# Everything that is kept or shown, in every form.
token_nowhere() {
	local form incident injected=0 hits=0
	# Before this test's own commands name the token.
	kill "$watcher"
	wait "$watcher" 2>/dev/null
	for incident in $(ls "$BACKOUT_STATE_DIR/incidents"); do
		injected=$((injected + 1))
		for form in text md html ps pdf json; do
			"$BACKOUT" report "$incident" --format "$form" -o "$work/report.$form" 2>/dev/null
			[ "$form" = pdf ] && pdftotext "$work/report.pdf" "$work/report-pdf.txt" 2>/dev/null
		done
		"$BACKOUT" log "$incident" >"$work/log.txt"
		"$BACKOUT" log "$incident" --json >"$work/log.json"
		"$BACKOUT" plan "$work/rb" tell --target "$work/test.json" >"$work/plan.txt"
		hits=$((hits + $(cat "$work"/report* "$work"/log.* "$work"/plan.txt | grep -ac "$token")))
	done
	grep -aq 'backout' "$work/seen" || return 1 # it saw nothing at all
	hits=$((hits + $(grep -rac "$token" "$BACKOUT_STATE_DIR" | awk -F: '{ n += $NF } END { print n + 0 }')))
	hits=$((hits + $(cat "$work/seen" "$work"/*.log | grep -ac "$token")))
	echo "$hits hits"
	fault 26 "a webhook's token: ledger, out, reports, process list" "$injected" $((hits ? 0 : injected)) "$hits"
	[ "$hits" = 0 ]
}

check "a message is taken by a webhook, without mentions" taken
check "what is sent is on record before it leaves, and its head verifies" on_record_before
check "a busy chat's wait is honoured" busy
check "one that asks for too much patience has not got it" shut
check "a refusal is no doubt" refused
check "a server that broke down over it may have it, and is not asked again" broken
check "a slow one is waited for" slow
check "no answer in time: nobody knows" hole
check "no connection: nothing left" nobody_there
check "a runner killed on the way leaves it unknown, and nothing is sent again" killed
check "a page goes to a command; without a messenger a person is told" paged
check "a text that is too long is refused before anything is sent" too_long
check "the token stands nowhere" token_nowhere
