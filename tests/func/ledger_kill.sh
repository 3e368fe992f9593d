#!/bin/bash
# The ledger when its writer is killed, or the disk fails, at each of its system calls in turn: every
# acknowledged event is there, and the next writer goes on.
# Memory is as good as a disk for this, and hundreds of syncs don't wait.
[[ -d /dev/shm && -w /dev/shm ]] && TMPDIR=/dev/shm
. "$(dirname "$0")/tap.sh.inc"
writer=${BUILD:-build}/tests/unit/logs_ledger_faults
calls=openat,mkdir,flock,pwrite64,write,fdatasync,fsync,fallocate,ftruncate
events=2
names=("killed at every call" "every sync fails once" "every write fails once"
       "the disk is full at every write" "every open fails once")
plan $((${#names[@]} + ${LONG:+5}+0))

# trace FOLDER INJECTION: appends under strace; the numbers of the acknowledged events go to the log.
trace() {
	traced -f -o "$work/trace" -e trace="$calls" -e inject="$2" \
		"$writer" --append "$1" $events >>"$1.acknowledged" 2>>"$work/errors"
}

# holds FOLDER: verified by the second verifier, with all acknowledged events.
holds() {
	local out lines last
	out=$(python3 tests/verify_ledger.py "$1") || { echo "$1: $out"; return 1; }
	lines=$(sed -n 's/ lines, .*//p' <<<"$out")
	last=$(tail -n 1 "$1.acknowledged" 2>/dev/null)
	((lines >= ${last:-0})) || { echo "$1: $lines lines, $last acknowledged"; return 1; }
}

# at CALL FAULT NUMBER new|old: the fault at that one of its calls, of a ledger that is made, or of one that is there.
# 1: it was not survived; 2: there is no such call.
at() {
	local folder=$work/$1.${2//[^A-Za-z]/.}.$3.$4
	mkdir "$folder"
	printf '{}' >"$folder/runbook.json"
	printf '{}' >"$folder/target.json"
	[[ $4 == new ]] || "$writer" --append "$folder" 1 >"$folder.acknowledged" || return 1
	trace "$folder" "$1:$2:when=$3"
	grep -qE 'INJECTED|killed by SIGKILL' "$work/trace" || return 2
	[[ -e $folder/ledger.jsonl ]] || return 0
	holds "$folder" || { echo "$2 at $1 $3, $4"; tail -5 "$work/trace"; return 1; }
	"$writer" --append "$folder" 1 >>"$folder.acknowledged" && holds "$folder" || { echo "after $2 at $1 $3, $4"; return 1; }
	rm -rf "$folder" "$folder.acknowledged"
}

# every CALLS FAULT ROW: the fault at the first of each of the calls, the second ... until there are no more; strace
# counts the calls of a set apart, so each has a sweep of its own.
every() {
	local call age when injected=0 lost=0
	for call in ${1//,/ }; do
		for age in new old; do
			for ((when = 1; when < 200; when++)); do
				at "$call" "$2" "$when" $age
				case $? in
				1) lost=$((lost + 1)) ;;
				2) break ;;
				esac
				injected=$((injected + 1))
			done
			echo "# $2 at $((when - 1)) of $call, $age" >&5
		done
	done
	fault "$3" "an append: $2 at every one of $1" $injected $((injected - lost)) $lost
	((injected > 2 && lost == 0))
}

if ! strace -o /dev/null true 2>/dev/null; then
	for name in "${names[@]}"; do skip "$name" "strace can't trace here"; done
	exit 0
fi
check "${names[0]}" every "$calls" signal=KILL 1
check "${names[1]}" every fdatasync error=EIO 8
check "${names[2]}" every pwrite64 error=EIO 8
check "${names[3]}" every pwrite64 error=ENOSPC 8
check "${names[4]}" every openat error=EMFILE 8
if [[ -n ${LONG:-} ]]; then
	for error in EIO ENOSPC EDQUOT EINTR EROFS; do
		check "$error at every call" every "$calls" error=$error 8
	done
fi
