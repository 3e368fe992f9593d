/*
 * What an approval is worth: it grows old, it is given by the wrong people, it is rejected; and a
 * real runner is asked.
 */
#include "core/approve.h"
#include "core/identity.h"
#include "core/who.h"
#include "tests/unit/authority.h"

#define ROW_GLASS 12

static void ruled(struct lamp *lamp)
{
	char *path = path_join(lamp->folder, "runbook.json"), *text;
	struct buf parts = BUF_INIT;
	char *whole = xasprintf("%s%s%s", lamp_runbook, lamp_procedures, lamp_day);
	const char *mend = strstr(whole, "'mend': {") + strlen("'mend': {");
	const char *contacts = strstr(whole, "'electrician': {'role'");

	buf_add(&parts, whole, (size_t)(mend - whole));
	buf_puts(&parts, "'approve': {'all': ['electrician', 'boss'], 'valid': '10m'}, ");
	buf_add(&parts, mend, (size_t)(contacts - mend));
	buf_puts(&parts, "'electrician': {'logins': ['ann'], 'role'");
	contacts += strlen("'electrician': {'role'");
	mend = strstr(contacts, "'boss': {");
	buf_add(&parts, contacts, (size_t)(mend - contacts));
	buf_puts(&parts, "'boss': {'logins': ['bob', 'ann'], ");
	buf_puts(&parts, mend + strlen("'boss': {"));
	text = lamp_json(buf_str(&parts));
	unlink(path);
	scratch_puts(path, text);
	loaded_release(&lamp->loaded);
	lamp_load(lamp, &lamp->loaded);
	free(text);
	free(whole);
	free(path);
	buf_release(&parts);
}

/* What one person says, so long before now. */
struct word {
	const char *who;
	enum event_id event;
	int minutes;
	bool other; /* about another plan */
};

static void say_word(const struct incident *incident, const struct word *word)
{
	struct clock_manual past;
	struct incident theirs;
	json_t *params = json_pack("{s:s}", "colour", "green"), *fields;
	char digest[SHA256_HEX];

	assert_int_equal(digest_of(&incident->loaded, params, digest), 0);
	if (word->other)
		digest[0] = digest[0] == 'a' ? 'b' : 'a';
	setenv("SUDO_USER", word->who, 1);
	clock_manual_init(&past, clock_wall(&clock_system) - word->minutes * 60 * CLOCK_US);
	assert_int_equal(incident_open(&theirs, incident->folder, &past.clock, NULL), 0);
	fields = json_pack("{s:s, s:s, s:[s, s]}", "procedure", "mend", "digest", digest, "roles",
			   "electrician", "boss");
	if (word->event == EV_REJECTED)
		json_object_set_new(fields, "reason", json_string("no"));
	else
		json_object_set_new(fields, "params", json_incref(params));
	append(&theirs, word->event, fields);
	incident_close(&theirs);
	unsetenv("SUDO_USER");
	json_decref(params);
}

/* Whether the runner does it after these words. */
static bool runs_after(struct lamp *lamp, const struct word *words, size_t n)
{
	struct incident incident;
	int status;

	lamp_put(lamp, "state", "broken\n");
	incident_begin(lamp, &incident);
	append(&incident, EV_CHOSEN,
	       json_pack("{s:s, s:s}", "procedure", "mend", "source", "operator"));
	for (size_t i = 0; i < n && words[i].who; i++)
		say_word(&incident, &words[i]);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	status = wait_for(start(&incident, "write", RUNNER_RUN));
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	append(&incident, EV_RESOLVED, json_object());
	incident_close(&incident);
	assert_int_equal(status == RUNNER_DONE, !is_untouched(lamp));
	return status == RUNNER_DONE;
}

/* The system keeps no login here, so that root can be several people. */
static bool can_be_others(void)
{
	char *login;
	bool others;

	setenv("SUDO_USER", "ann", 1);
	login = who_login();
	others = strcmp(login, "ann") == 0;
	free(login);
	unsetenv("SUDO_USER");
	return others;
}

static void only_the_right_people_in_time(void **state)
{
	static const struct word bad[][3] = {
		{ { NULL, 0, 0, false } },
		{ { "eve", EV_APPROVED, 0, false }, { "mallory", EV_APPROVED, 0, false } },
		{ { "ann", EV_APPROVED, 0, false } },
		{ { "bob", EV_APPROVED, 0, false } },
		{ { "ann", EV_APPROVED, 1, false }, { "ann", EV_APPROVED, 0, false } },
		{ { "ann", EV_APPROVED, 0, false }, { "eve", EV_APPROVED, 0, false } },
		{ { "ann", EV_APPROVED, 1, false }, { "bob", EV_APPROVED, 0, true } },
		{ { "ann", EV_APPROVED, 1, true }, { "bob", EV_APPROVED, 0, false } },
		{ { "ann", EV_APPROVED, 1, true }, { "bob", EV_APPROVED, 0, true } },
		{ { "ann", EV_APPROVED, 11, false }, { "bob", EV_APPROVED, 0, false } },
		{ { "ann", EV_APPROVED, 11, false }, { "bob", EV_APPROVED, 11, false } },
		{ { "ann", EV_APPROVED, 2, false },
		  { "bob", EV_APPROVED, 1, false },
		  { "bob", EV_REJECTED, 0, false } },
		{ { "ann", EV_ASKED, 1, false }, { "bob", EV_ASKED, 0, false } },
	};
	static const struct word good[][3] = {
		{ { "ann", EV_APPROVED, 9, false }, { "bob", EV_APPROVED, 0, false } },
		{ { "bob", EV_APPROVED, 1, false }, { "ann", EV_APPROVED, 0, false } },
		{ { "bob", EV_REJECTED, 2, false },
		  { "ann", EV_APPROVED, 1, false },
		  { "bob", EV_APPROVED, 0, false } },
		{ { "eve", EV_REJECTED, 2, false },
		  { "ann", EV_APPROVED, 1, false },
		  { "bob", EV_APPROVED, 0, false } },
	};
	struct lamp *lamp = *state;
	struct tally tally = { 0 };

	if (!can_be_others())
		skip();
	ruled(lamp);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tally.injected++;
		tally.refused += !runs_after(lamp, bad[i], 3);
	}
	told("nobody, others, one person twice, another plan, too late, rejected", &tally);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(runs_after(lamp, good[i], 3));
}

/* One line of the record, so long before now. */
static void append_past(const struct incident *incident, int minutes, enum event_id event,
			json_t *fields)
{
	struct clock_manual past;
	struct incident then;

	clock_manual_init(&past, clock_wall(&clock_system) - minutes * 60 * CLOCK_US);
	assert_int_equal(incident_open(&then, incident->folder, &past.clock, NULL), 0);
	append(&then, event, fields);
	incident_close(&then);
}

static json_t *step_line(const char *step)
{
	return json_pack("{s:s, s:s, s:i, s:s}", "procedure", "mend", "step", step, "attempt", 1,
			 "act", "run");
}

static void choose_mend(struct incident *incident)
{
	append(incident, EV_CHOSEN,
	       json_pack("{s:s, s:s}", "procedure", "mend", "source", "operator"));
}

/* The runner found it approved, and what it looked at before the intent took longer than that
 * lasted: what was begun goes on. */
static void what_was_begun_does_not_expire(void **state)
{
	static const struct word words[] = { { "ann", EV_APPROVED, 30, false },
					     { "bob", EV_APPROVED, 30, false } };
	struct lamp *lamp = *state;
	struct incident incident;
	json_t *done;

	if (!can_be_others())
		skip();
	ruled(lamp);
	incident_begin(lamp, &incident);
	choose_mend(&incident);
	say_word(&incident, &words[0]);
	say_word(&incident, &words[1]);
	append_past(&incident, 19, EV_INTENT, step_line("write"));
	done = step_line("write");
	json_object_set_new(done, "result", json_string("done"));
	append_past(&incident, 18, EV_OUTCOME, done);
	append_past(&incident, 18, EV_VERIFY,
		    json_pack("{s:s, s:s, s:i, s:s}", "procedure", "mend", "step", "write",
			      "attempt", 1, "verdict", "pass"));
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	assert_int_equal(run(&incident, "paint", RUNNER_RUN), RUNNER_DONE);
	incident_close(&incident);
}

/* What has expired by the record does not come back with a clock that was set back, and what was
 * said at a time that is still to come does not last until then. */
static void a_clock_set_back_gives_no_time(void **state)
{
	static const struct word both[] = { { "ann", EV_APPROVED, 5, false },
					    { "bob", EV_APPROVED, 5, false },
					    { "ann", EV_APPROVED, -60, false },
					    { "bob", EV_APPROVED, -60, false } };
	struct lamp *lamp = *state;
	struct incident incident;

	if (!can_be_others())
		skip();
	ruled(lamp);
	for (size_t first = 0; first < 4; first += 2) {
		incident_begin(lamp, &incident);
		choose_mend(&incident);
		say_word(&incident, &both[first]);
		say_word(&incident, &both[first + 1]);
		if (first == 0)
			append_past(&incident, -6, EV_NOTE, json_pack("{s:s}", "text", "late"));
		assert_int_equal(incident_refresh(&incident, NULL), 0);
		assert_int_not_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
		assert_true(is_untouched(lamp));
		/* Said once more it counts. */
		say_word(&incident, &(struct word){ "ann", EV_APPROVED, 0, false });
		say_word(&incident, &(struct word){ "bob", EV_APPROVED, 0, false });
		assert_int_equal(incident_refresh(&incident, NULL), 0);
		assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
		append(&incident, EV_RESOLVED, json_object());
		incident_close(&incident);
		lamp_put(lamp, "state", "broken\n");
	}
}

/* A plan that somebody rejected is not run when it is chosen anew, until that person approves. */
static void a_rejection_outlives_its_attempt(void **state)
{
	static const struct word no = { "bob", EV_REJECTED, 0, false };
	static const struct word yes[] = { { "ann", EV_APPROVED, 0, false },
					   { "bob", EV_APPROVED, 0, false },
					   { "carl", EV_APPROVED, 0, false } };
	struct lamp *lamp = *state;
	struct authority authority;
	struct incident incident;
	const struct attempt *attempt;

	if (!can_be_others())
		skip();
	ruled(lamp);
	incident_begin(lamp, &incident);
	choose_mend(&incident);
	say_word(&incident, &no);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(incident_refresh(&incident, NULL), 0);
		append(&incident, EV_PROCEDURE_ENDED,
		       json_pack("{s:s, s:s}", "procedure", "mend", "result", "stopped"));
		choose_mend(&incident);
	}
	say_word(&incident, &yes[0]);
	say_word(&incident, &yes[2]);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	attempt = state_attempt(&incident.state);
	authority_judge(&incident.state, attempt, attempt->digest, clock_wall(&clock_system),
			&authority);
	assert_int_equal(authority.verdict, APPROVAL_REJECTED);
	assert_int_not_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
	assert_true(is_untouched(lamp));
	say_word(&incident, &yes[1]);
	assert_int_equal(incident_refresh(&incident, NULL), 0);
	/* Named are those whose word counts. */
	attempt = state_attempt(&incident.state);
	assert_non_null(strstr(attempt->approved_by, "ann"));
	assert_non_null(strstr(attempt->approved_by, "bob"));
	assert_null(strstr(attempt->approved_by, "carl"));
	assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
	/* The approval is of one attempt, and the rejection was taken back. */
	append(&incident, EV_PROCEDURE_ENDED,
	       json_pack("{s:s, s:s}", "procedure", "mend", "result", "done"));
	choose_mend(&incident);
	assert_int_equal(state_attempt(&incident.state)->nwords, 0);
	incident_close(&incident);
}

static json_t *approved_elsewhere(const struct incident *incident, bool elsewhere)
{
	json_t *params = json_pack("{s:s}", "colour", "green");
	json_t *identity = identity_host(incident->loaded.target, NULL);
	char digest[SHA256_HEX];

	assert_int_equal(digest_of(&incident->loaded, params, digest), 0);
	if (elsewhere)
		json_object_set_new(identity, "host", json_string("elsewhere"));
	return json_pack("{s:s, s:s, s:o, s:o}", "procedure", "mend", "digest", digest, "params",
			 params, "identity", identity);
}

/* It is for the place that was shown with the approval that counts: one that had expired before was
 * perhaps shown what stood there then. */
static void the_place_is_that_of_the_approval_that_counts(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;

	for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
		incident_begin(lamp, &incident);
		choose_mend(&incident);
		append_past(&incident, 31, EV_APPROVED, approved_elsewhere(&incident, !elsewhere));
		assert_int_equal(incident_refresh(&incident, NULL), 0);
		append(&incident, EV_APPROVED, approved_elsewhere(&incident, elsewhere));
		assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
		assert_int_equal(status_of(&incident, "write"),
				 elsewhere ? STEP_FAILED : STEP_DONE);
		append(&incident, EV_RESOLVED, json_object());
		incident_close(&incident);
	}
}

/* In a drill the operator holds every role: whoever it is, in one approval. */
static void a_drill_needs_nobody_else(void **state)
{
	struct lamp *lamp = *state;
	struct authority authority;
	struct incident incident;
	struct err err = ERR_INIT;

	ruled(lamp);
	assert_int_equal(incident_create(&incident, &lamp->loaded, INCIDENT_DRILL, SEVERITY_HIGH,
					 "Test", &clock_system, &err),
			 0);
	approve(&incident, "mend");
	authority_judge(&incident.state, state_attempt(&incident.state),
			state_attempt(&incident.state)->digest, clock_wall(&clock_system),
			&authority);
	assert_true(authority.every_role && authority.ruled);
	assert_int_equal(authority.verdict, APPROVAL_GIVEN);
	assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
	incident_close(&incident);
}

/* ---- The broken glass ---- */

/* Every sentence but the right one, letter by letter, and every reason that is none. */
static void the_glass_is_broken_in_so_many_words(void **state)
{
	struct lamp *lamp = *state;
	json_t *params = json_pack("{s:s}", "colour", "green"), *fields;
	struct procedure_plan plan = { .params = params };
	struct incident incident;
	struct tally tally = { 0 };
	struct err err = ERR_INIT;
	char *sentence;

	ruled(lamp);
	incident_begin(lamp, &incident);
	append(&incident, EV_CHOSEN,
	       json_pack("{s:s, s:s}", "procedure", "mend", "source", "operator"));
	plan.procedure = state_attempt(&incident.state)->procedure.procedure;
	assert_int_equal(digest_of(&incident.loaded, params, plan.digest), 0);
	struct approve about = { .state = &incident.state,
				 .plan = &plan,
				 .login = "eve",
				 .now = clock_wall(&clock_system) };

	sentence = approve_sentence(&incident.state);
	for (size_t i = 0; i < strlen(sentence); i++) {
		char *cut = xstrndup(sentence, i), *other = xstrdup(sentence);

		other[i] = (char)(other[i] ^ 1);
		tally.injected += 2;
		tally.refused += !approve_broken(&about, cut, "both sleep", NULL);
		tally.refused += !approve_broken(&about, other, "both sleep", NULL);
		free(cut);
		free(other);
	}
	tally.injected += 4;
	tally.refused += !approve_broken(&about, NULL, "both sleep", NULL);
	tally.refused += !approve_broken(&about, incident.state.target->name, "both sleep", NULL);
	tally.refused += !approve_broken(&about, sentence, "  ", NULL);
	tally.refused += !approve_broken(&about, sentence, NULL, NULL);
	fault(ROW_GLASS, "the glass broken without the sentence or a reason", tally.injected,
	      tally.refused, tally.injected - tally.refused);
	assert_int_equal(tally.injected, tally.refused);

	/* In so many words it is on record, and runs; the record says who, why and who was missing.
	 */
	fields = approve_broken(&about, sentence, "both sleep", &err);
	assert_non_null(fields);
	assert_int_equal(json_array_size(json_object_get(fields, "roles")), 2);
	assert_int_not_equal(wait_for(start(&incident, "write", RUNNER_RUN)), RUNNER_DONE);
	append(&incident, EV_BROKEN, fields);
	assert_string_equal(state_attempt(&incident.state)->broken.reason, "both sleep");
	assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
	assert_false(is_untouched(lamp));
	/* Once it was begun nothing is broken any more. */
	assert_null(approve_broken(&about, sentence, "again", NULL));
	free(sentence);
	json_decref(params);
	incident_close(&incident);
}

int main(int argc, char **argv)
{
	LAMP_RUNNER(argc, argv);
	const struct CMUnitTest tests[] = {
		LAMP_TEST(only_the_right_people_in_time),
		LAMP_TEST(what_was_begun_does_not_expire),
		LAMP_TEST(a_clock_set_back_gives_no_time),
		LAMP_TEST(a_rejection_outlives_its_attempt),
		LAMP_TEST(the_place_is_that_of_the_approval_that_counts),
		LAMP_TEST(a_drill_needs_nobody_else),
		LAMP_TEST(the_glass_is_broken_in_so_many_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
