#!/bin/bash
# Drills end to end: on a real cluster, a real repository and a real service, without a person.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
plan 20
one_line() { [ "$(wc -l <"$work/$1.json")" = 1 ]; }
shm_before=$(shm)
# Drills mostly wait; the two that nothing else is asked of go on beside the others.
mkdir -m 711 "$work/aside"
aside() { TMPDIR=$work/aside BACKOUT_STATE_DIR=$work/aside/state drill "$@"; }
aside release bad-release --auto &
release=$!
aside wrong bad-migration --procedure level-1 &
wrong=$!

drill migration bad-migration --auto --keep
check "bad-migration: exit 0" test $? = 0
check "bad-migration: recovered by Level 3" field migration procedure level-3
check "bad-migration: recovered" field migration result recovered

# The handles lead to the real parts: the restored database, and the damaged one kept beside it.
psql_at() {
	local dsn
	dsn=$(python3 -c "import json,sys; print(json.load(open(sys.argv[1]))['sandbox']['postgres'])" \
		"$work/migration.json") && psql -X -At "$dsn dbname=$1" -c "$2"
}
restored_good() { [ "$(psql_at etlegacy "SELECT count(*) FROM player_stats WHERE kills < 0")" = 0 ]; }
damaged_kept() {
	local old
	old=$(psql_at postgres "SELECT datname FROM pg_database WHERE datname LIKE 'etlegacy_before%'")
	[ -n "$old" ] || return 1
	psql_at postgres "ALTER DATABASE \"$old\" ALLOW_CONNECTIONS true" >/dev/null
	[ "$(psql_at "$old" "SELECT count(*) > 0 FROM player_stats WHERE kills < 0")" = t ]
}
check "bad-migration: the restored database is good" restored_good
check "bad-migration: the damaged database is kept beside it" damaged_kept
# A plan prints every command and effect, and changes nothing: no file is opened for writing, made, renamed
# or removed by it or its children, and no statement is run that could write.
sandbox_target=$(ls -d "$work"/backout-drill-*)/target.json
plan_says() {
	local word
	# The code went back already: of the two ways to do it, the revert says that it has nothing to do.
	status 1 "$BACKOUT" plan slomix level-3 --target "$sandbox_target" >"$work/plan.out" 2>&1 &&
		[ "$(grep PROBLEM: "$work/plan.out" | grep -vc 'no commit between')" = 0 ] ||
		{ cat "$work/plan.out"; return 1; }
	for word in 'pg_dump --format=custom' 'pg_restore' 'CREATE DATABASE' 'RENAME TO' 'ALLOW_CONNECTIONS false' \
		'__supervise stop' 'checkout --detach' 'newer than the backup'; do
		grep -qF -- "$word" "$work/plan.out" || { echo "missing: $word"; cat "$work/plan.out"; return 1; }
	done
}
plan_touches_nothing() {
	local touched
	traced -f -qq -o "$work/plan.strace" \
		-e trace=open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,fchmodat,chown,fchownat \
		"$BACKOUT" plan slomix level-3 --target "$sandbox_target" >/dev/null 2>&1
	touched=$(grep -vE '= -1 |/dev/(null|tty)' "$work/plan.strace" |
		grep -E 'O_(WRONLY|RDWR|CREAT|TRUNC)|(rename|unlink|mkdir|link|truncate|chmod|chown)[a-z0-9]*\(')
	[ -z "$touched" ] || { echo "$touched"; return 1; }
	[ "$(psql_at postgres "SELECT count(*) FROM pg_database")" = "$databases" ]
}
check "a plan prints every command and effect" plan_says
databases=$(psql_at postgres "SELECT count(*) FROM pg_database")
if strace -f -qq -o /dev/null true 2>/dev/null; then
	check "a plan touches nothing" plan_touches_nothing
else
	skip "a plan touches nothing" "strace can't trace here"
fi
# Once nobody needs what it holds, it goes by a procedure of its own, which proposes it.
dropped() {
	"$BACKOUT" run slomix drop-old-database --target "$sandbox_target" --confirm sandbox &&
		[ "$(psql_at postgres "SELECT count(*) FROM pg_database WHERE datname LIKE 'etlegacy%'")" = 1 ]
}
check "bad-migration: the damaged database is dropped when that is asked for" dropped
check "a kept sandbox is removed by --clean" bash -c '"$BACKOUT" drill --clean && ! ls -d "$TMPDIR"/backout-drill-* 2>/dev/null'

wait $release
check "bad-release: exit 0" test $? = 0
check "bad-release: recovered by Level 2" field release procedure level-2
check "bad-release: recovered" field release result recovered
check "bad-release: verified" field release verified True
check "bad-release: one object on one line" one_line release

wait $wrong
check "a wrong procedure: exit 1" test $? = 1
check "a wrong procedure: not recovered" field wrong result "not recovered"

verified() {
	local id
	id=$(json "$work/migration.json" incident)
	"$BACKOUT" verify "$id" && python3 tests/verify_ledger.py "$BACKOUT_STATE_DIR/incidents/$id"
}
check "the ledger verifies, twice" verified

# Killed in the middle: another console finishes it.
"$BACKOUT" drill slomix bad-migration --auto >"$work/killed.out" 2>&1 &
pid=$!
until grep -qs "restore" "$work/killed.out" || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
kill -KILL $pid
wait $pid 2>/dev/null
attached() { "$BACKOUT" attach --auto >"$work/attached.out" 2>&1 || { cat "$work/killed.out" "$work/attached.out"; return 1; }; }
check "killed in the middle of the restore: attach --auto finishes it" attached
check "nothing is left behind" nothing_left
check "no shared memory is left behind" no_shm_left "$shm_before"
