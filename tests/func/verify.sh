#!/bin/bash
# backout verify on a real incident: a good one, every kind of damage, each with the line it names, and
# the same verdicts from the verifier that was written from backout-ledger(5) alone.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 12

cat >"$work/shop.json" <<'END'
{"format": 1, "system": "shop", "title": "The shop",
 "parameters": {"root": {"type": "path", "help": "where the shop lives"}},
 "procedures": {"restart": {"title": "Restart the shop", "estimate": "1m", "data_loss": "none",
   "risk": "low", "steps": [
     {"id": "mark", "say": "Mark it", "action": {"command": ["touch", "${root}/mark"]},
      "verify": [{"file": "${root}/mark", "exists": true}]}]}}}
END
cat >"$work/test.json" <<END
{"target": "test", "system": "shop", "class": "staging", "claim": "$work/claim",
 "parameters": {"root": "$work"}}
END
"$BACKOUT" run "$work/shop.json" restart --target "$work/test.json" --confirm test >"$work/run.log" 2>&1
id=$("$BACKOUT" incidents --json | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["incident"])')
folder=$BACKOUT_STATE_DIR/incidents/$id
ledger=$folder/ledger.jsonl
cp -a "$folder" "$work/good" && cp "$ledger" "$work/ledger"
lines=$(wc -l <"$ledger")

verify() { "$BACKOUT" verify "$id" "$@"; }
second() { python3 tests/verify_ledger.py "$folder" "$@"; }
restore() { cat "$work/ledger" >"$ledger"; }

# damaged LINE: both verifiers refuse, and the program names that line.
damaged() {
	status 4 verify 2>"$work/stderr" >/dev/null || return 1
	grep -q "ledger.jsonl line $1:" "$work/stderr" || { cat "$work/stderr"; return 1; }
	status 4 second >"$work/second" 2>&1 && grep -q "ledger.jsonl line $1:" "$work/second" ||
		{ cat "$work/second"; return 1; }
}

# Changes single bytes all over the ledger, in one process that calls both verifiers.
every_byte() {
	BACKOUT=$BACKOUT PYTHONDONTWRITEBYTECODE=1 python3 - "$ledger" "$id" <<'END'
import contextlib, io, os, subprocess, sys
sys.path.insert(0, "tests")
import verify_ledger
path, incident = sys.argv[1:3]
good = open(path, "rb").read()
places = sorted(set(range(0, len(good), 97)) | {i + d for i, b in enumerate(good) if b == 10
                                                 for d in (-1, 0, 1) if i + d < len(good)})
def second():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        return verify_ledger.main([os.path.dirname(path)]), out.getvalue()
wrong = []
for place in places:
    for bit in (1, 0x80):
        bad = bytearray(good)
        bad[place] ^= bit
        with open(path, "wb") as f:
            f.write(bad)
        run = subprocess.run([os.environ["BACKOUT"], "verify", incident], capture_output=True)
        line = good[:place].count(b"\n") + 1
        named = b"ledger.jsonl line %d:" % line in run.stderr
        other, said = second()
        if run.returncode != 4 or not named or other != 4 or "ledger.jsonl line %d:" % line not in said:
            wrong.append((place, line, run.returncode, run.stderr, other, said))
with open(path, "wb") as f:
    f.write(good)
print(len(places), "places")
for w in wrong[:10]:
    print(w)
sys.exit(1 if wrong else 0)
END
}

good() {
	[ "$lines" -ge 6 ] || { cat "$work/run.log"; return 1; }
	status 0 verify && second
}
removed() {
	sed "${1}d" "$work/ledger" >"$ledger"
	damaged "$1"
	local result=$?
	restore
	return $result
}
exchanged() {
	awk 'NR == 2 { kept = $0; next } { print } NR == 3 { print kept }' "$work/ledger" >"$ledger"
	damaged 2
	local result=$?
	restore
	return $result
}
inserted() {
	{ head -3 "$work/ledger"; sed -n 3p "$work/ledger"; tail -n +4 "$work/ledger"; } >"$ledger"
	damaged 4
	local result=$?
	restore
	return $result
}
# A cut-off tail is whole in itself: only a head that left the machine tells.
cut_off() {
	local head
	head=$(verify --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["head"])')
	status 0 verify --head "$head" || return 1
	status 0 verify --head "${head:0:16}" && status 0 second --head "$head" || return 1
	head -n $((lines - 1)) "$work/ledger" >"$ledger"
	status 0 verify && status 4 verify --head "$head" && status 4 second --head "$head"
	local result=$?
	restore
	return $result
}
torn() {
	printf '{"seq":99,"at":"20' >>"$ledger"
	status 0 verify >"$work/out" && grep -q "^note: ledger.jsonl line $((lines + 1)):" "$work/out" &&
		status 0 second
	local result=$?
	restore
	return $result
}
frozen() {
	sed -i 's/Mark it/Mark id/' "$folder/runbook.json"
	status 4 verify 2>"$work/stderr" && grep -q 'runbook.json: ' "$work/stderr"
	local result=$?
	cp "$work/good/runbook.json" "$folder/runbook.json"
	return $result
}
copied() {
	mkdir -p "$work/copy/$id" && cp "$ledger" "$work/copy/$id/"
	status 0 "$BACKOUT" verify "$work/copy/$id" >"$work/out" && grep -q 'only the chain' "$work/out"
}
unknown() {
	status 2 "$BACKOUT" verify 1999-01-01-01 2>"$work/stderr" && grep -q '^backout: ' "$work/stderr" &&
		status 2 verify --head zz && status 2 "$BACKOUT" verify
}
# Log and report show what stands before the damage, say so, and end with 4.
readable() {
	sed -i '3s/"event":"/"event":"x/' "$ledger"
	status 4 "$BACKOUT" log "$id" >"$work/out" 2>"$work/stderr" &&
		[ "$(wc -l <"$work/out")" = 2 ] && grep -q 'line 3' "$work/stderr" &&
		status 4 "$BACKOUT" report "$id" >"$work/out" 2>&1 && grep -q 'DAMAGED: ledger' "$work/out"
	local result=$?
	restore
	return $result
}

check "a real incident's ledger is good, in both verifiers" good
check "every changed byte is found, and its line named" every_byte
check "the first line removed" removed 1
check "a line in the middle removed" removed 3
check "two lines exchanged" exchanged
check "a line repeated" inserted
check "a tail cut off: the head tells" cut_off
check "a torn last line of an open incident is a note" torn
check "a changed runbook is named" frozen
check "a ledger copied alone: the chain is verified" copied
check "an unknown incident and bad calls are usage errors" unknown
check "a damaged record can still be read" readable
