#!/bin/bash
# A week of running costs nothing: memory, descriptors and children of a console and a monitor don't grow once they
# are warm, however much happens (tests/func/soak.py). SOAK_SECONDS= says for how long: 20, with LONG=1 600.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 3
seconds=${SOAK_SECONDS:-$([ -n "${LONG:-}" ] && echo 600 || echo 20)}
root=$work/root
mkdir "$root"
cat >"$root/soak.json" <<'END'
{"format": 1, "system": "soak", "title": "A busy system",
 "parameters": {"root": {"type": "path", "help": "where it is"}},
 "sources": {
   "log": {"log": {"path": "${root}/app.log", "utc": true}},
   "number": {"command": {"argv": ["cat", "${root}/number"]}},
   "missing": {"command": {"argv": ["cat", "${root}/none"]}},
   "db": {"sqlite": {"path": "${root}/rows.db"}},
   "size": {"file": {"path": "${root}/app.log"}}},
 "probes": {
   "slow": {"log": "log", "shows": "took 9\\d\\d ms", "within": "5s"},
   "few": {"sqlite": "db", "sql": "SELECT count(*) FROM rows", "below": 100},
   "there": {"file": "${root}/app.log", "exists": true},
   "said": {"command": ["cat", "${root}/none"]}},
 "metrics": {
   "errors": {"log": "log", "read": "error_percent", "window": "2s", "warning": 1, "critical": 50},
   "lines": {"log": "log", "read": "lines_per_minute", "window": "2s"},
   "number": {"command": "number", "read": "number", "every": "1s", "warning": 10, "critical": 20, "suggest": "tree"},
   "missing": {"command": "missing", "read": "number", "every": "1s"},
   "rows": {"sqlite": "db", "read": "sql", "sql": "SELECT count(*) FROM rows", "every": "1s"},
   "bytes": {"file": "size", "read": "bytes", "every": "1s"}},
 "conditions": {"slowly": {"title": "It is slow", "severity": "high", "symptoms": ["slow", {"not": "few"}],
                           "suggest": {"advice": "Wait."}},
                "unsaid": {"title": "Nothing is said", "severity": "low", "symptoms": [{"not": "said"}, "there"],
                           "suggest": {"advice": "Wait."}}},
 "panels": [{"kind": "log", "title": "app.log", "source": "log"},
            {"kind": "chart", "title": "Errors", "metrics": ["errors"]}],
 "procedures": {"poor": {"title": "Does nothing", "estimate": "1m", "data_loss": "none", "risk": "low",
   "steps": [{"id": "try", "say": "Try", "action": {"command": ["true"]}}]}},
 "tree": {"start": "q", "questions": {"q": {"ask": "Is it?", "probe": "few", "yes": {"procedure": "poor"}, "no": {"advice": "No."}}}}}
END
cat >"$root/target.json" <<END
{"target": "here", "system": "soak", "class": "staging", "claim": "$root/claim", "parameters": {"root": "$root"}}
END
: >"$root/app.log"
echo 1 >"$root/number"
soak() { python3 tests/func/soak.py "$root" "$(realpath "$BACKOUT")" "$seconds" >"$work/grown" && cat "$work/grown"; }
# What may come: the allocator's rounding, and the points of six metrics, which are kept for two to four hours
# (core/series.h), in arrays that double; so do the parts and places of the log's history (sources/logparts.h, logindex.h;
# some 300 bytes for each of these rotations, until they are full); in the console what goes on record of its incident,
# which it has in memory. A leak is seen from seven bytes a line on within the short time, from half a byte within the long.
most() { # WHO
	local kib=$((${SOAK_KIB:-128} + seconds / 3 * (6 * 16 + 300) * 2 / 1024))
	[ "$1" = monitor ] || kib=$((kib + $(cat "$BACKOUT_STATE_DIR"/incidents/*/ledger.jsonl | wc -l) / 3))
	echo $kib
}
flat() { # WHO
	local kib descriptors children lines lost=0
	read -r kib descriptors children lines < <(sed -n "s/^$1 //p" "$work/grown")
	[ -n "$lines" ] || { echo "there are no figures"; return 1; }
	sed -n "s/^# $1:/# soak, $1:/p" "$work/grown" >&5
	[ "$kib" -le "$(most "$1")" ] && [ "$descriptors" -le 0 ] && [ "$children" -le 0 ] || lost=1
	fault 30 "lines watched by the $1 in $seconds s; grew by $kib KiB, $descriptors descriptors, $children children" \
		"$lines" $((lines - lost)) "$lost"
	[ "$lost" = 0 ] || { cat "$work/grown"; return 1; }
}
check "it runs for $seconds s" soak
check "the console does not grow" flat console
check "the monitor does not grow" flat monitor
