#!/bin/bash
# The disk of the record runs full while a step runs: the step is closed out on record from the reserve, nothing
# destructive starts, the program ends and says why; with space again it goes on.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/faults/ledger.sh.inc
make_runbook
plan 3
names=("a running step is closed out from the reserve" "by blocks and by files, at each size of disk"
       "with space again an attached console goes on")
cleanup() {
	[[ -z ${run:-} ]] || kill -9 "$run" 2>/dev/null
	umount "$work"/*/state 2>/dev/null
}
mkdir "$work/probe"
if ! mount -t tmpfs none "$work/probe" 2>/dev/null; then
	for name in "${names[@]}"; do skip "$name" "nothing can be mounted"; done
	exit 0
fi
umount "$work/probe"

fill_blocks() {
	# To the last byte, by ever smaller pieces.
	local size
	for size in 65536 4096 512 1; do
		dd if=/dev/zero of="$case/state/filler.$size" bs=$size 2>/dev/null
	done
}
fill_files() {
	local i
	for ((i = 0; i < 500; i++)); do : >"$case/state/filler.$i" || break; done 2>/dev/null
}
events() { sed -n 's/.*"event":"\([^"]*\)".*/\1/p' "$folder"/ledger*.jsonl; }

# full NAME PROCEDURE FILL OPTIONS: runs it on a small disk of its own, which is filled at the gate.
full() {
	mkdir -p "$work/$1/state"
	mount -t tmpfs -o "$4" none "$work/$1/state" || return 2
	begin "$1" "$2" || return 1
	"fill_$3"
	open_gate
	ended
	echo filled >>"$work/results"
	cat "$case/log"
	destroyed && { echo "the destructive step was started on a full disk"; return 1; }
	((status == 1 || status == 4)) || { echo "exit $status"; return 1; }
	python3 tests/verify_ledger.py "$folder" || return 1
	# What ran is closed out, and so is the procedure.
	[[ $(events | tail -n 4 | tr '\n' ' ') == "step.outcome step.verify procedure.stopped procedure.ended " ]] ||
		{ events; return 1; }
	grep -q 'No space left' "$case/log" || return 1
	# The running one has printed something that its file had no room for: that is on record, once.
	[[ $2.$3 != running.blocks ]] || (($(grep -c 'its output could not be kept: No space left' "$folder/ledger.jsonl") == 1)) ||
		{ echo "lost output is not on record"; return 1; }
	echo recorded >>"$work/results"
}
# The console dies, too; its runner closes the step out, and another console carries on once there is space.
go_on() {
	mkdir -p "$work/on/state"
	mount -t tmpfs -o size=256k none "$work/on/state" && begin on running || return 1
	{ kill -9 $run; wait $run; } 2>/dev/null
	fill_blocks
	open_gate
	echo filled >>"$work/results"
	local tries
	for ((tries = 0; tries < 500; tries++)); do
		events | grep -q step.verify && break
		sleep 0.02
	done
	events
	((tries < 500)) && echo recorded >>"$work/results"
	destroyed && return 1
	rm "$case"/state/filler.*
	attach --auto
	destroyed && python3 tests/verify_ledger.py "$folder"
}
attach() {
	BACKOUT_STATE_DIR=$case/state timeout 60 "$BACKOUT" attach "$(basename "$folder")" "$@"
}
each() {
	local size result=0
	for size in ${LONG:+192k 320k 512k 1m 4m} 384k; do
		full "blocks.$size" running blocks size=$size || result=1
		full "between.$size" between blocks size=$size || result=1
		full "files.$size" running files size=$size,nr_inodes=40 || result=1
	done
	return $result
}
small() { full small running blocks size=256k; }
check "${names[0]}" small
check "${names[1]}" each
check "${names[2]}" go_on
fault 13 "the disk of the record is filled under a running step" "$(grep -c filled "$work/results")" \
	"$(grep -c recorded "$work/results")" $(($(grep -c filled "$work/results") - $(grep -c recorded "$work/results")))
