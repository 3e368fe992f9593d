#!/bin/bash
# Levels 1 to 3 of Slomix with their processes killed on the way, and gone on with: the record keeps what it had, no
# step runs twice by itself, the database is whole and old or whole and new and open, the tree is clean at the old or
# the new commit. LONG=1: hundreds of kills. SEED=N repeats a sweep as far as the machine lets it.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
seed=${SEED:-$RANDOM}
kills=3 seconds=20
[[ -n ${LONG:-} ]] && kills=300 seconds=${SECONDS_EACH:-420}
names=("Level 1" "Level 2" "Level 3")
plan $((${#names[@]} + 1))

if ! strace -f -b execve -o /dev/null true 2>/dev/null; then
	for name in "${names[@]}" "nothing is left behind"; do skip "$name" "strace can't trace here"; done
	exit 0
fi
python3 tests/faults/levels_kill.py "$work" level-1,level-2,level-3 $kills "$seconds" "$seed" >"$work/kills" 2>&1
sed 's/^/# /' "$work/kills"
# survived LEVEL: the sweep came to its end, and every kill was survived.
survived() {
	local injected survived lost
	read -r _ _ injected survived lost <<<"$(grep "^fault $1 " "$work/kills")"
	[[ -n $lost ]] || return 1
	fault 5 "Level ${1#level-}, killed and gone on with" "$injected" "$survived" "$lost"
	fault 1 "the record at kills of Level ${1#level-}" "$injected" "$survived" "$lost"
	[[ $1 != level-3 ]] || fault 4 "Level 3, killed and gone on with" "$injected" "$survived" "$lost"
	((injected > 0 && lost == 0))
}
for level in 1 2 3; do
	check "Level $level, killed and gone on with" survived level-$level
done
kept_removed() { "$BACKOUT" drill --clean && nothing_left; }
check "nothing is left behind" kept_removed
