#!/bin/bash
# The actions on SQLite databases, killed at each of their system calls that change something: afterwards the
# database is whole, as it was or as it was to be, and which of the two is what the action itself says.
[[ -d /dev/shm && -w /dev/shm ]] && TMPDIR=/dev/shm
. "$(dirname "$0")/../func/tap.sh.inc"
actions=${BUILD:-build}/tests/unit/actions_sqlite
names=("a restore" "a new one" "SQL in a transaction" "a copy")
calls=(copy_file_range sendfile unlink rename renameat link write pwrite64 fsync fdatasync ftruncate fchmod chmod lchown
	fchown mkdir)
[[ -n ${LONG:-} ]] && most=4000 || most=6 # kills at each sort of call
plan ${#names[@]}

# killed KIND CALL WHEN FOLDER: killed there; 1: there are not so many such calls.
killed() {
	rm -rf "$4"
	cp -R "$work/made" "$4"
	"$actions" --before "$4" "$1" >/dev/null || return 2
	traced -f -o "$4.trace" -e trace="$2" -e inject="$2:signal=KILL:when=$3" \
		"$actions" --run "$4" "$1" >/dev/null 2>&1
	grep -q 'killed by SIGKILL' "$4.trace"
}

# Each sort of call apart: strace counts them one by one.
sweep() {
	local call when said points=0 happened=0 bad=0
	for call in "${calls[@]}"; do
		for ((when = 1; when <= most; when++)); do
			killed "$1" "$call" "$when" "$work/ws"
			case $? in
			1) break ;;
			2) return 1 ;;
			esac
			points=$((points + 1))
			said=$("$actions" --judge "$work/ws" "$1" 2>"$work/why") || {
				echo "killed at $call $when: $(cat "$work/why")"
				bad=$((bad + 1))
			}
			[[ $said == happened ]] && happened=$((happened + 1))
			echo "# ${names[$1]}: $(grep -v '+++' "$work/ws.trace" | tail -1 | cut -c1-70): $said" >&5
		done
	done
	fault 5 "SQLite: ${names[$1]}, killed at its calls" "$points" $((points - bad)) "$bad"
	echo "$points kills, $happened of them after it had happened"
	((points > 3 && bad == 0))
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
