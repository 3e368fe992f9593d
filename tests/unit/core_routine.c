/*
 * Routines and phases on real files and real runners: begun by command, gone through, ended,
 * closed, and back to watching; without a person; on a clock that can be moved on. This program is
 * its own runner.
 */
#include "core/report.h"
#include "core/robot.h"
#include "core/session_parts.h"
#include "lib/timefmt.h"
#include "tests/unit/console.h"

#define HOUR (3600 * CLOCK_US)

/* What the lamp's own runbook has not. */
static const char more[] =
    ",'routines': {"
    "'hourly': {'title': 'Look at the lamp', 'checklist': 'after', 'every': '1h', 'period': '1d',"
    " 'metrics': ['weight']},"
    "'sweep': {'title': 'Sweep', 'checklist': 'sweep', 'after': 'incident', 'at': ['1h', '1d']},"
    "'late': {'title': 'Late', 'checklist': 'late', 'after': 'incident', 'at': ['1h']},"
    "'feast': {'title': 'Before the feast', 'checklist': 'after', 'event': 'feast', 'at': "
    "['-2h']}},"
    "'phases': {'one': {'title': 'One lamp', 'checklists': ['after'], 'conditions': ['dark']},"
    "'all': {'title': 'All lamps', 'checklists': ['sweep'], 'gate': 'day'}}";
static const char sweep[] =
    "'sweep': {'title': 'Sweep', 'sections': [{'title': 'All', 'items': ["
    "{'id': 'broom', 'say': 'It is swept', 'action': {'command': ['sh', '-c', 'echo x "
    ">>\"$1/swept\"', 'sh', '${root}']}},"
    "{'id': 'well', 'say': 'The lamp is well', 'probe': 'well'}]}]},"
    "'late': {'title': 'Late', 'sections': [{'title': 'All', 'items': ["
    "{'id': 'late', 'say': 'It is late', 'when': {'command': ['sh', '-c', 'sleep 1; exit 1']},"
    " 'action': {'command': ['touch', '${root}/late']}}]}]},";

/* New: `text` with `what` put in behind the first `where`. */
static char *put_in(const char *text, const char *where, const char *what)
{
	const char *at = strstr(text, where);
	char *json = lamp_json(what), *out;

	assert_non_null(at);
	at += strlen(where);
	out = xasprintf("%.*s%s%s", (int)(at - text), text, json, at);
	free(json);
	return out;
}

static int begin(void **state)
{
	struct buf text = BUF_INIT;
	struct lamp *lamp;
	char *path, *one, *two, *three;

	lamp_setup(state);
	lamp = *state;
	path = path_join(lamp->folder, "runbook.json");
	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	one = put_in(buf_str(&text), "\"title\": \"A lamp\"", more);
	two = put_in(one, "\"checklists\": {", sweep);
	three = put_in(two, "\"title\": \"Launch of the lamp\"", ", 'phase': 'all'");
	unlink(path);
	scratch_puts(path, three);
	loaded_release(&lamp->loaded);
	lamp_load(lamp, &lamp->loaded);
	lamp_put(lamp, "state", "well\n");
	buf_release(&text);
	free(one);
	free(two);
	free(three);
	free(path);
	return 0;
}

static int end(void **state)
{
	clock_follow(NULL, NULL);
	return lamp_teardown(state);
}

static const struct incident_state *now(const struct console *console)
{
	return session_state(console->session);
}

static enum item_status item(const struct console *console, const char *list, const char *id)
{
	const struct checklist *checklist = runbook_checklist(now(console)->runbook, list);
	const struct checklist_state *own =
	    &now(console)->checklists[checklist - now(console)->runbook->checklists];

	return own->items[checklist_index(own, id)].status;
}

/* What the session says of a routine; state DUE_NEVER and record NULL: nothing. */
static struct routine_due due(const struct console *console, const char *name)
{
	struct routine_due *list, found = { .record = NULL };
	size_t n = session_routines(console->session, &list);

	for (size_t i = 0; i < n && !found.record; i++) {
		if (strcmp(list[i].record->routine->name, name) == 0)
			found = list[i];
	}
	free(list);
	return found;
}

static void line_says(const struct console *console, const char *text)
{
	char line[400];

	session_next(console->session, line, sizeof(line));
	if (!strstr(line, text))
		fail_msg("\"%s\" does not say \"%s\"", line, text);
}

/* The report of the latest incident, as text. New. */
static char *report_of(const char *id)
{
	struct incident incident;
	struct report report;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (incident_open(&incident, id, &clock_system, &err) != 0 ||
	    report_fold(&report, &incident, &err) != 0 ||
	    report_format("text")->write(&report, &out, &err) != 0)
		fail_msg("%s", err.msg);
	report_release(&report);
	incident_close(&incident);
	return buf_detach(&out);
}

static void a_routine_is_gone_through_and_closed(void **state)
{
	struct console console = console_begin(*state, NULL);
	char id[64], *report;

	UNTIL(&console, due(&console, "hourly").due.state == DUE_NOW);
	line_says(&console, "Look at the lamp is due since");
	line_says(&console, "Press D to begin it");
	command(&console, "routine hourly");
	assert_int_equal(now(&console)->kind, INCIDENT_ROUTINE);
	refused(&console, "routine hourly", "is shown here already");
	UNTIL(&console, item(&console, "after", "well") == ITEM_GREEN);
	line_says(&console, "Next: Look at it");
	/* What it sums up is read beside the console, and is on record before the end. */
	UNTIL(&console, count(&console, EV_PERIOD));
	command(&console, "tick after look it shines");
	line_says(&console, "everything holds. Press e to end it");
	assert_string_equal(session_routine_result(console.session), "holds");
	snprintf(id, sizeof(id), "%s", now(&console)->id);
	command(&console, "resolve");
	assert_int_equal(now(&console)->phase, INCIDENT_CLOSED);
	assert_string_equal(json_str(last(&console, EV_ROUTINE_ENDED), "result", ""), "holds");
	line_says(&console, "\":leave\" goes back to watching");
	command(&console, "leave");
	assert_null(now(&console));
	UNTIL(&console, due(&console, "hourly").due.state == DUE_DONE);
	line_says(&console, "All quiet; Look at the lamp is due at");
	assert_string_equal(due(&console, "hourly").record->result, "holds");

	report = report_of(id);
	assert_non_null(strstr(report, "Routine report"));
	assert_non_null(strstr(report, "Look at the lamp (hourly)"));
	assert_non_null(strstr(report, "everything holds"));
	assert_non_null(strstr(report, "weight"));
	assert_null(strstr(report, "Root cause"));
	assert_null(strstr(report, "Time to recover"));
	free(report);
	/* And once more, with another end: the console is as it was before. */
	lamp_put(console.lamp, "state", "broken\n");
	command(&console, "routine hourly");
	UNTIL(&console, item(&console, "after", "well") == ITEM_RED && count(&console, EV_PERIOD));
	command(&console, "tick after look");
	line_says(&console, "It does not hold: The lamp is well");
	command(&console, "resolve");
	assert_string_equal(json_str(last(&console, EV_ROUTINE_ENDED), "result", ""), "fails");
	session_free(console.session);
}

/* Nothing ends while what its report needs is still being read. */
static void the_end_waits_for_the_period(void **state)
{
	struct console console = console_begin(*state, NULL);

	command(&console, "routine hourly");
	refused(&console, "resolve", "still being read");
	UNTIL(&console, count(&console, EV_PERIOD));
	command(&console, "resolve");
	session_free(console.session);
}

/* Another console may end it meanwhile: what is still being read is nothing for the next routine.
 */
static void what_is_read_goes_with_its_routine(void **state)
{
	struct console one = console_begin(*state, NULL), other;
	char *end;

	command(&one, "routine hourly");
	UNTIL(&one, one.session->summing);
	other = console_begin(*state, now(&one)->id);
	command(&other, "resolve");
	session_free(other.session);
	session_refresh(one.session);
	command(&one, "leave");
	assert_null(one.session->summing);
	command(&one, "routine hourly");
	end = report_of(now(&one)->id);
	assert_null(strstr(end, "Period"));
	free(end);
	UNTIL(&one, count(&one, EV_PERIOD));
	assert_int_equal(count(&one, EV_PERIOD), 1);
	session_free(one.session);
}

static void the_robot_does_what_a_machine_can(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct robot *robot;
	char *text;

	command(&console, "routine sweep");
	robot = robot_new(
	    &(struct robot_spec){ .session = console.session, .loop = console.lamp->loop });
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(robot_result(robot), ROBOT_RECOVERED);
	text = lamp_get(console.lamp, "swept");
	assert_string_equal(text, "x\n");
	free(text);
	assert_int_equal(now(&console)->phase, INCIDENT_CLOSED);
	assert_string_equal(now(&console)->routine.result, "holds");
	robot_free(robot);

	/* What does not hold fails; what only a person does is left. */
	command(&console, "leave");
	lamp_put(console.lamp, "state", "broken\n");
	command(&console, "routine hourly");
	robot = robot_new(
	    &(struct robot_spec){ .session = console.session, .loop = console.lamp->loop });
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(robot_result(robot), ROBOT_FAILED);
	assert_string_equal(now(&console)->routine.result, "fails");
	assert_int_equal(json_array_size(json_object_get(last(&console, EV_ROUTINE_ENDED), "left")),
			 2);
	robot_free(robot);
	session_free(console.session);
}

/* Whether an item applies may be known late: it is waited for, and what does not apply is not run.
 */
static void the_robot_waits_for_what_applies(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct robot *robot;
	char *path = lamp_path(console.lamp, "late");

	command(&console, "routine late");
	robot = robot_new(
	    &(struct robot_spec){ .session = console.session, .loop = console.lamp->loop });
	UNTIL(&console, robot_result(robot) != ROBOT_WORKING);
	assert_int_equal(robot_result(robot), ROBOT_RECOVERED);
	assert_string_equal(now(&console)->routine.result, "holds");
	assert_int_equal(item(&console, "late", "late"), ITEM_NOT_APPLICABLE);
	assert_false(file_exists(path));
	robot_free(robot);
	session_free(console.session);
	free(path);
}

/* Follow-ups of an incident, on a clock that is moved on: what is due is told by ledgers alone. */
static void follow_ups_come_due(void **state)
{
	struct console console;
	struct lamp *lamp = *state;
	char *path = lamp_path(lamp, "clock"), id[64], *again;
	int64_t over;

	assert_int_equal(clock_make(path, NULL), 0);
	assert_int_equal(clock_follow(path, NULL), 0);
	console = console_begin(lamp, NULL);
	open_incident(&console);
	snprintf(id, sizeof(id), "%s", now(&console)->id);
	command(&console, "resolve");
	over = now(&console)->resolved_at;
	command(&console, "close");
	command(&console, "leave");
	UNTIL(&console, due(&console, "sweep").due.state == DUE_LATER);
	assert_int_equal(due(&console, "sweep").due.at, over + HOUR);
	assert_int_equal(clock_move(over + HOUR, NULL), 0);
	assert_int_equal(due(&console, "sweep").due.state, DUE_NOW);
	assert_string_equal(due(&console, "sweep").record->start_id, id);
	assert_int_equal(clock_move(over + 2 * HOUR + CLOCK_US, NULL), 0);
	assert_int_equal(due(&console, "sweep").due.state, DUE_OVERDUE);
	refused(&console, "routine sweep 2020-01-01-01", "nothing of sweep follows up");
	again = xasprintf("routine sweep %s", id);
	command(&console, again);
	assert_int_equal(now(&console)->routine.due, over + HOUR);
	free(again);
	command(&console, "override sweep broom we have none");
	UNTIL(&console, item(&console, "sweep", "well") == ITEM_GREEN);
	command(&console, "resolve");
	command(&console, "leave");
	UNTIL(&console, due(&console, "sweep").due.state == DUE_DONE);
	assert_int_equal(due(&console, "sweep").due.at, over + 24 * HOUR);
	session_free(console.session);
	free(path);
}

static void an_event_has_the_time_that_was_given(void **state)
{
	struct console console = console_begin(*state, NULL);

	UNTIL(&console, due(&console, "feast").record);
	assert_int_equal(due(&console, "feast").due.state, DUE_NEVER);
	refused(&console, "event fast 2030-01-01T00:00:00Z", "no routine lies around");
	refused(&console, "event feast tomorrow", "is no time");
	command(&console, "event feast 2030-01-01T00:00:00Z");
	/* On record, and back to watching. */
	assert_null(now(&console));
	UNTIL(&console, due(&console, "feast").due.state == DUE_LATER);
	command(&console, "event feast never");
	UNTIL(&console, due(&console, "feast").due.state == DUE_NEVER);
	session_free(console.session);
}

static const struct recorded_phase *phase(const struct console *console, const char *name)
{
	return session_phase(console->session,
			     runbook_phase(session_runbook(console->session), name));
}

static void phases_go_on_record(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct err err = ERR_INIT;

	refused(&console, "phase finish one", "not under way");
	command(&console, "phase begin one");
	UNTIL(&console, phase(&console, "one") && phase(&console, "one")->begun_at);
	refused(&console, "phase begin one", "under way already");
	refused(&console, "phase give-up one", "needs a reason");
	command(&console, "phase finish one");
	UNTIL(&console, phase(&console, "one")->finished);
	/* A gate decides the other one. */
	refused(&console, "phase begin all", "begins with a go at gate day");
	assert_int_equal(session_open_incident(console.session, INCIDENT_DEPLOYMENT, SEVERITY_LOW,
					       "Day", &err),
			 0);
	assert_int_equal(session_deployment(console.session, "day",
					    clock_wall(&clock_system) + HOUR / 2, &err),
			 0);
	command(&console, "gate no-go it rains");
	assert_int_equal(count(&console, EV_PHASE), 0);
	command(&console, "gate go the sun is out");
	assert_int_equal(count(&console, EV_PHASE), 1);
	assert_string_equal(json_str(last(&console, EV_PHASE), "phase", ""), "all");
	command(&console, "gate go still");
	assert_int_equal(count(&console, EV_PHASE), 1);
	/* A go that is taken back begins nothing. */
	command(&console, "gate no-go it rains again");
	assert_string_equal(json_str(last(&console, EV_PHASE_ENDED), "result", ""), "given up");
	command(&console, "gate no-go still");
	assert_int_equal(count(&console, EV_PHASE_ENDED), 1);
	command(&console, "gate go at last");
	assert_int_equal(count(&console, EV_PHASE), 2);
	/* Its checklists are looked at here. */
	UNTIL(&console, item(&console, "sweep", "well") == ITEM_GREEN);
	command(&console, "phase give-up all it was rolled back");
	UNTIL(&console, phase(&console, "all")->ended_at);
	assert_false(phase(&console, "all")->finished);
	session_free(console.session);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_routine_is_gone_through_and_closed), TEST(the_end_waits_for_the_period),
		TEST(what_is_read_goes_with_its_routine),   TEST(the_robot_does_what_a_machine_can),
		TEST(the_robot_waits_for_what_applies),	    TEST(follow_ups_come_due),
		TEST(an_event_has_the_time_that_was_given), TEST(phases_go_on_record),
	};

	if (argc > 1)
		assert_int_equal(clock_follow(getenv(CLOCK_ENV), NULL), 0);
	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
