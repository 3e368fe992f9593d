#!/bin/bash
# docs/WRITE-A-RUNBOOK.md is done as it is told: its files are written, its commands typed, its keys pressed, and what
# it shows is what comes. The page fails here when it lies.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
for program in tmux curl git python3; do
	if ! command -v $program >/dev/null; then
		plan 1
		skip "the guide" "$program is not installed"
		exit 0
	fi
done
page=$PWD/docs/WRITE-A-RUNBOOK.md guide=$PWD/tests/func/guide.py
export PATH=$(dirname "$(realpath "$BACKOUT")"):$PATH TMPDIR=$work HOME=$work/home TMUX_TMPDIR=$work
export GIT_CONFIG_NOSYSTEM=1 PYTHONDONTWRITEBYTECODE=1
unset BACKOUT_STATE_DIR XDG_STATE_HOME XDG_CONFIG_HOME
chmod 711 "$work"
mkdir -p "$work/home" "$work/ops"
cleanup() {
	kill "$(cat "$work/ops/guestbook/var/guestbook.pid" 2>/dev/null)" 2>/dev/null
	"$BACKOUT" drill --clean >/dev/null 2>&1
}
# What it points to in the runbook of Slomix is there.
for name in $(sed -n 's/.*| `\([a-z]*\.json\)`\(, [a-z0-9-]*\)\{0,1\} |$/\1/p' "$page"); do
	[ -f "runbooks/slomix/$name" ] || { echo "Bail out! no runbooks/slomix/$name"; exit 1; }
done
cd "$work/ops" && python3 "$guide" "$page"
