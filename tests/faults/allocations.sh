#!/bin/bash
# Every allocation may fail: the nth one of an unattended run fails, libraries' own included. The program ends with a
# message or goes on; it never crashes, the ledger verifies, and what it left is finished by another console.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/faults/ledger.sh.inc
make_runbook
plan 1
name="the nth allocation of a run fails"
cat >"$work/shim.c" <<'END_OF_SHIM'
/* The nth malloc, calloc or realloc of the process fails; how many there were is told at its end. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static atomic_long count;
static long nth = -1;
static pid_t self;
static const char *path;

static int fails(void)
{
	if (atomic_fetch_add(&count, 1) + 1 != nth)
		return 0;
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
	atomic_store(&count, 0);
	nth = text ? atol(text) : -1;
}

__attribute__((destructor)) static void end(void)
{
	FILE *file = path && getpid() == self ? fopen(path, "w") : NULL;

	if (file) {
		fprintf(file, "%ld\n", (long)count);
		fclose(file);
	}
}
END_OF_SHIM
if ! ${CC:-cc} -shared -fPIC -O1 -o "$work/shim.so" "$work/shim.c" 2>"$work/why"; then
	skip "$name" "no shared object can be built: $(head -n 1 "$work/why")"
	exit 0
fi

# one N: the run, what it left, and what another console makes of it.
one() {
	local got
	case=$work/n.$1
	mkdir -p "$case/root" "$case/state"
	touch "$case/root/open" "$case/root/precious"
	printf '{"target": "test", "system": "shop", "class": "staging", "claim": "%s/claim", "parameters": {"root": "%s/root"}}' \
		"$case" "$case" >"$case/test.json"
	export BACKOUT_STATE_DIR=$case/state
	timeout 60 env FAIL_NTH="$1" FAIL_COUNT="$work/count" LD_PRELOAD="$work/shim.so" "$BACKOUT" run "$work/shop.json" running \
		--target "$case/test.json" --confirm test >"$case/log" 2>&1
	got=$?
	((got < 6)) || { echo "allocation $1: ended with $got"; tail -3 "$case/log"; return 1; }
	((got == 0)) || grep -q . "$case/log" || { echo "allocation $1: ended with $got, and said nothing"; return 1; }
	for folder in "$case"/state/incidents/*; do
		[[ -e $folder/ledger.jsonl ]] || continue
		python3 tests/verify_ledger.py "$folder" >"$case/verified" || { cat "$case/verified"; return 1; }
		grep -q '"event":"procedure.ended"' "$folder/ledger.jsonl" ||
			! grep -q '"event":"procedure.chosen"' "$folder/ledger.jsonl" ||
			timeout 60 "$BACKOUT" attach "$(basename "$folder")" --auto >"$case/attached" 2>&1 ||
			{ echo "allocation $1: attach: $?"; tail -3 "$case/attached"; return 1; }
	done
	rm -rf "$case"
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
		done=$((done + 1))
	done
	fault 25 "the nth of $count allocations of a run failed" $done $((done - bad)) $bad
	((bad == 0))
}
check "$name" all
