#!/bin/bash
# A restore that is killed (tests/faults/rows, 4): the runner of a real procedure, its stage with pg_restore, or the
# server itself, at random moments and (LONG=1) at each write-like system call. Whoever attaches then finds the
# whole old or the whole new database, open for use; the old one is there still, and no half-made copy.
. "$(dirname "$0")/../func/tap.sh.inc"
. "$(dirname "$0")/cluster.sh.inc"
kills=${LONG:+200}
kills=${kills:-15}
RANDOM=20261121
plan 5
if ! have_cluster; then
	for name in "a database" "random moments" "twice" "each call" "the server"; do skip "$name" "no PostgreSQL server here"; done
	exit 0
fi

facts="SELECT (SELECT count(*) || '/' || sum(hashtextextended(o::text, 0)) FROM orders o) || ' ' || (SELECT count(*) FROM lines)"
make_shop() {
	cluster_start && sql postgres 'CREATE ROLE app LOGIN' && sql postgres 'CREATE DATABASE shop OWNER app' &&
		sql shop "SET ROLE app; CREATE TABLE orders (id int PRIMARY KEY, at timestamp, note text);
			INSERT INTO orders SELECT i, '2026-01-01'::timestamp + i * interval '1 min', 'order ' || i
				FROM generate_series(1, 30000) i;
			CREATE TABLE lines (id int REFERENCES orders, n int); CREATE INDEX ON lines (n);
			INSERT INTO lines SELECT i, i % 7 FROM generate_series(1, 30000) i" || return
	cat >"$work/shop.json" <<-'END'
	{"format": 1, "system": "shop", "title": "A shop",
	 "parameters": {"db": {"type": "path", "help": "folder of the socket"}, "dumps": {"type": "path", "help": "folder of dumps"},
	   "dump": {"type": "path", "help": "the dump", "default": "/nowhere"}},
	 "sources": {
	   "main": {"postgres": {"host": "${db}", "database": "shop", "role": "app"}},
	   "admin": {"postgres": {"host": "${db}", "database": "postgres", "role": "postgres"}}},
	 "procedures": {
	   "save": {"title": "Dump", "estimate": "1m", "data_loss": "none", "risk": "low",
	     "steps": [{"id": "dump", "say": "Dump", "action": {"pg_dump": "main", "to": "${dumps}"}}]},
	   "restore": {"title": "Restore", "estimate": "1m", "data_loss": "some", "risk": "high",
	     "steps": [{"id": "restore", "say": "Restore",
	       "action": {"pg_restore": "main", "admin": "admin", "from": "${dump}", "loss": {"orders": "at"}},
	       "verify": [{"postgres": "main", "sql": "SELECT count(*) FROM orders WHERE note LIKE 'order %'", "equals": "30000"}]}]}}}
	END
	target
	"$BACKOUT" run "$work/shop.json" save --target "$work/box.json" --confirm box >"$work/save.log" 2>&1 ||
		{ cat "$work/save.log"; return 1; }
	dump=$(ls "$work"/dumps/*.dump)
	target
	new=$(sql shop "$facts")
	sql shop "UPDATE orders SET note = 'ruined' WHERE id % 3 = 0;
		INSERT INTO orders SELECT i, '2026-02-01'::timestamp, 'late' FROM generate_series(30001, 30123) i"
	old=$(sql shop "$facts")
	[[ $old != "$new" ]]
}
target() {
	cat >"$work/box.json" <<-END
	{"target": "box", "system": "shop", "class": "staging", "claim": "$work/claim",
	 "parameters": {"db": "$work/db", "dumps": "$work/dumps", "dump": "${dump:-/nowhere}"}}
	END
}
# The processes of this run, the oldest first: whoever has its state folder, and is no helper of this script.
ours() {
	local environ pid
	for environ in $(grep -lzsx "BACKOUT_STATE_DIR=$BACKOUT_STATE_DIR" /proc/[0-9]*/environ); do
		pid=${environ//[!0-9]/}
		[[ $(readlink "/proc/$pid/exe") == "$(realpath "$BACKOUT")" ]] && cut -d' ' -f22 "/proc/$pid/stat" | sed "s/$/ $pid/"
	done 2>/dev/null | sort -n | cut -d' ' -f2
}
declare -A names=([0]=read [1]=write [7]=poll [17]=pread64 [18]=pwrite64 [20]=writev [23]=select [35]=nanosleep [44]=sendto
	[45]=recvfrom [46]=sendmsg [59]=execve [61]=wait4 [72]=fcntl [74]=fsync [75]=fdatasync [82]=rename [230]=clock_nanosleep
	[232]=epoll_wait [257]=openat [270]=pselect6 [271]=ppoll [281]=epoll_pwait [running]=running)
# What each of them is doing: "backout:poll pg_restore:write".
doing() {
	local pid call
	for pid in "$@"; do
		read -r call _ <"/proc/$pid/syscall" || continue
		echo -n "$(cat "/proc/$pid/comm"):${names[$call]:-$call} "
	done 2>/dev/null
}
begin() {
	BACKOUT_STATE_DIR=$work/state$((++round))
	mkdir -p "$BACKOUT_STATE_DIR"
	rm -f "$work/claim"
}
restore() { "$BACKOUT" run "$work/shop.json" restore --target "$work/box.json" --confirm box; }
# settle: goes on with what is left, then looks at the databases; puts the old one back for the next round.
settle() {
	local now names pid t0=$(now_us)
	# It looks on for as long as the incident is open; what it does by itself comes first.
	"$BACKOUT" attach --auto >"$work/attach.log" 2>&1 8>&- &
	pid=$!
	until grep -qs '^waiting' "$work/attach.log" || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done
	kill -TERM $pid 2>/dev/null
	wait $pid
	[[ ${TIMES:-} ]] && echo "# settled in $((($(now_us) - t0) / 1000)) ms: $(tail -1 "$work/attach.log")" >&5
	now=$(sql shop "$facts" 2>&1)
	names=$(sql postgres "SELECT datname || CASE WHEN datallowconn THEN '' ELSE '!' END FROM pg_database
		WHERE datname NOT LIKE 'template%' AND datname NOT IN ('postgres', 'shop') ORDER BY 1")
	if [[ $now == "$old" && -z $names ]]; then
		((++olds))
	elif [[ $now == "$new" && $names == shop_before_* && $names != *$'\n'* && $names != *! &&
		$(sql "$names" "$facts") == "$old" ]]; then
		((++news))
		sql postgres "DROP DATABASE shop WITH (FORCE)" && sql postgres "ALTER DATABASE \"$names\" RENAME TO shop" || return
	else
		echo "bad: shop is \"$now\" (old \"$old\", new \"$new\"); beside it: $names"
		cat "$work/run.log" "$work/attach.log"
		"$BACKOUT" log 2>/dev/null | tail -20
		return 1
	fi
	rm -rf "$BACKOUT_STATE_DIR"
}

now_us() { echo "${EPOCHREALTIME/./}"; }
random_kills() {
	local i began whole victims after run killed=0 good=0 bad=0 calls
	olds=0 news=0
	begin
	began=$(now_us)
	restore >"$work/run.log" 2>&1 || { cat "$work/run.log"; return 1; }
	whole=$(($(now_us) - began))
	settle || return
	echo "# an undisturbed run: $((whole / 1000)) ms" >&5
	for ((i = 0; i < kills; i++)); do
		begin
		restore >"$work/run.log" 2>&1 8>&- &
		run=$!
		after=$(((RANDOM * 32768 + RANDOM) % whole))
		sleep $((after / 1000000)).$(printf %06d $((after % 1000000)))
		mapfile -t victims < <(ours)
		# All of them at once; the runner and who waits for it; what does the work.
		((i % 3 == 1 && ${#victims[@]} > 2)) && victims=("${victims[@]:0:2}")
		((i % 3 == 2 && ${#victims[@]} > 2)) && victims=("${victims[@]:2}")
		calls=$(doing "${victims[@]}" $(for v in "${victims[@]}"; do cat "/proc/$v/task/$v/children" 2>/dev/null; done))
		((${#victims[@]})) && kill -KILL "${victims[@]}" 2>/dev/null && ((++killed))
		echo "# killed after $((after / 1000)) ms: $calls" >&5
		wait $run
		settle && ((++good)) || ((++bad))
	done
	echo "# afterwards the old one $olds times, the new one $news times" >&5
	fault 4 "the runner, its stage and pg_restore killed at random moments" "$killed" "$((killed - bad))" "$bad"
	((bad == 0 && killed * 3 >= kills * 2))
}

# every_call POINTS CALL...: each process of the run is killed at its Nth such call, each sort of call by itself
# (strace counts them apart), at so many places in the busiest process.
every_call() {
	local points=$1 calls call when most step bad=0 killed=0 died
	shift
	calls=$(IFS=, && echo "$*")
	olds=0 news=0
	begin
	traced -f -o "$work/whole" -e trace="$calls" "$BACKOUT" run "$work/shop.json" restore --target "$work/box.json" \
		--confirm box >"$work/run.log" 2>&1 || { cat "$work/run.log"; return 1; }
	settle || return
	for call; do
		most=$(awk -v call="^${call#\?}[(]" '$2 ~ call { n[$1]++ }
			END { for (p in n) if (n[p] > most) most = n[p]; print most + 0 }' "$work/whole")
		((most > 0)) || continue
		step=$(((most + points - 1) / points))
		for ((when = 1; when <= most; when += step)); do
			begin
			traced -f -o "$work/trace" -e trace="$call" -e inject="$call:signal=KILL:when=$when" "$BACKOUT" run \
				"$work/shop.json" restore --target "$work/box.json" --confirm box >"$work/run.log" 2>&1 8>&-
			died=$(grep -c 'killed by SIGKILL' "$work/trace")
			((died)) && ((++killed))
			echo "# ${call#\?} $when of $most: $died processes killed" >&5
			settle || ((++bad))
		done
	done
	echo "# the old one $olds times, the new one $news times" >&5
	fault 4 "every process of a restore killed at its Nth write-like call" "$killed" "$((killed - bad))" "$bad"
	((bad == 0 && killed > 0))
}

# Whoever goes on is killed as well: then nothing is begun once more, and nothing half-made may stay. What it was at
# is told by what it says.
killed_twice() {
	local during try file pid bad=0 n=0
	olds=0 news=0
	for during in pg_restore 'comparing rows' 'ALLOW_CONNECTIONS'; do
		begin
		for try in 1 2; do
			if ((try == 1)); then restore; else "$BACKOUT" attach --auto; fi >"$work/run.log" 2>&1 8>&- &
			pid=$!
			until grep -qsE "$during" "$BACKOUT_STATE_DIR"/incidents/*/out/*.restore.$try.log || ! kill -0 $pid 2>/dev/null; do :; done
			kill -KILL $(ours) 2>/dev/null && ((++n))
			wait $pid
		done
		settle || ((++bad))
	done
	echo "# the old one $olds times, the new one $news times" >&5
	fault 4 "a restore killed, and killed again when it was begun anew" "$n" "$((n - bad))" "$bad"
	((bad == 0 && n >= 4))
}

server_crashes() {
	local i times=${LONG:+12} bad=0 pid during
	times=${times:-2} olds=0 news=0
	for ((i = 0; i < times; i++)); do
		begin
		restore >"$work/run.log" 2>&1 8>&- &
		pid=$!
		# Half of them while the copy is filled, the others while it is looked at.
		((i % 2)) && during='comparing rows' || during='pg_restore'
		until grep -qs "$during" "$BACKOUT_STATE_DIR"/incidents/*/out/* || ! kill -0 $pid 2>/dev/null; do :; done
		cluster_crash || return
		wait $pid
		echo "# the postmaster killed during: $(tail -qn 1 "$BACKOUT_STATE_DIR"/incidents/*/out/*.log | tr '\n' ' ')" >&5
		settle || ((++bad))
	done
	echo "# the old one $olds times, the new one $news times" >&5
	fault 4 "the server killed in the middle of a restore" "$times" "$((times - bad))" "$bad"
	((bad == 0))
}

check "a database to lose, and its dump" make_shop
check "killed at $kills random moments: old or new, whole, open" random_kills
check "killed twice: nothing half-made is left by who gives up" killed_twice
if ! strace -o /dev/null true 2>/dev/null; then
	skip "killed at each write-like call" "strace can't trace here"
elif [[ -z ${LONG:-} ]]; then
	check "killed at some write-like calls" every_call 1 sendto renameat ftruncate
else
	check "killed at each write-like call" every_call 8 sendto write pwrite64 writev fdatasync fsync '?rename' renameat \
		ftruncate '?unlink' unlinkat '?mkdir' mkdirat '?link' linkat
fi
check "the server killed: old or new, whole, open" server_crashes
