#!/bin/bash
# The drills of Level 1 and Level 4: found by what is sensed alone, within 2% of the plan's budget.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
plan 11

within_budget() {
	python3 - "$work/$1.json" <<-'PY'
		import json, sys
		score = json.load(open(sys.argv[1]))
		print(score)
		sys.exit(not score["recover_s"] <= 0.02 * score["budget_s"])
	PY
}
begun flag bad-flag --auto
flag=$pid
drill lost host-lost --auto
check "host-lost: exit 0" test $? = 0
check "host-lost: recovered by Level 4" field lost procedure level-4
check "host-lost: recovered" field lost result recovered
check "host-lost: verified" field lost verified True
check "host-lost: the machine's part is at most 2% of the budget" within_budget lost
wait $flag
check "bad-flag: exit 0" test $? = 0
check "bad-flag: recovered by Level 1" field flag procedure level-1
check "bad-flag: recovered" field flag result recovered
check "bad-flag: verified" field flag verified True
check "bad-flag: the machine's part is at most 2% of the budget" within_budget flag
check "nothing is left behind" nothing_left
