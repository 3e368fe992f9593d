#!/bin/bash
# The drills of Level 1 and Level 4: found by what is sensed alone, and within the plan's budget.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
plan 11

within_budget() {
	python3 - "$work/$1.json" <<-'PY'
		import json, sys
		score = json.load(open(sys.argv[1]))
		print(score)
		sys.exit(not 0 < score["recover_s"] < score["budget_s"])
	PY
}
begun flag bad-flag --auto
flag=$pid
drill lost host-lost --auto
check "host-lost: exit 0" test $? = 0
check "host-lost: recovered by Level 4" field lost procedure level-4
check "host-lost: recovered" field lost result recovered
check "host-lost: verified" field lost verified True
check "host-lost: it took less than the budget" within_budget lost
wait $flag
check "bad-flag: exit 0" test $? = 0
check "bad-flag: recovered by Level 1" field flag procedure level-1
check "bad-flag: recovered" field flag result recovered
check "bad-flag: verified" field flag verified True
check "bad-flag: it took less than the budget" within_budget flag
check "nothing is left behind" nothing_left
