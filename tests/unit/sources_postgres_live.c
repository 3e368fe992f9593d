/* The live PostgreSQL source on a real server: figures, limits, waits, and what it is told apart
 * by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/loop.h"
#include "sources/postgres.h"
#include "sources/postgres_read.h"
#include "sources/types.h"
#include "tests/unit/cluster.h"

static struct cluster cluster;
static json_t *sources;

static json_t *declaration(const char *database, const char *role)
{
	return json_pack("{s:s, s:i, s:s, s:s}", "host", cluster.folder, "port", 5432, "database",
			 database, "role", role);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (cluster_start(&cluster) < 0)
		return -1;
	sources = json_object();
	json_object_set_new(sources, "main", declaration("shop", "app"));
	json_object_set_new(sources, "admin", declaration("postgres", "postgres"));
	json_object_set_new(sources, "missing", declaration("nosuch", "app"));
	return cluster_sql(&cluster, "postgres", "CREATE ROLE app LOGIN") < 0 ||
	       cluster_sql(&cluster, "postgres", "CREATE DATABASE shop OWNER app") < 0 ||
	       cluster_sql(&cluster, "shop", "CREATE TABLE t (i int)") < 0;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(sources);
	cluster_end(&cluster);
	return 0;
}

struct live {
	struct loop *loop;
	struct source_env env;
	struct source *source;
	const struct postgres_info *info;
};

static void live_open(struct live *live, const json_t *args)
{
	struct err err = ERR_INIT;

	live->loop = loop_new(&clock_system, &err);
	live->env = (struct source_env){ .loop = live->loop, .clock = &clock_system };
	live->source = source_postgres.open(&live->env, "main", args, &err);
	assert_non_null(live->source);
	live->info = postgres_info(live->source);
}

static void live_close(struct live *live)
{
	source_close(live->source);
	loop_free(live->loop);
}

/* Samples and turns until the state is reached and the figures are newer than `after`. */
static void live_until(struct live *live, enum postgres_state state, int64_t after)
{
	int64_t end = clock_mono(&clock_system) + 20 * CLOCK_US;

	while (clock_mono(&clock_system) < end) {
		source_postgres.sample(live->source);
		assert_int_equal(loop_turn(live->loop, 20, NULL), 0);
		if (live->info->state == state && live->info->at >= after)
			return;
	}
	fail_msg("state %s: %s", postgres_state_text(live->info), live->info->why);
}

static double figure(struct live *live, const char *read, enum verdict verdict)
{
	struct reading reading = { 0 };
	json_t *metric = json_pack("{s:s, s:s}", "postgres", "main", "read", read);

	source_postgres.read(live->source, metric, 0, &reading);
	json_decref(metric);
	if (reading.verdict != verdict)
		fail_msg("%s: %s", read, reading.evidence);
	return reading.value;
}

static void test_live_figures(void **state)
{
	struct live live;
	struct pg_params params;
	struct err err = ERR_INIT;

	(void)state;
	live_open(&live, json_object_get(sources, "admin"));
	figure(&live, "sessions", VERDICT_UNKNOWN);
	live_close(&live);

	json_t *args = declaration("shop", "postgres");
	cluster_params(&cluster, "shop", &params);
	struct pg *holder = pg_open(&params, "holder", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_exec(holder, &err, "BEGIN; LOCK TABLE t"), 0);
	PGconn *waiter = pg_start(&params, NULL, "waiter");
	while (PQconnectPoll(waiter) != PGRES_POLLING_OK)
		usleep(1000);
	PQsendQuery(waiter, "SELECT count(*) FROM t");
	live_open(&live, args);
	for (int i = 0; i < 100 && live.info->nwaits == 0; i++)
		live_until(&live, POSTGRES_CONNECTED, clock_wall(&clock_system));
	assert_int_equal(live.info->waiting, 1);
	assert_int_equal(live.info->nblockers, 1);
	char *pid = pg_value(holder, &err, "SELECT pg_backend_pid()", NULL);
	assert_int_equal(live.info->nwaits, 2);
	assert_int_equal(live.info->waits[0].pid, atoi(pid));
	assert_int_equal(live.info->waits[0].waiters, 1);
	assert_int_equal(live.info->waits[1].above, 0);
	assert_int_equal(live.info->longest.pid, atoi(pid));
	assert_string_equal(live.info->longest.state, "idle in transaction");
	assert_int_equal(live.info->sessions, 3);
	assert_int_equal(live.info->idle_in_transaction, 1);
	assert_int_equal(live.info->napps, 3);
	assert_int_equal(live.info->nusers, 1);
	assert_string_equal(live.info->users[0].name, "postgres");
	assert_string_equal(live.info->tls, "unix socket");
	assert_true(live.info->identity[0] != '\0');
	assert_int_equal(live.info->limit, 27);
	assert_false(live.info->monitor_missing);
	assert_true(live.info->size_bytes > 1000000);
	assert_true(figure(&live, "longest_transaction_s", VERDICT_PASS) > 0);
	assert_true(figure(&live, "percent", VERDICT_PASS) > 1);
	assert_true(figure(&live, "reachable", VERDICT_PASS) == 1);
	figure(&live, "nonsense", VERDICT_UNKNOWN);
	/* One connection, kept: as many backends as before after many samples. */
	int64_t at = live.info->at;
	for (int i = 0; i < 5; i++) {
		live_until(&live, POSTGRES_CONNECTED, at + 1);
		at = live.info->at;
	}
	char *mine = cluster_value(&cluster, "postgres",
				   "SELECT count(DISTINCT pid) || ' ' ||"
				   " max(backend_start)::text FROM pg_stat_activity"
				   " WHERE application_name = 'backout console'");
	assert_true(strncmp(mine, "1 ", 2) == 0);
	free(mine);
	free(pid);
	live_close(&live);
	PQfinish(waiter);
	pg_close(holder);
	json_decref(args);
	pg_params_release(&params);
}

/* Down and up again: the state says so, figures are unknown meanwhile, then it reconnects by
 * itself. */
static void test_live_restart(void **state)
{
	struct live live;

	(void)state;
	live_open(&live, json_object_get(sources, "main"));
	live_until(&live, POSTGRES_CONNECTED, 1);
	assert_true(live.info->monitor_missing); /* and it is said */
	assert_int_equal(cluster_down(&cluster), 0);
	live_until(&live, POSTGRES_DOWN, 0);
	figure(&live, "sessions", VERDICT_UNKNOWN);
	assert_true(figure(&live, "reachable", VERDICT_PASS) == 0);
	assert_int_equal(cluster_up(&cluster), 0);
	live_until(&live, POSTGRES_CONNECTED, clock_wall(&clock_system));
	figure(&live, "sessions", VERDICT_PASS);
	live_close(&live);
}

/* A frozen server: no turn of the loop takes long, and the figures are not given as fresh. */
static void test_live_frozen(void **state)
{
	struct live live;
	int64_t longest = 0, end;

	(void)state;
	live_open(&live, json_object_get(sources, "main"));
	live_until(&live, POSTGRES_CONNECTED, 1);
	char *pid = cluster_value(&cluster, "postgres",
				  "SELECT pid FROM pg_stat_activity"
				  " WHERE application_name = 'backout console'");
	kill(atoi(pid), SIGSTOP);
	end = clock_mono(&clock_system) + 10 * CLOCK_US;
	while (live.info->state != POSTGRES_SILENT && clock_mono(&clock_system) < end) {
		int64_t began = clock_mono(&clock_system);
		source_postgres.sample(live.source);
		loop_turn(live.loop, 0, NULL);
		began = clock_mono(&clock_system) - began;
		longest = began > longest ? began : longest;
		loop_turn(live.loop, 10, NULL);
	}
	assert_int_equal(live.info->state, POSTGRES_SILENT);
	assert_true(longest < CLOCK_US);
	figure(&live, "sessions", VERDICT_UNKNOWN);
	kill(atoi(pid), SIGCONT);
	live_until(&live, POSTGRES_CONNECTED, clock_wall(&clock_system));
	free(pid);
	live_close(&live);
}

static void test_live_faults(void **state)
{
	struct live live;
	json_t *args = declaration("shop", "app");

	(void)state;
	live_open(&live, json_object_get(sources, "missing"));
	live_until(&live, POSTGRES_DOWN, 0);
	assert_int_equal(live.info->fault, PG_FAULT_DATABASE);
	live_close(&live);
	json_object_set_new(args, "host", json_string("no-such-host.invalid"));
	live_open(&live, args);
	live_until(&live, POSTGRES_DOWN, 0);
	assert_int_equal(live.info->fault, PG_FAULT_UNRESOLVABLE);
	live_close(&live);
	json_object_set_new(args, "host", json_string(cluster.folder));
	json_object_set_new(args, "identity", json_string("7"));
	live_open(&live, args);
	live_until(&live, POSTGRES_CONNECTED, 1);
	assert_true(live.info->identity_wrong);
	figure(&live, "sessions", VERDICT_UNKNOWN);
	live_close(&live);
	json_decref(args);
}

/* A statement that fails does not cost the connection: at the last slot there would be no other. */
static void test_live_failing(void **state)
{
	struct live live;

	(void)state;
	live_open(&live, json_object_get(sources, "main"));
	live_until(&live, POSTGRES_CONNECTED, 1);
	char *pid = cluster_value(&cluster, "postgres",
				  "SELECT pid FROM pg_stat_activity"
				  " WHERE application_name = 'backout console'");
	assert_int_equal(cluster_sql(&cluster, "shop",
				     "REVOKE EXECUTE ON FUNCTION pg_stat_get_activity FROM PUBLIC"),
			 0);
	live_until(&live, POSTGRES_FAILING, 0);
	assert_non_null(strstr(live.info->why, "pg_stat_get_activity"));
	figure(&live, "sessions", VERDICT_UNKNOWN);
	assert_true(figure(&live, "reachable", VERDICT_PASS) == 1);
	assert_int_equal(cluster_sql(&cluster, "shop",
				     "GRANT EXECUTE ON FUNCTION pg_stat_get_activity TO PUBLIC"),
			 0);
	live_until(&live, POSTGRES_CONNECTED, clock_wall(&clock_system));
	char *after = cluster_value(&cluster, "postgres",
				    "SELECT pid FROM pg_stat_activity"
				    " WHERE application_name = 'backout console'");
	assert_string_equal(after, pid);
	free(after);
	free(pid);
	live_close(&live);
}

/* What limits a user, or this database alone. */
static void test_live_limits(void **state)
{
	struct live live;
	json_t *args = declaration("shop", "postgres");

	(void)state;
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "ALTER ROLE postgres CONNECTION LIMIT 5;"
				     "ALTER DATABASE shop CONNECTION LIMIT 1"),
			 0);
	live_open(&live, args);
	live_until(&live, POSTGRES_CONNECTED, 1);
	assert_int_equal(live.info->limit, 1);
	assert_int_equal(live.info->used, 1);
	assert_true(postgres_is_full(live.info));
	assert_true(figure(&live, "slots_left", VERDICT_PASS) == 0);
	assert_int_equal(live.info->users[0].limit, 5);
	figure(&live, "replay_lag_s", VERDICT_UNKNOWN);
	live_close(&live);
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "ALTER ROLE postgres CONNECTION LIMIT -1;"
				     "ALTER DATABASE shop CONNECTION LIMIT -1"),
			 0);
	json_decref(args);
}

/* How often a text stands in the server's log. */
static int logged(const char *text)
{
	char *path = xasprintf("%s/log", cluster.folder), line[8192];
	FILE *file = fopen(path, "r");
	int n = 0;

	while (fgets(line, sizeof line, file))
		n += strstr(line, text) != NULL;
	fclose(file);
	free(path);
	return n;
}

/* All statements are prepared, once, also when the console shows everything that there is. */
static void test_live_prepared(void **state)
{
	struct live live;

	(void)state;
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "ALTER ROLE app SET log_min_messages = 'log'"),
			 0);
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "ALTER ROLE app SET log_statement = 'all'"),
			 0);
	live_open(&live, json_object_get(sources, "main"));
	live_until(&live, POSTGRES_CONNECTED, 1);
	for (int i = 0; i < 100 && !postgres_table(live.source, false); i++)
		live_until(&live, POSTGRES_CONNECTED, clock_wall(&clock_system));
	for (int i = 0; i < 100 && logged("execute backout_statement") < 2; i++) {
		postgres_statement(live.source, 1 + i % 2);
		live_until(&live, POSTGRES_CONNECTED, clock_wall(&clock_system));
	}
	assert_int_equal(logged("already exists"), 0);
	assert_int_equal(logged("execute <unnamed>"), 0);
	assert_in_range(logged("execute backout_statement"), 2, 100);
	live_close(&live);
	assert_int_equal(cluster_sql(&cluster, "postgres", "ALTER ROLE app RESET ALL"), 0);
}

/* Sessions that wait for one table each behind all that came before. */
static void test_queue_is_counted(void **state)
{
	static char names[][16] = { "pid", "blockers", "all_rows" };
	PGresAttDesc columns[3] = { 0 };
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	struct buf list = BUF_INIT;
	struct postgres_table *table;

	(void)state;
	for (int i = 0; i < 3; i++)
		columns[i] = (PGresAttDesc){ .name = names[i], .typlen = -1 };
	assert_int_equal(PQsetResultAttrs(result, 3, columns), 1);
	/* 100 down to 1, each behind those with a lower number; and one that is not listed. */
	for (int row = 0; row < 100; row++) {
		char pid[16];

		snprintf(pid, sizeof pid, "%d", 100 - row);
		buf_cut(&list, 0);
		buf_puts(&list, "{4711");
		for (int i = 1; i < 100 - row; i++)
			buf_printf(&list, ",%d", i);
		buf_puts(&list, "}");
		PQsetvalue(result, row, 0, pid, (int)strlen(pid));
		PQsetvalue(result, row, 1, list.data, (int)list.len);
		PQsetvalue(result, row, 2, (char[]){ "100" }, 3);
	}
	table = postgres_table_new(result, 1);
	assert_int_equal(table->n, 100);
	for (int row = 0; row < 100; row++) {
		assert_int_equal(table->rows[row].pid, 100 - row);
		assert_int_equal(table->rows[row].waiters, row);
	}
	postgres_table_free(table);
	buf_release(&list);
}

/* One that answers nothing takes no time from another. */
static void test_live_beside_a_dead_one(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int hole = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = cluster_port(),
	    answers = 0;
	struct live live;
	struct err err = ERR_INIT;
	json_t *args = json_pack("{s:s, s:i, s:s, s:s}", "host", "127.0.0.1", "port", port,
				 "database", "shop", "role", "app");

	(void)state;
	at.sin_port = htons((uint16_t)port);
	assert_int_equal(bind(hole, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(hole, 8), 0);
	live_open(&live, json_object_get(sources, "main"));
	struct source *dead = source_postgres.open(&live.env, "dead", args, &err);
	int64_t seen = 0, end = clock_mono(&clock_system) + 20 * CLOCK_US;
	while (postgres_info(dead)->state == POSTGRES_CONNECTING &&
	       clock_mono(&clock_system) < end) {
		source_postgres.sample(dead);
		source_postgres.sample(live.source);
		assert_int_equal(loop_turn(live.loop, 20, NULL), 0);
		answers += live.info->at != seen;
		seen = live.info->at;
	}
	assert_int_equal(postgres_info(dead)->state, POSTGRES_DOWN);
	assert_int_equal(postgres_info(dead)->fault, PG_FAULT_FROZEN);
	assert_in_range(answers, 10, 100000);
	source_close(dead);
	live_close(&live);
	close(hole);
	json_decref(args);
}

/* ---- who waits for whom ---- */

static void waits(struct postgres_info *info, const char *json)
{
	*info = (struct postgres_info){ .nwaits = 7 };
	postgres_waits_take(info, json);
}

static void test_tree_of_waits(void **state)
{
	struct postgres_info info;

	(void)state;
	waits(&info, NULL);
	assert_int_equal(info.nwaits, 0);
	/* 3 behind 2 behind 1; 9 behind a prepared transaction. */
	waits(&info, "[[0, null, null, null, null, null, null, null],"
		     " [9, \"u\", \"a\", \"active\", \"q\", 1, 1, [0]],"
		     " [3, \"u\", \"a\", \"active\", \"q\", 1, 1.5, [2]],"
		     " [1, \"u\", \"a\\u001b\", \"idle in transaction\", \"q\", 9, 9, null],"
		     " [2, \"u\", \"a\", \"active\", \"q\", 1, 1, [1]]]");
	assert_int_equal(info.nwaits, 5);
	const int pids[] = { 1, 2, 3, 0, 9 }, depths[] = { 0, 1, 2, 0, 1 };
	const int waiters[] = { 2, 1, 0, 1, 0 }, above[] = { -1, 0, 1, -1, 3 };
	for (int i = 0; i < 5; i++) {
		assert_int_equal(info.waits[i].pid, pids[i]);
		assert_int_equal(info.waits[i].depth, depths[i]);
		assert_int_equal(info.waits[i].waiters, waiters[i]);
		assert_int_equal(info.waits[i].above, above[i]);
	}
	assert_string_equal(info.waits[0].app, "a^[");
	assert_true(info.waits[0].waits_s < 0 && info.waits[2].waits_s == 1.5);
	/* A deadlock that the server has not seen yet, and one who waits for it. */
	waits(&info, "[[1, \"u\", \"a\", \"active\", \"q\", 1, 1, [2]],"
		     " [2, \"u\", \"a\", \"active\", \"q\", 1, 1, [1]],"
		     " [3, \"u\", \"a\", \"active\", \"q\", 1, 1, [2]]]");
	assert_int_equal(info.nwaits, 3);
	assert_int_equal(info.waits[0].waiters, 2);
}

/* Without a loop one sample is taken here and now. */
static void test_blocking_sample(void **state)
{
	struct err err = ERR_INIT;
	struct source_env blocking = { .clock = &clock_system };
	struct live live = { .source =
				 source_postgres.open(&blocking, "main",
						      json_object_get(sources, "main"), &err) };

	(void)state;
	source_postgres.sample(live.source);
	assert_true(figure(&live, "sessions", VERDICT_PASS) >= 1);
	assert_int_equal(cluster_down(&cluster), 0);
	source_postgres.sample(live.source);
	figure(&live, "sessions", VERDICT_UNKNOWN);
	assert_int_equal(cluster_up(&cluster), 0);
	source_close(live.source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live_figures),
		cmocka_unit_test(test_live_restart),
		cmocka_unit_test(test_live_frozen),
		cmocka_unit_test(test_live_faults),
		cmocka_unit_test(test_blocking_sample),
		cmocka_unit_test(test_live_failing),
		cmocka_unit_test(test_live_limits),
		cmocka_unit_test(test_live_prepared),
		cmocka_unit_test(test_queue_is_counted),
		cmocka_unit_test(test_live_beside_a_dead_one),
		cmocka_unit_test(test_tree_of_waits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
