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

# every CALLS FAULT: the fault at the first call, the second ... until there are no more such calls.
every() {
	local when folder injected
	for ((when = 1; when < 200; when++)); do
		folder=$work/$n.$when
		mkdir "$folder"
		printf '{}' >"$folder/runbook.json"
		printf '{}' >"$folder/target.json"
		# Half of them go on with a ledger that is there.
		((when % 2)) || "$writer" --append "$folder" 1 >"$folder.acknowledged" || return 1
		trace "$folder" "$1:$2:when=$when"
		injected=$(grep -cE 'INJECTED|killed by SIGKILL' "$work/trace")
		if [[ -e $folder/ledger.jsonl ]]; then
			holds "$folder" || { echo "fault $when"; tail -5 "$work/trace"; return 1; }
			"$writer" --append "$folder" 1 >>"$folder.acknowledged" || return 1
			holds "$folder" || { echo "after fault $when"; return 1; }
		fi
		((injected)) || break
	done
	fault "$3" "an append: $2 at every one of $1" $((when - 1)) $((when - 1)) 0
	((when > 2))
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
