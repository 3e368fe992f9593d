#!/bin/bash
# Power cuts: an ext4 of its own is shut down under a writer of the ledger, without a journal being written any more
# (EXT4_IOC_SHUTDOWN, NOLOGFLUSH); mounted again, every acknowledged event is there and the next writer goes on.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
writer=${BUILD:-build}/tests/unit/logs_ledger_faults
cuts=${LONG:+100}
cuts=${cuts:-3}
disk=$work/disk
plan 1
cleanup() {
	[[ -z ${pid:-} ]] || kill -9 "$pid" 2>/dev/null
	umount "$disk" 2>/dev/null
}
make_disk() {
	truncate -s 16M "$work/image" && mkfs.ext4 -q -F "$work/image" && mkdir -p "$disk" &&
		mount -o loop "$work/image" "$disk"
}
# X of _IOR('X', 125, __u32): flags 2, what is in memory is lost.
shut_down() {
	python3 -c 'import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack("I", 2))' "$disk"
}
done_cuts=0 survived=0 acknowledged=0 lost=0
cut() {
	local folder=$disk/incident.$1 last lines delay
	mkdir "$folder" && printf '{}' >"$folder/runbook.json" && printf '{}' >"$folder/target.json" && sync -f "$disk"
	SYNC_TWICE=1 "$writer" --append "$folder" 100000 >"$work/acknowledged" 2>"$work/writer.log" &
	pid=$!
	until [[ -s $work/acknowledged ]] || ! kill -0 $pid 2>/dev/null; do :; done
	delay=$((RANDOM % 40 + 5))
	sleep "0.$(printf %03d $delay)"
	shut_down || return 1
	wait $pid
	pid=
	umount "$disk" && mount -o loop "$work/image" "$disk" || return 1
	# Whole numbers only: the last one may have been printed in part.
	last=$(grep -c . "$work/acknowledged")
	done_cuts=$((done_cuts + 1)) acknowledged=$((acknowledged + last))
	python3 tests/verify_ledger.py "$folder" >"$work/verified" || { cat "$work/verified"; lost=$((lost + 1)); return 1; }
	lines=$(sed -n 's/ lines, .*//p' "$work/verified")
	if ((lines < last)); then
		echo "cut $1: $lines lines, $last acknowledged"
		lost=$((lost + last - lines))
		return 1
	fi
	"$writer" --append "$folder" 1 >/dev/null && python3 tests/verify_ledger.py "$folder" || return 1
	survived=$((survived + 1))
	rm -r "$folder"
}
all() {
	local i result=0
	for ((i = 1; i <= cuts; i++)); do cut $i || result=1; done
	echo "$done_cuts cuts, $acknowledged acknowledged, $lost lost"
	return $result
}
if make_disk 2>"$work/why"; then
	check "every acknowledged event survives power cuts" all
	fault 2 "power cuts under a writer ($acknowledged acknowledged)" $done_cuts $survived $lost
else
	skip "every acknowledged event survives power cuts" "no file system can be made and mounted: $(tail -n 1 "$work/why")"
fi
