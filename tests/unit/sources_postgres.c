/* Probes of PostgreSQL, and statements as metrics, on a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/backup.h"
#include "lib/jdoc.h"
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

/* Of rows that are expected the first value is proposed where it is no number: a name, a path. */
static void test_probe_proposes(void **state)
{
	struct reading out =
	    probe(&probe_postgres,
		  "{\"postgres\": \"main\", \"sql\": \"SELECT 'shop_before_1' UNION ALL "
		  "SELECT 'shop_before_2' ORDER BY 1\", \"empty\": false}");

	(void)state;
	assert_int_equal(out.verdict, VERDICT_PASS);
	assert_string_equal(out.text, "shop_before_1");
	assert_true(out.has_value && out.value == 2);
}

/* Who is there is told by any database of one server: so a full one, which lets only some roles in,
 * can be told at all. */
static void test_same_server(void **state)
{
	json_t *other =
	    json_pack("{s:s, s:i, s:s}", "host", "/elsewhere", "port", 5432, "database", "shop");
	json_t *port =
	    json_pack("{s:s, s:i, s:s}", "host", cluster.folder, "port", 5433, "database", "shop");
	json_t *service = json_pack("{s:s, s:s}", "service", "shop", "database", "shop");
	const json_t *main = json_object_get(sources, "main");
	json_t *admin = declaration("postgres", "postgres");

	(void)state;
	assert_true(postgres_same_server(main, admin));
	assert_false(postgres_same_server(main, other));
	assert_false(postgres_same_server(main, port));
	assert_false(postgres_same_server(main, service));
	assert_true(postgres_same_server(service, service));
	json_decref(other);
	json_decref(port);
	json_decref(service);
	json_decref(admin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_server),    cmocka_unit_test(test_probe_proposes),
		cmocka_unit_test(test_probe_verdicts), cmocka_unit_test(test_probe_sql),
		cmocka_unit_test(test_probe_down),     cmocka_unit_test(test_probe_late),
		cmocka_unit_test(test_probe_backup),   cmocka_unit_test(test_statement_as_metric),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
