#!/bin/bash
# What a drill needs and does not find: one clear message with what to do, and nothing left.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
plan 11

# refused NAME WHAT HINT COMMAND...: exits 1, says what is wrong and what to do.
refused() {
	local what=$1 hint=$2 got
	shift 2
	"$@" >"$work/out" 2>&1
	got=$?
	[ $got = 1 ] && grep -q "^backout: .*$what" "$work/out" && grep -q "^         .*$hint" "$work/out" ||
		{ echo "exit $got"; cat "$work/out"; return 1; }
}
attempt=("$BACKOUT" drill slomix bad-flag --auto)
# A mount of one's own hides a folder; where that is not allowed, the test is skipped.
hiding() { unshare -m sh -c 'mount -t tmpfs none "$1" && shift && exec "$@"' - "$@"; }
hidden() { # NAME FOLDER WHAT HINT
	if [ -d "$2" ] && unshare -m mount -t tmpfs none "$2" 2>/dev/null; then
		check "$1" refused "$3" "$4" hiding "$2" "${attempt[@]}"
	else
		skip "$1" "$2 can't be hidden here"
	fi
}

mkdir -m 700 "$work/closed" "$work/closed/open"
if [ "$(id -u)" = 0 ]; then
	check "a folder that the server's user can't enter" \
		refused "can't enter $work/closed/open" "set TMPDIR" env TMPDIR="$work/closed/open" "${attempt[@]}"
else
	skip "a folder that the server's user can't enter" "the server runs as this user"
fi
check "nothing is left in it" test -z "$(ls -A "$work/closed/open")"
check "a folder that is not there" refused "none: its free space can't be read" "set TMPDIR" env TMPDIR="$work/none" "${attempt[@]}"

mkdir "$work/bin"
for program in curl python3; do ln -s "$(command -v $program)" "$work/bin/"; done
check "no git" refused "needs git" "apt-get install git" env PATH="$work/bin" "${attempt[@]}"
hidden "no psycopg2" /usr/lib/python3/dist-packages/psycopg2 "needs Python with psycopg2" "apt-get install .*psycopg2"
hidden "no PostgreSQL" /usr/lib/postgresql "initdb is not installed" "apt-get install postgresql"
check "nothing is left" nothing_left

# The disk fills up while the cluster is made, and while the rows are.
full() { # FILE-THAT-APPEARS
	unshare -m bash -c 'mount -t tmpfs -o size=640m,mode=711 none "$1" || exit 77
		export TMPDIR=$1
		"${@:3}" & drill=$!
		while kill -0 $drill 2>/dev/null; do
			compgen -G "$1/backout-drill-*/$2" >/dev/null && break
			sleep 0.01
		done
		dd if=/dev/zero of="$1/fill" bs=1M 2>/dev/null
		wait $drill
		status=$?
		[ "$(ls -A "$1")" = fill ] || { ls -A "$1"; exit 99; }
		exit $status' - "$work/full" "$1" "${attempt[@]}"
}
mkdir -m 711 "$work/full"
if unshare -m mount -t tmpfs none "$work/full" 2>/dev/null; then
	check "no space at first" refused "a sandbox needs" "free some space" \
		unshare -m sh -c 'mount -t tmpfs -o size=50m,mode=711 none "$1" && TMPDIR=$1 && export TMPDIR && shift && exec "$@"' \
		- "$work/full" "${attempt[@]}"
	check "the disk fills up while the cluster is made" refused "building the sandbox" "the disk of .* is full" \
		full "db/data/PG_VERSION"
	check "the disk fills up while the database is filled" refused "building the sandbox" "the disk of .* is full" \
		full "run/postgres.pid"
else
	skip "no space at first" "nothing can be mounted here"
	skip "the disk fills up while the cluster is made" "nothing can be mounted here"
	skip "the disk fills up while the database is filled" "nothing can be mounted here"
fi
check "nothing is left" nothing_left
