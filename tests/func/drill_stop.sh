#!/bin/bash
# Drills that are told to stop, and drills that are killed: nothing of them stays.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
plan 15
shm_before=$(shm)

begun build bad-flag --auto
said build "PostgreSQL cluster"
kill -TERM $pid
wait $pid
check "TERM while the sandbox is built: exit 5" test $? = 5
check "it says so" grep -q "the drill was stopped" "$work/build.err"
check "nothing is left" nothing_left

begun step host-lost --auto
said step "plain: begins"
kill -HUP $pid
wait $pid
check "HUP in the middle of a restore: exit 5" test $? = 5
check "nothing is left" nothing_left
id() { "$BACKOUT" incidents --json | python3 -c "import json,sys; print(json.loads(sys.stdin.readline())['incident'])"; }
check "its record says that it was stopped" bash -c '"$BACKOUT" log "$1" | grep -q "resolved: the drill was stopped"' - "$(id)"
check "its record is closed, and whole" "$BACKOUT" verify "$(id)"

begun kill1 bad-flag --auto
said kill1 "PostgreSQL cluster"
kill -KILL $pid
wait $pid 2>/dev/null
check "KILL while the sandbox is built leaves something" bash -c '! "$@" >/dev/null' - test -z "$(ls -d "$work"/backout-drill-* 2>/dev/null)"
mkdir "$work/backout-new-ABCDEF" && touch -d '1 minute ago' "$work/backout-new-ABCDEF"

begun kill2 bad-flag --auto
said kill2 "opened on"
kill -KILL $pid
wait $pid 2>/dev/null
check "one more run removes what the first one left" test "$(ls -d "$work"/backout-{drill,new}-* | wc -l)" = 1
attached() { "$BACKOUT" attach --auto >"$work/attached.out" 2>&1 || { cat "$work/attached.out"; return 1; }; }
check "KILL before the injection: attach --auto injects, and finishes" attached
check "nothing is left" nothing_left

begun kill3 bad-flag --auto
said kill3 "opened on"
kill -KILL $pid
wait $pid 2>/dev/null
gone=$(id)
check "a killed drill that nobody attaches to is swept" "$BACKOUT" drill --clean
check "its incident is closed" bash -c '"$BACKOUT" log "$1" | grep -q "resolved: the drill was abandoned"' - "$gone"
check "nothing is left" nothing_left
check "no shared memory is left behind" no_shm_left "$shm_before"
