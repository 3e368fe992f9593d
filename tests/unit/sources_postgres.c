/* The live PostgreSQL source and its probes, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/backup.h"
#include "lib/jdoc.h"
#include "lib/loop.h"
#include "lib/pgdump.h"
#include "sources/postgres.h"
#include "sources/types.h"
#include "tests/unit/cluster.h"

static struct cluster cluster;
static json_t *sources;

static const json_t *declared(void *data, const char *name)
{
	(void)data;
	return json_object_get(sources, name);
}

static struct probe_env env = { .clock = &clock_system, .declared = declared };

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
	char *dumps = xasprintf("%s/dumps", cluster.folder);
	json_object_set_new(sources, "dumps",
			    json_pack("{s:s, s:s, s:s, s:s}", "folder", dumps, "kind", "postgres",
				      "database", "shop", "pattern", "*.dump"));
	free(dumps);
	return cluster_sql(&cluster, "postgres", "CREATE ROLE app LOGIN; CREATE ROLE other LOGIN") <
		   0 ||
	       cluster_sql(&cluster, "postgres", "CREATE DATABASE shop OWNER app") < 0 ||
	       cluster_sql(&cluster, "shop",
			   "CREATE TABLE t AS SELECT i FROM generate_series(1, 100) i;"
			   "GRANT ALL ON t TO app, other") < 0;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(sources);
	cluster_end(&cluster);
	return 0;
}

/* Evaluates a probe written as JSON. */
static struct reading probe(const struct probe_type *type, const char *text)
{
	struct reading reading = { 0 };
	json_t *args = json_loads(text, 0, NULL);

	assert_non_null(args);
	env.deadline = clock_mono(&clock_system) + 20 * CLOCK_US;
	type->eval(&env, args, &reading);
	json_decref(args);
	return reading;
}

static void expect(const char *text, enum verdict verdict)
{
	struct reading reading = probe(&probe_postgres, text);

	if (reading.verdict != verdict)
		fail_msg("%s: %s, %s", text, verdict_name(reading.verdict), reading.evidence);
	assert_true(reading.evidence[0] != '\0' && reading.at > 0);
}

static void test_probe_verdicts(void **state)
{
	(void)state;
	expect("{\"postgres\": \"main\", \"reachable\": true, \"within\": \"5s\"}", VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"reachable\": false}", VERDICT_FAIL);
	expect("{\"postgres\": \"missing\", \"reachable\": true}", VERDICT_FAIL);
	expect("{\"postgres\": \"main\", \"exists\": true}", VERDICT_PASS);
	expect("{\"postgres\": \"missing\", \"exists\": true}", VERDICT_FAIL);
	expect("{\"postgres\": \"missing\", \"exists\": false}", VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"server_version\": 11}", VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"server_version\": 99}", VERDICT_FAIL);
	expect("{\"postgres\": \"main\", \"role_has\": \"createdb\"}", VERDICT_FAIL);
	expect("{\"postgres\": \"admin\", \"role_has\": \"createdb\"}", VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"role_has\": \"select on t\"}", VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"role_has\": \"select on nosuch\"}", VERDICT_UNKNOWN);
	expect("{\"postgres\": \"main\", \"role_has\": \"member of pg_monitor\"}", VERDICT_FAIL);
	expect("{\"postgres\": \"main\", \"role_has\": \"connect on database shop\"}",
	       VERDICT_PASS);
}

static void test_probe_sql(void **state)
{
	(void)state;
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT count(*) FROM t\", \"equals\": 100}",
	       VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT count(*) FROM t\", \"above\": 100}",
	       VERDICT_FAIL);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT count(*) FROM t\", \"above\": 99, "
	       "\"below\":"
	       " 101}",
	       VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT i FROM t WHERE i <= $1\", \"with\": [3],"
	       " \"rows\": 3}",
	       VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT i FROM t WHERE i > 100\", \"empty\": "
	       "true}",
	       VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT i FROM t\", \"empty\": true}",
	       VERDICT_FAIL);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT 'abc'\", \"equals\": \"abc\"}",
	       VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT 'abc'\", \"above\": 1}",
	       VERDICT_UNKNOWN);
	/* What is no truth value is not false. */
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT 'broken'\", \"equals\": false}",
	       VERDICT_FAIL);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT 1 > 2\", \"equals\": false}",
	       VERDICT_PASS);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT NULL\", \"equals\": 1}",
	       VERDICT_UNKNOWN);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT * FROM nosuch\", \"empty\": true}",
	       VERDICT_UNKNOWN);
	struct reading range =
	    probe(&probe_postgres, "{\"postgres\": \"main\", \"sql\": \"SELECT count(*) FROM t\","
				   " \"above\": 0, \"below\": 90}");
	assert_string_equal(range.evidence, "count is 100, expected above 0 and below 90");
	assert_true(range.has_value && range.value == 100);
	range = probe(&probe_postgres, "{\"postgres\": \"main\", \"sql\": \"SELECT 7 AS wrong\","
				       " \"above\": 0}");
	assert_string_equal(range.evidence, "wrong is 7, expected above 0");
	/* Nothing is written, whatever the statement says, nor by ending its transaction. */
	expect("{\"postgres\": \"main\", \"sql\": \"DELETE FROM t RETURNING 1\", \"rows\": 100}",
	       VERDICT_UNKNOWN);
	char *rows = cluster_value(&cluster, "shop", "SELECT count(*) FROM t");
	assert_string_equal(rows, "100");
	free(rows);
	struct reading reading = probe(&probe_postgres, "{\"postgres\": \"main\", \"sql\": \"SELECT"
							" E'a\\\\x1b[31mb'\", \"equals\": 1}");
	assert_null(strchr(reading.evidence, '\033'));
}

/* Down: reachable fails, everything else is unknown; nothing passes. */
static void test_probe_down(void **state)
{
	(void)state;
	assert_int_equal(cluster_down(&cluster), 0);
	expect("{\"postgres\": \"main\", \"reachable\": true}", VERDICT_FAIL);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT 1\", \"equals\": 1}", VERDICT_UNKNOWN);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT 1\", \"empty\": false}",
	       VERDICT_UNKNOWN);
	expect("{\"postgres\": \"main\", \"exists\": true}", VERDICT_UNKNOWN);
	expect("{\"postgres\": \"main\", \"exists\": false}", VERDICT_UNKNOWN);
	expect("{\"postgres\": \"main\", \"server_version\": 1}", VERDICT_UNKNOWN);
	assert_int_equal(cluster_up(&cluster), 0);
	json_object_set_new(json_object_get(sources, "main"), "identity", json_string("7"));
	expect("{\"postgres\": \"main\", \"reachable\": true}", VERDICT_UNKNOWN);
	expect("{\"postgres\": \"main\", \"sql\": \"SELECT 1\", \"equals\": 1}", VERDICT_UNKNOWN);
	json_object_del(json_object_get(sources, "main"), "identity");
}

/* Without time to ask nothing is known, be it that it should answer or that it should not. */
static void test_probe_late(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		json_t *args = json_pack("{s:s, s:b}", "postgres", "main", "reachable", i == 0);
		struct reading reading = { 0 };

		env.deadline = clock_mono(&clock_system);
		probe_postgres.eval(&env, args, &reading);
		if (reading.verdict != VERDICT_UNKNOWN)
			fail_msg("reachable %s: %s", i == 0 ? "true" : "false", reading.evidence);
		json_decref(args);
	}
}

static void make_dump(const char *name)
{
	struct pg_params params;
	struct err err = ERR_INIT;
	char *path = xasprintf("%s/dumps/%s", cluster.folder, name);
	struct pgdump_spec spec = {
		.path = path, .mark = "t", .log = -1, .params = &params, .timeout_us = 60 * CLOCK_US
	};

	cluster_params(&cluster, "shop", &params);
	if (pgdump_make(&spec, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	pg_params_release(&params);
	free(path);
}

static void test_probe_backup(void **state)
{
	struct reading reading;

	(void)state;
	reading = probe(&probe_backup, "{\"backup\": \"dumps\", \"newest_sound\": true}");
	assert_int_equal(reading.verdict, VERDICT_UNKNOWN); /* no such folder */
	make_dump("a.dump");
	int64_t between = clock_wall(&clock_system);
	make_dump("b.dump");
	reading = probe(&probe_backup, "{\"backup\": \"dumps\", \"newest_sound\": true}");
	assert_int_equal(reading.verdict, VERDICT_PASS);
	assert_non_null(strstr(reading.text, "/dumps/b.dump"));
	env.before = between;
	reading = probe(&probe_backup, "{\"backup\": \"dumps\", \"newest_sound\": true}");
	assert_int_equal(reading.verdict, VERDICT_PASS);
	assert_non_null(strstr(reading.text, "/dumps/a.dump"));
	env.before = 1;
	reading = probe(&probe_backup, "{\"backup\": \"dumps\", \"newest_sound\": true}");
	assert_int_equal(reading.verdict, VERDICT_FAIL);
	env.before = 0;
	char *path = xasprintf("%s/dumps/b.dump", cluster.folder);
	assert_int_equal(truncate(path, 50), 0);
	reading = probe(&probe_backup, "{\"backup\": \"dumps\", \"newest_sound\": true}");
	assert_non_null(strstr(reading.text, "/dumps/a.dump")); /* the damaged one is passed over */
	assert_non_null(strstr(reading.evidence, "1 newer passed over: "));
	reading = probe(&probe_backup,
			"{\"backup\": \"dumps\", \"newest_sound\": true, \"min_size\": \"1GB\"}");
	assert_int_equal(reading.verdict, VERDICT_FAIL);
	json_t *args = json_pack("{s:s, s:s}", "backup", "dumps", "sound", path);
	probe_backup.eval(&env, args, &reading);
	assert_int_equal(reading.verdict, VERDICT_FAIL);
	assert_non_null(strstr(reading.evidence, "damaged"));
	env.deadline = clock_mono(&clock_system);
	probe_backup.eval(&env, args, &reading);
	assert_int_equal(reading.verdict, VERDICT_UNKNOWN);
	json_decref(args);
	free(path);
}

/* ---- the live source ---- */

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

/* ---- a statement's number ---- */

static struct reading scalar(struct source *source, const char *sql)
{
	json_t *metric = json_pack("{s:s, s:s, s:[i]}", "read", "sql", "sql", sql, "with", 3);
	struct reading reading = { 0 };

	assert_true(source->type->slow("sql") && !source->type->slow("sessions"));
	source->type->read(source, metric, 0, &reading);
	json_decref(metric);
	return reading;
}

static void test_statement_as_metric(void **state)
{
	struct err err = ERR_INIT;
	struct source_env blocking = { .clock = &clock_system };
	struct source *source =
	    source_postgres.open(&blocking, "main", json_object_get(sources, "main"), &err);
	struct reading reading;

	(void)state;
	assert_non_null(source);
	reading = scalar(source, "SELECT count(*) * 1.5 FROM generate_series(1, $1::int)");
	assert_true(reading.verdict == VERDICT_PASS && reading.value == 4.5);
	assert_true(scalar(source, "SELECT $1::int = 3").value == 1);
	assert_int_equal(scalar(source, "SELECT 'x' || $1").verdict, VERDICT_UNKNOWN);
	assert_int_equal(scalar(source, "SELECT NULL WHERE $1::int = 3").verdict, VERDICT_UNKNOWN);
	assert_int_equal(scalar(source, "SELECT 1 WHERE $1::int = 4").verdict, VERDICT_UNKNOWN);
	reading = scalar(source, "CREATE TABLE made_by_a_metric AS SELECT $1::int AS i");
	assert_int_equal(reading.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(reading.evidence, "read-only"));
	source_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_verdicts),	    cmocka_unit_test(test_probe_sql),
		cmocka_unit_test(test_probe_down),	    cmocka_unit_test(test_probe_late),
		cmocka_unit_test(test_probe_backup),	    cmocka_unit_test(test_live_figures),
		cmocka_unit_test(test_live_restart),	    cmocka_unit_test(test_live_frozen),
		cmocka_unit_test(test_live_faults),	    cmocka_unit_test(test_blocking_sample),
		cmocka_unit_test(test_statement_as_metric),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
