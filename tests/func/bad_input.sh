#!/bin/bash
# What can go wrong before anything begins: one clear message that says what to do, the right exit code, and
# nothing half done.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
export TMPDIR=$work
chmod 711 "$work"
plan 12

says() { # PATTERN STATUS COMMAND...
	local pattern=$1 want=$2 got
	shift 2
	"$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	cat "$work/err"
	[ "$got" = "$want" ] || { echo "exit $got, expected $want"; return 1; }
	grep -q '^backout: ' "$work/err" && grep -qE "$pattern" "$work/err" || return 1
	[ "$(wc -l <"$work/err")" -le 3 ]
}
empty() { [ -z "$(ls -A "$work" | grep -vE '^(check.log|out|err|state|bin|small|frozen|target.json)$')" ] || { ls -A "$work"; return 1; }; }

check "a missing runbook" says 'nowhere.*not found' 2 "$BACKOUT" watch nowhere
check "a missing runbook, checked" says 'nowhere.*not found' 2 "$BACKOUT" check nowhere
check "a missing scenario names those there are" says 'bad-migration, bad-release' 1 "$BACKOUT" drill slomix nowhere --auto
check "a missing target" says 'nowhere' 2 "$BACKOUT" plan slomix level-1 --target nowhere

echo '{"target": "other", "system": "elsewhere", "class": "live"}' >"$work/target.json"
wrong_system() {
	"$BACKOUT" plan slomix level-1 --target "$work/target.json" >"$work/out" 2>"$work/err"
	[ $? = 3 ] && grep -q 'target.json:1:[0-9]*: /system: .*"slomix"' "$work/err" "$work/out"
}
check "a target of another system" wrong_system

# A PATH without PostgreSQL's programs is not enough where they lie in their usual folder: hide that, too.
no_postgresql() {
	unshare --mount bash -c '
		mount -t tmpfs none /usr/lib/postgresql && mkdir -p "$1/bin" &&
		for p in git bash cp chmod curl python3; do ln -s "$(command -v $p)" "$1/bin/$p"; done &&
		PATH=$1/bin exec "$2" drill slomix bad-release --auto' sh "$work" "$BACKOUT"
}
if [ "$(id -u)" = 0 ] && unshare --mount mount -t tmpfs none /usr/lib/postgresql 2>/dev/null; then
	check "no PostgreSQL programs" says 'initdb' 1 no_postgresql
else
	skip "no PostgreSQL programs" "can't hide them here"
fi
rm -rf "$work/bin"
check "... and nothing is left" empty

mkdir "$work/small"
small_disk() { unshare --mount bash -c 'mount -t tmpfs -o size=64m none "$1" && TMPDIR=$1 exec "$2" drill slomix bad-release --auto' sh "$work/small" "$BACKOUT"; }
if [ "$(id -u)" = 0 ] && unshare --mount mount -t tmpfs -o size=1m none "$work/small" 2>/dev/null; then
	check "no room for the sandbox" says 'MB free.*needs' 1 small_disk
else
	skip "no room for the sandbox" "can't make a small disk here"
fi

# A state folder that nobody may write, also not root: below a file.
: >"$work/frozen"
echo '{"target": "here", "system": "slomix", "class": "live"}' >"$work/target.json"
unwritable() { BACKOUT_STATE_DIR=$work/frozen/state "$BACKOUT" "$@"; }
check "a state folder that can't be written" says 'frozen' 4 unwritable open slomix --target "$work/target.json"
check "a state folder that can't be written, drill" says 'frozen' 4 unwritable drill slomix bad-release --auto
check "... and nothing is left" empty
check "an unknown option" status 2 "$BACKOUT" drill --nonsense
