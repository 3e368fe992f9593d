/*
 * A message that the console sends itself, by a command that takes its time; and a console that
 * ends before the command does.
 */
#include "core/session_parts.h"
#include "tests/unit/console.h"

static size_t rung(const struct lamp *lamp)
{
	char *path = lamp_path(lamp, "rung");
	char *text = access(path, F_OK) == 0 ? lamp_get(lamp, "rung") : xstrdup("");
	size_t n = strlen(text) / strlen("rung\n");

	free(path);
	free(text);
	return n;
}

static enum sent_state sent_of(const struct console *console)
{
	return session_sent(console->session, "ring", NULL, NULL);
}

/* The bell reads from a pipe that whoever rings it waits at. */
static void answer(const struct lamp *lamp)
{
	char *path = lamp_path(lamp, "bell");
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x\n", 2), 2);
	close(fd);
	free(path);
}

static void ring(struct console *console)
{
	char *path = lamp_path(console->lamp, "bell");
	struct err err = ERR_INIT;

	assert_int_equal(mkfifo(path, 0600), 0);
	free(path);
	if (session_send(console->session, "ring", NULL, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(sent_of(console), SENT_ON_ITS_WAY);
	UNTIL(console, rung(console->lamp) == 1);
}

/* One that was not taken, as it goes on record. */
static void refuse(struct console *console)
{
	const struct incident_state *state = session_state(console->session);
	json_t *fields = json_pack("{s:s, s:s, s:s, s:s, s:s}", "message", "ring", "to", "all",
				   "through", "bell", "title", "Ring", "text", "It rings.");

	assert_int_equal(session_append(console->session, false, EV_SENDING, fields, NULL), 0);
	fields = json_pack("{s:I, s:s, s:s, s:s, s:s}", "of",
			   (json_int_t)state->timeline[state->ntimeline - 1].seq, "message", "ring",
			   "to", "all", "through", "bell", "result", "refused");
	assert_int_equal(session_append(console->session, false, EV_SENT, fields, NULL), 0);
}

/* An update is due so long after it went out, which the console says then, until all is well. */
static void promised(struct console *console)
{
	struct clock_manual later;
	const struct clock *now = console->session->clock;
	int64_t went = 0, at = 0;
	char line[200];

	assert_int_equal(session_sent(console->session, "ring", NULL, &went), SENT_TAKEN);
	assert_string_equal(session_update(console->session, &at)->name, "ring");
	assert_true(at == went + 15 * 60 * CLOCK_US);
	/* One that fails keeps nobody from waiting for it. */
	refuse(console);
	assert_int_equal(sent_of(console), SENT_REFUSED);
	assert_non_null(session_update(console->session, &at));
	assert_true(at == went + 15 * 60 * CLOCK_US);
	session_next(console->session, line, sizeof(line));
	assert_null(strstr(line, "tell how it goes"));
	clock_manual_init(&later, went + 16 * 60 * CLOCK_US);
	console->session->clock = &later.clock;
	session_next(console->session, line, sizeof(line));
	assert_ptr_equal(strstr(line, "Ring: tell how it goes (6). "), line);
	assert_true(strlen(line) > strlen("Ring: tell how it goes (6). "));
	session_next_in(console->session, KEY_ID_MESSAGES, line, sizeof(line));
	assert_ptr_equal(strstr(line, "Ring: tell how it goes. "), line);
	console->session->clock = now;
	assert_int_equal(session_resolve(console->session, "by daylight", NULL), 0);
	assert_null(session_update(console->session, &at));
}

static void what_is_taken_is_on_record(void **state)
{
	struct console console = console_begin(*state, NULL);
	struct err err = ERR_INIT;

	open_incident(&console);
	ring(&console);
	/* One at a time. */
	assert_int_equal(session_send(console.session, "ring", NULL, &err), -1);
	answer(console.lamp);
	UNTIL(&console, sent_of(&console) == SENT_TAKEN);
	assert_int_equal(rung(console.lamp), 1);
	promised(&console);
	session_free(console.session);
}

/* Ended in order while it was on its way: that goes on record as unknown, since the command may
 * have passed it on. Whoever attaches sees so, and sends nothing by itself. */
static void a_console_that_ends_on_the_way_leaves_doubt(void **state)
{
	struct console console = console_begin(*state, NULL);
	char id[64];

	open_incident(&console);
	snprintf(id, sizeof(id), "%s", session_incident(console.session)->id);
	ring(&console);
	session_free(console.session);
	console = console_begin(*state, id);
	assert_int_equal(count(&console, EV_SENDING), 1);
	assert_int_equal(count(&console, EV_SENT), 1);
	assert_string_equal(json_str(last(&console, EV_SENT), "result", ""), "unknown");
	assert_int_equal(sent_of(&console), SENT_UNKNOWN);
	/* It works as ever, for as long as a round of probes takes, and rings no bell. */
	UNTIL(&console, proposed(&console) == VERDICT_FAIL);
	assert_false(session_is_sending(console.session));
	assert_int_equal(count(&console, EV_SENDING), 1);
	assert_int_equal(rung(console.lamp), 1);
	session_free(console.session);
}

int main(int argc, char **argv)
{
#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)
	const struct CMUnitTest tests[] = {
		LAMP_TEST(what_is_taken_is_on_record),
		LAMP_TEST(a_console_that_ends_on_the_way_leaves_doubt),
	};

	LAMP_RUNNER(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
