/* Ending idle sessions, and SQL in one transaction. */
#include "tests/unit/shop.h"

static void test_terminate_idle(void **state)
{
	json_t *args = json_pack("{s:s, s:s, s:s}", "pg_terminate_idle", "main", "admin", "admin",
				 "older_than", "100ms");
	struct pg_params params;
	struct err err = ERR_INIT;
	struct buf why = BUF_INIT;
	struct plan plan = { 0 };
	json_t *facts = NULL, *nothing = json_object();

	(void)state;
	intent_next();
	cluster_params(&cluster, "shop", &params);
	struct pg *idle = pg_open(&params, "idle", 5 * CLOCK_US, NULL, &err);
	struct pg *open = pg_open(&params, "open", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_exec(open, &err, "BEGIN; SELECT 1"), 0);
	PGconn *busy = pg_start(&params, NULL, "busy");
	while (PQconnectPoll(busy) != PGRES_POLLING_OK)
		usleep(1000);
	assert_int_equal(PQsendQuery(busy, "SELECT pg_sleep(2), 7"), 1);
	while (action_pg_terminate_idle.settled(&env, args, nothing, &why) == SETTLED_YES)
		usleep(1000); /* until they have been idle for long enough */
	for (bool both = false; !both;) {
		char *n =
		    cluster_value(&cluster, "postgres",
				  "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND"
				  " state LIKE 'idle%' AND state_change < now() - interval '100 "
				  "ms'");
		both = strcmp(n, "2") == 0;
		free(n);
	}
	assert_int_equal(action_pg_terminate_idle.plan(&env, args, &plan, &err), 0);
	assert_non_null(strstr(buf_str(&plan.lines), "2 sessions"));
	assert_int_equal(action_pg_terminate_idle.run(&env, args, nothing, &facts, &err), 0);
	assert_int_equal(json_num(facts, "ended", 0), 2);
	PGresult *result = PQgetResult(busy);
	assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
	assert_string_equal(PQgetvalue(result, 0, 1), "7");
	PQclear(result);
	assert_null(pg_value(idle, &err, "SELECT 1", NULL));
	PQfinish(busy);
	pg_close(idle);
	pg_close(open);
	plan_release(&plan);
	buf_release(&why);
	json_decref(facts);
	json_decref(nothing);
	json_decref(args);
	pg_params_release(&params);
}

static void test_sql(void **state)
{
	json_t *args = json_pack("{s:s, s:s, s:[i], s:i}", "pg_sql", "main", "sql",
				 "DELETE FROM lines WHERE id <= $1", "with", 10, "expect_rows", 11);
	json_t *before, *facts = NULL;
	struct err err = ERR_INIT;
	struct buf why = BUF_INIT;

	(void)state;
	intent_next();
	before = action_pg_sql.before(&env, args, &err);
	assert_int_equal(action_pg_sql.settled(&env, args, before, &why), SETTLED_NO);
	assert_int_equal(action_pg_sql.run(&env, args, before, &facts, &err), -1);
	assert_non_null(strstr(err.msg, "10 rows, expected 11"));
	assert_int_equal(action_pg_sql.settled(&env, args, before, &why), SETTLED_NO);
	err_clear(&err);
	json_object_set_new(args, "expect_rows", json_integer(10));
	if (action_pg_sql.run(&env, args, before, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(action_pg_sql.settled(&env, args, before, &why), SETTLED_YES);
	char *left = cluster_value(&cluster, "shop", "SELECT count(*) FROM lines");
	assert_string_equal(left, "19990");
	free(left);
	json_object_clear(args);
	json_object_set_new(args, "pg_sql", json_string("main"));
	json_object_set_new(args, "sql",
			    json_string("CREATE TABLE a (); COMMIT; CREATE TABLE b ()"));
	assert_int_equal(action_pg_sql.run(&env, args, before, &facts, &err), -1);
	assert_non_null(strstr(err.msg, "ended its transaction itself"));
	buf_release(&why);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminate_idle),
		cmocka_unit_test(test_sql),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, setup, teardown);
}
