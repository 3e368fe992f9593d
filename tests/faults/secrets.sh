#!/bin/bash
# A canary secret appears nowhere: it is printed in several forms by commands that were given it, stands in URLs, in
# headers, in what a server answers and what fails; then the ledger and every other file below the state folder, the
# reports, the screen's bytes and the process list are searched for it.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/faults/cluster.sh.inc
plan 7

export CANARY='c4n4ry/"sEcr3t" +key' # what must be encoded in each form
root=$work/root
mkdir "$root"
cleanup() { kill $server $watcher 2>/dev/null; wait 2>/dev/null; }
# What is searched for: the canary in the forms that programs give it.
python3 - >"$work/forms" <<'END'
import base64, json, os, re, urllib.parse
c = os.environ["CANARY"]
# Halves, too: it must not be cut in two.
print(c, c[:10], c[-10:], json.dumps(c)[1:-1], urllib.parse.quote(c, safe=""), re.sub("%..", lambda m: m[0].lower(), urllib.parse.quote(c, safe="")), sep="\n")
for before in "", "u:", "u:p":
    b = base64.b64encode((before + c).encode()).decode()
    print(b[len(before) + 2:-4])
END
hits() { LC_ALL=C grep -raFl -f "$work/forms" "$@" 2>/dev/null; }
none() { local found; found=$(hits "$@"); [ -z "$found" ] || { echo "$found"; LC_ALL=C grep -raoF -f "$work/forms" "$@" | head -5; return 1; }; }

# A server that repeats what it is asked, on a port that the system picks.
python3 - "$root/port" <<'END' &
import http.server, os, sys
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("path %s\nauthorization %s\n" % (self.path, self.headers.get("Authorization"))).encode()
        self.send_response(500 if "fail" in self.path else 200, "no: " + self.path[:60])
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Echo)
with open(sys.argv[1] + ".new", "w") as f: f.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
END
server=$!
# What any process is called, as often as can be; and the environment of what runs for somebody else.
python3 - "$work/forms" "$root/ps" <<'END' &
import glob, os, sys
forms = [l.encode() for l in open(sys.argv[1]).read().splitlines()]
out = open(sys.argv[2], "wb", buffering=0)
looked = 0
while True:
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            text = open(path, "rb").read()
            if os.stat(path).st_uid != os.getuid(): text += open(path.replace("cmdline", "environ"), "rb").read()
        except OSError: continue
        looked += 1
        for form in forms:
            if form in text: out.write(path.encode() + b" " + text + b"\n")
    with open(sys.argv[2] + ".new", "w") as f: f.write(str(looked))
    os.rename(sys.argv[2] + ".new", sys.argv[2] + ".looked")
END
watcher=$!
for ((i = 0; i < 500; i++)); do [ -s "$root/port" ] && [ -s "$root/ps.looked" ] && break; sleep 0.02; done

cat >"$root/speak.py" <<'END'
import base64, json, os, re, sys, time, urllib.parse
c = os.environ["TOKEN"]
for out in sys.stdout, sys.stderr:
    print("plain", c, "json", json.dumps({"k": c}), "url", urllib.parse.quote(c, safe=""), file=out)
    print("lower", re.sub("%..", lambda m: m[0].lower(), urllib.parse.quote(c, safe="")), "third", base64.b64encode(("u:p" + c).encode()).decode(), file=out)
    print("basic", base64.b64encode(("u:" + c).encode()).decode(), "raw", base64.b64encode(c.encode()).decode(), file=out)
    print("postgresql://user:" + urllib.parse.quote(c, safe="") + "@host/db password='" + c.replace("'", "") + "'", file=out)
    out.flush()
# In pieces, on a line that never ends before it must be written.
sys.stdout.write("x" * 65530)
for byte in c * 3:
    sys.stdout.write(byte)
    sys.stdout.flush()
    time.sleep(0.001)
sys.stdout.write("x" * 70000 + c + "y" * 70000)
sys.stdout.flush()
sys.exit(3 if "fail" in sys.argv else 0)
END
cat >"$work/canary.json" <<'END'
{"format": 1, "system": "canary", "title": "A canary",
 "parameters": {
   "root": {"type": "path", "help": "where it lies"},
   "port": {"type": "int", "help": "of the server"},
   "token": {"type": "string", "secret": true, "help": "a secret"}},
 "sources": {
   "api": {"http": {"url": "http://127.0.0.1:${port}/${token}?key=${token}", "headers": {"Authorization": "Bearer ${token}"}}},
   "bad": {"http": {"url": "http://127.0.0.1:${port}/fail/${token}", "headers": {"Authorization": "Basic ${token}"}}},
   "said": {"command": {"argv": ["python3", "${root}/speak.py", "fail"], "env": {"TOKEN": "${token}"}}}},
 "metrics": {"said": {"command": "said", "read": "number", "title": "Said", "every": "1s"},
   "api": {"http": "api", "read": "ms", "title": "Time", "every": "1s", "critical": 0}},
 "probes": {
   "answers": {"http": "api", "body": "nothing of the kind"},
   "fails": {"http": "bad", "status": 200},
   "prints": {"command": ["python3", "${root}/speak.py", "fail"], "env": {"TOKEN": "${token}"}, "exit": 0}},
 "conditions": {"bad": {"title": "Bad", "severity": "high", "symptoms": [{"not": "answers"}, {"not": "prints"}]}},
 "procedures": {
   "speak": {"title": "Speak", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
     {"id": "argv", "say": "Speak", "action": {"command": ["python3", "${root}/speak.py"], "env": {"TOKEN": "${token}"}}},
     {"id": "shell", "say": "Speak in a shell", "action": {"shell": "TOKEN=$BACKOUT_TOKEN python3 $BACKOUT_ROOT/speak.py; echo \"$BACKOUT_TOKEN\""}},
     {"id": "fail", "say": "Speak and fail", "within": "0s", "verify": ["answers", "fails", "prints"],
      "action": {"command": ["python3", "${root}/speak.py"], "env": {"TOKEN": "${token}"}}},
     {"id": "last", "say": "Fail", "action": {"command": ["python3", "${root}/speak.py", "fail"], "env": {"TOKEN": "${token}"}}}]}},
 "panels": [{"kind": "conditions", "title": "Conditions"}, {"kind": "endpoints", "title": "Endpoints", "metrics": ["api", "said"]}]}
END
cat >"$work/here.json" <<END
{"target": "here", "system": "canary", "class": "staging", "claim": "$work/claim",
 "parameters": {"root": "$root", "port": $(cat "$root/port")}, "secrets": {"token": {"env": "CANARY"}}}
END
on() { local what=$1; shift; timeout 60 "$BACKOUT" "$what" "$work/canary.json" "$@" --target "$work/here.json"; }
mkdir "$work/shown"
acts() {
	local form
	# What is searched for is there to be found.
	TOKEN=$CANARY python3 "$root/speak.py" >"$work/raw" 2>&1
	while read -r form; do grep -qaF -f - "$work/raw" <<<"$form" || { echo "not printed: $form"; return 1; }; done <"$work/forms"
	on plan speak >"$work/shown/plan" 2>&1
	on plan speak --json >"$work/shown/plan.json" 2>&1
	on probe >"$work/shown/probe" 2>&1
	on run speak --confirm here >"$work/shown/run" 2>&1
	sed -n 1,60p "$work/shown/run"
	# It was really run, and really printed.
	[ "$(grep -l redacted "$BACKOUT_STATE_DIR"/incidents/*/out/*.log | wc -l)" -ge 3 ]
}
check "commands that were given the secret print it" acts
# A server that says the secret in its error, and a password file that holds it.
cat >"$work/rows.json" <<'END'
{"format": 1, "system": "rows", "title": "Rows",
 "parameters": {"root": {"type": "path", "help": "where the server listens"},
   "token": {"type": "string", "secret": true, "help": "a secret"}},
 "sources": {"db": {"postgres": {"host": "${root}", "database": "postgres", "role": "postgres"}}},
 "procedures": {"fail": {"title": "Fail", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
   {"id": "use", "say": "Use it", "action": {"command": ["true"], "env": {"TOKEN": "${token}"}}},
   {"id": "cast", "say": "Cast it", "action": {"pg_sql": "db", "sql": "INSERT INTO kept SELECT v::int::text FROM kept"}}]}}}
END
cat >"$work/there.json" <<END
{"target": "there", "system": "rows", "class": "staging", "claim": "$work/claim.rows",
 "parameters": {"root": "$work/db"}, "secrets": {"token": {"env": "CANARY"}}}
END
fails_in_sql() {
	export -n CANARY
	cluster_start >"$work/cluster.log" 2>&1 || { tail -3 "$work/cluster.log"; return 1; }
	export CANARY
	# Not on psql's own command line: what runs is looked at all the time.
	psql -XAtq -h "$work/db" -p 5432 -U postgres -d postgres <<<"CREATE TABLE kept AS SELECT '$CANARY'::text AS v" || return 1
	# It is there to be found.
	[[ $(sql postgres "SELECT v::int FROM kept" 2>&1) == *"$CANARY"* ]] || return 1
	(umask 077; echo "*:*:*:*:$CANARY" >"$work/pgpass")
	PGPASSFILE=$work/pgpass timeout 60 "$BACKOUT" run "$work/rows.json" fail --target "$work/there.json" --confirm there \
		>"$work/shown/sql" 2>&1
	cat "$work/shown/sql"
	grep -q 'invalid input syntax.*redacted' "$work/shown/sql"
}
if have_cluster; then check "a server's error holds the secret" fails_in_sql
else skip "a server's error holds the secret" "no PostgreSQL server programs"; fi
# On a real terminal: the views, with the incident that was left open.
screens() {
	python3 - "$BACKOUT" watch "$work/canary.json" --target "$work/here.json" >"$work/shown/screen" <<'END'
import os, pty, select, sys, time, fcntl, struct, termios
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
keys, end = [b"1", b"\r", b"\x1b", b"2", b"4", b"5", b"1"], time.time() + 7
at = time.time() + 2
while time.time() < end:
    if select.select([fd], [], [], 0.1)[0]:
        try: sys.stdout.buffer.write(os.read(fd, 65536))
        except OSError: break
    if keys and time.time() > at:
        os.write(fd, keys.pop(0)); at = time.time() + 0.6
os.kill(pid, 15)
END
	[ "$(wc -c <"$work/shown/screen")" -gt 2000 ] && grep -qa Endpoints "$work/shown/screen"
}
check "it is on screens" screens
check "in no file of the record, nor the samples" none "$BACKOUT_STATE_DIR"
reports() {
	local format
	for format in text md html json ps pdf; do
		"$BACKOUT" report --format $format >"$work/shown/report.$format" 2>&1
	done
	# Its text is packed: what a reader sees of it counts.
	if grep -qa '^%PDF' "$work/shown/report.pdf" && command -v pdftotext >/dev/null; then
		pdftotext "$work/shown/report.pdf" "$work/shown/report.pdf.text" && grep -q redacted "$work/shown/report.pdf.text" ||
			{ echo "the PDF can't be read"; return 1; }
	fi
	"$BACKOUT" log >"$work/shown/log" 2>&1
	none "$work/shown"
}
check "in nothing that is shown: plans, probes, screens, reports" reports
kill $watcher
looked=$(cat "$root/ps.looked")
unseen() { none "$root/ps" || { tr '\0' ' ' <"$root/ps" | cut -c1-400 | head -20; return 1; }; }
check "in no command line, nor another user's environment" unseen
all=$(hits "$BACKOUT_STATE_DIR" "$work/shown" "$root/ps" | wc -l)
files=$(find "$BACKOUT_STATE_DIR" "$work/shown" -type f | wc -l)
check "after many looks" [ "$looked" -gt 100 ]
fault 26 "files, reports, screens that were searched for a canary" "$files" $((files - all)) "$all"
fault 26 "looks at command lines" "$looked" $((looked - $([ -s "$root/ps" ] && wc -l <"$root/ps" || echo 0))) "$(grep -c . "$root/ps")"
