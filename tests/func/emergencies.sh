#!/bin/bash
# Emergency responses of a runbook on the real parts of a kept sandbox: what is sensed suggests the
# response that fits, and it ends verified.
cd "$(dirname "$0")/../.." || exit 2
. tests/func/tap.sh.inc
export TMPDIR=$work
chmod 711 "$work" # the sandbox's services run as another user when root drills
plan 11
cleanup() { "$BACKOUT" drill --clean >/dev/null 2>&1; }

"$BACKOUT" drill slomix bad-flag --auto --keep --json >"$work/drill.json" 2>"$work/drill.err"
check "a sandbox is there, and well" test $? = 0
sandbox=$(ls -d "$work"/backout-drill-*)
config=$sandbox/slomix_discord/bot/config.py
sql() { psql -XAtq "host=$sandbox/db user=postgres dbname=etlegacy" -c "$1"; }
flag() { sed -i "s/^$1 = [A-Z][a-z]*/$1 = $2/" "$config"; }

# respond PROCEDURE: an incident is opened, and the machine decides by what it senses.
respond() {
	local id
	"$BACKOUT" open slomix --target "$sandbox/target.json" --title "Trouble" --plain </dev/null >"$work/out" 2>&1
	id=$("$BACKOUT" incidents | awk '$2 == "open" {print $1; exit}')
	"$BACKOUT" attach "$id" --auto >"$work/out" 2>&1 &&
		grep -q "^procedure $1 chosen, suggested by the condition" "$work/out" &&
		! grep '^procedure .* chosen' "$work/out" | grep -v "^procedure $1 " ||
		{ cat "$work/out"; return 1; }
}

sql "INSERT INTO match_predictions (session_start_date, team_a_guids, team_b_guids, predicted_winner, confidence,
	prediction_time) SELECT now(), 'a' || n, 'b', 'a', 7.5, now() FROM generate_series(1, 20) AS n"
core=$(sql "SELECT count(*) FROM player_stats")
check "damaged predictions: the prediction tables are emptied" respond clear-predictions
emptied() {
	[ "$(sql "SELECT (SELECT count(*) FROM match_predictions) + (SELECT count(*) FROM lineup_performance) +
		(SELECT count(*) FROM head_to_head_matchups) + (SELECT count(*) FROM map_performance)")" = 0 ]
}
check "damaged predictions: all four are empty" emptied
kept() { [ "$(sql "SELECT count(*) FROM player_stats")" -ge "$core" ] && ls "$sandbox"/backups/*emergency_snapshot*.dump; }
check "damaged predictions: no core row is lost, and a snapshot is kept" kept

flag ENABLE_MATCH_PREDICTIONS True
sql "INSERT INTO match_predictions (session_start_date, team_a_guids, team_b_guids, predicted_winner, confidence,
	prediction_time, actual_winner, prediction_correct) SELECT now(), 'c' || n, 'b', 'a', 0.75, now(), 'b', false
	FROM generate_series(1, 12) AS n"
check "false predictions: predictions are switched off" respond predictions-off
check "false predictions: the flag is off" grep -q '^ENABLE_MATCH_PREDICTIONS = False' "$config"

flag ENABLE_TEAM_SPLIT_DETECTION True
flag ENABLE_LIVE_SCORING True
echo "$(date '+%F %T'),000 - discord.http - WARNING - We are being rate limited: 429" \
	>>"$sandbox/slomix_discord/bot_logs/bot.log"
check "rate limit: live scoring is switched off" respond live-scoring-off
only_live() { grep -q '^ENABLE_LIVE_SCORING = False' "$config" && grep -q '^ENABLE_TEAM_SPLIT_DETECTION = True' "$config"; }
check "rate limit: and no other flag" only_live

# A console that comes when no slot is left for its role: the administrator's are reserved.
LEADERBOARD_DSN="host=$sandbox/db port=5432 dbname=etlegacy user=etlegacy_user" \
	PYTHONPATH=$sandbox/slomix_discord PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m tools.leaderboard 2>"$work/leak" &
leak=$!
until grep -q players "$work/leak" || ! kill -0 $leak 2>/dev/null; do sleep 0.1; done
# They are ended when they have been idle for as long as the target says: for longer than that they are.
idle="SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND state_change < now() - interval '3 seconds'"
until [ "$(sql "$idle")" -ge 40 ] || ! kill -0 $leak 2>/dev/null; do sleep 0.1; done
# What is asked then is answered by what was measured after they were ended, not by what suggested it.
ended() { respond free-connections && grep -q '^step persists: no' "$work/out" || { cat "$work/out"; return 1; }; }
check "no connection left: idle sessions are ended, and that is enough" ended
free_again() {
	grep -q 'connection slots' "$work/leak" && kill $leak &&
		[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE datname = 'etlegacy'")" -lt 25 ]
}
check "no connection left: and there is room again" free_again
check "the sandbox is removed" bash -c '"$BACKOUT" drill --clean && ! ls -d "$TMPDIR"/backout-drill-* 2>/dev/null'
