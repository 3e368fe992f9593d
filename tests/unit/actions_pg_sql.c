/* Ending idle sessions, and SQL in one transaction. */
#include "lib/file.h"
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
	/* Ours, idle as it is: what a console watches with, or a dump's snapshot. */
	struct pg *ours = pg_open(&params, "watch", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_exec(idle, &err, "SET application_name = 'app'"), 0);
	assert_int_equal(pg_exec(open, &err, "SET application_name = 'app'; BEGIN; SELECT 1"), 0);
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
				  " application_name = 'app' AND state LIKE 'idle%' AND "
				  "state_change < now() - interval '100 "
				  "ms'");
		both = strcmp(n, "2") == 0;
		free(n);
	}
	assert_int_equal(action_pg_terminate_idle.plan(&env, args, &plan, &err), 0);
	assert_non_null(strstr(buf_str(&plan.lines), "2 sessions"));
	assert_non_null(strstr(buf_str(&plan.undo), "what they had not committed"));
	assert_int_equal(action_pg_terminate_idle.run(&env, args, nothing, &facts, &err), 0);
	assert_int_equal(json_num(facts, "ended", 0), 2);
	assert_int_equal(action_pg_terminate_idle.settled(&env, args, nothing, &why), SETTLED_YES);
	PGresult *result = PQgetResult(busy);
	assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
	assert_string_equal(PQgetvalue(result, 0, 1), "7");
	PQclear(result);
	char *one = pg_value(ours, &err, "SELECT 1", NULL);
	assert_string_equal(one, "1");
	free(one);
	assert_null(pg_value(idle, &err, "SELECT 1", NULL));
	PQfinish(busy);
	pg_close(ours);
	pg_close(idle);
	pg_close(open);
	plan_release(&plan);
	buf_release(&why);
	json_decref(facts);
	json_decref(nothing);
	json_decref(args);
	pg_params_release(&params);
}

/* A role that can't see others' sessions does not take them for none; a superuser's session does
 * not keep those of the application from being ended. */
static void test_terminate_hidden(void **state)
{
	json_t *args = json_pack("{s:s, s:s}", "pg_terminate_idle", "blind", "older_than", "1us");
	json_t *nothing = json_object(), *facts = NULL;
	struct pg_params super, app;
	struct err err = ERR_INIT;
	struct buf why = BUF_INIT;

	(void)state;
	intent_next();
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "CREATE ROLE blind LOGIN; GRANT CONNECT ON DATABASE shop TO "
				     "blind"),
			 0);
	json_object_set_new(sources, "blind", json_deep_copy(json_object_get(sources, "main")));
	json_object_set_new(json_object_get(sources, "blind"), "role", json_string("blind"));
	cluster_params(&cluster, "shop", &super);
	assert_int_equal(pg_params_from(json_object_get(sources, "main"), &app, &err), 0);
	struct pg *held = pg_open(&super, "held", 5 * CLOCK_US, NULL, &err);
	struct pg *idle = pg_open(&app, "idle", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_exec(held, &err, "SET application_name = 'app'"), 0);
	assert_int_equal(pg_exec(idle, &err, "SET application_name = 'app'"), 0);
	assert_int_equal(action_pg_terminate_idle.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "2 sessions of shop are hidden"));
	assert_int_equal(action_pg_terminate_idle.settled(&env, args, nothing, &why),
			 SETTLED_UNKNOWN);
	err_clear(&err);

	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "GRANT pg_monitor, pg_signal_backend TO blind"),
			 0);
	if (action_pg_terminate_idle.run(&env, args, nothing, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(json_num(facts, "ended", 0), 1);
	assert_int_equal(action_pg_terminate_idle.settled(&env, args, nothing, &why), SETTLED_YES);
	assert_null(pg_value(idle, &err, "SELECT 1", NULL));
	err_clear(&err);
	free(pg_value(held, &err, "SELECT 1", NULL));
	assert_false(err.set);
	pg_close(idle);
	pg_close(held);
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "REVOKE CONNECT ON DATABASE shop FROM blind; DROP ROLE blind"),
			 0);
	pg_params_release(&super);
	pg_params_release(&app);
	buf_release(&why);
	json_decref(facts);
	json_decref(nothing);
	json_decref(args);
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
	/* One whose session is there still is none that can be judged. */
	struct pg_params params;
	cluster_params(&cluster, "shop", &params);
	struct pg *open = pg_open(&params, "open", 5 * CLOCK_US, NULL, &err);
	char *id = pg_exec(open, &err, "BEGIN; CREATE TABLE c ()") == 0
		       ? pg_value(open, &err, "SELECT pg_current_xact_id()::text", NULL)
		       : NULL;
	assert_non_null(id);
	assert_int_equal(file_replace(json_str(before, "transaction", ""), id, strlen(id), 0600,
				      &err),
			 0);
	assert_int_equal(action_pg_sql.settled(&env, args, before, &why), SETTLED_UNKNOWN);
	assert_non_null(strstr(buf_str(&why), "in progress still"));
	pg_close(open); /* and the server rolls it back a little later */
	assert_int_equal(action_pg_sql.settled(&env, args, before, &why), SETTLED_NO);
	pg_params_release(&params);
	free(id);
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
		cmocka_unit_test(test_terminate_hidden),
		cmocka_unit_test(test_sql),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, setup, teardown);
}
