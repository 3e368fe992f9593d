#!/bin/bash
# Not logged means not run: the record can't be written any more, in each way that we know, while a step runs and
# before the intent of a destructive one. The destructive step never starts, and the program says so and ends.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/faults/ledger.sh.inc
chmod 755 "$work"
make_runbook

# ---- ways to take it away; each works on $folder ----
file_is_read_only() { chmod 400 "$folder/ledger.jsonl"; } # as another user than root
folder_is_gone() { mv "$folder" "$case/away"; }
folder_is_another() { mv "$folder" "$case/away" && cp -a "$case/away" "$folder"; }
file_is_gone() { mv "$folder/ledger.jsonl" "$case/away"; }
file_is_empty() { : >"$folder/ledger.jsonl"; }
file_is_shorter() { sed -i '$d' "$folder/ledger.jsonl"; }
file_is_cut() { truncate -s -20 "$folder/ledger.jsonl"; }
file_is_another() { cp "$folder/ledger.jsonl" "$case/away" && mv "$case/away" "$folder/ledger.jsonl"; }
file_is_a_link() { mv "$folder/ledger.jsonl" "$case/away" && ln -s "$case/away" "$folder/ledger.jsonl"; }
file_is_anothers() { echo '{"seq":1}' >"$case/away" && ln -f "$case/away" "$folder/ledger.jsonl"; }
file_is_a_pipe() { rm "$folder/ledger.jsonl" && mkfifo "$folder/ledger.jsonl"; }
file_is_a_folder() { rm "$folder/ledger.jsonl" && mkdir "$folder/ledger.jsonl"; }
file_is_a_device() { rm "$folder/ledger.jsonl" && ln -s /dev/full "$folder/ledger.jsonl"; }
lock_is_held() {
	bash -c 'exec 9<"$1" && flock 9 && exec sleep 600' bash "$folder" &
	holder=$!
	until ! flock -n "$folder" true; do :; done
}
file_is_immutable() { chattr +i "$folder/ledger.jsonl"; }
disk_is_read_only() { mount --bind "$folder" "$folder" && mount -o remount,ro,bind "$folder"; }

ways=(folder_is_gone folder_is_another file_is_gone file_is_empty file_is_shorter file_is_cut file_is_another
      file_is_a_link file_is_anothers file_is_a_pipe file_is_a_folder file_is_a_device lock_is_held)
if [[ -z ${LONG:-} ]]; then
	ways=(folder_is_gone file_is_empty file_is_another file_is_a_pipe file_is_a_device file_is_shorter)
fi
cleanup() {
	[[ -z ${holder:-} ]] || kill "$holder" 2>/dev/null
	[[ -z ${folder:-} ]] || umount "$folder" 2>/dev/null
	chattr -R -i "$work" 2>/dev/null
	[[ -z ${run:-} ]] || kill -9 "$run" 2>/dev/null
}
intent_is_on_record() {
	grep -q '"event":"step.intent",.*"step":"destroy"' "$folder/ledger.jsonl" &&
		python3 tests/verify_ledger.py "$folder"
}
# not_run WAY PROCEDURE: the record is taken away at the gate. What came of it is a line in $work/results.
not_run() {
	begin "$1.$2" "$2" || return 1
	"$1" >"$case/way" 2>&1 || { cat "$case/way"; open_gate; ended; return 2; }
	open_gate
	ended
	[[ -z ${holder:-} ]] || kill "$holder"
	cat "$case/log"
	# A copy of the record is as good as the record to a runner that starts behind it.
	if destroyed && intent_is_on_record; then
		echo "recorded $1" >>"$work/results"
		return 0
	fi
	if destroyed; then
		echo "started $1" >>"$work/results"
		echo "$1, $2: the destructive step was started"
		return 1
	fi
	echo "refused $1" >>"$work/results"
	# 1: the runner alone saw it, and the record held again.
	((status == 4 || status == 1)) || { echo "$1, $2: exit $status"; return 1; }
	! grep -q 'nothing was run' "$case/log" || [[ $2 == between ]] || { echo "$1, $2: the gate was run"; return 1; }
}

# They mostly wait (for a record to be well again), so several at a time.
run_all() {
	local way bad=0 pid pids=()
	for way in "${ways[@]}"; do
		while (($(jobs -rp | wc -l) >= 7)); do sleep 0.05; done
		(trap - EXIT; not_run "$way" "$1" >"$work/$way.$1.out" 2>&1) &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || bad=1; done
	((bad == 0)) || tail -n 3 "$work"/*."$1".out
	return $bad
}
# So that the checks above can fail at all.
unharmed() {
	local procedure
	for procedure in running between; do
		begin "unharmed.$procedure" $procedure && open_gate && ended && destroyed && ((status == 0)) ||
			{ cat "$case/log"; return 1; }
	done
}
as_another() { user=65534 not_run file_is_read_only running && user=65534 not_run file_is_read_only between; }
immutable() {
	if ! touch "$work/i" || ! chattr +i "$work/i" 2>/dev/null; then return 77; fi
	chattr -i "$work/i"
	not_run file_is_immutable running && chattr -i "$folder/ledger.jsonl" &&
		not_run file_is_immutable between && chattr -i "$folder/ledger.jsonl"
}
read_only_disk() {
	mkdir "$work/mounted"
	mount --bind "$work/mounted" "$work/mounted" 2>/dev/null || return 77
	umount "$work/mounted"
	local procedure result=0
	for procedure in running between; do
		not_run disk_is_read_only $procedure || result=1
		umount "$folder"
	done
	return $result
}
# may_skip NAME REASON COMMAND...: skipped when it ends with 77.
may_skip() {
	local name=$1 reason=$2 result
	shift 2
	"$@" >"$work/may.log" 2>&1
	result=$?
	((result == 77)) && { skip "$name" "$reason"; return; }
	repeat() { cat "$work/may.log"; return $result; }
	check "$name" repeat
}

plan 6
check "unharmed, the procedures do destroy" unharmed
check "taken away while a step runs" run_all running
check "taken away before the intent" run_all between
may_skip "a read-only file, as an ordinary user" "only root can change users" \
	eval '((EUID)) && return 77; as_another'
may_skip "an immutable file" "the file system has no such flag" immutable
may_skip "a disk that was made read-only" "nothing can be mounted" read_only_disk
count() { grep -c "^$1" "$work/results"; }
fault 12 "the record taken away: a destructive step not started, or on record" "$(wc -l <"$work/results")" "$(count re)" \
	"$(count started)"
