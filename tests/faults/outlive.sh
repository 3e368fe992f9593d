#!/bin/bash
# A running step outlives its console, its terminal, its tmux server and its login: it ends, and that is on record.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
times=2
[[ -n ${LONG:-} ]] && times=40
deaths=(console terminal tmux session)
plan ${#deaths[@]}
outlives() {
	local injected finished
	python3 tests/faults/outlive.py "$work" "$1" $times >"$work/out" 2>&1
	cat "$work/out"
	read -r _ injected finished <<<"$(grep '^fault ' "$work/out")"
	[[ -n $finished ]] || return 1
	fault 6 "running steps whose $1 died" "$injected" "$finished" $((injected - finished))
	((injected == finished))
}
for death in "${deaths[@]}"; do
	if [[ $death == tmux ]] && ! command -v tmux >/dev/null; then
		skip "a running step outlives its tmux" "there is no tmux"
	else
		check "a running step outlives its $death" outlives "$death"
	fi
done
