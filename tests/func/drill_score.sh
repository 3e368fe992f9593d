#!/bin/bash
# What a drill's score is worth: a wrong way, a skipped step and a skipped verify are no recovery, and the score and the
# report say why; --auto goes by what it senses, whatever the scenario says; `well` has to ask something.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
export BACKOUT PYTHONDONTWRITEBYTECODE=1
plan 22
beacon=tests/drill/beacon

operated() { # NAME RUNBOOK WISHES...: $work/NAME.out, its report as JSON and text beside it
	python3 tests/func/scripted_operator.py "$2" dark relight "${@:3}" >"$work/$1.out" 2>&1
	local id
	id=$(sed -n 's/^incident \([^:]*\):.*/\1/p' "$work/$1.out")
	"$BACKOUT" report "$id" --json >"$work/$1.report" && "$BACKOUT" report "$id" >"$work/$1.txt"
}
# The score in the report: KEY=VALUE (as Python prints it) each; and how the console ended.
scored() { # NAME STATUS KEY=VALUE...
	grep -q "^exit $2\$" "$work/$1.out" && python3 - "$work/$1.report" "${@:3}" <<-'PY' || { tail -40 "$work/$1.out"; return 1; }
		import json, sys
		score = json.load(open(sys.argv[1]))["score"]
		print(score)
		sys.exit(not all(str(score[key]) == value for key, value in (wish.split("=", 1) for wish in sys.argv[2:])))
	PY
}
edited() { # COPY PYTHON: a copy of the beacon whose documents the code changes: d(NAME) is one, to change in place
	cp -R $beacon "$work/$1" && python3 - "$work/$1" "$2" <<-'PY'
		import json, sys
		folder, code = sys.argv[1:]
		documents = {}
		def d(name):
		    return documents.setdefault(name, json.load(open(f"{folder}/{name}.json")))
		exec(code, {"d": d, "dark": d("drill/scenarios/dark"), "runbook": d("runbook")})
		for name, document in documents.items():
		    json.dump(document, open(f"{folder}/{name}.json", "w"))
	PY
}

# They mostly wait, each in a sandbox of its own.
edited idle 'runbook["procedures"]["relight"]["steps"] = [dict(runbook["procedures"]["relight"]["steps"][0], action={"command": ["true"]})]; runbook["report"]["sections"].pop()'
edited lie 'dark["procedure"] = "polish"; dark["title"] = "Polish the lens"'
operated right $beacon &
operated decisive $beacon skip on &
operated look $beacon skip look &
operated ignored "$work/idle" ignore on &
operated stopped "$work/idle" &
runbook=$work/lie drill lie dark --auto &
wait
check "the right way: recovered and verified" scored right 0 result=recovered verified=True skipped=0 not_verified='{}' not_well='{}'
check "nothing of the fault is said before the end" sh -c "! sed '/resolved: by hand/,\$d' '$work/right.out' | grep -i inject"
check "the decisive step skipped: not recovered" scored decisive 1 "result=not recovered" verified=False skipped=1
check "and the score says which, and why" grep -q "not verified: relight/on: skipped: I know better" "$work/decisive.out"
check "and what is not well" grep -q "not well: the light is on: " "$work/decisive.out"
check "the report says it, too" grep -q "relight/on: skipped: I know better" "$work/decisive.txt"
check "all is well, but nobody looked: not verified" scored look 1 result=recovered verified=False skipped=1 \
	"not_verified={'relight/look': 'skipped: I know better'}"
check "a verify that does not hold is skipped: not recovered" scored ignored 1 "result=not recovered" verified=False \
	"not_verified={'relight/on': 'ran, its verify was skipped: it looks fine to me', 'relight': 'failed'}"
check "a way that was given up: not recovered, and why" scored stopped 1 "result=not recovered" verified=False wrong_paths=0
check "it says that it was stopped" grep -q "not verified: relight: stopped" "$work/stopped.out"

# The scenario lies about the way and its name: --auto does what is sensed.
check "a scenario that names another way: --auto goes by what it senses" field lie procedure relight
check "and recovers" field lie verified True
# Nothing that is sensed leads anywhere: the name in the scenario does not help. These wait for three minutes.
blind="where nothing is sensed, --auto has no way, and does not recover"
of_none="of all, none recovered: exit 1"
if [ -n "$LONG" ]; then
	edited blind 'del runbook["conditions"]'
	runbook=$work/blind drill blind dark --auto &
	no_way() { field blind procedure "" && field blind result "not recovered"; }
	none() { status 1 "$BACKOUT" drill "$work/idle" --all --auto && grep -q '^0 of 1 recovered, 0 verified' "$work/check.log"; }
	check "$of_none" none
	wait
	check "$blind" no_way
else
	skip "$blind" "only with LONG=1"
	skip "$of_none" "only with LONG=1"
fi

refused() { # NAME WORDS: `check` and `drill` both refuse the copy, and build nothing
	status 3 "$BACKOUT" check "$work/$1" >"$work/$1.check" 2>&1 && grep -q "$2" "$work/$1.check" &&
		status 1 "$BACKOUT" drill "$work/$1" dark --auto >"$work/$1.drill" 2>&1 && grep -q "$2" "$work/$1.drill" &&
		! grep -q "a beacon that shines" "$work/$1.drill" || { cat "$work/$1.check" "$work/$1.drill"; return 1; }
}
edited empty 'dark["well"] = {}'
check "well that asks nothing is refused" refused empty '"well" asks nothing'
edited none 'del dark["well"]'
check "so is none" refused none '"well" asks nothing'
edited person 'dark["well"]["lit"] = {"not": {"manual": "Is it dark?"}}'
check "so is one that asks a person" refused person '/well/lit asks no part'
edited hollow 'dark["well"]["lit"] = {"all": [{"all": []}]}'
check "so is one that holds whatever there is" refused hollow '/well/lit/all/0/all: expected at least one probe'
edited record 'dark["well"]["lit"] = {"proven": "relight", "within": "1d"}'
check "so is one that asks the record" refused record '/well/lit'
edited unused 'dark["facts"] = {"rows": {"postgres": "main", "sql": "SELECT 1"}}'
check "a fact that nothing compares is refused" refused unused '/facts/rows: '

# Of many: one line of JSON each, or a table; what was proven stands in the list.
many() {
	status 0 "$BACKOUT" drill $beacon --all --auto --json >"$work/all.json" 2>"$work/all.err" &&
		status 0 "$BACKOUT" drill $beacon --all --auto >"$work/all.out" 2>&1 &&
		[ "$(wc -l <"$work/all.json")" = 1 ] && grep -q '^{"runbook":"beacon","scenario":"dark"' "$work/all.json" &&
		tail -1 "$work/all.out" | grep -q '^1 of 1 recovered, 1 verified; procedures took .* of the 2 min' &&
		grep -q '^beacon  *dark .* recovered  *yes .* 2 min .*%$' "$work/all.out" ||
		{ cat "$work"/all.*; return 1; }
}
check "all of them: a table with its totals, or JSON alone" many
listed() {
	"$BACKOUT" drill $beacon --list >"$work/list" && grep -A1 'dark  *The light' "$work/list" | grep -q 'proven [0-9]* times in drills, last .* of 2 min' &&
		grep -A1 'relight  *Light' "$work/list" | grep -q 'proven [0-9]* times' &&
		grep -A1 'polish  *Polish' "$work/list" | grep -q 'not proven' || { cat "$work/list"; return 1; }
}
check "the list says what was proven of scenarios and procedures" listed
