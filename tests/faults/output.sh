#!/bin/bash
# Any output of a step is recorded: all bytes, NUL, broken UTF-8, a line of 10 MiB, endless output on both streams.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 5

root=$work/root
megabytes=${LONG:+1024}
megabytes=${megabytes:-64}
mkdir "$root"
cat >"$root/write.py" <<'END'
import os, sys, threading
what = sys.argv[1]
if what == "bytes":
    for _ in range(64): os.write(1, bytes(range(256)))
elif what == "broken":
    for piece in b"\xff\xfe", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x92", b"\xed\xa0\x80", b"\xc0\x80", b"\x1b]52;c;QQ==\x07", b"\r\b\x9b2J":
        os.write(1, piece * 1000 + b"\n")
        os.write(2, piece * 1000 + b"\n")
elif what == "line":
    os.write(1, b"x" * (10 << 20))
    os.write(1, b"\n")
else:
    block = b"".join(b"%07d abcdefgh\n" % (i % 10000000) for i in range(65536))
    def pour(fd):
        for _ in range(int(sys.argv[2])):
            left = memoryview(block)
            while left: left = left[os.write(fd, left):]
    threads = [threading.Thread(target=pour, args=(fd,)) for fd in (1, 2)]
    for t in threads: t.start()
    for t in threads: t.join()
    os.write(1, b"the end\n")
END
cat >"$work/writer.json" <<'END'
{"format": 1, "system": "writer", "title": "A writer",
 "parameters": {"root": {"type": "path", "help": "where it lies"}, "megabytes": {"type": "string", "help": "a stream"}},
 "procedures": {"write": {"title": "Write", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "bytes", "say": "All bytes", "action": {"command": ["python3", "${root}/write.py", "bytes"]}},
   {"id": "broken", "say": "Broken text", "action": {"command": ["python3", "${root}/write.py", "broken"]}},
   {"id": "line", "say": "A long line", "action": {"command": ["python3", "${root}/write.py", "line"]}},
   {"id": "flood", "say": "A flood", "timeout": "5m", "action": {"command": ["python3", "${root}/write.py", "flood", "${megabytes}"]}}]}}}
END
cat >"$work/here.json" <<END
{"target": "here", "system": "writer", "class": "staging", "claim": "$work/claim",
 "parameters": {"root": "$root", "megabytes": "$megabytes"}}
END
# The most that the runner, its copies and their files in memory have taken.
python3 - "$work/peak" "$BACKOUT" <<'END' &
import glob, os, sys
peak = shared = 0
while True:
    for path in glob.glob("/proc/[0-9]*/status"):
        try:
            if b"__runner" not in open(path.replace("status", "cmdline"), "rb").read(): continue
            if os.readlink(path.replace("status", "exe")) != os.path.realpath(sys.argv[2]): continue
            for line in open(path):
                if line.startswith("VmHWM:"): peak = max(peak, int(line.split()[1]))
            for fd in glob.glob(path.replace("status", "fd/*")):
                if os.readlink(fd).startswith("/memfd:output"): shared = max(shared, os.stat(fd).st_blocks // 2)
        except (OSError, ValueError): continue
    with open(sys.argv[1] + ".new", "w") as f: f.write("%d %d" % (peak // 1024, shared // 1024))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
END
watcher=$!
cleanup() { kill $watcher 2>/dev/null; wait 2>/dev/null; }
runs() {
	timeout 600 "$BACKOUT" run "$work/writer.json" write --target "$work/here.json" --confirm here >"$work/run" 2>&1
	local exited=$?
	cut -c1-200 "$work/run" | tail -20
	[ $exited = 0 ]
}
check "every step ends as it should" runs
out() { echo "$BACKOUT_STATE_DIR"/incidents/*/out/*."$1".1.log; }
lost=0
same() { cmp "$1" "$2" || { lost=$((lost + 1)); return 1; }; }
python3 "$root/write.py" bytes >"$work/bytes" 2>/dev/null
check "all bytes are there" same "$work/bytes" "$(out bytes)"
python3 "$root/write.py" broken >"$work/broken" 2>&1
check "broken text, as it was" same "$work/broken" "$(out broken)"
python3 "$root/write.py" line >"$work/line"
check "a line of 10 MiB" same "$work/line" "$(out line)"
# Both streams, interleaved as they came: whole lines of either, up to the limit, and a word about the rest.
flood() {
	local size
	size=$(stat -c %s "$(out flood)")
	read -r memory files <"$work/peak"
	echo "# a flood of $((2 * megabytes)) MiB: $((size >> 20)) MiB kept; the runner took $memory MiB, its files in memory $files MiB" >&5
	[ "$size" -ge $((64 << 20)) ] && [ "$size" -lt $((66 << 20)) ] && tail -c 100 "$(out flood)" | grep -qa "more output was dropped" &&
		[ "$memory" -lt 128 ] && [ "$files" -lt 512 ] || { lost=$((lost + 1)); return 1; }
}
check "a flood on both streams is kept up to the limit, in bounded memory" flood
fault 14 "outputs: all bytes, broken text, 10 MiB line, flood of $((2 * megabytes)) MiB" 4 $((4 - lost)) $lost
