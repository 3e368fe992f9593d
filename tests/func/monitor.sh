#!/bin/bash
# backout monitor and status: real SQLite, files, commands and ports; a small HTTP server stands in for the
# program that is watched and for the chat that is told.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 36

root=$work/root
mkdir "$root"
python3 tests/func/monitor_server.py "$root" &
server=$!
monitor=
cleanup() { kill $server $monitor 2>/dev/null; }
until [ -s "$root/port" ] || ! kill -0 $server 2>/dev/null; do :; done
port=$(cat "$root/port")
python3 - "$root/games.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("CREATE TABLE games (id INTEGER)")
db.executemany("INSERT INTO games VALUES (?)", [(i,) for i in range(42)])
db.commit()
END
echo 'jobs 3
requests_total{code="200"} 100' >"$root/samples"
echo 7 >"$root/number"
cat >"$root/told" <<'END'
#!/bin/sh
cat >>"$(dirname "$0")/told.lines"
echo >>"$(dirname "$0")/told.lines"
END
chmod +x "$root/told"
cat >"$work/shop.json" <<'END'
{"format": 1, "system": "shop", "title": "A shop",
 "parameters": {"root": {"type": "path", "help": "where it is"},
                "port": {"type": "int", "help": "of its server"}},
 "sources": {
   "db": {"sqlite": {"path": "${root}/games.db"}},
   "db-file": {"file": {"path": "${root}/games.db"}},
   "app": {"prometheus": {"url": "http://127.0.0.1:${port}/metrics", "every": "1s"}},
   "number": {"command": {"argv": ["cat", "${root}/number"]}},
   "missing": {"command": {"argv": ["cat", "${root}/none"]}},
   "port": {"tcp": {"address": "127.0.0.1:${port}"}}},
 "probes": {
   "sound": {"sqlite": "db", "integrity": "quick"},
   "few": {"sqlite": "db", "sql": "SELECT count(*) FROM games", "below": 10},
   "flag": {"file": "${root}/flag", "exists": true}},
 "metrics": {
   "games": {"sqlite": "db", "read": "sql", "sql": "SELECT count(*) FROM games", "every": "1s"},
   "size": {"file": "db-file", "read": "bytes", "every": "1s"},
   "jobs": {"prometheus": "app", "read": "sample", "sample": "jobs"},
   "requests": {"prometheus": "app", "read": "rate", "sample": "requests_total", "labels": {"code": 200}},
   "number": {"command": "number", "read": "number", "every": "1s", "title": "The number",
              "warning": 10, "critical": 20, "suggest": "tree"},
   "missing": {"command": "missing", "read": "number", "every": "1s", "warning": 1, "no_data": "1s"},
   "up": {"tcp": "port", "read": "up", "every": "1s"},
   "most": {"metric": "number", "read": "max", "window": "1h"},
   "flagged": {"probe": {"not": "flag"}, "read": "down_for"}},
 "conditions": {"raised": {"title": "The flag is raised", "severity": "high", "symptoms": ["flag"],
                           "suggest": {"advice": "Lower it."}}},
 "procedures": {"poor": {"title": "Does nothing", "estimate": "1m", "data_loss": "none", "risk": "low",
   "steps": [{"id": "try", "say": "Try", "action": {"command": ["true"]}, "verify": ["few"], "within": "0s"}]}},
 "tree": {"start": "q", "questions": {"q": {"ask": "Is it?", "yes": {"advice": "Yes."}, "no": {"advice": "No."}}}}}
END
cat >"$work/attic.json" <<END
{"target": "attic", "system": "shop", "class": "live", "parameters": {"root": "$root", "port": $port}}
END
lines=$work/lines
begin() { # begin ARGUMENTS: the monitor, its lines in $lines
	"$BACKOUT" monitor "$work/shop.json" --target "$work/attic.json" --every 1s "$@" >>"$lines" 2>"$work/errors" &
	monitor=$!
}
# Waits for a line that has all of these words; as long as the monitor is there, at most a minute.
line() {
	local file=$1 end=$((SECONDS + 60)) word found
	shift
	while ((SECONDS < end)) && kill -0 "$monitor"; do
		found=$(cat "$file" 2>/dev/null)
		for word; do found=$(grep -F -- "$word" <<<"$found"); done
		[ -n "$found" ] && { tail -1 <<<"$found" >"$work/found"; return 0; }
		read -r -t 0.1 <>"$work/pause"
	done
	echo "no line with: $*"; tail -5 "$file"; return 1
}
mkfifo "$work/pause"
ends() { kill -"$1" $monitor; wait $monitor; local got=$?; monitor=; [ $got = 0 ] || { echo "exit $got"; cat "$work/errors"; return 1; }; }
says() { local text=$1; shift; "$@" >"$work/said"; grep -qF -- "$text" "$work/said" || { cat "$work/said"; return 1; }; }

check "the runbook is valid" "$BACKOUT" check "$work/shop.json"
check "nothing is watched yet" says "nothing is watched" "$BACKOUT" status

begin --alert-command "$root/told" --webhook "http://127.0.0.1:$port/hook"
check "a number out of SQLite" line "$lines" '"metric":"games"' '"value":42'
check "a file's size" line "$lines" '"metric":"size"' '"unit":"B"'
check "a sample" line "$lines" '"metric":"jobs"' '"value":3'
check "a command's number" line "$lines" '"metric":"number"' '"value":7'
check "a port that listens" line "$lines" '"metric":"up"' '"value":1'
check "what can't be read says why" line "$lines" '"event":"sample"' '"metric":"missing"' '"why":'
check "no data is a state of its own" line "$lines" '"event":"no_data"' '"metric":"missing"'
sed -i 's/100$/160/' "$root/samples"
check "a counter's rate" line "$lines" '"metric":"requests"' '"unit":"/s"' '"value":'
echo 25 >"$root/number"
check "an alert has value, threshold, since and what to look at next" \
	line "$lines" '"event":"alert"' '"level":"critical"' '"threshold":20' '"value":25' '"since":' '"suggest":"tree"' '"was":"ok"'
check "the command is told" line "$root/told.lines" '"metric":"number"' '"level":"critical"'
check "the webhook is told" line "$root/posted" '"content":"shop > attic: critical: The number 25'
until_says() { # until_says TEXT COMMAND...
	local end=$((SECONDS + 60))
	until says "$@" >/dev/null || ((SECONDS >= end)); do read -r -t 0.1 <>"$work/pause"; done
	says "$@"
}
check "the status line has the worst" until_says "shop>attic CRITICAL The number 25 (critical above 20)" "$BACKOUT" status
check "and says so by its exit code" status 1 "$BACKOUT" status
touch "$root/flag"
check "a condition is a line" line "$lines" '"event":"condition"' '"condition":"raised"' '"verdict":"pass"' '"suggest":"Lower it."'
check "samples are kept by the day" grep -q '"metric":"number"' "$BACKOUT_STATE_DIR"/metrics/shop/attic/metrics_20[0-9][0-9][01][0-9][0-3][0-9].jsonl
check "TERM ends it cleanly" ends TERM
check "and is not missed" says "nothing is watched" "$BACKOUT" status
check "with a line that says so" grep -q '"event":"stopped"' "$lines"

: >"$lines"
: >"$root/told.lines"
begin --alert-command "$root/told"
check "a restart tells nobody again" line "$lines" '"event":"sample"' '"metric":"number"' '"level":"critical"'
check "of conditions neither" line "$lines" '"event":"condition"' '"condition":"raised"' '"verdict":"pass"'
rm "$root/flag"
check "one that goes is a line" line "$lines" '"event":"condition"' '"condition":"raised"' '"verdict":"fail"'
touch "$root/flag"
echo 3 >"$root/number"
check "what is over is told" line "$root/told.lines" '"metric":"number"' '"level":"ok"' '"was":"critical"'
check "and nothing else was, nor what came again at once" sh -c '! grep -qE "\"level\":\"critical\"|\"event\":\"condition\"" "$1"' sh "$root/told.lines"
check "HUP ends it cleanly" ends HUP

: >"$lines"
: >"$root/told.lines"
echo '{"number": {"until": "2999-01-01T00:00:00Z"}}' >"$BACKOUT_STATE_DIR/metrics/shop/attic/mutes.json"
echo 22 >"$root/number"
begin --alert-command "$root/told"
check "what was measured before is remembered" line "$lines" '"metric":"most"' '"value":25'
check "what is muted is a line" line "$lines" '"event":"alert"' '"metric":"number"' '"muted_until":"2999'
check "and disturbs nobody" sh -c '! grep -q "\"metric\":\"number\"" "$1"' sh "$root/told.lines"
check "INT ends it cleanly, too" ends INT

rm "$BACKOUT_STATE_DIR/metrics/shop/attic/mutes.json"
: >"$root/told.lines"
real=$lines lines=/dev/full
begin --alert-command "$root/told"
echo 3 >"$root/number"
check "where lines can't be written, alerts are still handed over" line "$root/told.lines" '"metric":"number"' '"level":"ok"'
check "and it is said once" [ "$(grep -c "still handed over" "$work/errors")" = 1 ]
check "it ends as ever" ends TERM
lines=$real
gone() {
	"$BACKOUT" monitor "$work/shop.json" --target "$work/attic.json" --every 1s 2>"$work/errors" | head -1 >/dev/null
	[ "${PIPESTATUS[0]}" = 1 ] && grep -q "whoever read them is gone" "$work/errors"
}
check "whose reader is gone ends, and says so" gone

check "probes of SQLite" status 0 "$BACKOUT" probe "$work/shop.json" sound --target "$work/attic.json"
"$BACKOUT" run "$work/shop.json" poor --target "$work/attic.json" --confirm attic >"$work/run" 2>&1
check "an open incident is in the status line" says "shop>attic routine 20" "$BACKOUT" status
