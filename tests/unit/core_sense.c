/* Sensing with a real log, real files and a real loop: readings, alerts, rounds beside it,
 * conditions. */
#include <math.h>
#include <sys/resource.h>

#include "core/evaluate.h"
#include "core/rounds.h"
#include "tests/unit/lamp.h"

struct watcher {
	int alerts, conditions;
	enum level level;
};

static void noticed(enum sense_change what, const void *subject, void *data)
{
	struct watcher *watcher = data;

	if (what == SENSE_ALERT) {
		watcher->alerts++;
		watcher->level = ((const struct alert *)subject)->level;
	}
	watcher->conditions += what == SENSE_CONDITION;
}

static struct sense *sense_begin(struct lamp *lamp, struct watcher *watcher)
{
	struct sense_observer observer = { .changed = noticed, .data = watcher };
	struct sense *sense = sense_new(lamp->loop, &clock_system, lamp->loaded.runbook,
					lamp->loaded.target, NULL, &observer, NULL);

	assert_non_null(sense);
	return sense;
}

static void log_errors(const struct lamp *lamp, int n)
{
	char *path = lamp_path(lamp, "app.log"), line[200], at[32];
	time_t now = time(NULL);

	strftime(at, sizeof(at), "%Y-%m-%d %H:%M:%S", gmtime(&now));
	for (int i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "%s ERROR it sparks (%d)\n", at, i);
		scratch_puts(path, line);
	}
	free(path);
}

static struct probe *probe(const struct lamp *lamp, const char *name)
{
	struct probe *found = runbook_probe(lamp->loaded.runbook, name);

	assert_non_null(found);
	return found;
}

/* ---- Metrics ---- */

static void errors_in_a_log_become_an_alert(void **state)
{
	struct lamp *lamp = *state;
	struct watcher watcher = { 0 };
	struct sense *sense = sense_begin(lamp, &watcher);
	const struct metric *errors = runbook_metric(lamp->loaded.runbook, "errors");
	size_t n;

	LAMP_UNTIL(lamp, sense_metric(sense, errors)->has_value);
	assert_int_equal(sense_alert(sense, errors)->level, LEVEL_OK);
	assert_true(isnan(sense_alert(sense, errors)->limits[LEVEL_INFO]));
	assert_true(sense_alert(sense, errors)->limits[LEVEL_CRITICAL] == 3);
	log_errors(lamp, 5);
	LAMP_UNTIL(lamp, watcher.level == LEVEL_CRITICAL);
	assert_true(sense_alert(sense, errors)->threshold == 3);
	assert_true(sense_alert(sense, errors)->value == 5);
	assert_non_null(sense_series(sense, errors, 0, &n));
	assert_true(n >= 2);
	sense_free(sense);
}

static const struct metric *metric(const struct lamp *lamp, const char *name)
{
	const struct metric *found = runbook_metric(lamp->loaded.runbook, name);

	assert_non_null(found);
	return found;
}

/* The cooldown silences; what is shown is what is. */
static void silence_hides_nothing(void **state)
{
	struct lamp *lamp = *state;
	struct watcher watcher = { 0 };
	struct sense *sense = sense_begin(lamp, &watcher);
	const struct alert *weight = sense_alert(sense, metric(lamp, "weight"));
	char *path = lamp_path(lamp, "state");

	LAMP_UNTIL(lamp, sense_metric(sense, metric(lamp, "weight"))->has_value);
	assert_int_equal(truncate(path, 200000), 0);
	LAMP_UNTIL(lamp, weight->level == LEVEL_CRITICAL);
	assert_int_equal(weight->told, LEVEL_CRITICAL);
	assert_int_equal(truncate(path, 10), 0);
	LAMP_UNTIL(lamp, weight->level == LEVEL_OK);
	assert_int_equal(watcher.alerts, 2);
	assert_int_equal(truncate(path, 300000), 0);
	LAMP_UNTIL(lamp, weight->level == LEVEL_CRITICAL);
	assert_true(weight->value == 300000 && weight->threshold == 100000);
	assert_int_equal(weight->told, LEVEL_OK);
	assert_int_equal(watcher.alerts, 2);
	free(path);
	sense_free(sense);
}

/* One that hangs holds up neither the loop nor the others. */
static void what_blocks_is_read_in_a_copy(void **state)
{
	struct lamp *lamp = *state;
	struct watcher watcher = { 0 };
	struct sense *sense = sense_begin(lamp, &watcher);
	const struct metric *size = metric(lamp, "state-size");
	char *path = lamp_path(lamp, "state");
	double before;

	LAMP_UNTIL(lamp, sense_metric(sense, size)->has_value);
	before = sense_metric(sense, size)->value;
	scratch_puts(path, "and more");
	LAMP_UNTIL(lamp, sense_metric(sense, size)->value == before + 8);
	assert_int_equal(sense_metric(sense, metric(lamp, "stuck"))->verdict, VERDICT_UNKNOWN);
	LAMP_UNTIL(lamp, sense_metric(sense, metric(lamp, "largest"))->value == before + 8);
	free(path);
	sense_free(sense);
}

static void what_was_sensed_outlives_a_restart(void **state)
{
	struct lamp *lamp = *state;
	struct watcher watcher = { 0 };
	const struct runbook *runbook = lamp->loaded.runbook;
	struct kept *kept = kept_new(runbook->system, "attic", &clock_system);
	int64_t now = clock_wall(&clock_system);
	struct sense *sense;
	size_t n;

	for (int i = 30; i > 0; i--) {
		kept_metric(kept, "state-size", now - i * 10 * CLOCK_US, i == 30 ? 5000 : 5, NULL);
		kept_probe(kept, "well", now - i * 10 * CLOCK_US, VERDICT_FAIL, NULL);
	}
	kept_mute_set(kept, "errors", json_pack("{s:s}", "until", "2999-01-01T00:00:00Z"), NULL);
	sense = sense_begin(lamp, &watcher);
	sense_keep(sense, kept);
	/* What was seen then is not what is seen now. */
	assert_int_equal(sense_probe(sense, probe(lamp, "well"))->reading.at, 0);
	assert_non_null(sense_series(sense, metric(lamp, "state-size"), 0, &n));
	assert_int_equal(n, 30);
	LAMP_UNTIL(lamp, sense_metric(sense, metric(lamp, "largest"))->value == 5000);
	/* It has been unwell since before this process was there. */
	LAMP_UNTIL(lamp, sense_metric(sense, metric(lamp, "unwell-for"))->value >= 300);
	assert_true(sense_is_muted(sense, sense_alert(sense, metric(lamp, "errors"))));
	sense_mute(sense, metric(lamp, "errors"), 0);
	assert_false(sense_is_muted(sense, sense_alert(sense, metric(lamp, "errors"))));
	sense_free(sense);
	kept_free(kept);
}

static void a_probe_that_held_before_still_holds(void **state)
{
	struct lamp *lamp = *state;
	struct kept *kept = kept_new("lamp", "attic", &clock_system);
	int64_t now = clock_wall(&clock_system);
	struct sense *sense;
	struct reading reading;

	lamp_put(lamp, "state", "well\n");
	for (int i = 5; i > 0; i--)
		kept_probe(kept, "well", now - i * CLOCK_US, VERDICT_PASS, NULL);
	sense = sense_new(NULL, &clock_system, lamp->loaded.runbook, lamp->loaded.target, NULL,
			  NULL, NULL);
	sense_eval(sense, probe(lamp, "well-held"), 0, LAMP_PATIENCE, &reading);
	assert_int_equal(reading.verdict, VERDICT_UNKNOWN);
	sense_free(sense);
	sense = sense_new(NULL, &clock_system, lamp->loaded.runbook, lamp->loaded.target, NULL,
			  NULL, NULL);
	sense_keep(sense, kept);
	sense_eval(sense, probe(lamp, "well-held"), 0, LAMP_PATIENCE, &reading);
	assert_int_equal(reading.verdict, VERDICT_PASS);
	sense_free(sense);
	kept_free(kept);
}

/* ---- Probes beside the loop ---- */

static void watched_probes_follow_the_world(void **state)
{
	struct lamp *lamp = *state;
	struct watcher watcher = { 0 };
	struct sense *sense = sense_begin(lamp, &watcher);
	struct probe *well = probe(lamp, "well");
	int64_t since;

	assert_int_equal(sense_probe(sense, well)->reading.verdict, VERDICT_UNKNOWN);
	assert_int_equal(sense_probe(sense, well)->reading.at, 0);
	sense_watch(sense, &well, 1);
	LAMP_UNTIL(lamp, sense_probe(sense, well)->reading.verdict == VERDICT_FAIL);
	since = sense_probe(sense, well)->since;
	lamp_put(lamp, "state", "well\n");
	sense_now(sense);
	LAMP_UNTIL(lamp, sense_probe(sense, well)->reading.verdict == VERDICT_PASS);
	assert_true(sense_probe(sense, well)->since > since);
	sense_free(sense);
}

/* What was seen before nobody could look any more is not what is. What is answered from memory
 * needs nobody to look. */
static void without_a_look_nothing_is_known(void **state)
{
	struct lamp *lamp = *state;
	struct watcher watcher = { 0 };
	struct sense *sense = sense_begin(lamp, &watcher);
	struct probe *well = probe(lamp, "well"), *complains = probe(lamp, "complains");
	struct probe *both[] = { well, complains };
	struct rlimit old, none;
	int lowest = dup(STDIN_FILENO);

	lamp_put(lamp, "state", "well\n");
	sense_watch(sense, both, 2);
	sense_now(sense);
	LAMP_UNTIL(lamp, sense_probe(sense, well)->reading.verdict == VERDICT_PASS);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)lowest;
	close(lowest);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	LAMP_UNTIL(lamp, sense_probe(sense, well)->reading.verdict == VERDICT_UNKNOWN);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_non_null(strstr(sense_probe(sense, well)->reading.evidence, "nobody can look"));
	assert_int_equal(sense_probe(sense, complains)->reading.verdict, VERDICT_FAIL);
	LAMP_UNTIL(lamp, sense_probe(sense, well)->reading.verdict == VERDICT_PASS);
	sense_free(sense);
}

static void conditions_come_and_go(void **state)
{
	struct lamp *lamp = *state;
	struct watcher watcher = { 0 };
	struct sense *sense = sense_begin(lamp, &watcher);

	lamp_put(lamp, "config.json", "{\"bright\": false}\n");
	LAMP_UNTIL(lamp, sense_conditions(sense)[0].verdict == VERDICT_PASS);
	lamp_put(lamp, "config.json", "{\"bright\": true}\n");
	LAMP_UNTIL(lamp, sense_conditions(sense)[0].verdict == VERDICT_FAIL);
	assert_true(watcher.conditions >= 2);
	sense_free(sense);
}

static void the_loop_turns_while_a_probe_hangs(void **state)
{
	struct lamp *lamp = *state;
	struct watcher watcher = { 0 };
	struct sense *sense = sense_begin(lamp, &watcher);
	struct probe *slow = probe(lamp, "slow");

	sense_watch(sense, &slow, 1);
	/* It reads from the gate, which nobody opens: what is sampled goes on. */
	log_errors(lamp, 5);
	LAMP_UNTIL(lamp, watcher.level == LEVEL_CRITICAL);
	assert_int_equal(sense_probe(sense, slow)->reading.verdict, VERDICT_UNKNOWN);
	sense_free(sense);
}

static int over;

static struct probe **slow_then_well(size_t *n, void *data)
{
	const struct lamp *lamp = data;
	struct probe **list = xcalloc(2, sizeof(struct probe *));

	list[0] = probe(lamp, "well");
	list[1] = probe(lamp, "slow");
	*n = 2;
	return list;
}

static void count_over(void *data)
{
	(void)data;
	over++;
}

static unsigned each(void *data)
{
	(void)data;
	return 1;
}

static unsigned third(void *data)
{
	(void)data;
	return 3;
}

/* Rounds beside a wiring of their own. */
struct lane {
	struct wiring wiring;
	struct slots slots;
	int64_t before;
	struct rounds *rounds;
};

static void lane_begin(struct lane *lane, struct lamp *lamp, int64_t overstay_us,
		       unsigned (*stride)(void *data),
		       struct probe **(*probes)(size_t *n, void *data))
{
	struct rounds_spec spec = { .loop = lamp->loop,
				    .wiring = &lane->wiring,
				    .slots = &lane->slots,
				    .before = &lane->before,
				    .every_us = CLOCK_US,
				    .overstay_us = overstay_us,
				    .stride = stride,
				    .probes = probes,
				    .over = count_over,
				    .data = lamp };

	*lane = (struct lane){ 0 };
	over = 0;
	wiring_init(&lane->wiring, lamp->loop, &clock_system, lamp->loaded.runbook,
		    lamp->loaded.target, NULL);
	lane->rounds = rounds_new(&spec);
}

static void lane_end(struct lane *lane)
{
	rounds_free(lane->rounds);
	slots_release(&lane->slots);
	wiring_release(&lane->wiring);
}

static void a_round_that_overstays_is_ended(void **state)
{
	struct lamp *lamp = *state;
	struct lane lane;
	const struct slot *slow;

	lane_begin(&lane, lamp, CLOCK_US / 2, each, slow_then_well);
	LAMP_UNTIL(lamp, over == 1);
	/* What came in before it hung counts; the rest is unknown, and says why. */
	assert_int_equal(slots_find(&lane.slots, probe(lamp, "well"))->sensed.reading.verdict,
			 VERDICT_FAIL);
	slow = slots_find(&lane.slots, probe(lamp, "slow"));
	assert_int_equal(slow->sensed.reading.verdict, VERDICT_UNKNOWN);
	/* The command's own limit is the same; on a busy machine it may come first. */
	assert_true(strstr(slow->sensed.reading.evidence, "took longer than") ||
		    strstr(slow->sensed.reading.evidence, "timed out"));
	/* And the next one begins all the same. */
	LAMP_UNTIL(lamp, over == 2);
	lane_end(&lane);
}

static struct probe **well_alone(size_t *n, void *data)
{
	struct probe **list = xcalloc(1, sizeof(struct probe *));

	list[0] = probe(data, "well");
	*n = 1;
	return list;
}

static void what_may_block_is_looked_at_in_some_rounds(void **state)
{
	struct lamp *lamp = *state;
	struct lane lane;
	const struct slot *well;

	lane_begin(&lane, lamp, 10 * CLOCK_US, third, well_alone);
	/* What nobody has looked at yet doesn't wait. */
	LAMP_UNTIL(lamp, over == 1);
	well = slots_find(&lane.slots, probe(lamp, "well"));
	assert_int_equal(well->round, 1);
	LAMP_UNTIL(lamp, over == 3);
	assert_int_equal(well->round, 1);
	assert_int_equal(well->sensed.reading.verdict, VERDICT_FAIL);
	LAMP_UNTIL(lamp, over == 4);
	assert_int_equal(well->round, 4);
	rounds_now(lane.rounds);
	LAMP_UNTIL(lamp, over == 5);
	assert_int_equal(well->round, 5);
	lane_end(&lane);
}

/* ---- Verdicts over time ---- */

static void held_needs_its_time_without_a_gap(void **state)
{
	struct lamp *lamp = *state;
	struct clock_manual clock;
	struct sense *sense;
	struct reading reading;
	const struct probe *held = probe(lamp, "well-held");

	clock_manual_init(&clock, 1000 * CLOCK_US);
	lamp_put(lamp, "state", "well\n");
	sense = sense_new(NULL, &clock.clock, lamp->loaded.runbook, lamp->loaded.target, NULL, NULL,
			  NULL);
	sense_eval(sense, held, 0, CLOCK_US, &reading);
	assert_int_equal(reading.verdict, VERDICT_UNKNOWN);
	clock_manual_advance(&clock, 1 * CLOCK_US);
	sense_eval(sense, held, 0, CLOCK_US, &reading);
	assert_int_equal(reading.verdict, VERDICT_UNKNOWN);
	clock_manual_advance(&clock, 1 * CLOCK_US);
	sense_eval(sense, held, 0, CLOCK_US, &reading);
	assert_int_equal(reading.verdict, VERDICT_PASS);
	/* A look that comes after too long a gap knows nothing of the time between. */
	clock_manual_advance(&clock, 300 * CLOCK_US);
	sense_eval(sense, held, 0, CLOCK_US, &reading);
	assert_int_equal(reading.verdict, VERDICT_UNKNOWN);
	lamp_put(lamp, "state", "broken\n");
	clock_manual_advance(&clock, 1 * CLOCK_US);
	sense_eval(sense, held, 0, CLOCK_US, &reading);
	assert_int_equal(reading.verdict, VERDICT_FAIL);
	/* It was seen to fail within the time: no longer unknown, but no. */
	lamp_put(lamp, "state", "well\n");
	clock_manual_advance(&clock, 1 * CLOCK_US);
	sense_eval(sense, held, 0, CLOCK_US, &reading);
	assert_int_equal(reading.verdict, VERDICT_FAIL);
	sense_free(sense);
}

static void verify_waits_until_it_holds(void **state)
{
	struct lamp *lamp = *state;
	struct sense *sense = sense_new(NULL, &clock_system, lamp->loaded.runbook,
					lamp->loaded.target, NULL, NULL, NULL);
	struct probe *well = probe(lamp, "well");
	struct reading reading;
	pid_t mender;

	assert_int_equal(sense_verify(sense, &well, 1, (struct sense_window){ 0 }, 0, &reading),
			 VERDICT_FAIL);
	mender = fork();
	if (mender == 0) {
		/* Mends it once somebody has looked and found it broken. */
		lamp_open_gate(lamp);
		lamp_put(lamp, "state", "well\n");
		_exit(0);
	}
	{
		char *path = lamp_path(lamp, "gate"), byte;
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_int_equal(read(fd, &byte, 1), 1);
		close(fd);
		free(path);
	}
	assert_int_equal(sense_verify(sense, &well, 1, (struct sense_window){ 0 }, LAMP_PATIENCE,
				      &reading),
			 VERDICT_PASS);
	assert_int_equal(waitpid(mender, NULL, 0), mender);
	sense_free(sense);
}

/* ---- Parameters ---- */

static void what_is_not_known_yet_is_unknown(void **state)
{
	struct lamp *lamp = *state;
	struct sense *sense = sense_new(NULL, &clock_system, lamp->loaded.runbook,
					lamp->loaded.target, NULL, NULL, NULL);
	json_t *args = json_pack("{s:s}", "command", "paint ${colour}"), *answers, *filled;
	struct err err = ERR_INIT;

	assert_null(sense_fill(sense, args, &err));
	assert_non_null(strstr(err.msg, "colour"));
	answers = json_pack("{s:s, s:s}", "colour", "green", "not-a-parameter", "x");
	sense_params(sense, answers);
	filled = sense_fill(sense, args, NULL);
	assert_string_equal(json_str(filled, "command", ""), "paint green");
	assert_null(json_object_get(sense_values(sense), "not-a-parameter"));
	json_decref(answers);
	json_decref(filled);
	json_decref(args);
	sense_free(sense);
}

static void a_question_proposes_what_its_probe_reads(void **state)
{
	struct lamp *lamp = *state;
	struct sense *sense = sense_new(NULL, &clock_system, lamp->loaded.runbook,
					lamp->loaded.target, NULL, NULL, NULL);
	const struct procedure *mend = runbook_procedure(lamp->loaded.runbook, "mend");
	json_t *proposed = plan_propose(sense, mend);

	assert_string_equal(json_str(proposed, "colour", ""), "green");
	assert_true(json_is_string(json_object_get(proposed, "colour.evidence")));
	json_decref(proposed);
	sense_free(sense);
}

/* ---- Plans ---- */

static void a_digest_covers_values_and_answers(void **state)
{
	struct lamp *lamp = *state;
	struct sense *sense = sense_new(NULL, &clock_system, lamp->loaded.runbook,
					lamp->loaded.target, NULL, NULL, NULL);
	const struct procedure *mend = runbook_procedure(lamp->loaded.runbook, "mend");
	const struct procedure *blow = runbook_procedure(lamp->loaded.runbook, "blow");
	json_t *green = json_pack("{s:s}", "colour", "green"),
	       *red = json_pack("{s:s}", "colour", "red");
	char first[SHA256_HEX], second[SHA256_HEX], other[SHA256_HEX];

	assert_int_equal(plan_digest(sense, &lamp->loaded, blow, NULL, other, NULL), 0);
	sense_params(sense, green);
	assert_int_equal(plan_digest(sense, &lamp->loaded, mend, green, first, NULL), 0);
	assert_int_equal(plan_digest(sense, &lamp->loaded, mend, green, second, NULL), 0);
	assert_string_equal(first, second);
	sense_params(sense, red);
	assert_int_equal(plan_digest(sense, &lamp->loaded, mend, red, second, NULL), 0);
	assert_string_not_equal(first, second);
	/* An answer to another procedure's question changes nothing. */
	assert_int_equal(plan_digest(sense, &lamp->loaded, blow, NULL, second, NULL), 0);
	assert_string_equal(other, second);
	lamp->loaded.runbook_hash[0] ^= 1;
	assert_int_equal(plan_digest(sense, &lamp->loaded, blow, NULL, second, NULL), 0);
	assert_string_not_equal(other, second);
	json_decref(green);
	json_decref(red);
	sense_free(sense);
}

static void a_plan_comes_through_a_pipe_unchanged(void **state)
{
	struct lamp *lamp = *state;
	struct sense *sense = sense_new(NULL, &clock_system, lamp->loaded.runbook,
					lamp->loaded.target, NULL, NULL, NULL);
	const struct procedure *mend = runbook_procedure(lamp->loaded.runbook, "mend");
	json_t *params = json_pack("{s:s}", "colour", "green"), *json, *again;
	struct procedure_plan plan, copy;
	struct err err = ERR_INIT;
	char *state_now;

	assert_int_equal(plan_make(&plan, sense, &lamp->loaded, mend, NULL, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "colour"));
	plan_free(&plan);
	assert_int_equal(plan_make(&plan, sense, &lamp->loaded, mend, params, NULL, NULL), 0);
	json = plan_to_json(&plan);
	assert_int_equal(plan_from_json(&copy, lamp->loaded.runbook, json, NULL), 0);
	again = plan_to_json(&copy);
	assert_true(json_equal(json, again));
	assert_int_equal(copy.steps[0].risk, ACTION_CAUTION);
	assert_true(copy.steps[0].undo[0] && copy.steps[0].nlines);
	/* It only read. */
	state_now = lamp_get(lamp, "state");
	assert_string_equal(state_now, "broken\n");
	free(state_now);
	json_decref(json);
	json_decref(again);
	json_decref(params);
	plan_free(&plan);
	plan_free(&copy);
	sense_free(sense);
}

int main(void)
{
#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)
	const struct CMUnitTest tests[] = {
		LAMP_TEST(errors_in_a_log_become_an_alert),
		LAMP_TEST(silence_hides_nothing),
		LAMP_TEST(what_blocks_is_read_in_a_copy),
		LAMP_TEST(what_was_sensed_outlives_a_restart),
		LAMP_TEST(a_probe_that_held_before_still_holds),
		LAMP_TEST(watched_probes_follow_the_world),
		LAMP_TEST(without_a_look_nothing_is_known),
		LAMP_TEST(conditions_come_and_go),
		LAMP_TEST(the_loop_turns_while_a_probe_hangs),
		LAMP_TEST(a_round_that_overstays_is_ended),
		LAMP_TEST(what_may_block_is_looked_at_in_some_rounds),
		LAMP_TEST(held_needs_its_time_without_a_gap),
		LAMP_TEST(verify_waits_until_it_holds),
		LAMP_TEST(what_is_not_known_yet_is_unknown),
		LAMP_TEST(a_question_proposes_what_its_probe_reads),
		LAMP_TEST(a_digest_covers_values_and_answers),
		LAMP_TEST(a_plan_comes_through_a_pipe_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
