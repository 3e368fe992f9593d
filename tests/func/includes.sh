#!/bin/bash
# The folders' includes go one way, as docs/ARCHITECTURE.md has it; only tui/ knows the terminal library;
# and no two files include or call each other in a circle.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 5
build=${BUILD:-build}

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

# Reads pairs "FROM TO"; tsort names the members of every circle.
circle_free() {
	local out
	out=$(tsort 2>&1 >/dev/null)
	[ -z "$out" ] || { echo "$out"; return 1; }
}

# A header and its own .c file are one thing.
include_circles() {
	local file
	for file in */*.h; do
		sed -n "s|^#include \"\([^\"]*\)\".*|$file \1|p" "$file"
	done | circle_free
}

# Who uses whose functions and data, as the linker sees it. Objects of files that are gone don't count.
call_circles() {
	local folder file object objects=()
	for folder in "${!may[@]}"; do
		for file in "$folder"/*.c; do
			object=$build/${file%.c}.o
			[ -e "$object" ] || { echo "$object is not built"; return 1; }
			objects+=("$object")
		done
	done
	nm -A -P -g "${objects[@]}" | awk -v skip=${#build} '
		{ file = substr($1, skip + 2, length($1) - skip - 4) ".c" }
		$3 == "U" { uses[file, $2]; next }
		{ home[$2] = file }
		END {
			for (use in uses) {
				split(use, part, SUBSEP)
				if (part[2] in home && home[part[2]] != part[1])
					print part[1], home[part[2]]
			}
		}' | sort -u | circle_free
}

check "includes follow the table" directions
check "includes are written from the root" rooted
check "only tui includes curses" curses
check "no include circles" include_circles
check "no call circles" call_circles
