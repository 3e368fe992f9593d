/* The event table: what it demands, and what people read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/events.h"
#include "core/who.h"
#include "lib/buf.h"
#include "lib/file.h"

static json_t *json(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

static void text_is(const char *line, const char *want)
{
	json_t *value = json(line);
	char *text = event_text(value);

	assert_string_equal(text, want);
	free(text);
	json_decref(value);
}

static void check_says(enum event_id id, const char *fields, const char *want)
{
	struct err err = ERR_INIT;
	json_t *value = json(fields);
	int result = event_check(id, value, &err);

	assert_int_equal(result, *want ? -1 : 0);
	assert_string_equal(err.msg, want);
	json_decref(value);
}

static void test_table_is_whole(void **state)
{
	(void)state;
	for (int i = 0; i < EV_COUNT; i++) {
		assert_non_null(event_defs[i].name);
		assert_non_null(event_defs[i].fields);
		assert_true(event_defs[i].version >= 1);
		assert_int_equal(event_find(event_defs[i].name), i);
		for (const struct field *f = event_defs[i].fields; f->name; f++) {
			static const char *const own[] = { "seq", "at",	   "boot", "mono",
							   "by",  "event", "prev", "hash" };

			assert_non_null(f->help);
			for (size_t k = 0; k < sizeof(own) / sizeof(own[0]); k++)
				assert_string_not_equal(f->name, own[k]);
		}
	}
	assert_int_equal(event_find("something.newer"), EV_COUNT);
	assert_int_equal(event_find(NULL), EV_COUNT);
}

/* backout-ledger(5) lists every event with its members, in the table's order. */
static void test_manual_has_the_table(void **state)
{
	static const char *const classes[] = {
		[EVENT_OPERATOR] = "operator",
		[EVENT_RUNNER] = "runner",
		[EVENT_SENSED] = "sensed",
		[EVENT_NOTE] = "note",
	};
	struct buf man = BUF_INIT, want = BUF_INIT;

	(void)state;
	assert_int_equal(file_read("man/backout-ledger.5", &man, 0, NULL), 0);
	for (int i = 0; i < EV_COUNT; i++) {
		const struct event_def *def = &event_defs[i];

		const char *at;

		buf_cut(&want, 0);
		buf_printf(&want, ".It Cm %s Pq %s%s\n", def->name, classes[def->class],
			   def->hidden ? ", hidden" : "");
		if (def->hidden)
			buf_cut(&want, want.len - 1);
		at = strstr(buf_str(&man), buf_str(&want));
		if (!at)
			fail_msg("the manual should have: %s", buf_str(&want));
		buf_cut(&want, 0);
		buf_puts(&want, "Members:\n");
		for (const struct field *f = def->fields; f->name; f++)
			buf_printf(&want, ".%sVa %s %c\n", f->required ? "" : "Op ", f->name,
				   f[1].name ? ',' : '.');
		at = strstr(at, "Members:\n");
		if (!at || strncmp(at, buf_str(&want), want.len) != 0)
			fail_msg("the manual should have for %s:\n%s", def->name, buf_str(&want));
	}
	buf_release(&want);
	buf_release(&man);
}

static void test_check(void **state)
{
	(void)state;
	check_says(EV_NOTE, "{\"text\": \"hello\"}", "");
	check_says(EV_NOTE, "{}", "event note: \"text\" is missing");
	check_says(EV_NOTE, "{\"text\": \"a\", \"seq\": 3}",
		   "event note: it has no member \"seq\"");
	check_says(EV_NOTE, "{\"text\": 3}", "event note: \"text\" must be a string");
	check_says(EV_ANSWERED, "{\"question\": \"q\", \"answer\": \"maybe\"}",
		   "event tree.answered: \"answer\" can't be \"maybe\"");
	check_says(EV_ANSWERED, "{\"question\": \"q\", \"answer\": \"no\", \"reason\": null}", "");
	check_says(EV_OUTCOME,
		   "{\"procedure\": \"p\", \"step\": \"s\", \"attempt\": 1, \"act\": \"run\", "
		   "\"result\": \"done\", \"elapsed\": 1.5, \"facts\": {\"rows\": 3}}",
		   "");
	check_says(EV_OUTCOME,
		   "{\"procedure\": \"p\", \"step\": \"s\", \"attempt\": 1.5, \"act\": \"run\", "
		   "\"result\": \"done\"}",
		   "event step.outcome: \"attempt\" must be a whole number");
}

static void test_text_says_who_did_what(void **state)
{
	(void)state;
	text_is("{\"event\": \"evidence\", \"source\": \"bot-log\", \"lines\": 9, "
		"\"text\": \"21:31 ERROR no \\u001b[31m\\nTraceback\"}",
		"evidence: bot-log: 21:31 ERROR no ^[[31m (and 8 more lines)");
	text_is("{\"event\": \"message.prepared\", \"message\": \"all-good\", "
		"\"channel\": \"#news\", \"to\": \"file\", \"file\": \"messages/1.txt\"}",
		"message all-good for #news written to messages/1.txt");
	text_is("{\"event\": \"step.outcome\", \"step\": \"stop-bot\", \"attempt\": 1, "
		"\"act\": \"run\", \"result\": \"done\", \"elapsed\": 1.2}",
		"step stop-bot: done in 1.2 s");
	text_is("{\"event\": \"step.outcome\", \"step\": \"restore\", \"attempt\": 2, "
		"\"act\": \"run\", \"result\": \"failed\", \"elapsed\": 64, \"detail\": \"no "
		"space\"}",
		"step restore: failed in 1 min 4 s (attempt 2): no space");
	text_is("{\"event\": \"tree.answered\", \"question\": \"responsive\", \"answer\": \"no\", "
		"\"proposed\": \"fail\", \"evidence\": \"5 restarts\"}",
		"question responsive: no (as proposed: 5 restarts)");
	text_is("{\"event\": \"tree.answered\", \"question\": \"responsive\", \"answer\": \"yes\", "
		"\"proposed\": \"fail\", \"reason\": \"I see it\"}",
		"question responsive: yes (overrides the proposed no), because I see it");
	text_is("{\"event\": \"tree.answered\", \"question\": \"responsive\", \"answer\": \"yes\", "
		"\"proposed\": \"unknown\"}",
		"question responsive: yes (nothing was proposed)");
	text_is("{\"event\": \"alert\", \"metric\": \"errors\", \"level\": \"critical\", "
		"\"was\": \"ok\", \"value\": 62.25, \"unit\": \"%\", \"threshold\": 50}",
		"alert critical: errors is 62.25 % (threshold 50 %), was ok");
	text_is("{\"event\": \"step.verify\", \"step\": \"restart\", \"attempt\": 1, "
		"\"verdict\": \"fail\", \"probes\": [{\"probe\": \"a\", \"verdict\": \"pass\", "
		"\"evidence\": \"up\"}, {\"probe\": \"b\", \"verdict\": \"fail\", "
		"\"evidence\": \"no heartbeat\"}]}",
		"step restart: NOT verified: no heartbeat");
	text_is("{\"event\": \"procedure.approved\", \"procedure\": \"level-3\", "
		"\"digest\": \"0123456789abcdef\", \"loss\": [\"12 rows of rounds\"], "
		"\"params\": {\"backup\": \"/b/1.dump\"}}",
		"procedure level-3 approved; data loss accepted: 12 rows of rounds; "
		"with backup = /b/1.dump; plan 0123456789ab");
	text_is("{\"event\": \"procedure.approved\", \"procedure\": \"level-3\", "
		"\"digest\": \"0123456789abcdef\", \"roles\": [\"dba\", \"owner\"]}",
		"procedure level-3 approved as dba, owner; plan 0123456789ab");
	text_is("{\"event\": \"approval.break_glass\", \"procedure\": \"level-3\", "
		"\"digest\": \"0123456789abcdef\", \"roles\": [\"dba\"], \"reason\": \"asleep\"}",
		"BREAK-GLASS: procedure level-3 approved without authority (missing: dba), "
		"because asleep; plan 0123456789ab");
}

static void test_text_of_every_event(void **state)
{
	(void)state;
	for (int i = 0; i < EV_COUNT; i++) {
		json_t *line = json_object();
		char *text;

		json_object_set_new(line, "event", json_string(event_defs[i].name));
		text = event_text(line);
		assert_non_null(text);
		assert_true(strlen(text) > 3);
		assert_null(strstr(text, "does not know"));
		free(text);
		json_decref(line);
	}
	text_is("{\"event\": \"gate.someday\", \"x\": 1}",
		"gate.someday (this version does not know this event)");
}

static void test_text_is_clean(void **state)
{
	(void)state;
	text_is("{\"event\": \"note\", \"text\": \"a\\u001b[2Jb\\nc\"}", "note: a^[[2Jb^Jc");
}

static bool has_login_uid(void)
{
	struct buf uid = BUF_INIT;
	bool has = file_read("/proc/self/loginuid", &uid, 0, NULL) == 0 &&
		   strncmp(buf_str(&uid), "4294967295", 10) != 0;

	buf_release(&uid);
	return has;
}

static void test_who(void **state)
{
	json_t *by = json("{\"user\": \"root\", \"sudo\": \"maria\", \"host\": \"db1\", "
			  "\"ssh\": \"10.0.0.7\"}");
	char *text = who_text(by);

	(void)state;
	assert_string_equal(text, "maria as root@db1 from 10.0.0.7");
	free(text);
	json_decref(by);

	setenv("SUDO_USER", "maria", 1);
	setenv("SSH_CONNECTION", "10.0.0.7 50000 10.0.0.1 22", 1);
	by = who_am_i();
	/* Believed of root alone, and where the kernel keeps no login. */
	if (geteuid() == 0 && !has_login_uid())
		assert_string_equal(who_person(by), "maria");
	else
		assert_string_not_equal(who_person(by), "maria");
	assert_string_equal(json_string_value(json_object_get(by, "ssh")), "10.0.0.7");
	assert_non_null(json_object_get(by, "user"));
	assert_non_null(json_object_get(by, "host"));
	json_decref(by);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_manual_has_the_table),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_text_says_who_did_what),
		cmocka_unit_test(test_text_of_every_event),
		cmocka_unit_test(test_text_is_clean),
		cmocka_unit_test(test_who),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
