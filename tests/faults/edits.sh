#!/bin/bash
# Row 23: an edit of a configuration file that is killed, or whose disk fails, at each of its system calls in turn:
# the file is the old one or the new one, with its mode, owner and attributes, and the next edit leaves nothing beside
# it. In short one format; LONG=1: all of them, copies, and what takes them back.
. "$(dirname "$0")/../func/tap.sh.inc"
actor=$(realpath "${BUILD:-build}/tests/unit/actions_edits")
export GIT_CONFIG_NOSYSTEM=1

# kind FORMAT: the file, its old and new text.
declare -A old=(
	[python]=$'LIVE = True  # on\nX = 1\n' [dict]=$'FLAGS = {\n    "LIVE": True,\n    "X": 1,\n}\n'
	[json]=$'{"LIVE": true, "X": 1}\n' [env]=$'export LIVE=true\nX=1\n' [ini]=$'[bot]\nLIVE = on\nX = 1\n'
)
declare -A new=(
	[python]=$'LIVE = False  # on\nX = 1\n' [dict]=$'FLAGS = {\n    "LIVE": False,\n    "X": 1,\n}\n'
	[json]=$'{"LIVE": false, "X": 1}\n' [env]=$'export LIVE=false\nX=1\n' [ini]=$'[bot]\nLIVE = off\nX = 1\n'
)
for kind in file_copy file_restore; do
	old[$kind]=$'a configuration\n'
	new[$kind]=$'another one\n'
done

# scene KIND: $folder with the file `app/f` as it was.
scene() {
	folder=$work/scene
	rm -rf "$folder"
	mkdir -p "$folder/app"
	printf %s "${old[$1]}" >"$folder/app/f"
	printf %s "${new[$1]}" >"$folder/given"
	chmod 640 "$folder/app/f" "$folder/given"
	((EUID)) || chown 1234:4321 "$folder/app/f" "$folder/given"
	((attributes)) && setfattr -n user.note -v kept "$folder/app/f" && setfattr -n user.note -v kept "$folder/given"
	state_before=$(state_of)
}

# The file's mode, owner and attributes.
state_of() {
	stat -c '%a %u %g' "$folder/app/f"
	((attributes)) && getfattr -d --absolute-names "$folder/app/f" | grep note
	:
}

# act KIND --run|--undo [PROGRAM...]: under PROGRAM.
act() {
	local kind=$1 how=$2 format=$1 type=flags sources="{}" args
	shift 2
	[[ $kind == dict ]] && format=python
	case $kind in
	file_copy) type=file_copy args="{'file_copy': '@/given', 'to': '@/app/f', 'overwrite': true}" ;;
	file_restore) type=file_restore args="{'file_restore': '@/app/f', 'from': '@/given'}" ;;
	*)
		sources="{'c': {'path': '@/app/f', 'format': '$format', 'names': {}}}"
		args="{'flags': 'c', 'set': {'LIVE': false}}"
		;;
	esac
	"$@" "$actor" "$how" "$folder" "$type" "$sources" "$args"
}

# points KIND HOW: "CALL NUMBER" of each system call between the actor's two marks; NUMBER counts that call from the
# process's beginning, as strace does.
points() {
	scene "$1"
	act "$1" "$2" traced -o "$work/calls" 2>/dev/null || return 1
	awk -F'[( ]' '$1 == "getpriority" { on = !on; next }
		$1 ~ /^[a-z_0-9]+$/ { n[$1]++; if (on) print $1, n[$1] }' "$work/calls"
}

# sound KIND HOW WHAT: nothing but the old or the new file; then the next edit ends well and leaves nothing.
sound() {
	local text state
	text=$(cat "$folder/app/f"; echo .)
	state=$(state_of)
	[[ $text == "${old[$1]}." || $text == "${new[$1]}." ]] || { echo "$3: mixed: $text"; return 1; }
	[[ $state == "$state_before" ]] || { echo "$3: was $state_before, is $state"; return 1; }
	# One that got through can't be told from one that didn't: both may be edited again.
	act "$1" --run >"$work/again" 2>&1 || { echo "$3: again: $(cat "$work/again")"; return 1; }
	[[ $(cat "$folder/app/f"; echo .) == "${new[$1]}." && $(ls -A "$folder/app") == f ]] ||
		{ echo "$3: left: $(ls -A "$folder/app")"; return 1; }
}

# sweep KIND HOW FAULT...: each fault at each call.
sweep() {
	local kind=$1 how=$2 fault call number injected=0 lost=0 list
	shift 2
	list=$(points "$kind" "$how") || return 1
	for fault in "$@"; do
		while read -r call number; do
			# What fails for another reason than the disk's is no point.
			[[ $fault == error=* && ! $call =~ ^(openat|read|pread64|write|fsync|fchmod|fchown|renameat2?|unlinkat|copy_file_range|fstat|newfstatat|flistxattr|fgetxattr|fsetxattr|mkdir|lseek|close|getdents64)$ ]] && continue
			scene "$kind"
			act "$kind" "$how" traced -qq -o "$work/trace" -e trace="$call" -e inject="$call:$fault:when=$number" \
				>/dev/null 2>"$work/said"
			((injected++))
			grep -qE 'INJECTED|killed by' "$work/trace" || echo "$call $number: nothing was injected"
			sound "$kind" "$how" "$kind $how $fault at $call $number" >>"$work/bad" || ((lost++))
			echo "# $kind $how: $fault at $call $number: $(head -c 100 "$work/said")" >&5
		done <<<"$list"
	done
	fault 23 "$kind $how: ${*#*=} at every call" "$injected" $((injected - lost)) "$lost"
	((injected > 0 && lost == 0)) || { cat "$work/bad"; return 1; }
}

# KIND HOW FAULT...
sweeps=("python --run signal=KILL" "python --run error=ENOSPC")
if [[ -n ${LONG:-} ]]; then
	sweeps=()
	for kind in python dict json env ini file_copy file_restore; do
		sweeps+=("$kind --run signal=KILL" "$kind --run error=EIO error=ENOSPC error=EDQUOT error=EROFS")
	done
	for kind in python file_copy file_restore; do sweeps+=("$kind --undo signal=KILL" "$kind --undo error=EIO"); done
fi
plan ${#sweeps[@]}
if ! strace -o /dev/null true 2>/dev/null; then
	for words in "${sweeps[@]}"; do skip "$words" "strace can't trace here"; done
	exit 0
fi
touch "$work/probe"
attributes=0
command -v setfattr getfattr >/dev/null && setfattr -n user.note -v kept "$work/probe" 2>/dev/null && attributes=1
for words in "${sweeps[@]}"; do
	# shellcheck disable=SC2086
	check "$words at every call" sweep $words
done
