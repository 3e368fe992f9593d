#!/bin/bash
# The gates of slomix's later phases, and its review: each criterion that a machine can judge is asked twice at a T,
# of real parts, once while all is as it should be and once while nothing is. What has to be stable on record first is
# not, in a sandbox: that keeps every one of them from a go. With LONG=1 alone: it takes minutes, and what it asks is data.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
. tests/func/drill.sh.inc
if [ -z "$LONG" ]; then
	plan 1
	skip "the criteria of the later gates, asked of real parts" "only with LONG=1"
	exit 0
fi

# GATE KIND GOOD BAD WHAT: the verdict of a criterion whose words begin so, in either world.
cat >"$work/criteria" <<'EOF'
phase-3 go pass fail more than half of the predictions of the past
phase-3 go pass fail no prediction took five seconds
phase-3 go pass fail predictions are stored
phase-3 no-go fail pass less than 40% of the predictions of the past
phase-3 no-go fail pass a prediction took longer than ten seconds
phase-3 no-go fail pass predictions failed on the test server
phase-3 no-go pass pass phase 2 is not stable
phase-4 go pass fail more than 55% of the predictions
phase-4 go pass fail every result in the test database is judged rightly
phase-4 no-go fail pass results on the test server contradict
phase-4 no-go fail pass predictions on the test server get no results
phase-4 no-go fail pass Discord limited the test server
phase-4 no-go fail pass less than 45% of the predictions
phase-4 no-go pass pass phase 3 is not stable
phase-5 go pass fail more than 60% of the predictions
phase-5 go pass fail predictions of the last seven days took less than two seconds
phase-5 go pass pass the bot needs less than 250 MB
phase-5 no-go fail pass less than 55% of the predictions
phase-5 no-go fail pass predictions take two seconds or longer
phase-5 no-go fail fail the bot needs 250 MB or more
phase-5 no-go pass pass a phase is not stable
success go pass fail more than 60% of all predictions
success go pass fail more than 70% of the sure ones
success go pass fail predictions of the last seven days took less than two seconds
success go pass fail more than 80% of the sessions were predicted
EOF
gates="phase-3 phase-5 success phase-4"
plan $((6 + 2 * $(wc -l <"$work/criteria")))

# The console counts down for some seconds, and says at T what each criterion says.
at_t() { # GATE WORLD
	local BACKOUT_STATE_DIR=$work/state.$2 ledger pid i result=1
	rm -f "$work/keys"
	mkfifo "$work/keys"
	"$BACKOUT" preflight slomix "$1" --target "$sandbox/target.json" --plain \
		--at "$(date -u -d '+5 seconds' +%FT%TZ)" <"$work/keys" >"$work/$1.$2.lines" 2>&1 &
	pid=$!
	exec 3>"$work/keys"
	for ((i = 0; i < 600; i++)); do
		ledger=$(grep -ls "\"deployment\":\"$1\"" "$BACKOUT_STATE_DIR"/incidents/*/ledger.jsonl)
		[ -n "$ledger" ] && grep '"gate.computed".*"at_t0":true' "$ledger" >"$work/$1.$2" && { result=0; break; }
		sleep 0.1
	done
	printf 'quit\n' >&3
	exec 3>&-
	wait "$pid"
	[ $result = 0 ] || tail -20 "$work/$1.$2.lines"
	return $result
}
world() { for gate in $gates; do at_t "$gate" "$1" || return 1; done; }
says() { # GATE WORLD KIND VERDICT WHAT
	python3 - "$work/$1.$2" "${@:3}" <<-'PY'
		import json, sys
		path, kind, verdict, what = sys.argv[1:]
		found = [one for line in open(path) for one in json.loads(line)["criteria"]
		         if one["kind"] == kind and one["say"].startswith(what)]
		print(*found, sep="\n")
		sys.exit(not (len(found) == 1 and found[0]["verdict"] == verdict))
	PY
}
no_go() { # GATE WORLD
	grep -q '"computed":"no-go"' "$work/$1.$2" || { cut -c1-300 "$work/$1.$2"; return 1; }
}
sql() { psql -qX -v ON_ERROR_STOP=1 -h "$sandbox/db" -U etlegacy_user -d "$1" "${@:2}"; }
line() { echo "$(date '+%F %T,000') - predictions - $1" >>"$sandbox/$2/bot_logs/bot.log"; }

made() {
	drill made bad-flag --auto --keep || { cat "$work/made.err"; return 1; }
	sandbox=$(json "$work/made.json" sandbox | python3 -c 'import ast, os, sys; print(os.path.dirname(ast.literal_eval(sys.stdin.read())["git"]))')
	mkdir -p "$sandbox/slomix_discord_test/bot_logs" &&
		psql -qX -h "$sandbox/db" -U postgres -c 'CREATE DATABASE etlegacy_test OWNER etlegacy_user' &&
		sql etlegacy_test -f runbooks/slomix/drill/seed/schema.sql &&
		sql etlegacy_test -c "INSERT INTO match_predictions (session_start_date, team_a_guids, team_b_guids,
			predicted_winner, confidence, prediction_time, actual_winner, prediction_correct)
			SELECT now() - n * interval '1 hour', 'a' || n, 'b' || n, 'a', 0.6, now() - n * interval '1 hour',
			CASE WHEN n % 4 = 0 THEN 'b' ELSE 'a' END, n % 4 <> 0 FROM generate_series(1, 20) AS n" &&
		sql etlegacy -c "UPDATE match_predictions SET actual_winner = predicted_winner, prediction_correct = true
			WHERE confidence > 0.75" &&
		line 'INFO - Prediction generated in 1.2s' slomix_discord &&
		line 'INFO - Prediction generated in 1.4s' slomix_discord_test
}
spoilt() {
	sql etlegacy_test -c "UPDATE match_predictions SET prediction_correct = NOT prediction_correct,
		prediction_time = prediction_time - interval '2 days'" &&
		sql etlegacy -c "UPDATE match_predictions SET prediction_correct = id % 5 = 0,
			session_start_date = session_start_date - interval '200 days'" &&
		line 'INFO - Prediction generated in 9.5s' slomix_discord &&
		line 'INFO - Prediction generated in 12.5s' slomix_discord_test &&
		line 'ERROR - prediction failed: UndefinedColumn: column "last_played" does not exist' slomix_discord_test &&
		line 'WARNING - We are being rate limited. POST #predictions responded with 429.' slomix_discord_test
}

all() { # WORLD, and which column its verdicts are in
	while read -r gate kind good bad what; do
		check "$1: $gate: \"$what ...\" is ${!1}" says "$gate" "$1" "$kind" "${!1}" "$what"
	done <"$work/criteria"
}
good_world() { made && world good; }
bad_world() { spoilt && world bad; }
check "at T of each gate all is asked, while all is well" good_world
all good
for gate in phase-3 phase-4; do
	check "what is not on record keeps $gate from a go, however good all else is" no_go $gate good
done
check "at T of each gate all is asked, while nothing is" bad_world
all bad
for gate in phase-5 phase-4; do
	check "$gate is a no-go" no_go $gate bad
done
"$BACKOUT" drill --clean >/dev/null 2>&1
