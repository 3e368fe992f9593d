#!/bin/bash
# What is on record, read through the program: incidents, log, report.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 11

cat >"$work/shop.json" <<'END'
{"format": 1, "system": "shop", "title": "The shop",
 "parameters": {"root": {"type": "path", "help": "where the shop lives"},
                "key": {"type": "string", "secret": true, "help": "opens the shop"}},
 "procedures": {"restart": {"title": "Restart the shop", "estimate": "1m", "data_loss": "none",
   "risk": "low", "steps": [
     {"id": "mark", "say": "Mark it", "action": {"command": ["touch", "${root}/mark"]},
      "verify": [{"file": "${root}/mark", "exists": true}]},
     {"id": "say", "say": "Say it", "action": {"shell": "echo \"the key is $BACKOUT_KEY\""},
      "verify": [{"file": "${root}/mark", "exists": true}]}]}}}
END
cat >"$work/test.json" <<END
{"target": "test", "system": "shop", "class": "staging", "claim": "$work/claim",
 "parameters": {"root": "$work"}, "secrets": {"key": {"env": "SHOP_KEY"}}}
END
export SHOP_KEY=xyzzy-plugh SUDO_USER=maria SSH_CONNECTION="192.0.2.7 50000 192.0.2.1 22"

nothing_yet() {
	[ "$("$BACKOUT" incidents)" = "no incidents yet" ] && [ -z "$("$BACKOUT" incidents --json)" ]
}
check "nothing is on record yet" nothing_yet

"$BACKOUT" run "$work/shop.json" restart --target "$work/test.json" --confirm test >"$work/run.log" 2>&1
id=$("$BACKOUT" incidents --json | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["incident"])')
folder=$BACKOUT_STATE_DIR/incidents/$id

listed() {
	"$BACKOUT" incidents >"$work/list" && cat "$work/list" "$work/run.log" &&
		grep -q "^$id .* shop > test: " "$work/list"
}
logged() {
	"$BACKOUT" log "$id" >"$work/log" && cat "$work/log" &&
		grep -q 'step mark: begins: \$ touch' "$work/log" &&
		grep -q 'step mark: done in' "$work/log" &&
		grep -q 'step mark: verified: ' "$work/log"
}
log_is_json() {
	"$BACKOUT" log "$id" --json | python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
assert all(line["says"] and line["hash"] for line in lines)
assert lines[0]["event"] == "incident.opened"'
}
# The person behind sudo, and where they came from: on each line, the runner'"'"'s too. The variable is believed of
# root alone, and where the kernel keeps no login.
who() {
	"$BACKOUT" log "$id" --json | python3 -c '
import json, os, sys
believed = os.geteuid() == 0 and open("/proc/self/loginuid").read().strip() in ("", "4294967295")
for line in map(json.loads, sys.stdin):
    assert (line["by"].get("sudo") == "maria") == believed and line["by"]["ssh"] == "192.0.2.7", line'
}
secret() {
	grep -q 'the key is \[redacted\]' -r "$folder/out" && ! grep -r xyzzy "$folder"
}
reported() {
	"$BACKOUT" report "$id" >"$work/report" && cat "$work/report" &&
		[ "$(awk '{ if (length($0) > 72) n++ } END { print n + 0 }' "$work/report")" = 0 ] &&
		grep -q '^Execution$' "$work/report" && grep -q 'Mark it .* done .* holds' "$work/report" &&
		! grep -q '^Error details$' "$work/report"
}
report_is_json() {
	"$BACKOUT" report "$id" --format json -o "$work/report.json" &&
		python3 - "$work/report.json" "$id" <<'END'
import json, sys
facts = json.load(open(sys.argv[1]))
assert facts["incident"] == sys.argv[2]
assert [step["step"] for step in facts["steps"]] == ["mark", "say"], facts["steps"]
assert all(step["outcome"] == "done" and step["verify"] == "pass" for step in facts["steps"])
assert facts["record"]["verify"] == "good"
END
}
# A folder is whole in itself: it can be read where neither runbook nor target are.
elsewhere() {
	cp -a "$folder" "$work/$id" && rm "$work/shop.json" "$work/test.json" &&
		"$BACKOUT" report "$work/$id" | cmp - "$work/report"
}

check "the incident is listed" listed
check "the log says what was done" logged
check "the log as JSON" log_is_json
check "who did it, behind sudo and ssh" who
check "a secret is in no file of the record" secret
check "the report, 72 columns" reported
check "the report as JSON" report_is_json
check "the folder alone gives the same report" elsewhere

# What is no incident is a wrong call; one whose record can't be used is not, whoever asks.
all_say() {
	local want=$1 what
	for what in "attach --auto" attach log report; do
		status "$want" "$BACKOUT" $what "$2" </dev/null >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
	done
}
check "an incident that there is not: 2" all_say 2 2001-01-01-01
mkdir "$work/bad" && cp -r "$folder" "$work/bad"
sed -i "2s/operator/aperator/" "$work/bad/$id/ledger.jsonl"
damaged() {
	local what
	for what in "attach --auto" log report verify; do
		status 4 "$BACKOUT" $what "$work/bad/$id" </dev/null >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
	done
	rm "$work/bad/$id/runbook.json"
	for what in attach log report verify; do
		status 4 "$BACKOUT" $what "$work/bad/$id" </dev/null >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
	done
}
check "one whose record is damaged, or its runbook gone: 4" damaged
