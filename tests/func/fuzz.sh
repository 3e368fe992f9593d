#!/bin/bash
# The targets of tests/fuzz under libFuzzer with sanitizers, for SECONDS_EACH (120) each, begun from samples of
# logs: only with LONG=1 (make check-long), and where there is clang. The ordinary tests give them changed samples.
. "$(dirname "$0")/tap.sh.inc"
plan 1
sources=(tests/fuzz/scan.c sources/scan*.c lib/log*.c lib/rx*.c lib/newlines.c lib/mem.c lib/err.c lib/buf.c lib/clock.c lib/{text,file}*.c)
fuzz() {
	mkdir "$work/corpus"
	# One sample of each program.
	awk '/^#/ { n++; next } { print substr($0, 3) >(dir "/" n) }' dir="$work/corpus" tests/logs/levels.txt
	clang -std=c17 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -w \
		"${sources[@]}" -o "$work/fuzz" \
		$(pkg-config --libs libpcre2-8) || return 1
	(cd "$work" && ./fuzz -seed=1 -max_len=4096 -timeout=20 -max_total_time="${SECONDS_EACH:-120}" -print_final_stats=1 \
		-artifact_prefix="$work/" corpus)
}
if [ -z "${LONG:-}" ]; then
	skip "a scan is its lines read one by one, whatever the bytes" "LONG=1 runs it"
elif ! command -v clang >/dev/null; then
	skip "a scan is its lines read one by one, whatever the bytes" "no clang"
else
	check "a scan is its lines read one by one, whatever the bytes" fuzz
fi
