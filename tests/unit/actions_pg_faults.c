/* Restores that are refused, or die in the middle: the whole old or the whole new database. */
#include "lib/pg_claim.h"
#include "tests/unit/shop.h"

static int setup_damaged(void **state)
{
	if (setup(state) != 0)
		return -1;
	shop_dump();
	damage_rows();
	return 0;
}

/* What stands in the way is named, and the data stays. */
static void test_obstacles(void **state)
{
	json_t *args = restore_args(dump);
	struct err err = ERR_INIT;

	(void)state;
	intent_next();
	cluster_sql(&cluster, "shop",
		    "BEGIN; DELETE FROM lines WHERE id = 1; PREPARE TRANSACTION 'p1'");
	assert_int_equal(action_pg_restore.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "prepared transaction"));
	cluster_sql(&cluster, "shop", "ROLLBACK PREPARED 'p1'");
	err_clear(&err);
	free(cluster_value(&cluster, "shop",
			   "SELECT pg_create_logical_replication_slot('s1', "
			   "'test_decoding')::text"));
	assert_int_equal(action_pg_restore.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "replication slot"));
	free(cluster_value(&cluster, "shop", "SELECT pg_drop_replication_slot('s1')::text"));
	err_clear(&err);
	json_object_set_new(json_object_get(sources, "main"), "identity", json_string("42"));
	assert_int_equal(action_pg_restore.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "system_identifier"));
	json_object_del(json_object_get(sources, "main"), "identity");
	err_clear(&err);
	json_object_set_new(args, "admin", json_string("main"));
	assert_int_equal(action_pg_restore.ready(&env, args, &err), -1);
	json_decref(args);
}

/* A run that died after it had closed the database: clearing up opens it again. */
static void test_left_closed(void **state)
{
	json_t *args = restore_args(dump);
	struct err err = ERR_INIT;
	struct buf why = BUF_INIT;
	char *old = content("shop"), *sql;

	(void)state;
	intent_next();
	json_t *before = action_pg_restore.before(&env, args, &err);
	sql = xasprintf("CREATE DATABASE \"%s\"", json_str(before, "new", ""));
	cluster_sql(&cluster, "postgres", sql);
	cluster_sql(&cluster, "postgres", "ALTER DATABASE shop ALLOW_CONNECTIONS false");
	assert_int_equal(action_pg_restore.settled(&env, args, before, &why), SETTLED_NO);
	assert_non_null(strstr(buf_str(&why), "closed"));
	assert_int_equal(action_pg_restore.clean(&env, args, before, &err), 0);
	assert_untouched(old);
	buf_release(&why);
	free(sql);
	free(old);
	json_decref(before);
	json_decref(args);
}

/* The server died while it dropped the copy: that can't be altered any more, only be dropped. */
static void test_half_dropped(void **state)
{
	json_t *args = restore_args(dump);
	struct err err = ERR_INIT;
	char *old = content("shop"), *sql;

	(void)state;
	intent_next();
	json_t *before = action_pg_restore.before(&env, args, &err);
	sql = xasprintf("CREATE DATABASE \"%s\"", json_str(before, "new", ""));
	cluster_sql(&cluster, "postgres", sql);
	free(sql);
	sql = xasprintf("UPDATE pg_database SET datconnlimit = -2 WHERE datname = '%s'",
			json_str(before, "new", ""));
	cluster_sql(&cluster, "postgres", sql);
	if (action_pg_restore.clean(&env, args, before, &err) < 0)
		fail_msg("%s", err.msg);
	assert_untouched(old);
	free(sql);
	free(old);
	json_decref(before);
	json_decref(args);
}

/* It is closed, but not for us: who has claimed it is in the middle of a swap of his own. */
static void test_closed_by_another(void **state)
{
	json_t *args = restore_args(dump);
	struct pg_params params;
	struct err err = ERR_INIT;
	char *old = content("shop"), *names;

	(void)state;
	intent_next();
	json_t *before = action_pg_restore.before(&env, args, &err);
	cluster_params(&cluster, "postgres", &params);
	struct pg *other = pg_open(&params, "other", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_claim(other, "shop", &err), 0);
	cluster_sql(&cluster, "postgres", "ALTER DATABASE shop ALLOW_CONNECTIONS false");
	assert_int_equal(action_pg_restore.clean(&env, args, before, &err), -1);
	assert_non_null(strstr(err.msg, "being worked on by another session: backout other"));
	names = databases();
	assert_string_equal(names, "postgres shop!");
	pg_close(other);
	err_clear(&err);
	assert_int_equal(action_pg_restore.clean(&env, args, before, &err), 0);
	assert_untouched(old);
	pg_params_release(&params);
	free(names);
	free(old);
	json_decref(before);
	json_decref(args);
}

/* An undo loses its session while both databases are closed: it opens them again itself. What
 * follows the restored one keeps it from being exchanged. */
static void test_undo_loses_its_session(void **state)
{
	json_t *args = restore_args(dump), *facts = NULL;
	struct err err = ERR_INIT;
	char *damaged = content("shop"), *restored, *names, *expected, *ended = NULL;
	int status;

	(void)state;
	intent_next();
	json_t *before = action_pg_restore.before(&env, args, &err);
	const char *aside = json_str(before, "old", "");
	if (action_pg_restore.run(&env, args, before, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	restored = content("shop");
	free(cluster_value(&cluster, "shop",
			   "SELECT pg_create_logical_replication_slot('s2', "
			   "'test_decoding')::text"));
	assert_int_equal(action_pg_restore.undo(&env, args, before, &err), -1);
	assert_non_null(strstr(err.msg, "replication slot"));
	free(cluster_value(&cluster, "shop", "SELECT pg_drop_replication_slot('s2')::text"));
	err_clear(&err);
	/* It makes the server wait for some seconds before it gives the old one its name back. */
	cluster_sql(&cluster, aside,
		    "BEGIN; DELETE FROM lines WHERE id = 1; PREPARE TRANSACTION 'p2'");
	intent_next();
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(action_pg_restore.undo(&env, args, before, &err) == 0 ? 0 : 1);
	while (!ended && waitpid(pid, &status, WNOHANG) == 0)
		ended = cluster_value(&cluster, "postgres",
				      "SELECT pg_terminate_backend(pid)::text FROM "
				      "pg_stat_activity WHERE query LIKE 'ALTER DATABASE "
				      "\"shop_before%\" RENAME TO \"shop\"' AND state = 'active'");
	assert_non_null(ended);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	names = databases();
	expected = xasprintf("postgres shop %s", aside);
	assert_string_equal(names, expected);
	cluster_sql(&cluster, aside, "ROLLBACK PREPARED 'p2'");
	assert_int_equal(action_pg_restore.undo(&env, args, before, &err), 0);
	free(names);
	names = content(json_str(before, "undone", ""));
	assert_string_equal(names, restored);
	free(expected);
	expected = xasprintf("DROP DATABASE \"%s\"", json_str(before, "undone", ""));
	cluster_sql(&cluster, "postgres", expected);
	assert_untouched(damaged);
	free(ended), free(expected), free(names), free(restored), free(damaged);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
}

/* Runs the restore in a child and kills it after `us`. Returns whether it had ended before. */
static bool killed_run(const json_t *args, const json_t *before, unsigned us)
{
	struct err err = ERR_INIT;
	int status;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		json_t *facts = NULL;
		_exit(action_pg_restore.run(&env, args, before, &facts, &err) == 0 ? 0 : 1);
	}
	usleep(us);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFEXITED(status);
}

/* Kills at moments spread over the whole run: what is left is the whole old or the whole new
 * database, and after clearing up it is open and a second run succeeds. */
static void test_kills(void **state)
{
	json_t *args = restore_args(dump);
	struct err err = ERR_INIT;
	char *old = content("shop"), *good = NULL, *sql;
	int died = 0, swapped = 0;
	const unsigned step = 30000;

	(void)state;
	for (unsigned us = 5000; us < 3000000; us += step + us / 8) {
		struct buf why = BUF_INIT;
		intent_next();
		json_t *before = action_pg_restore.before(&env, args, &err);
		assert_non_null(before);
		bool ended = killed_run(args, before, us);
		died += !ended;
		if (action_pg_restore.clean(&env, args, before, &err) < 0)
			fail_msg("%s", err.msg);
		enum settled settled = action_pg_restore.settled(&env, args, before, &why);
		char *now = content("shop");
		if (settled == SETTLED_NO) {
			assert_untouched(old);
		} else {
			assert_int_equal(settled, SETTLED_YES);
			swapped++;
			if (!good)
				good = xstrdup(now);
			assert_true(strncmp(now, "20000/", 6) == 0);
			assert_string_equal(now, good);
			assert_int_equal(action_pg_restore.undo(&env, args, before, &err), 0);
			sql = xasprintf("DROP DATABASE \"%s\"", json_str(before, "undone", ""));
			cluster_sql(&cluster, "postgres", sql);
			free(sql);
			assert_untouched(old);
		}
		free(now);
		buf_release(&why);
		json_decref(before);
		if (ended)
			break;
	}
	assert_true(died >= 4);
	assert_true(swapped >= 1);
	free(good);
	free(old);
	json_decref(args);
}

/* Two restores of one database never run beside each other. */
static void test_lock(void **state)
{
	json_t *args = restore_args(dump), *facts = NULL;
	struct pg_params params;
	struct err err = ERR_INIT;
	char *old = content("shop");

	(void)state;
	intent_next();
	cluster_params(&cluster, "postgres", &params);
	struct pg *other = pg_open(&params, "other", 5 * CLOCK_US, NULL, &err);
	free(pg_value(other, &err,
		      "SELECT pg_advisory_lock(hashtextextended('backout works on ' || $1, 0))",
		      "shop"));
	json_t *before = action_pg_restore.before(&env, args, &err);
	assert_int_equal(action_pg_restore.run(&env, args, before, &facts, &err), -1);
	assert_non_null(strstr(err.msg, "being worked on by another session: backout other"));
	assert_untouched(old);
	pg_close(other);
	pg_params_release(&params);
	free(old);
	json_decref(before);
	json_decref(args);
}

/* The server itself dies in the middle of a restore, and comes back: the restore waits for that,
 * and clears up what it began. */
static void test_server_crash(void **state)
{
	json_t *args = restore_args(dump);
	struct err err = ERR_INIT;
	struct buf why = BUF_INIT;
	char *old = content("shop");
	int status;

	(void)state;
	intent_next();
	json_t *before = action_pg_restore.before(&env, args, &err);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		json_t *facts = NULL;
		_exit(action_pg_restore.run(&env, args, before, &facts, &err) == 0 ? 0 : 1);
	}
	/* As soon as the copy is there: it is being filled then. */
	for (char *copy = NULL; !copy;) {
		copy =
		    cluster_value(&cluster, "postgres",
				  "SELECT datname FROM pg_database WHERE datname LIKE 'shop_new%'");
		free(copy);
		if (copy || waitpid(pid, &status, WNOHANG) != 0)
			break;
	}
	assert_int_equal(cluster_down(&cluster), 0);
	assert_int_equal(action_pg_restore.settled(&env, args, before, &why), SETTLED_UNKNOWN);
	assert_int_equal(action_pg_restore.clean(&env, args, before, &err), -1);
	err_clear(&err);
	assert_int_equal(cluster_up(&cluster), 0);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_int_equal(action_pg_restore.settled(&env, args, before, &why), SETTLED_NO);
	assert_untouched(old);
	assert_int_equal(action_pg_restore.clean(&env, args, before, &err), 0);
	buf_release(&why);
	free(old);
	json_decref(before);
	json_decref(args);
}

/* An admin that is no superuser, but may create databases and is a member of the owner. */
static void test_small_admin(void **state)
{
	json_t *args = restore_args(dump), *facts = NULL;
	struct err err = ERR_INIT;

	(void)state;
	intent_next();
	cluster_sql(&cluster, "postgres",
		    "CREATE ROLE dba LOGIN; ALTER ROLE app IN DATABASE shop RESET ALL");
	json_object_set_new(json_object_get(sources, "admin"), "role", json_string("dba"));
	assert_int_equal(action_pg_restore.ready(&env, args, &err), -1);
	if (!strstr(err.msg, "role dba may not create"))
		fail_msg("%s", err.msg);
	err_clear(&err);
	cluster_sql(&cluster, "postgres", "ALTER ROLE dba CREATEDB; GRANT app TO dba");
	json_t *before = action_pg_restore.before(&env, args, &err);
	if (action_pg_restore.ready(&env, args, &err) < 0 ||
	    action_pg_restore.run(&env, args, before, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	char *now = content("shop");
	assert_true(strncmp(now, "20000/", 6) == 0);
	if (action_pg_restore.undo(&env, args, before, &err) < 0)
		fail_msg("%s", err.msg);
	json_object_set_new(json_object_get(sources, "admin"), "role", json_string("postgres"));
	free(now);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_obstacles),
		cmocka_unit_test(test_left_closed),
		cmocka_unit_test(test_half_dropped),
		cmocka_unit_test(test_closed_by_another),
		cmocka_unit_test(test_undo_loses_its_session),
		cmocka_unit_test(test_kills),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_server_crash),
		cmocka_unit_test(test_small_admin),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, setup_damaged, teardown);
}
