#!/bin/bash
# The shipped JSON Schema: made from the same tables as the checker, and judged by a validator that is
# not ours.
. "$(dirname "$0")/tap.sh.inc"
here=$(dirname "$0")/..
plan 5

cat >"$work/validate.py" <<'EOF'
import json, sys
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
validator, bad = Draft7Validator(schema), 0
for path in sys.argv[2:]:
    try:
        document = json.load(open(path))
    except ValueError as error:
        print(path + ":", error)
        bad = 1
        continue
    for error in validator.iter_errors(document):
        bad = 1
        print(path + ":", list(error.absolute_path), error.message[:200])
sys.exit(bad)
EOF

generated() { "$BACKOUT" check --schema >"$work/schema.json" && diff "$work/schema.json" "$here/../runbooks/runbook.schema.json"; }
check "the shipped schema is what the tables give" generated

if ! python3 -c 'import jsonschema' 2>/dev/null; then
	for name in valid shipped refused strict; do skip "$name" "no python3-jsonschema"; done
	exit 0
fi
validate() { python3 "$work/validate.py" "$here/../runbooks/runbook.schema.json" "$@"; }
documents() { find "$1" -name '*.json' -not -path '*/drill/*' -not -path '*/targets/*'; }

check "valid runbooks pass" validate $(documents "$here/runbooks/valid")
check "shipped runbooks pass" validate $(documents "$here/../runbooks" | grep -v 'runbook.schema.json$')

# refusals: the invalid runbooks that the schema refuses; a schema that fails as such refuses none.
refusals() { validate "$here"/runbooks/invalid/*/runbook.json | sed -n 's/\(runbook.json\): .*/\1/p' | sort -u; }
refusals >"$work/refusals" 2>"$work/errors"

# What one value says by itself a schema can see; names, circles and orders it can't.
refused() {
	local name
	for name in unknown-key wrong-type missing-required unknown-type bad-values one-of reads items \
		parameter-type bad-names; do
		grep -qF "/invalid/$name/runbook.json" "$work/refusals" || { echo "$name was accepted"; return 1; }
	done
}
check "what a schema can see is refused" refused

# Everything that the schema refuses, the checker refuses, too: no valid runbook is red in an editor.
strict() {
	local path
	[ -s "$work/errors" ] && { cat "$work/errors"; return 1; }
	while IFS= read -r path; do
		status 3 "$BACKOUT" check "$path" || return 1
	done <"$work/refusals"
}
check "the checker is at least as strict" strict
