#!/bin/bash
# Opening and sealing an incident while its disk fails: an error code at each system call between the two marks of
# core_incident, each call counted for itself. What was acknowledged is on record; what was refused is said, leaves
# no incident and no seal, and works the next time.
cd "$(dirname "$0")/../.." || exit 2
[[ -d /dev/shm && -w /dev/shm ]] && TMPDIR=/dev/shm
. tests/func/tap.sh.inc
. tests/faults/ledger.sh.inc
actor=$(realpath "${BUILD:-build}/tests/unit/core_incident")
names=("opening" "sealing")
plan 2
if ! strace -o /dev/null true 2>/dev/null; then
	for name in "${names[@]}"; do skip "$name" "strace can't trace here"; done
	exit 0
fi
make_runbook
mkdir "$work/root"
printf '{"target": "test", "system": "shop", "class": "staging", "claim": "%s/claim", "parameters": {"root": "%s/root"}}' \
	"$work" "$work" >"$work/test.json"
# What an I/O error, a full disk or a mount that became read-only can make fail.
may_fail='^(openat|read|pread64|write|pwrite64|fsync|fdatasync|fallocate|ftruncate|mkdir|rename|renameat2?|unlinkat|chmod|fchmod|fchown|fstat|newfstatat|getdents64|flock|flistxattr|fgetxattr|fsetxattr) '

incidents() { ls "$BACKOUT_STATE_DIR/incidents" 2>/dev/null | wc -l; }
open_one() { "$@" "$actor" --open "$work/shop.json" "$work/test.json"; }
# scene opening|sealing: the state folder before the act; $folder is the incident to seal.
scene() {
	rm -rf "$BACKOUT_STATE_DIR"
	[[ $1 == sealing ]] || return 0
	folder=$(open_one) && echo output >"$folder/out/01.log" && mkdir "$folder/steps/kept" && echo kept >"$folder/steps/kept/f"
}
act() {
	local what=$1
	shift
	if [[ $what == opening ]]; then open_one "$@"; else "$@" "$actor" --seal "$folder"; fi
}
is_sealed() { grep -q '"event":"incident.closed"' "$folder"/ledger*.jsonl; }
verifies() { python3 tests/verify_ledger.py "$folder" >"$work/verified" || { cat "$work/verified"; return 1; }; }
# What was told is true, and the next one succeeds.
opening_holds() {
	if (($1 == 0)); then
		folder=$(<"$work/told")
		grep -q '"event":"incident.opened"' "$folder/ledger.jsonl" && verifies || return 1
	else
		[[ -s $work/said && $(incidents) == 0 ]] || { echo "left: $(ls -R "$BACKOUT_STATE_DIR"/incidents)"; return 1; }
	fi
	folder=$(open_one) && verifies
}
sealing_holds() {
	((($1 != 0) || $(is_sealed; echo $?) == 0)) || { echo "acknowledged, and not sealed"; return 1; }
	(($1 == 0)) || [[ -s $work/said ]] || { echo "refused without a word"; return 1; }
	verifies || return 1
	is_sealed || { act sealing && is_sealed && verifies; }
}
# points opening|sealing: "CALL NUMBER" of each call between the marks.
points() {
	scene "$1"
	act "$1" traced -o "$work/calls" >/dev/null || return 1
	awk -F'[( ]' '$1 == "getpriority" { on = !on; next }
		$1 ~ /^[a-z_0-9]+$/ { n[$1]++; if (on) print $1, n[$1] }' "$work/calls"
}
sweep() {
	local what=$1 error call number status list injected=0 lost=0 at
	# In short every fifth of them, another fifth each time.
	at=$((RANDOM % 5))
	list=$(points "$what" | grep -E "$may_fail" | awk -v at="${LONG:+all}$at" 'at ~ /all/ || NR % 5 == at')
	[[ $list ]] || return 1
	for error in EIO ${LONG:+ENOSPC EROFS EMFILE EACCES EINTR EDQUOT}; do
		while read -r call number; do
			scene "$what"
			act "$what" traced -qq -o "$work/trace" -e trace="$call" -e inject="$call:error=$error:when=$number" \
				>"$work/told" 2>"$work/said"
			status=$?
			grep -q INJECTED "$work/trace" || { echo "$call $number: nothing was injected"; continue; }
			injected=$((injected + 1))
			echo "# $what: $error at $call $number: exit $status $(head -c 100 "$work/said")" >&5
			"${what}_holds" $status || { echo "$what: $error at $call $number: exit $status"; lost=$((lost + 1)); }
		done <<<"$list"
	done
	fault 8 "$what an incident: error codes at each call" $injected $((injected - lost)) $lost
	((injected > 5 && lost == 0))
}
for name in "${names[@]}"; do check "$name" sweep "$name"; done
