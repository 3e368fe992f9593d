#!/bin/bash
# backout check: exit codes, streams, all mistakes in one run.
. "$(dirname "$0")/tap.sh.inc"
here=$(cd "$(dirname "$0")/.." && pwd)
plan 9

cd "$here" || exit 1
check "a valid runbook: 0" status 0 "$BACKOUT" check runbooks/valid/rich runbooks/valid/minimal
check "with a target: 0" status 0 "$BACKOUT" check runbooks/valid/rich --target runbooks/valid/rich/targets/staging.json
check "shipped runbooks: 0" status 0 "$BACKOUT" check $(find ../runbooks -mindepth 1 -maxdepth 1 -type d)
check "no runbook: 2" status 2 "$BACKOUT" check
check "an unknown option: 2" status 2 "$BACKOUT" check --nonsense
check "a missing runbook: 2, even beside an invalid one" status 2 "$BACKOUT" check ./none runbooks/invalid/one-of

five() {
	status 3 "$BACKOUT" check runbooks/invalid/five-mistakes >"$work/out" 2>"$work/err" || return 1
	grep -c '^runbooks/invalid/five-mistakes/runbook.json:[0-9]*:[0-9]*: /' "$work/out" | grep -qx 5 &&
		grep -q 'did you mean "path"?' "$work/out" && grep -q '^backout: .*5 mistakes' "$work/err"
}
check "five mistakes in one run: 3" five

json() {
	"$BACKOUT" check --json runbooks/invalid/five-mistakes >"$work/out" 2>/dev/null
	python3 - "$work/out" <<'EOF'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert len(lines) == 5
assert all(l["line"] > 0 and l["column"] > 0 and l["path"].startswith("/") for l in lines)
assert [l["suggestion"] for l in lines].count(None) == 3
EOF
}
check "as JSON, one object a line" json

hostile() {
	printf '{"format": 1, "system": "demo", "title": "Demo", "a\\u001b[2J": 1}\n' >"$work/runbook.json"
	status 3 "$BACKOUT" check "$work/runbook.json" >"$work/out" 2>&1 && ! grep -q $'\033' "$work/out"
}
check "control characters never reach the terminal" hostile
