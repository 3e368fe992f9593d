/* One line about all that is watched, from files alone. */
#include "core/kept.h"
#include "core/standing.h"
#include "lib/jdoc.h"
#include "tests/unit/scratch.h"

#define NOW (1700000000 * CLOCK_US)

static int setup(void **state)
{
	*state = scratch_new();
	setenv("BACKOUT_STATE_DIR", *state, 1);
	return 0;
}

static void stands(const char *target, const char *json)
{
	struct kept *kept = kept_new("shop", target, &clock_system);
	json_t *standing = json_loads(json, 0, NULL);

	assert_non_null(standing);
	assert_int_equal(kept_alerts_put(kept, standing, NULL), 0);
	json_decref(standing);
	kept_free(kept);
}

static void line_is(int64_t now, bool well, const char *expected)
{
	struct buf out = BUF_INIT;

	assert_int_equal(standing_line(now, &out), well);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void the_worst_goes_first(void **state)
{
	(void)state;
	line_is(NOW, true, "backout: nothing is watched");
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"alerts\": [], \"conditions\": []}");
	line_is(NOW, true, "shop>one ok");
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"conditions\": [], \"alerts\": ["
		      "{\"metric\": \"a\", \"level\": \"info\", \"text\": \"A 1\"},"
		      "{\"metric\": \"b\", \"level\": \"ok\", \"no_data\": true, \"text\": \"B: no "
		      "data\"},"
		      "{\"metric\": \"c\", \"level\": \"warning\", \"text\": \"C\\u001b[31m 2\","
		      " \"since\": \"2023-11-14T22:12:20Z\"}]}");
	line_is(NOW + CLOCK_US, false, "shop>one WARNING C^[[31m 2, 1 min 1 s (+2)");
	/* What is muted disturbs nobody, and is no other one either. */
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"conditions\": [], \"alerts\": ["
		      "{\"metric\": \"a\", \"level\": \"critical\", \"text\": \"A 1\","
		      " \"muted_until\": \"2999-01-01T00:00:00Z\"}]}");
	line_is(NOW, true, "shop>one ok");
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"alerts\": [], \"conditions\": ["
		      "{\"condition\": \"x\", \"title\": \"It burns\", \"severity\": \"high\"}]}");
	line_is(NOW, false, "shop>one HIGH It burns");
	/* What is said about the state of the whole is no less than a metric's alert. */
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"alerts\": ["
		      "{\"metric\": \"a\", \"level\": \"warning\", \"text\": \"A 1\"}],"
		      " \"conditions\": ["
		      "{\"condition\": \"x\", \"title\": \"It smells\", \"severity\": \"low\"},"
		      "{\"condition\": \"y\", \"title\": \"Rows are damaged\","
		      " \"severity\": \"critical\"}]}");
	line_is(NOW, false, "shop>one CRITICAL Rows are damaged (+2)");
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"conditions\": [], \"alerts\": ["
		      "{\"metric\": \"b\", \"level\": \"ok\", \"no_data\": true, \"text\": \"B: no "
		      "data\", \"no_data_since\": \"2023-11-14T22:11:20Z\"}]}");
	line_is(NOW, false, "shop>one NO DATA B: no data, 2 min");
}

/* People's work is no trouble of the system: it is said where all else is well. */
static void routines_stand_behind(void **state)
{
	(void)state;
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"alerts\": [], \"conditions\": [],"
		      " \"routines\": ["
		      "{\"routine\": \"a\", \"title\": \"Daily\", \"state\": \"due\","
		      " \"since\": \"2023-11-14T22:00:00Z\"},"
		      "{\"routine\": \"b\", \"title\": \"Hourly\", \"state\": \"overdue\","
		      " \"since\": \"2023-11-14T20:13:20Z\"}]}");
	line_is(NOW, true, "shop>one ok, OVERDUE: Hourly, 2 h (+1)");
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"alerts\": [], \"routines\": ["
		      "{\"routine\": \"a\", \"title\": \"Daily\", \"state\": \"due\","
		      " \"since\": \"2023-11-14T22:00:00Z\"}], \"conditions\": ["
		      "{\"condition\": \"x\", \"title\": \"It smells\", \"severity\": \"low\"}]}");
	line_is(NOW, false, "shop>one LOW It smells");
}

static void whoever_is_gone_is_missed(void **state)
{
	(void)state;
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"alerts\": [], \"conditions\": []}");
	line_is(NOW + 60 * CLOCK_US, true, "shop>one ok");
	line_is(NOW + 61 * CLOCK_US, false, "shop>one not watched for 1 min 1 s");
	/* Not for ever, and not when it ended as it should. */
	line_is(NOW + 25 * 3600 * CLOCK_US, true, "backout: nothing is watched");
	stands("one", "{\"at\": \"2023-11-14T22:13:20Z\", \"ended\": true, \"alerts\": [],"
		      " \"conditions\": []}");
	line_is(NOW, true, "backout: nothing is watched");
}

static void incidents_are_read_from_their_ledgers(void **state)
{
	char *folder = xasprintf("%s/incidents/2023-11-14-01", (char *)*state);
	char *ledger = path_join(folder, "ledger.jsonl");

	assert_int_equal(file_mkdirs(folder, 0700, NULL), 0);
	scratch_puts(ledger,
		     "{\"seq\":1,\"at\":\"2023-11-14T22:00:00Z\",\"event\":\"incident.opened\","
		     "\"kind\":\"deployment\",\"system\":\"shop\",\"target\":\"one\","
		     "\"severity\":\"low\"}\n"
		     "{\"seq\":2,\"event\":\"deployment.planned\",\"deployment\":\"d\","
		     "\"t0\":\"2023-11-14T22:23:20Z\"}\n");
	line_is(NOW, false, "shop>one deployment 2023-11-14-01 LOW T-00:10:00");
	scratch_puts(ledger,
		     "{\"seq\":3,\"event\":\"incident.severity\",\"severity\":\"critical\"}\n"
		     "{\"seq\":4,\"event\":\"note\",\"text\":\"\\\"event\\\":\\\"incident."
		     "closed\\\"\"}\n"
		     "{\"seq\":5,\"event\":\"inci");
	line_is(NOW + 660 * CLOCK_US, false,
		"shop>one deployment 2023-11-14-01 CRITICAL T+00:01:00");
	scratch_puts(ledger, "\n{\"seq\":5,\"event\":\"incident.resolved\"}\n");
	line_is(NOW, true, "backout: nothing is watched");
	free(ledger);
	free(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_worst_goes_first),
		TEST(routines_stand_behind),
		TEST(whoever_is_gone_is_missed),
		TEST(incidents_are_read_from_their_ledgers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
