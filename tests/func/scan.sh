#!/bin/bash
# backout scan on logs that other programs wrote: the levels that a person would count, one level a record,
# packed or not, hostile or not; what can't be read is said, and the rest is scanned nevertheless.
. "$(dirname "$0")/tap.sh.inc"
plan 26
export TMPDIR=$work
chmod 711 "$work"

scan() { "$BACKOUT" scan --utc --json "$@" >"$work/json" 2>"$work/err"; }
# is EXPRESSION: of the JSON that the latest scan printed, as Python's d.
is() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); sys.exit(0 if eval(sys.argv[2]) else print(d) or 1)' "$work/json" "$1"; }
# fits FILE: no line has more than 72 columns.
fits() { python3 -c 'import sys; sys.exit(any(len(l.rstrip("\n")) > 72 and print(l) is None for l in open(sys.argv[1], encoding="utf-8")))' "$1"; }
levels() { # LOG EXPECTED...: level=count, all others 0
	local log=$1
	shift
	scan "$log" || return 1
	is "{k: v for k, v in d['levels'].items() if v} == dict(x.split('=') for x in '$*'.split()) or {k: str(v) for k, v in d['levels'].items() if v} == dict(x.split('=') for x in '$*'.split())"
}

# ---- Python ----
cat >"$work/write.py" <<'PY'
import logging, sys, logging.handlers
layout, path = sys.argv[1:3]
logging.basicConfig(filename=path, level=logging.DEBUG, **({} if layout == "default" else {"format": layout}))
log = logging.getLogger("bot.core")
for i in range(3):
    log.debug("round %d begins", i)
    log.info("the last ERROR is gone %d", i)
    log.warning("slow: %d ms", 100 * i)
    log.error("round %d broke: \"x\"", i)
try:
    {}["missing"]
except KeyError:
    log.exception("no such player")
log.critical("bot is gone")
PY
python_layouts() {
	local n=0 layout
	while IFS= read -r layout; do
		n=$((n + 1))
		python3 "$work/write.py" "$layout" "$work/python$n.log" || return 1
		levels "$work/python$n.log" debug=3 info=3 warning=3 error=4 critical=1 || { echo "layout: $layout"; return 1; }
	done <<-'END'
		default
		%(asctime)s - %(name)s - %(levelname)s - %(message)s
		%(asctime)s %(levelname)s %(message)s
		%(asctime)s %(name)s %(levelname)s %(message)s
		[%(asctime)s] %(levelname)s in %(module)s: %(message)s
		[%(asctime)s] [%(levelname)-8s] %(name)s: %(message)s
		%(asctime)s [%(process)d] [%(threadName)s] %(levelname)s: %(message)s
		%(asctime)s | %(levelname)-8s | %(name)s:%(funcName)s:%(lineno)d - %(message)s
		%(levelname)s %(asctime)s %(module)s %(process)d %(thread)d %(message)s
		[%(levelname)s] %(message)s
		%(name)s - %(levelname)s - %(message)s
	END
	[ "$n" = 11 ]
}
check "Python's logging in eleven layouts, tracebacks counted once" python_layouts
repeated() {
	scan "$work/python2.log" && is "d['errors'][0]['count'] == 3 and d['errors'][0]['shape'] == 'round # broke: \"*\"'" &&
		is "d['lines'] == $(wc -l <"$work/python2.log") and d['records'] == 14 and d['without_time'] == 0 and len(d['minutes']) >= 1" &&
		is "sum(m['records'] for m in d['minutes']) == 14 and d['step_s'] == 60"
}
check "repeated errors, lines and minutes" repeated

# ---- PostgreSQL ----
postgres_make() {
	bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
	as=()
	[ "$(id -u)" = 0 ] && as=(setpriv --reuid postgres --regid postgres --clear-groups)
	mkdir "$work/pg" && { [ "$(id -u)" != 0 ] || chown postgres "$work/pg"; }
	"${as[@]}" "$bin/initdb" -D "$work/pg/data" -A trust -U postgres -N >/dev/null
}
# A server for one session needs no port; it says the same as any other.
postgres_log() { # PREFIX LOG
	local sql
	for sql in 'select 1/0' 'select * from missing' "do \$\$begin raise warning 'slow';end\$\$" 'rollback' 'select 1'; do
		printf '%s\n' "$sql" | "${as[@]}" env -C "$work/pg" "$bin/postgres" --single -D "$work/pg/data" \
			-c log_line_prefix="$1" -c log_min_messages=warning postgres 2>>"$2" >/dev/null
	done
}
postgres_levels() {
	local n=0 prefix
	postgres_make || return 1
	for prefix in '%m [%p] %q%u@%d ' '%t [%p]: user=%u,db=%d,app=%a,client=%h ' '< %m >' ''; do
		n=$((n + 1))
		postgres_log "$prefix" "$work/pg$n.log"
		# WARNING: of the DO block, and that of ROLLBACK outside of a transaction. Its LOG lines are as many as it likes.
		grep -q 'STATEMENT:' "$work/pg$n.log" && scan "$work/pg$n.log" &&
			is "d['levels'] == {'debug': 0, 'info': d['records'] - 4, 'warning': 2, 'error': 2, 'critical': 0}" || { cat "$work/pg$n.log"; return 1; }
	done
}
# One server, three logs of the same.
postgres_end() { [ ! -f "$work/pg/data/postmaster.pid" ] || "${as[@]}" "$bin/pg_ctl" -D "$work/pg/data" -m immediate -w stop >/dev/null 2>&1; }
cleanup() { postgres_end; }
postgres_formats() {
	local sql format
	cat >>"$work/pg/data/postgresql.conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '$work/pg'
		logging_collector = on
		log_destination = 'stderr,csvlog,jsonlog'
		log_filename = 'x.log'
		log_statement = all
	END
	"${as[@]}" "$bin/pg_ctl" -D "$work/pg/data" -w -l "$work/pg/start.log" start || { cat "$work/pg/start.log"; return 1; }
	for sql in 'select 1/0' 'select * from missing' "do \$\$begin raise warning 'an ERROR, \"quoted\"';end\$\$" "select 'ERROR:  x'"; do
		"$bin/psql" -h "$work/pg" -U postgres -c "$sql" postgres
	done
	"$bin/psql" -h "$work/pg" -U postgres -c 'select 1' nowhere
	"${as[@]}" "$bin/pg_ctl" -D "$work/pg/data" -m fast -w stop || return 1
	for format in log csv json; do
		scan "$work/pg/data/log/x.$format" && is "d['without_level'] == 0 and d['without_time'] == 0" &&
			is "(d['levels']['warning'], d['levels']['error'], d['levels']['critical']) == (1, 2, 1)" &&
			is "{e['shape'] for e in d['errors']} >= {'division by zero'}" || { echo "$format"; return 1; }
	done
}
if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
	check "PostgreSQL under four prefixes, statements with their errors" postgres_levels
	check "PostgreSQL in text, CSV and JSON says the same" postgres_formats
else
	skip "PostgreSQL under four prefixes, statements with their errors" "no PostgreSQL"
	skip "PostgreSQL in text, CSV and JSON says the same" "no PostgreSQL"
fi

# ---- syslog, as it comes over the wire ----
cat >"$work/receive.py" <<'PY'
import socket, subprocess, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
server.settimeout(20)
with open(sys.argv[1], "wb") as log:
    for args in (["--rfc3164", "-p", "user.err", "it broke"], ["--rfc3164", "-p", "user.warning", "the ERROR is slow"],
                 ["--rfc5424", "-p", "daemon.crit", "gone"], ["--rfc3164", "-p", "daemon.info", "ready"]):
        subprocess.run(["logger", "-d", "-n", "127.0.0.1", "-P", str(server.getsockname()[1]), "-t", "bot"] + args, check=True)
        log.write(server.recv(9000).rstrip(b"\n\0") + b"\n")
PY
syslog_levels() {
	python3 "$work/receive.py" "$work/syslog.log" || return 1
	levels "$work/syslog.log" info=1 warning=1 error=1 critical=1 && is "d['without_time'] == 0" || { cat "$work/syslog.log"; return 1; }
}
if command -v logger >/dev/null; then check "syslog's priorities" syslog_levels; else skip "syslog's priorities" "no logger"; fi

# ---- files ----
seq 1 20000 | awk '{printf "2026-11-21 21:%02d:%02d,000 - bot - %s - line %d\n", $1 / 60 % 60, $1 % 60, $1 % 10 ? "INFO" : "ERROR", $1}' >"$work/plain.log"
packed() { "$@" <"$work/plain.log" >"$work/packed" && levels "$work/packed" info=18000 error=2000 && is "d['lines'] == 20000"; }
check "packed with gzip, whatever it is called" packed gzip -c
for tool in xz zstd bzip2; do
	if command -v $tool >/dev/null; then check "packed with $tool" packed $tool -c; else skip "packed with $tool" "no $tool"; fi
done
standard() { "$BACKOUT" scan --utc --json - <"$work/plain.log" >"$work/json" && is "d['levels']['error'] == 2000" &&
	cat "$work/plain.log" | "$BACKOUT" scan --utc --json - >"$work/json" && is "d['levels']['error'] == 2000"; }
check "standard input" standard
piped() { gzip -c "$work/plain.log" | "$BACKOUT" scan --utc --json - >"$work/json" && is "d['levels']['error'] == 2000 and d['lines'] == 20000" &&
	{ printf '2026-11-21 21:31:05 ERROR a\n'; printf '2026-11-21 21:31:05 ERROR b\n'; } | "$BACKOUT" scan --utc --json - >"$work/json" && is "d['levels']['error'] == 2" &&
	true | "$BACKOUT" scan --json - >"$work/json" && is "d['lines'] == 0"; }
check "a pipe, packed or not, in pieces, empty" piped
several() { scan "$work/plain.log" "$work/python1.log" && is "d['levels']['error'] == 2004 and [l['lines'] for l in d['logs']] == [20000, $(wc -l <"$work/python1.log")]"; }
check "several logs are counted together" several
missing() { status 1 scan "$work/plain.log" "$work/nowhere.log" "$work" && is "d['levels']['error'] == 2000 and 'error' in d['logs'][1] and 'error' in d['logs'][2]" &&
	grep -q 'nowhere.log.*No such file' "$work/err" && grep -q 'it is a folder' "$work/err" &&
	status 1 scan /proc/self/mem && grep -q "it can't be read" "$work/err" && is "'binary' not in d['logs'][0]"; }
check "what can't be read is said, the others are scanned" missing
damaged() {
	gzip -c "$work/plain.log" | head -c 30000 >"$work/cut.gz"
	status 1 scan "$work/cut.gz" && grep -q 'cut.gz: it is damaged: gzip' "$work/err" && is "d['levels']['info'] > 100"
}
check "a packed log that ends early is damaged; what was there is counted" damaged
windows() {
	{ printf '\xff\xfe'; head -100 "$work/plain.log" | sed 's/$/\r/' | iconv -f UTF-8 -t UTF-16LE; } >"$work/windows.log"
	levels "$work/windows.log" info=90 error=10 && is "d['errors'][0]['shape'] == 'line #'"
}
check "UTF-16 with its mark, and lines that end as Windows ends them" windows
each_log() {
	head -c 20000 "$BACKOUT" >"$work/program"
	status 1 scan "$work/plain.log" "$work/program" "$work/nowhere.log" && is "[l['levels']['error'] for l in d['logs']] == [2000, 0, 0]" &&
		is "[l.get('binary') for l in d['logs']] == [None, True, None]" || return 1
	"$BACKOUT" scan --utc "$work/plain.log" "$work/program" "$work/nowhere.log" >"$work/text" 2>/dev/null
	grep -q '^  *20,000  *2,000  ' "$work/text" && grep -q '^  *0  *not read  ' "$work/text" &&
		grep -q '^It does not look like text: .*/program$' "$work/text" && fits "$work/text"
}
check "each of several logs has its lines and errors; what is no text is named" each_log
first_last() {
	printf '2026-11-21 21:31:05 INFO a\n2026-11-21 21:40:00 ERROR b\n2026-11-21 21:32:00 CRITICAL c\n2026-11-21 21:50:00 INFO d\n' >"$work/times.log"
	scan "$work/times.log" && is "d['first_error'].startswith('2026-11-21T21:32:00') and d['last_error'].startswith('2026-11-21T21:40:00')" &&
		"$BACKOUT" scan --utc "$work/times.log" | grep -q '^First error 2026-11-21 21:32:00Z, last 2026-11-21 21:40:00Z$'
}
check "the first and the last error" first_last
colours() {
	printf '2026-11-21 21:31:05 \033[31mERROR\033[0m it \033[1mbroke\033[0m %d\n' 1 2 3 >"$work/colours.log"
	levels "$work/colours.log" error=3 && is "[(e['shape'], e['count']) for e in d['errors']] == [('it broke #', 3)]" &&
		"$BACKOUT" scan --utc "$work/colours.log" | grep -qF '2026-11-21 21:31:05 ERROR it broke 1'
}
check "colours are none of a message" colours
wrapped() {
	{ sed -n 's/.*/{"log":"&\\n","stream":"stderr","time":"2026-11-21T21:31:05.123456789Z"}/;1,50p' "$work/plain.log"
		sed -n 's/^/2026-11-21T21:31:05.123456789Z stderr F /;1,50p' "$work/plain.log"
		sed -n 's/^/web-1  | /;1,50p' "$work/plain.log"
		sed -n 's/^/2026-11-21T21:31:05.123456789Z /;1,50p' "$work/plain.log"; } >"$work/wrapped.log"
	levels "$work/wrapped.log" info=180 error=20 && is "[(e['shape'], e['count']) for e in d['errors']] == [('line #', 20)]"
}
check "what Docker, Kubernetes and Compose wrap is the same error" wrapped
: >"$work/empty.log"
empty() { scan "$work/empty.log" && is "d['lines'] == 0 and d['first'] is None and d['minutes'] == []" && "$BACKOUT" scan "$work/empty.log"; }
check "an empty log" empty
usage() { status 2 "$BACKOUT" scan && status 2 "$BACKOUT" scan --nonsense x && status 2 "$BACKOUT" scan --target t x && status 2 "$BACKOUT" scan --runbook nowhere "$work/plain.log"; }
check "bad calls are usage errors" usage

# ---- known messages ----
mkdir "$work/book"
cat >"$work/book/runbook.json" <<'JSON'
{"format": 1, "system": "shop", "title": "Shop", "about": "a shop",
 "parameters": {"root": {"type": "path", "help": "where it lives"}, "what": {"type": "string", "help": "w", "default": "blocked"}},
 "sources": {"log": {"log": {"path": "${root}/shop.log", "known": ["heartbeat ${what}"],
                             "meanings": {"line 1\\d+0$": "each tenth line"}}}},
 "probes": {"ready": {"say": "the shop is ready", "log": "log", "shows": "shop is ready"}}}
JSON
known() {
	{ cat "$work/plain.log"; printf '2026-11-21 21:%02d:00,000 - bot - ERROR - heartbeat blocked for %d s\n' 1 2 3 4; echo "2026-11-21 21:00:00,000 - bot - INFO - shop is ready"; } >"$work/known.log"
	scan --runbook "$work/book" "$work/known.log" || { cat "$work/err"; return 1; }
	is "[(k['meaning'], k['count'], k['harmless']) for k in d['known']] == [('known, harmless', 2, True), ('each tenth line', 1110, False), ('the shop is ready', 1, False)]" &&
		is "not any('heartbeat' in e['shape'] for e in d['errors']) and d['levels']['error'] == 2002" &&
		"$BACKOUT" scan --runbook "$work/book" "$work/known.log" | grep -q '1,110  each tenth line'
}
check "messages that a runbook knows, with their meaning" known
shipped() { BACKOUT_DATA_DIR=${BACKOUT_DATA_DIR:-$PWD} scan --runbook slomix "$work/plain.log" && is "len(d['known']) > 5"; }
check "the shipped runbook knows messages" shipped

# ---- the screen ----
chart() {
	"$BACKOUT" scan --utc "$work/plain.log" >"$work/text" && fits "$work/text" || return 1
	grep -q '^error  *2,000 ' "$work/text" && grep -q 'line #$' "$work/text" && grep -q '2026-11-21 21:00' "$work/text" || return 1
	LC_ALL=C "$BACKOUT" scan --utc "$work/plain.log" >"$work/ascii"
	! LC_ALL=C grep '[^ -~]' "$work/ascii"
}
check "text has 72 columns, and is ASCII where UTF-8 is not spoken" chart
python3 - >"$work/hostile.log" <<'PY'
import sys
out = sys.stdout.buffer
for b in list(range(0, 10)) + list(range(11, 32)) + list(range(127, 256)):
    out.write(b"2026-11-21 21:31:05 ERROR q" + bytes([b]) * 3 + b"\n")
for s in ("\u202e", "\u200b", "\u2066", "\ufeff", "\x1b]0;owned\x07", "\x1b[31m", "\x9b31m"):
    out.write(b"2026-11-21 21:31:05 ERROR r" + s.encode() + b"\n")
    out.write((s + "\n").encode())
out.write(b"2026-11-21 21:31:05 ERROR " + b"y" * (10 << 20) + b"\n2026-11-21 21:31:05 ERROR no newline")
PY
hostile() {
	"$BACKOUT" scan --utc "$work/hostile.log" >"$work/text" || return 1
	LC_ALL=C grep -q "$(printf '[\001-\011\013-\037\177]')" "$work/text" && return 1
	python3 - "$work/text" <<-'PY' || return 1
		import sys
		text = open(sys.argv[1], encoding="utf-8").read()
		sys.exit(any(ord(c) in (0x202e, 0x200b, 0x2066, 0xfeff) or 0x7f <= ord(c) < 0xa0 for c in text))
	PY
	scan "$work/hostile.log" && is "d['levels']['error'] == 169 and d['lines'] == 176"
}
check "nothing of a hostile log reaches the terminal raw, and every line counts" hostile
local_zone() {
	printf '2026-07-01 12:00:00 INFO x\n' >"$work/zone.log"
	TZ=Europe/Berlin "$BACKOUT" scan --json "$work/zone.log" >"$work/json" && is "d['first'].startswith('2026-07-01T10:00:00')" &&
		TZ=Europe/Berlin "$BACKOUT" scan --utc --json "$work/zone.log" >"$work/json" && is "d['first'].startswith('2026-07-01T12:00:00')"
}
check "times without a zone are local, or UTC when told" local_zone
