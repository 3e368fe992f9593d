#!/bin/bash
# The folders' includes go one way, as docs/ARCHITECTURE.md has it; only tui/ knows the terminal library;
# and no two files include each other in a circle.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 4

declare -A may=(
	[lib]="lib"
	[sources]="sources lib"
	[checklists]="checklists lib"
	[actions]="actions lib"
	[logs]="logs lib"
	[core]="core sources checklists actions logs lib"
	[tui]="tui core sources checklists actions logs lib"
	[drill]="drill core sources checklists actions logs lib"
	[cli]="cli tui drill core sources checklists actions logs lib"
)

directions() {
	local folder file line to bad=0
	for folder in "${!may[@]}"; do
		for file in "$folder"/*.[ch]; do
			while IFS= read -r line; do
				to=${line%%/*}
				[[ " ${may[$folder]} " == *" $to "* ]] || { echo "$file includes $line"; bad=1; }
			done < <(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file")
		done
	done
	return $bad
}

rooted() { ! grep -nE '^#include "[^/"]+"' -- */*.[ch]; }
curses() { ! grep -nE '^#include <(curses|ncurses|panel|menu|form)' lib/*.[ch] sources/*.[ch] checklists/*.[ch] actions/*.[ch] logs/*.[ch] core/*.[ch] drill/*.[ch] cli/*.[ch]; }

# tsort names the members of every circle; a header and its own .c file are one thing.
circles() {
	local out
	out=$(for file in */*.[ch]; do
		sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file" | while IFS= read -r to; do
			[[ $file == *.h ]] && echo "$file $to"
		done
	done | tsort 2>&1 >/dev/null)
	[ -z "$out" ] || { echo "$out"; return 1; }
}

check "includes follow the table" directions
check "includes are written from the root" rooted
check "only tui includes curses" curses
check "no include circles" circles
