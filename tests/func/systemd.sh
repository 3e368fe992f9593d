#!/bin/bash
# Services of a real systemd, in each state that units get into: what the driver sees, does and says, and the action
# "service" through whole procedures, as root, as another user, and of a user's own systemd. (machine.sh.inc)
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/machine.sh.inc
cleanup() { machine_end; }
build=${BUILD:-build}
# Wherever they were built, they must be seen inside.
mkdir "$work/shared"
cp "$BACKOUT" "$work/shared/backout"
cp "$build/tests/unit/lib_service" "$work/shared/lib_service"
plan 37

unit() { machine_unit "$1.service" <<<"[Service]"$'\n'"$2"; }
unit plain 'ExecStart=sleep 1000'
unit bot@ 'ExecStart=sleep 1000'
unit bot 'ExecStart=sleep 1000'
unit once $'Type=oneshot\nExecStart=true'
unit kept $'Type=oneshot\nRemainAfterExit=yes\nExecStart=true'
unit slow $'Type=notify\nNotifyAccess=all\nExecStart=sh -c "sleep 1; systemd-notify --ready; exec sleep 1000"'
unit slower $'Type=notify\nNotifyAccess=all\nExecStart=sh -c "sleep 1000"\nTimeoutStopSec=1'
unit stubborn $'TimeoutStopSec=1\nExecStart=sh -c "trap \'\' TERM; while :; do sleep 1; done"'
unit broken 'ExecStart=sh -c "exit 7"'
unit unready $'Type=notify\nExecStart=false'
machine_unit again.service <<<$'[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=100\nExecStart=false'
machine_unit limit.service \
	<<<$'[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=1000\n[Service]\nRestart=always\nRestartSec=0\nExecStart=sh -c "[ -e /run/mended ] && exec sleep 1000"'
unit moving $'Type=notify\nNotifyAccess=all\nExecStart=sh -c "sleep 1000 & systemd-notify --ready; read line </run/gate; systemd-notify MAINPID=$!; sleep 1000"'
unit bad $'Type=nonsense'
machine_unit door.socket <<<$'[Socket]\nListenStream=/run/door'
unit door 'ExecStart=sleep 1000'

why=$(machine_why)
if [[ -z $why ]] && ! machine_boot >"$work/boot" 2>&1; then
	why="no machine boots here: $(tail -n 1 "$work/boot")"
	sed 's/^/# /' "$work/boot"
fi
if [[ -n $why ]]; then
	for ((i = 0; i < 37; i++)); do skip "a real systemd" "$why"; done
	exit 0
fi
inside mkfifo /run/gate
inside ln -s /dev/null /etc/systemd/system/masked.service
inside systemctl daemon-reload

# ---- what the driver sees and says ----
d() { printf '{"systemd":"%s"%s}' "$1" "${2:-}"; }
state() { inside /shared/lib_service --state "$(d "$1")"; }
does() { inside timeout 60 /shared/lib_service --do "$(d "$1")" "$2" "${3:-20}"; }
# says PATTERN COMMAND...: the whole output matches; shown when it doesn't.
says() {
	local pattern=$1 out
	shift
	out=$("$@" 2>&1)
	[[ $out =~ $pattern ]] || { echo "\"$out\" does not match $pattern"; return 1; }
}
not() { ! "$@"; }

check "stopped" says '^stopped .*plain is inactive \(dead\)' state plain
check "started" says '^active restarts 0: plain is active \(running\), pid [0-9]+$' does plain start
before=$(state plain)
same() { [[ $1 == "$2" ]] || { echo "\"$1\" is not \"$2\""; return 1; }; }
check "started again: it is left alone" same "$(does plain start)" "$before"
check "restarted: another process" not same "$(does plain restart)" "$before"
check "stopped again" says '^stopped' does plain stop
check "an instance of a template" says '^active.*bot@one is active' does bot@one start
check "another instance is not that one" says '^stopped.*bot@two is inactive' state bot@two
check "a unit that is ready late is waited for" says '^active.*slow is active' does slow start
check "one that isn't ready in time" says 'timed out after.*changing.*slower is activating' does slower start 1
check "and is stopped on its way up" says '^(stopped|failed)' does slower stop
does stubborn start >/dev/null
check "one that ignores TERM is ended by systemd, and counts as stopped" says '^failed.*stubborn has failed \(timeout\)' \
	does stubborn stop
check "one that ends badly at once did not start" says 'it failed to start: broken has failed \(exit-code\)' \
	does broken start
check "one that is never ready, with its reason" says 'unready.service failed.*now unready has failed.*journalctl -u unready' \
	does unready start
check "a oneshot that is over did not come up, and nobody waits for it" says 'it started, and ended at once' \
	does once start 20
check "a oneshot that remains is active" says '^active.*kept is active \(exited\)' does kept start
check "one that waits for its next restart is changing" says 'still not active: again is activating \(auto-restart\)' \
	does again start 2
check "and can be stopped there" says '^stopped' does again stop
check "a crash loop is no start" says '^start the service: it failed to start: limit has failed' does limit start
inside touch /run/mended
check "after too many failures, once mended, it starts" says '^active.*limit is active' does limit start
check "a masked unit is stopped" says '^stopped.*masked is inactive.*it is masked' state masked
check "and does not start" says 'masked.*systemctl unmask masked' does masked start
check "a unit that isn't there is unknown" says '^unknown.*unit none: not-found' state none
check "as is one whose file is bad" says 'bad' does bad start
inside systemctl start moving
first=$(state moving)
inside sh -c 'echo >/run/gate'
for ((i = 0; i < 100; i++)); do [[ $(state moving) != "$first" ]] && break; sleep 0.05; done
check "a unit whose main process becomes another one is active all the time" says '^active.*moving is active \(running\), pid' \
	state moving
check "with its new pid" not same "$(state moving)" "$first"
inside systemctl start plain door.socket
inside sh -c 'echo "# changed" >>/etc/systemd/system/plain.service'
check "a file that changed on disk is told" says '^active.*plain.*its file changed on disk \(systemctl daemon-reload\)' state plain
inside systemctl daemon-reload
inside systemctl start door
check "one that a socket can start again is stopped all the same" says '^stopped' does door stop

# ---- other users ----
inside useradd --create-home op
op=$(inside id -u op)
inside loginctl enable-linger op
inside sh -c 'mkdir -p ~op/.config/systemd/user
	printf "[Service]\nExecStart=sleep 1000\n" >~op/.config/systemd/user/mine.service; chown -R op: ~op'
for ((i = 0; i < 100; i++)); do inside test -S "/run/user/$op/bus" && break; sleep 0.05; done
as_op() { inside_as "$op" HOME=/home/op "$@"; }
check "another user may not, and is told what to do" says "(uthentication required|ccess denied).*user $op may not: run as root" \
	as_op /shared/lib_service --do "$(d plain)" restart 10
check "but may look" says '^active.*plain is active' as_op /shared/lib_service --state "$(d plain)"
if inside test -S "/run/user/$op/bus" || inside test -S "/run/user/$op/systemd/private"; then
	check "a unit of the user's own systemd, without a session" says '^active.*mine is active' \
		as_op /shared/lib_service --do "$(d mine ',"user":true')" start 10
else
	skip "a unit of the user's own systemd, without a session" "no user's systemd comes up here (package libpam-systemd)"
fi
check "root's own systemd doesn't run: unknown" says "^unknown.*can't reach the user's service manager" \
	inside /shared/lib_service --state "$(d mine ',"user":true')"

# ---- through procedures ----
mkdir -p "$work/shared/run"
cat >"$work/shared/run/bot.json" <<'END'
{"format": 1, "system": "bot", "title": "A bot under systemd",
 "sources": {
   "bot": {"service": {"systemd": "bot.service", "modes": {"safe": {"systemd": "bot@safe.service"}}}},
   "masked": {"service": {"systemd": "masked.service"}},
   "broken": {"service": {"systemd": "broken.service"}}},
 "probes": {
   "up": {"service": "bot", "is": "active", "mode": "normal"},
   "safe": {"service": "bot", "is": "active", "mode": "safe"}},
 "procedures": {
   "up": {"title": "Start", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
     {"id": "start", "say": "Start it", "action": {"service": "bot", "do": "start"}, "verify": ["up"]}]},
   "safe": {"title": "Safe mode", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
     {"id": "safe", "say": "Safe", "action": {"service": "bot", "do": "restart", "mode": "safe"}, "verify": ["safe"]}]},
   "masked": {"title": "Masked", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
     {"id": "start", "say": "Start it", "action": {"service": "masked", "do": "start"}}]},
   "broken": {"title": "Broken", "estimate": "1m", "data_loss": "none", "risk": "low", "steps": [
     {"id": "start", "say": "Start it", "action": {"service": "broken", "do": "start"}}]}}}
END
echo '{"target": "here", "system": "bot", "class": "staging", "claim": "/tmp/claim"}' >"$work/shared/run/here.json"
chmod -R go-w "$work/shared/run"
backout() {
	local what=$1 procedure=$2
	shift 2
	inside rm -rf /tmp/state /tmp/claim
	inside env BACKOUT_STATE_DIR=/tmp/state BACKOUT_DATA_DIR="$PWD" /shared/backout "$what" /shared/run/bot.json \
		"$procedure" --target /shared/run/here.json "$@"
}
check "the plan names the commands and the state" says 'systemctl start -- bot\.service.*now:' \
	backout plan up
check "a procedure starts it" status 0 backout run up --confirm here
check "and moves it to another mode" status 0 backout run safe --confirm here
check "which is another unit" says '^inactive.active$' inside sh -c 'systemctl is-active bot | tr "\n" " "; systemctl is-active bot@safe'
check "a masked one is refused before anything is done" says 'it can.t be started: unit masked' backout run masked --confirm here
check "one that fails is told with its state" says 'broken.service has failed' backout run broken --confirm here
