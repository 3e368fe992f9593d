#!/bin/bash
# The wrong target is refused: between approval and step the host, the server, the database or the repository becomes
# another one (real servers, a real standby, real repositories), or the target names one that is not there.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
if [ ! -x "$bin/initdb" ]; then
	plan 1
	skip "wrong targets are refused" "no PostgreSQL server programs"
	exit 0
fi
plan 16

as=() servers=(one other copy)
if [ "$(id -u)" = 0 ]; then
	as=(setpriv --reuid postgres --regid postgres --clear-groups)
	chmod 711 "$work"
fi
pg=$work/pg
mkdir -m 777 "$pg"
cleanup() {
	for server in "${servers[@]}"; do "${as[@]}" "$bin/pg_ctl" -D "$pg/$server" -m immediate stop >/dev/null 2>&1; done
}
# serve NAME: starts the server of that name on the socket in its own folder, and waits until it answers.
serve() {
	"${as[@]}" mkdir -p -m 777 "$pg/$1.socket"
	"${as[@]}" "$bin/pg_ctl" -D "$pg/$1" -w -t 60 -l "$pg/$1.log" \
		-o "-c listen_addresses= -c unix_socket_directories=$pg/$1.socket -c fsync=off -c max_wal_senders=3" start >/dev/null
}
sql() { "${as[@]}" psql -X -q -A -t -h "$pg/$1.socket" -U postgres -d "$2" -c "$3"; }
make_servers() (
	cd / && set -e
	for name in one other; do
		"${as[@]}" "$bin/initdb" -D "$pg/$name" -U postgres -A trust --no-sync --no-instructions >/dev/null &
	done
	wait
	for name in one other; do
		serve $name
		sql $name postgres "CREATE DATABASE shop"
		sql $name shop "CREATE TABLE hits (n int)"
		sql $name postgres "CREATE DATABASE shop2 TEMPLATE shop"
	done
	"${as[@]}" "$bin/pg_basebackup" -h "$pg/one.socket" -U postgres -D "$pg/copy" -R --no-sync -c fast
	serve copy
)

root=$work/root
mkdir "$root"
g() { git -c user.name=t -c user.email=t@localhost -c init.defaultBranch=main "$@"; }
repository() {
	g init -q "$1"
	echo "$2" >"$1/file"
	g -C "$1" add -A
	g -C "$1" commit -qm "$2"
	g -C "$1" tag first
	g -C "$1" commit -q --allow-empty -m second
}
cat >"$work/shop.json" <<'END'
{"format": 1, "system": "shop", "title": "A shop",
 "parameters": {"root": {"type": "path", "help": "where all lies"}},
 "sources": {
   "db": {"postgres": {"host": "${root}/socket", "database": "shop", "role": "postgres"}},
   "db2": {"postgres": {"service": "shop", "role": "postgres"}},
   "repo": {"git": {"path": "${root}/repo"}}},
 "procedures": {
   "sql": {"title": "Write", "estimate": "1m", "data_loss": "none", "risk": "high", "steps": [
     {"id": "swap", "say": "Wait", "action": {"command": ["sh", "${root}/swap.sh"], "risk": "safe"}},
     {"id": "hit", "say": "Write", "action": {"pg_sql": "db", "sql": "INSERT INTO hits VALUES (1)"}}]},
   "service": {"title": "Write", "estimate": "1m", "data_loss": "none", "risk": "high", "steps": [
     {"id": "swap", "say": "Wait", "action": {"command": ["sh", "${root}/swap.sh"], "risk": "safe"}},
     {"id": "hit", "say": "Write", "action": {"pg_sql": "db2", "sql": "INSERT INTO hits VALUES (1)"}}]},
   "pack": {"title": "Pack", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
     {"id": "pack", "say": "Pack", "action": {"archive": "other", "of": ["${root}/other"], "to": "${root}"}}]},
   "replace": {"title": "Replace", "estimate": "1m", "data_loss": "none", "risk": "high", "steps": [
     {"id": "first", "say": "Tag", "action": {"git": "repo", "do": "tag", "name": "before"}},
     {"id": "replace", "say": "Replace", "action": {"archive_restore": "${root}/repo", "from": "${root}/other.tar.gz"}},
     {"id": "swap", "say": "Wait", "action": {"command": ["sh", "${root}/swap.sh"], "risk": "safe"}},
     {"id": "hit", "say": "Tag", "action": {"git": "repo", "do": "reset", "to": "first"}}]},
   "git": {"title": "Tag", "estimate": "1m", "data_loss": "none", "risk": "high", "steps": [
     {"id": "swap", "say": "Wait", "action": {"command": ["sh", "${root}/swap.sh"], "risk": "safe"}},
     {"id": "hit", "say": "Tag", "action": {"git": "repo", "do": "reset", "to": "first"}}]}}}
END
# target MEMBERS: what it says besides.
target() {
	echo "{\"target\": \"here\", \"system\": \"shop\", \"class\": \"staging\", \"claim\": \"$work/claim\",
 \"parameters\": {\"root\": \"$root\"}${1:+, $1}}" >"$work/here.json"
}
export HOME=$work
service() { printf '[shop]\nhost=%s\ndbname=%s\n' "$pg/one.socket" "$1" >"$work/.pg_service.conf"; }
fresh() {
	rm -rf "$BACKOUT_STATE_DIR" "$work/claim" "$root"/{repo*,old,other*,clone,real}
	ln -sfn "$pg/one.socket" "$root/socket"
	repository "$root/repo" one
	repository "$root/other" other
	service shop
	target ""
	echo : >"$root/swap.sh"
}
# hits: rows that were written in any of the servers, and repositories that were reset. What a standby has came from its
# primary.
hits() {
	local name database git n=0
	for name in one other copy; do
		[ "$(sql $name postgres "SELECT pg_is_in_recovery()")" = f ] || continue
		for database in shop shop2; do n=$((n + $(sql $name $database "SELECT count(*) FROM hits"))); done
	done
	for git in "$root"/{repo,old,other,real}/.git; do
		[ -e "$git" ] && [ "$(g --git-dir "$git" rev-parse HEAD)" = "$(g --git-dir "$git" rev-parse first)" ] && n=$((n + 1))
	done
	echo $n
}
cases=0 refused=0
# refuses PROCEDURE REASON [WRAPPER...]: it ends with 1, says why on record, and nothing was changed anywhere.
refuses() {
	local procedure=$1 reason=$2 before
	shift 2
	before=$(hits)
	cases=$((cases + 1))
	status 1 "$@" "$BACKOUT" run "$work/shop.json" "$procedure" --target "$work/here.json" --confirm here >"$work/out" 2>&1
	local exited=$?
	cat "$work/out"
	grep -q -- "$reason" "$BACKOUT_STATE_DIR"/incidents/*/ledger.jsonl "$work/out" ||
		{ echo "no \"$reason\""; return 1; }
	[ $exited = 0 ] && [ "$(hits)" = "$before" ] || { echo "hits: $before, then $(hits)"; return 1; }
	refused=$((refused + 1))
}
does() {
	local before
	before=$(hits)
	"$BACKOUT" run "$work/shop.json" "$1" --target "$work/here.json" --confirm here || return
	[ "$(hits)" = $((before + 1)) ]
}
works() {
	local procedure
	for procedure in sql service git; do
		fresh
		does $procedure || return
	done
}

make_servers >"$work/made" 2>&1 || { sed 's/^/# /' "$work/made"; }
check "the right one is written to" works

fresh
echo "ln -sfn $pg/other.socket $root/socket" >"$root/swap.sh"
check "another cluster" refuses sql "system_identifier is"
fresh
target '"sources": {"db": {"postgres": {"host": "'"$root"'/socket", "database": "shop", "role": "postgres", "identity": "1"}}}'
check "another cluster than the target names" refuses sql "declared is 1"
fresh
echo "ln -sfn $pg/copy.socket $root/socket" >"$root/swap.sh"
check "a standby" refuses sql "is in recovery (a standby)"
fresh
echo "printf '[shop]\nhost=%s\ndbname=shop2\n' $pg/one.socket >$work/.pg_service.conf" >"$root/swap.sh"
check "another database" refuses service "database is"
fresh
(cd / && "${as[@]}" "$bin/pg_ctl" -D "$pg/copy" -w promote >/dev/null)
echo "ln -sfn $pg/copy.socket $root/socket" >"$root/swap.sh"
check "a standby that was promoted" refuses sql "timeline is"
fresh
echo "mv $root/repo $root/old; mv $root/other $root/repo" >"$root/swap.sh"
check "another repository in its place" refuses git "folder is"
fresh
echo "git clone -q $root/repo $root/clone; mv $root/repo $root/old; mv $root/clone $root/repo" >"$root/swap.sh"
check "a clone in its place" refuses git "folder is"
fresh
echo "rm -rf $root/repo; git clone -q $root/other $root/repo" >"$root/swap.sh"
check "one that was made anew in its place" refuses git "folder is"
# packed: as fresh, with an archive of the other repository.
packed() {
	fresh
	"$BACKOUT" run "$work/shop.json" pack --target "$work/here.json" --confirm here >"$work/out" 2>&1 || cat "$work/out"
	mv "$root"/other_*.tar.gz "$root/other.tar.gz"
	mv "$root"/other_*.tar.gz.json "$root/other.tar.gz.json"
	rm -rf "$BACKOUT_STATE_DIR" "$work/claim"
}
packed
check "the one that a step of its own has put there is the right one" does replace
packed
echo "mv $root/repo $root/old; mv $root/other $root/repo" >"$root/swap.sh"
check "another one in the place of what a step has put there" refuses replace "folder is"
# killed_and_judged: console and runner die behind the exchange; it is judged (its effect is there), and gone on with.
exchanged() { [ "$(g -C "$root/repo" log -1 --format=%s first)" = other ]; }
killed_and_judged() {
	local runner i
	traced -f -qq -o /dev/null -e trace=rmdir -e inject=rmdir:delay_enter=60s "$BACKOUT" run "$work/shop.json" replace \
		--target "$work/here.json" --confirm here >"$work/out" 2>&1 &
	for ((i = 0; i < 600; i++)); do exchanged && break || sleep 0.1; done
	runner=$(sed -n 's/.*"step":"replace".*"pid":\([0-9]*\).*/\1/p' "$BACKOUT_STATE_DIR"/incidents/*/ledger.jsonl)
	kill -KILL "$runner" $(pgrep -f -- "$work/shop.json replace")
	wait
	"$BACKOUT" attach --auto
	grep '"step.settled"' "$BACKOUT_STATE_DIR"/incidents/*/ledger.jsonl | grep -q '"settled":"yes"' || { echo "not judged"; return 1; }
	[ "$(g -C "$root/repo" rev-parse HEAD)" = "$(g -C "$root/repo" rev-parse first)" ]
}
packed
check "the one that a step has put there which died behind it" killed_and_judged
fresh
mv "$root/repo" "$root/real"
ln -s real "$root/repo"
echo "ln -sfn other $root/repo" >"$root/swap.sh"
check "a link that leads elsewhere" refuses git "path is"
fresh
target '"sources": {"repo": {"git": {"path": "'"$root"'/repo", "identity": "'"$(g -C "$root/other" rev-parse first)"'"}}}'
check "a repository without the commit that the target names" refuses git "wrong repository"
fresh
target '"hosts": ["elsewhere"]'
check "a host that the target does not name" refuses git "wrong host"
if unshare -u true 2>/dev/null; then
	fresh
	echo "hostname elsewhere" >"$root/swap.sh"
	check "another host than the one that it was approved on" refuses git "host is" unshare -u
else
	skip "another host than the one that it was approved on" "this user can't have a host name of its own"
fi
fault 7 "host, cluster, database, standby, repository became another one" $cases $refused $((cases - refused))
