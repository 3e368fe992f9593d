#!/bin/bash
# A day of deployment from T-2h to T+30min, on a clock that is moved on: once all is ready and it is
# deployed, once the dumps are damaged shortly before T and it is not.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
plan 21

log() { "$BACKOUT" log "$(json "$work/$1.json" incident)"; }
logged() { log "$1" | grep -q -- "$2" || { log "$1"; return 1; }; }
not_logged() { ! log "$1" | grep -- "$2"; }
said_nothing_of() { ! grep -i "$2" "$work/$1.err"; }
# By the drill's clock two hours and a half, by the host's a few minutes; time never goes back.
long_day() {
	python3 - "$BACKOUT_STATE_DIR/incidents/$(json "$work/$1.json" incident)/ledger.jsonl" <<-'PY'
		import datetime, json, sys
		lines = [json.loads(line) for line in open(sys.argv[1])]
		at = [datetime.datetime.fromisoformat(line["at"].replace("Z", "+00:00")) for line in lines]
		print(at[0], at[-1], lines[0]["mono"], lines[-1]["mono"])
		sys.exit(not (at == sorted(at) and (at[-1] - at[0]).total_seconds() >= 9000 and
		              lines[-1]["mono"] - lines[0]["mono"] < 900))
	PY
}
# The dump that the gate relied on was made on that day: a deployment is no trouble.
own_dump() {
	python3 - "$BACKOUT_STATE_DIR/incidents/$(json "$work/$1.json" incident)/ledger.jsonl" <<-'PY'
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[1])]
		made = [word for line in lines if line["event"] == "step.verify" and line["step"] == "dump"
		        for word in json.dumps(line).replace("/", " ").split() if word.endswith(".dump")]
		gate = [json.dumps(line) for line in lines if line["event"] == "gate.computed" and line.get("at_t0")]
		print(made, gate)
		sys.exit(not (made and gate and made[0] in gate[0]))
	PY
}

begun go deploy-go --auto
go=$pid
drill nogo deploy-no-go --auto
check "deploy-no-go: exit 0, as the scenario demands" test $? = 0
check "deploy-no-go: decided no-go" field nogo decision no-go
check "deploy-no-go: ended as it should" field nogo result recovered
check "deploy-no-go: verified by the sandbox' parts" field nogo verified True
check "the item reopens, since the dump's hash no longer matches" \
	logged nogo "item preflight/backup does not hold: .* is damaged: its SHA-256 is"
check "at T the gate names it" logged nogo "gate preflight at T-0: no-go: no sound dump of the last hours is there"
check "the decision's reason is on record" \
	logged nogo "gate preflight decided: no-go, because holds: no sound dump of the last hours is there"
check "nothing was deployed" not_logged nogo "procedure deploy"
check "who walks does not see the fault coming" said_nothing_of nogo "inject"
wait $go
check "deploy-go: exit 0" test $? = 0
check "deploy-go: decided go" field go decision go
check "deploy-go: ended as it should" field go result recovered
check "deploy-go: verified" field go verified True
check "deploy-go: it was deployed" field go procedure deploy
check "nothing that only a person can do was left" field go undone 0
check "the gate was computed at T" logged go "gate preflight at T-0: go"
check "a whole day by its clock, which never goes back" long_day go
check "the dump that counts is the day's own" own_dump go
check "nothing is left behind" nothing_left

# A console that dies on the way: who attaches has the same clock and the same T, and the fault comes all the same.
if [ -z "${LONG:-}" ]; then
	skip "attach finishes a day of deployment" "only in the long form"
	skip "as it should have ended" "only in the long form"
	exit
fi
begun dead deploy-no-go --auto
said dead "moved on from T-01:59"
kill -9 $pid
wait $pid 2>/dev/null
attached=$("$BACKOUT" incidents | head -1 | cut -d' ' -f1)
"$BACKOUT" attach "$attached" --auto >"$work/attached" 2>&1
check "attach finishes a day of deployment" test $? = 0
check "as it should have ended" grep -q "decision   no-go" "$work/attached"
