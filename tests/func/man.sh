#!/bin/bash
# The manuals: clean mdoc, and the tables in backout-runbook(5) are those of the registries.
. "$(dirname "$0")/tap.sh.inc"
man=$(cd "$(dirname "$0")/../../man" && pwd)
plan 3

lint() { # Pages that are not installed yet can't be found.
	mandoc -Tlint -Wstyle "$man"/*.[15] >"$work/lint"
	! grep -v 'STYLE: referenced manual not found' "$work/lint"
}
if command -v mandoc >/dev/null; then check "mandoc has nothing to say" lint; else skip "mandoc has nothing to say" "no mandoc"; fi

tables() {
	cp "$man/backout-runbook.5" "$work/page.5"
	cp "$man/backout.1" "$work/page.1"
	"$man/regenerate" "$BACKOUT" "$work/page.5" "$work/schema.json" "$work/page.1" &&
		diff "$man/backout-runbook.5" "$work/page.5" && diff "$man/backout.1" "$work/page.1" || { echo "run: man/regenerate ./backout"; return 1; }
}
check "the tables are those of the program" tables

named() { # Independently of how the tables are made: each type and field has its place in the page.
	"$BACKOUT" check --types >"$work/types" && [ "$(wc -l <"$work/types")" -gt 200 ] || return 1
	awk -F'\t' '
		FNR == NR && /^\.Ss / { type = substr($0, 5) }
		FNR == NR && /^\.Bd -literal/ { shown[type] = 1 }
		FNR == NR && /^\.It Cm / { split($0, w, " "); seen[type, w[3]] = 1 }
		FNR == NR { next }
		$1 != "" { split($1, w, " "); type = w[2]; next }
		$3 == "example" { if (!(type in shown)) { print type ": its example is missing"; bad = 1 } next }
		!((type, $2) in seen) { print type ": " $2 " is missing"; bad = 1 }
		END { exit bad }' "$man/backout-runbook.5" "$work/types"
}
check "every type and field is in the manual" named
