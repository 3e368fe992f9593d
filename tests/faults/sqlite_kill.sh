#!/bin/bash
# The actions on SQLite databases, killed at each of their system calls that change something: afterwards the
# database is whole, as it was or as it was to be, and which of the two is what the action itself says.
[[ -d /dev/shm && -w /dev/shm ]] && TMPDIR=/dev/shm
. "$(dirname "$0")/../func/tap.sh.inc"
actions=${BUILD:-build}/tests/unit/actions_sqlite
names=("a restore" "a new one" "SQL in a transaction" "a copy")
calls=unlink,rename,link,write,pwrite64,fsync,fdatasync,ftruncate,fchmod,chmod,lchown,fchown,mkdir
step=${LONG:+1}
step=${step:-2} # each second call, where time is short
plan ${#names[@]}

# killed KIND WHEN FOLDER: killed at that call; 1: there are no so many calls.
killed() {
	rm -rf "$3"
	cp -R "$work/made" "$3"
	"$actions" --before "$3" "$1" >/dev/null || return 2
	traced -f -o "$3.trace" -e trace="$calls" -e inject="$calls:signal=KILL:when=$2" \
		"$actions" --run "$3" "$1" >/dev/null 2>&1
	grep -q 'killed by SIGKILL' "$3.trace"
}

sweep() {
	local when said points=0 happened=0
	for ((when = 1; when < 4000; when += step)); do
		killed "$1" "$when" "$work/ws"
		case $? in
		1) break ;;
		2) return 1 ;;
		esac
		points=$((points + 1))
		said=$("$actions" --judge "$work/ws" "$1" 2>"$work/why") || {
			echo "killed at call $when: $(grep -B1 'killed by' "$work/ws.trace" | head -1): $(cat "$work/why")"
			return 1
		}
		[[ $said == happened ]] && happened=$((happened + 1))
		echo "# ${names[$1]}: $(grep -v '+++' "$work/ws.trace" | tail -1 | cut -c1-70): $said" >&5
	done
	fault 5 "SQLite: ${names[$1]}, killed at its calls" "$points" "$points" 0
	echo "$points kills, $happened of them after it had happened"
	((points > 3))
}

if ! strace -o /dev/null true 2>/dev/null; then
	for name in "${names[@]}"; do skip "$name, killed at each call" "strace can't trace here"; done
	exit 0
fi
mkdir "$work/made"
"$actions" --make "$work/made" 0 || echo "Bail out! no database could be made"
for ((kind = 0; kind < ${#names[@]}; kind++)); do
	check "${names[kind]}, killed at each call" sweep "$kind"
done
