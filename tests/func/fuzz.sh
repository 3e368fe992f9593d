#!/bin/bash
# The targets of tests/fuzz under libFuzzer with sanitizers, for SECONDS_EACH (600) each, two side by side, begun from
# their corpora: only with LONG=1 (make check-long), and where there is clang. The ordinary tests give them their
# corpora and changes of them. What is found is kept beside the build, and belongs into the corpus once it is mended.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
targets=()
for source in tests/fuzz/*.c; do
	name=$(basename "$source" .c)
	[ "$name" = replay ] || targets+=("$name")
done
plan $((${#targets[@]} + 1))
found=${BUILD:-build}/fuzz/found

build() {
	make -j"$(nproc)" CC="$clang" BUILD="${BUILD:-build}/fuzz" FUZZ_MAIN= HARDENING= OPTIMIZE=-O1 LDFLAGS=-fsanitize=fuzzer \
		SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" \
		"${targets[@]/#/${BUILD:-build}/fuzz/tests/fuzz/}"
}
fuzz() { # NAME
	local dictionary=tests/fuzz/$1.dict
	mkdir -p "$work/corpus/$1" "$found"
	[ -f "$dictionary" ] && dictionary=-dict=$dictionary || dictionary=
	"${BUILD:-build}/fuzz/tests/fuzz/$1" -seed="${SEED:-1}" -max_len=4096 -timeout=20 $dictionary \
		-max_total_time="${SECONDS_EACH:-600}" -print_final_stats=1 -artifact_prefix="$found/$1." \
		"$work/corpus/$1" "tests/fuzz/corpus/$1" >"$work/$1.log" 2>&1
	echo $? >"$work/$1.status"
}
nothing_found() { # NAME
	local runs findings
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$1.log")
	findings=$([ "$(cat "$work/$1.status")" = 0 ] && echo 0 || echo 1)
	fault 27 "$1, bytes made by libFuzzer" "${runs:-0}" $((${runs:-0} - findings)) "$findings"
	[ "$findings" = 0 ] && [ "${runs:-0}" -gt 0 ] || { tail -40 "$work/$1.log"; return 1; }
}

clang=$(command -v clang)
if [ -z "${LONG:-}" ] || [ -z "$clang" ]; then
	for name in build "${targets[@]}"; do
		skip "$name" "$([ -n "$clang" ] && echo 'LONG=1 runs it' || echo 'no clang')"
	done
	exit 0
fi
check "targets are built" build
for name in "${targets[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
	fuzz "$name" &
done
wait
for name in "${targets[@]}"; do
	check "$name: nothing is found" nothing_found "$name"
done
