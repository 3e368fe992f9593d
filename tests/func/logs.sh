#!/bin/bash
# Logs that are no files, asked once from the command line: systemd's journal (real journalctl on a journal of the
# test's own) and a command.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 6

writer=/lib/systemd/systemd-journal-remote
mkdir "$work/journal"
now=$(date +%s)
if [ -x $writer ] && command -v journalctl >"$work/path"; then
	cat >"$work/entries" <<END
__REALTIME_TIMESTAMP=$((now - 30))000000
_BOOT_ID=0123456789abcdef0123456789abcdef
_SYSTEMD_UNIT=bot.service
SYSLOG_IDENTIFIER=bot
PRIORITY=6
MESSAGE=bot is ready

__REALTIME_TIMESTAMP=$((now - 20))000000
_BOOT_ID=0123456789abcdef0123456789abcdef
_SYSTEMD_UNIT=bot.service
SYSLOG_IDENTIFIER=bot
PRIORITY=3
MESSAGE=it broke

END
	$writer -o "$work/journal/test.journal" "$work/entries" 2>"$work/errors" || cat "$work/errors" >&2
	journal=1
fi
for ((i = 0; i < 5000; i++)); do echo "$(printf '%(%F %T)T' $((now - 200 + i / 50))) INFO $i done"; done >"$work/app.log"
cat >"$work/shop.json" <<END
{"format": 1, "system": "shop", "title": "A shop",
 "parameters": {"journal": {"type": "path", "help": "a folder of journal files", "default": "$work/journal"}},
 "sources": {
   "unit": {"log": {"journal": ["bot"], "journal_folder": "\${journal}"}},
   "file": {"log": {"path": "$work/app.log"}},
   "printed": {"log": {"command": ["sh", "-c", "echo ERROR one; echo two >&2; exec sleep 1000$$"]}},
   "ended": {"log": {"command": ["sh", "-c", "echo no such container >&2; exit 4"]}}},
 "metrics": {"done": {"log": "file", "read": "matching", "match": "done", "window": "10m"}},
 "probes": {
   "all": {"metric": "done", "above": 4999},
   "ready": {"log": "unit", "shows": "bot is ready", "within": "1h"},
   "calm": {"log": "unit", "silent": ".", "level": "error", "within": "1h"},
   "two": {"log": "printed", "shows": "^two$", "within": "1h"},
   "container": {"log": "ended", "shows": "ready", "within": "1h"}}}
END
probe() { # probe NAME VERDICT WORDS: what the answer says
	"$BACKOUT" probe "$work/shop.json" "$1" --json >"$work/answer"
	cat "$work/answer"
	grep -q "\"verdict\": *\"$2\"" "$work/answer" && grep -qF -- "$3" "$work/answer"
}
if [ -n "${journal:-}" ]; then
	check "a line of the journal is found" probe ready pass "bot is ready"
	check "an error of the journal, by its priority" probe calm fail "it broke"
else
	skip "a line of the journal is found" "no systemd-journal-remote"
	skip "an error of the journal, by its priority" "no systemd-journal-remote"
fi
check "a line that a command printed, of the time before it was started: its time is unknown" \
	probe two unknown "only lines of less than"
check "a metric's pattern counts all lines that are read, not only those that are kept" \
	probe all pass "done is 5000"
check "a command that ends says why" probe container unknown "ended with exit status 4: no such container; again in"
check "nothing that was started stays" sh -c "! pgrep -f '[s]leep 1000$$'"
