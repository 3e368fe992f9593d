#!/bin/bash
# Every allocation may fail: the nth one of an unattended run, and of a runner and its copies at each kind of action,
# libraries' own included. The program ends with a message or goes on; it never crashes, the ledger verifies, and what it
# left is finished by another console.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/faults/ledger.sh.inc
make_runbook
plan 2
name="the nth allocation of a run fails" acts="the nth allocation of a runner fails"
cat >"$work/shim.c" <<'END_OF_SHIM'
/* The nth malloc, calloc or realloc of the process fails; how many there were is told at its end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static atomic_long early, *count = &early; /* its copies count on: exactly one fails */
static long nth = -1;
static pid_t self;
static const char *path;

static void say(const char *name)
{
	close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int fails(void)
{
	if (atomic_fetch_add(count, 1) + 1 != nth)
		return 0;
	say(getenv("FAIL_HIT"));
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : __libc_calloc(n, size); }
void *realloc(void *old, size_t size) { return fails() ? NULL : __libc_realloc(old, size); }

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAIL_NTH");

	/* What it starts is not meant; copies of itself are. */
	self = getpid();
	path = getenv("FAIL_COUNT");
	unsetenv("LD_PRELOAD");
	count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	nth = text ? atol(text) : -1;
}

__attribute__((destructor)) static void end(void)
{
	FILE *file = path && getpid() == self ? fopen(path, "w") : NULL;

	if (file) {
		fprintf(file, "%ld\n", (long)*count);
		fclose(file);
	}
}
END_OF_SHIM
if ! ${CC:-cc} -shared -fPIC -O1 -o "$work/shim.so" "$work/shim.c" 2>"$work/why"; then
	skip "$name" "no shared object can be built: $(head -n 1 "$work/why")"
	skip "$acts" "no shared object can be built"
	exit 0
fi

# injected N COMMAND...: its nth allocation fails; $hit says whether there was one. What it says goes to $case/log.
injected() {
	local nth=$1 got
	shift
	rm -f "$work/hit"
	timeout 60 env FAIL_NTH="$nth" FAIL_COUNT="$work/count" FAIL_HIT="$work/hit" LD_PRELOAD="$work/shim.so" "$@" \
		>"$case/log" 2>&1
	got=$?
	[[ -e $work/hit ]] && hit=1 || hit=0
	((got < 6)) || { echo "allocation $nth: ended with $got"; tail -3 "$case/log"; return 1; }
	((got == 0)) || grep -q . "$case/log" || { echo "allocation $nth: ended with $got, and said nothing"; return 1; }
}
verified() { python3 tests/verify_ledger.py "$1" >"$case/verified" || { cat "$case/verified"; return 1; }; }

# one N: the run, what it left, and what another console makes of it.
one() {
	case=$work/n.$1
	mkdir -p "$case/root" "$case/state"
	touch "$case/root/open" "$case/root/precious"
	printf '{"target": "test", "system": "shop", "class": "staging", "claim": "%s/claim", "parameters": {"root": "%s/root"}}' \
		"$case" "$case" >"$case/test.json"
	export BACKOUT_STATE_DIR=$case/state
	injected "$1" "$BACKOUT" run "$work/shop.json" running --target "$case/test.json" --confirm test || return 1
	for folder in "$case"/state/incidents/*; do
		[[ -e $folder/ledger.jsonl ]] || continue
		verified "$folder" || return 1
		grep -q '"event":"procedure.ended"' "$folder/ledger.jsonl" ||
			! grep -q '"event":"procedure.chosen"' "$folder/ledger.jsonl" ||
			timeout 60 "$BACKOUT" attach "$(basename "$folder")" --auto >"$case/attached" 2>&1 ||
			{ echo "allocation $1: attach: $?"; tail -3 "$case/attached"; return 1; }
	done
	rm -rf "$case"
}

# ---- the runner by itself: a step that was approved and not begun, of each kind of action ----
kinds=(command file_copy flags git sqlite_sql archive)
make_acts() {
	cat >"$work/acts.json" <<'END_OF_RUNBOOK'
{"format": 1, "system": "acts", "title": "Actions", "parameters": {"root": {"type": "path", "help": "where all lies"}},
 "sources": {
  "config": {"flags": {"path": "${root}/config.json", "format": "json", "names": {"on": "it is on"}}},
  "code": {"git": {"path": "${root}/repo"}},
  "rows": {"sqlite": {"path": "${root}/rows.db"}}},
 "procedures": {
  "command": {"title": "A command", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "act", "say": "Act", "action": {"command": ["sh", "-c", "echo ran >>\"$1/ran\"", "sh", "${root}"]}}]},
  "file_copy": {"title": "A copy", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "act", "say": "Act", "action": {"file_copy": "${root}/config.json", "to": "${root}/copy.json"}}]},
  "flags": {"title": "A flag", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "act", "say": "Act", "action": {"flags": "config", "set": {"on": true}}}]},
  "git": {"title": "A reset", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "act", "say": "Act", "action": {"git": "code", "do": "reset", "to": "first"}}]},
  "sqlite_sql": {"title": "A row", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "act", "say": "Act", "action": {"sqlite_sql": "rows", "sql": "INSERT INTO t VALUES (1)"}}]},
  "archive": {"title": "An archive", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "act", "say": "Act", "action": {"archive": "kept", "of": ["${root}/repo"], "to": "${root}/archives"}}]}}}
END_OF_RUNBOOK
}
# effects KIND: how often it had its effect.
effects() {
	case $1 in
	command) cat "$case/root/ran" 2>/dev/null | wc -l ;;
	file_copy) cmp -s "$case/root/config.json" "$case/root/copy.json" && echo 1 || echo 0 ;;
	flags) grep -c '"on": true' "$case/root/config.json" ;;
	git) git -C "$case/root/repo" show-ref --hash refs/heads/main refs/tags/first | uniq | grep -c . | sed 's/2/0/' ;;
	sqlite_sql) python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM t").fetchone()[0])' \
		"$case/root/rows.db" ;;
	archive) find "$case/root/archives" -name '*.tar.gz' 2>/dev/null | wc -l ;;
	esac
}
# prepare KIND: the incident as it was before its step's intent, kept in $work/kept; $seq is the last act on its record.
prepare() {
	case=$work/acts
	rm -rf "$case" "$work/kept"
	mkdir -p "$case/root/repo" "$case/state"
	echo '{"on": false}' >"$case/root/config.json"
	git init -q -b main "$case/root/repo"
	local commit
	for commit in first second; do
		git -C "$case/root/repo" -c user.name=T -c user.email=t@localhost commit -q --allow-empty -m $commit
		git -C "$case/root/repo" tag $commit
	done
	python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("CREATE TABLE t (n int)")' "$case/root/rows.db"
	printf '{"target": "test", "system": "acts", "class": "staging", "claim": "%s/claim", "parameters": {"root": "%s/root"}}' \
		"$case" "$case" >"$case/test.json"
	cp -a "$case/root" "$work/root.before"
	BACKOUT_STATE_DIR=$case/state "$BACKOUT" run "$work/acts.json" "$1" --target "$case/test.json" --confirm test >"$case/log" 2>&1 &&
		(($(effects "$1") == 1)) || { cat "$case/log"; echo "$1: no effect"; return 1; }
	folder=$(echo "$case"/state/incidents/*)
	sed -i '/"event":"step.intent"/,$d' "$folder/ledger.jsonl"
	rm -rf "$folder"/out/* "$folder"/steps/* "$case/root"
	mv "$work/root.before" "$case/root"
	seq=$(sed -n 's/^{"seq":\([0-9]*\),.*"event":"procedure.approved".*/\1/p' "$folder/ledger.jsonl" | tail -1)
	cp -a "$case" "$work/kept"
}
# one_act KIND N
one_act() {
	rm -rf "$case"
	cp -a "$work/kept" "$case"
	injected "$2" "$BACKOUT" __runner "$folder" act run "$seq" || return 1
	verified "$folder" || return 1
	BACKOUT_STATE_DIR=$case/state timeout 60 "$BACKOUT" attach "$(basename "$folder")" --auto >"$case/attached" 2>&1
	local got=$?
	verified "$folder" || return 1
	# Either it is done once, or somebody is told.
	((got < 6 && $(effects "$1") <= 1)) && { ((got)) && grep -q . "$case/attached" || (($(effects "$1") == 1)); } ||
		{ echo "$1, allocation $2: attach: $got, $(effects "$1") effects"; tail -3 "$case/attached"; return 1; }
}
acts() {
	local kind i n count done=0 bad=0 all=0 total=${LONG:+250}
	total=${total:-6}
	make_acts
	for kind in "${kinds[@]}"; do
		prepare "$kind" && one_act "$kind" 0 || { bad=$((bad + 1)); continue; }
		count=$(<"$work/count")
		all=$((all + count))
		for ((i = 0; i < total; i++)); do
			n=$((1 + (i * 2 + 1) * (count - 1) / (2 * total)))
			one_act "$kind" $n || bad=$((bad + 1))
			done=$((done + hit))
		done
	done
	fault 25 "the nth of $all allocations of runners and their copies failed" $done $((done - bad)) $bad
	((bad == 0 && done > 0))
}
all() {
	local count=0 i n done=0 bad=0 total=${LONG:+1500}
	total=${total:-40}
	one 0 || return 1
	count=$(<"$work/count")
	((count > 1000)) || { echo "only $count allocations were seen"; return 1; }
	for ((i = 0; i < total; i++)); do
		n=$((1 + i * (count - 1) / total)) # spread evenly
		one $n || bad=$((bad + 1))
		done=$((done + hit))
	done
	fault 25 "the nth of $count allocations of a run failed" $done $((done - bad)) $bad
	((bad == 0))
}
check "$name" all
check "$acts" acts
