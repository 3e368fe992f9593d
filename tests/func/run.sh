#!/bin/bash
# backout plan, probe and run from the command line: what they print, what they touch, how they exit.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
plan 21

root=$work/lamp
mkdir "$root"
mkfifo "$root/gate"
cat >"$work/lamp.json" <<'END'
{"format": 1, "system": "lamp", "title": "A lamp",
 "parameters": {
   "root": {"type": "path", "help": "where the lamp stands"},
   "colour": {"type": "string", "help": "its colour", "ask": "Which colour?",
              "propose": {"command": ["cat", "${root}/colour"]}}},
 "probes": {"well": {"file": "${root}/state", "contains": "well"}},
 "procedures": {
   "mend": {"title": "Mend the lamp", "estimate": "1m", "data_loss": "none", "risk": "low",
     "after": "after", "steps": [
       {"id": "write", "say": "Write the state", "verify": ["well"], "within": "2s",
        "action": {"command": ["sh", "-c", "echo well >\"$1/state\"", "sh", "${root}"],
                   "risk": "destructive"}},
       {"id": "paint", "say": "Paint it",
        "action": {"command": ["sh", "-c", "echo \"$1\" >\"$2/painted\"", "sh", "${colour}", "${root}"]}}]},
   "poor": {"title": "Does nothing", "estimate": "1m", "data_loss": "none", "risk": "low",
     "steps": [{"id": "try", "say": "Try", "action": {"command": ["true"]}, "verify": ["well"],
                "within": "0s"}]},
   "lose": {"title": "Lose the record", "estimate": "1m", "data_loss": "none", "risk": "low",
     "steps": [{"id": "lose", "say": "Lose it", "action": {"command":
        ["sh", "-c", "mv \"$1\"/../state/incidents/*/ledger.jsonl \"$1/lost\"", "sh", "${root}"]}}]},
   "wait": {"title": "Wait", "estimate": "1m", "data_loss": "none", "risk": "low",
     "steps": [{"id": "gate", "say": "Wait", "action": {"command":
        ["sh", "-c", "touch \"$1/waiting\"; read x <\"$1/gate\"", "sh", "${root}"]}}]}},
 "checklists": {"after": {"title": "After", "sections": [{"title": "All", "items": [
   {"id": "well", "say": "The lamp is well", "probe": "well"}]}]}}}
END
cat >"$work/attic.json" <<END
{"target": "attic", "system": "lamp", "class": "staging", "claim": "$work/claim",
 "parameters": {"root": "$root"}}
END
fresh() { rm -rf "$BACKOUT_STATE_DIR" "$work/claim" "$root"/{painted,waiting}; echo broken >"$root/state"; echo 'pale green; rm -rf /' >"$root/colour"; }
on() { local what=$1; shift; "$BACKOUT" "$what" "$work/lamp.json" "$@" --target "$work/attic.json"; }
says() { local text=$1; shift; "$@" | grep -qF -- "$text"; }
not() { ! "$@"; }
same() { [ "$1" = "$2" ] || { echo "\"$1\" is not \"$2\""; return 1; }; }

# ---- plan ----
fresh
on plan mend >"$work/plan"
check "the plan shows every command" grep -qF "echo well" "$work/plan"
check "with the proposed answer in its place" grep -qF "pale green; rm -rf /" "$work/plan"
check "as JSON, too" says '"risk": "destructive"' on plan mend --json
if command -v strace >/dev/null; then
	touched() {
		traced -f -e trace=file,desc -o "$work/trace" "$BACKOUT" plan "$work/lamp.json" mend \
			--target "$work/attic.json" >/dev/null || return
		! grep -vF /dev/null "$work/trace" |
			grep -E 'O_(WRONLY|RDWR|CREAT)|(unlink|rename|mkdir|truncate|chmod|chown| link|symlink)[a-z0-9]*\('
	}
	check "and touches nothing" touched
else
	skip "and touches nothing" "strace is not here"
fi
check "an unknown procedure is a wrong call" status 2 on plan mind

# ---- probe ----
check "a probe that fails" status 1 on probe well
echo well >"$root/state"
check "a probe that passes" status 0 on probe well
check "an unknown probe is a wrong call" status 2 on probe unwell

# ---- run ----
fresh
check "another target is not confirmed" status 2 on run mend --confirm cellar
check "so nothing was done" test ! -e "$BACKOUT_STATE_DIR/incidents"
check "done and holds" status 0 on run mend --confirm attic
check "answers stay one word of the command" same "$(cat "$root/painted")" 'pale green; rm -rf /'
fresh
check "it does not hold" status 1 on run poor --confirm attic
check "the open incident keeps the target: nothing else is run" status 1 on run mend --confirm attic
check "and the refusal names it" says "claimed by incident" on run mend --confirm attic
fresh
# A user's inotify instances are few, and editors and servers take many.
none_left() { echo 0 >/proc/sys/user/max_inotify_instances; }
if unshare -Ur bash -c "$(declare -f none_left); none_left" 2>/dev/null; then
	without_inotify() { unshare -Ur bash -c "$(declare -f none_left); none_left; exec \"\$@\"" bash "$@"; }
	check "without inotify it is done, too" without_inotify "$BACKOUT" run "$work/lamp.json" mend \
		--target "$work/attic.json" --confirm attic
	fresh
else
	skip "without inotify it is done, too" "no user namespaces here"
fi
BACKOUT_STATE_DIR=/proc/none check "no ledger, nothing done" status 4 on run mend --confirm attic
fresh
on run lose --confirm attic >"$work/lost.log" 2>&1
check "a record that is lost on the way ends it" same $? 4
check "and nobody claims that nothing was run" not grep -q 'nothing was run' "$work/lost.log"
fresh
"$BACKOUT" run "$work/lamp.json" wait --target "$work/attic.json" --confirm attic >"$work/run.log" 2>&1 &
runner=$!
until [ -e "$root/waiting" ] || ! kill -0 $runner 2>/dev/null; do :; done
kill -TERM $runner
wait $runner
check "stopped by the operator" same $? 5
sed -i 's/"say": "Try"/"sey": "Try"/' "$work/lamp.json"
check "a runbook with a mistake" status 3 on run mend --confirm attic
