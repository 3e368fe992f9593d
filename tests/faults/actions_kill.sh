#!/bin/bash
# Each type of action, its runner or what works for it killed at system calls, then gone on with: what is doubtful is
# judged as the world shows it, and no step happens twice. Undos likewise. LONG=1: each many times.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
seed=${SEED:-$RANDOM}
# The short form takes every third type, others each time.
kills=1 seconds=20 share=3
[[ -n ${LONG:-} ]] && kills=100 seconds=${SECONDS_EACH:-360} share=1
plan 2

if ! strace -f -b execve -o /dev/null true 2>/dev/null; then
	skip "each type of action, killed and gone on with" "strace can't trace here"
	skip "nothing is left behind" "strace can't trace here"
	exit 0
fi
python3 tests/faults/actions_kill.py "$work" $kills "$seconds" "$seed" $share >"$work/kills" 2>&1
sed 's/^/# /' "$work/kills"
survived() {
	local injected survived lost
	read -r _ injected survived lost <<<"$(grep "^fault " "$work/kills")"
	[[ -n $lost ]] || return 1
	fault 5 "actions and undos, killed and gone on with" "$injected" "$survived" "$lost"
	fault 1 "the record at kills of actions" "$injected" "$survived" "$lost"
	((injected > 0 && lost == 0))
}
check "each type of action, killed and gone on with" survived
kept_removed() { "$BACKOUT" drill --clean && nothing_left; }
check "nothing is left behind" kept_removed
