/* The PostgreSQL driver and dumps, with a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "lib/argv.h"
#include "lib/backup.h"
#include "lib/jdoc.h"
#include "lib/pg_facts.h"
#include "lib/pgdump.h"
#include "lib/pgswap_sql.h"
#include "tests/unit/cluster.h"

static struct cluster cluster;

static int setup(void **state)
{
	(void)state;
	cluster.tcp = true;
	return cluster_start(&cluster) < 0 ||
	       cluster_sql(&cluster, "postgres",
			   "CREATE ROLE app LOGIN; CREATE ROLE locked NOLOGIN") < 0 ||
	       cluster_sql(&cluster, "postgres", "CREATE DATABASE shop OWNER app") < 0 ||
	       cluster_sql(
		   &cluster, "shop",
		   "CREATE TABLE orders (id int PRIMARY KEY, at timestamp, note text, f float8);"
		   "INSERT INTO orders SELECT i, '2026-01-01'::timestamp + i * interval '1 min',"
		   " 'order ' || i, i / 7.0 FROM generate_series(1, 20000) i;"
		   "CREATE TABLE \"Odd t\" (t text, \"a\"\"b\" int);"
		   "INSERT INTO \"Odd t\" VALUES ('x', 1), (NULL, NULL);"
		   "CREATE FUNCTION re() RETURNS text LANGUAGE sql AS $f$ SELECT 'a\\d+' $f$;"
		   "CREATE VIEW latest AS SELECT max(at) FROM orders") < 0;
}

static int teardown(void **state)
{
	(void)state;
	cluster_end(&cluster);
	return 0;
}

static enum pg_fault fault_of(const struct pg_params *params, int64_t timeout_us, struct err *err)
{
	enum pg_fault fault;
	struct pg *pg = pg_open(params, "test", timeout_us, &fault, err);

	pg_close(pg);
	return fault;
}

static void test_faults(void **state)
{
	struct pg_params params;
	struct err err = ERR_INIT;

	(void)state;
	cluster_params(&cluster, "postgres", &params);
	assert_int_equal(fault_of(&params, 5 * CLOCK_US, &err), PG_FAULT_NONE);
	free(params.database);
	params.database = xstrdup("nosuch");
	assert_int_equal(fault_of(&params, 5 * CLOCK_US, &err), PG_FAULT_DATABASE);
	assert_non_null(strstr(err.msg, "nosuch"));
	err_clear(&err);
	free(params.database);
	params.database = xstrdup("shop");
	free(params.role);
	params.role = xstrdup("locked");
	assert_int_equal(fault_of(&params, 5 * CLOCK_US, &err), PG_FAULT_DENIED);
	err_clear(&err);
	free(params.port);
	params.port = xstrdup("5499");
	assert_int_equal(fault_of(&params, 5 * CLOCK_US, &err), PG_FAULT_DOWN);
	assert_string_not_equal(err.hint, "");
	err_clear(&err);
	free(params.host);
	params.host = xstrdup("no-such-host.invalid");
	assert_int_equal(fault_of(&params, 5 * CLOCK_US, &err), PG_FAULT_UNRESOLVABLE);
	pg_params_release(&params);
}

/* A name with several addresses: the server listens on one of them only. */
static void test_names(void **state)
{
	struct pg_params params;
	struct err err = ERR_INIT;

	(void)state;
	char *all = pg_resolved("::1 STREAM localhost\n::1 DGRAM\n::1 RAW\n127.0.0.1 STREAM\n"
				"127.0.0.1 DGRAM\n");
	assert_string_equal(all, "::1,127.0.0.1");
	free(all);
	assert_null(pg_resolved(""));
	cluster_params(&cluster, "shop", &params);
	assert_null(pg_unresolved(&params));
	free(params.host);
	params.host = xstrdup("localhost");
	char *name = pg_unresolved(&params);
	assert_string_equal(name, "localhost");
	free(name);
	if (fault_of(&params, 5 * CLOCK_US, &err) != PG_FAULT_NONE)
		fail_msg("%s", err.msg);
	PGconn *conn = pg_start(&params, "::1,127.0.0.1", "test");
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;
	while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
		struct pollfd wait = { .fd = PQsocket(conn),
				       .events =
					   status == PGRES_POLLING_READING ? POLLIN : POLLOUT };
		assert_int_equal(poll(&wait, 1, 5000), 1);
		status = PQconnectPoll(conn);
	}
	assert_int_equal(status, PGRES_POLLING_OK);
	PQfinish(conn);
	pg_params_release(&params);
}

/* What a service's entry leaves to be looked up, and that it is used then. */
static void test_service(void **state)
{
	struct pg_params declared, params = { .service = xstrdup("named") };
	struct err err = ERR_INIT;
	char *path = xasprintf("%s/.pg_service.conf", cluster.folder), *name;
	char *home = getenv("HOME") ? xstrdup(getenv("HOME")) : NULL;
	FILE *file = fopen(path, "w");

	(void)state;
	cluster_params(&cluster, "shop", &declared);
	fprintf(file,
		"[named]\nhost=localhost\nport=%s\ndbname=shop\nuser=%s\n"
		"[address]\nhost=db.invalid\nhostaddr=127.0.0.1\n[folder]\nhost=/run\n",
		declared.port, declared.role);
	fclose(file);
	setenv("HOME", cluster.folder, 1);
	name = pg_unresolved(&params);
	assert_non_null(name);
	assert_string_equal(name, "localhost");
	free(name);
	if (fault_of(&params, 5 * CLOCK_US, &err) != PG_FAULT_NONE)
		fail_msg("%s", err.msg);
	PGconn *conn = pg_start(&params, "127.0.0.1", "test");
	assert_string_equal(PQhost(conn), "localhost");
	assert_string_equal(PQport(conn), declared.port);
	PQfinish(conn);
	for (const char *const *other = (const char *const[]){ "address", "folder", "no", NULL };
	     *other; other++) {
		free(params.service);
		params.service = xstrdup(*other);
		assert_null(pg_unresolved(&params));
	}
	assert_null(getenv("PGSERVICE"));
	if (home)
		setenv("HOME", home, 1);
	else
		unsetenv("HOME");
	unlink(path);
	free(home);
	free(path);
	pg_params_release(&params);
	pg_params_release(&declared);
}

static void test_closed_and_full(void **state)
{
	struct pg_params params;
	struct err err = ERR_INIT;
	struct pg *all[40] = { 0 };
	enum pg_fault fault = PG_FAULT_NONE;
	size_t n = 0;

	(void)state;
	cluster_params(&cluster, "shop", &params);
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "ALTER DATABASE shop ALLOW_CONNECTIONS false"),
			 0);
	assert_int_equal(fault_of(&params, 5 * CLOCK_US, &err), PG_FAULT_CLOSED);
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "ALTER DATABASE shop ALLOW_CONNECTIONS true"),
			 0);
	free(params.role);
	params.role = xstrdup("app");
	while (n < 40 && (all[n] = pg_open(&params, "test", 5 * CLOCK_US, &fault, &err)))
		n++;
	assert_int_equal(fault, PG_FAULT_SLOTS);
	assert_in_range(n, 20, 30);
	while (n > 0)
		pg_close(all[--n]);
	pg_params_release(&params);
}

/* A server that is frozen keeps no timeout of its own: ours must. */
static void test_frozen(void **state)
{
	struct pg_params params;
	struct err err = ERR_INIT;
	enum pg_fault fault;

	(void)state;
	cluster_params(&cluster, "shop", &params);
	struct pg *pg = pg_open(&params, "test", 5 * CLOCK_US, &fault, &err);
	assert_non_null(pg);
	char *pid = pg_value(pg, &err, "SELECT pg_backend_pid()", NULL);
	pg_timeout(pg, CLOCK_US / 5);
	kill(atoi(pid), SIGSTOP);
	assert_null(pg_value(pg, &err, "SELECT 1", NULL));
	assert_int_equal(pg_fault(pg), PG_FAULT_TIMEOUT);
	kill(atoi(pid), SIGCONT);
	err_clear(&err);
	assert_null(pg_value(pg, &err, "SELECT 1", NULL));
	assert_int_equal(pg_fault(pg), PG_FAULT_LOST);
	pg_close(pg);
	kill(cluster.server, SIGSTOP);
	err_clear(&err);
	assert_int_equal(fault_of(&params, CLOCK_US / 5, &err), PG_FAULT_FROZEN);
	kill(cluster.server, SIGCONT);
	free(pid);
	pg_params_release(&params);
}

static void test_environment(void **state)
{
	struct err err = ERR_INIT;
	struct pg_params params;
	json_t *declared = json_pack("{s:s, s:i}", "host", "/nowhere", "port", 5432);

	(void)state;
	assert_int_equal(pg_params_from(declared, &params, &err), -1);
	assert_non_null(strstr(err.msg, "database"));
	json_decref(declared);
	setenv("PGHOST", "/elsewhere", 1);
	setenv("PGOPTIONS", "-c search_path=evil", 1);
	setenv("PGAPPNAME", "other", 1);
	char *app = cluster_value(&cluster, "shop",
				  "SELECT current_setting('application_name')"
				  " || ' ' || current_setting('search_path')");
	assert_string_equal(app, "backout test \"$user\", public");
	assert_null(getenv("PGHOST"));
	free(app);
}

static void test_passfile_warning(void **state)
{
	char path[128];
	int out[2], saved = dup(2);
	struct pg_params params;
	struct err err = ERR_INIT;

	(void)state;
	snprintf(path, sizeof path, "/tmp/backout-test-pass-%d", (int)getpid());
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("*:*:*:*:secret\n", file);
	fclose(file);
	chmod(path, 0644);
	assert_int_equal(pipe2(out, O_NONBLOCK), 0);
	cluster_params(&cluster, "shop", &params);
	params.passfile = xstrdup(path);
	dup2(out[1], 2);
	struct pg *pg = pg_open(&params, "test", 5 * CLOCK_US, NULL, &err);
	int raised = pg ? pg_exec(pg, &err, "DO $$ BEGIN RAISE WARNING 'noise'; END $$") : -1;
	dup2(saved, 2);
	close(saved);
	pg_close(pg);
	unlink(path);
	assert_int_equal(raised, 0);
	assert_int_equal(read(out[0], path, 1), -1); /* nothing came out */
	close(out[0]);
	close(out[1]);
	pg_params_release(&params);
}

static void test_query(void **state)
{
	struct pg_params params;
	struct err err = ERR_INIT;
	const char *hostile = "'; DROP TABLE orders; --";

	(void)state;
	cluster_params(&cluster, "shop", &params);
	struct pg *pg = pg_open(&params, "test", 5 * CLOCK_US, NULL, &err);
	char *back = pg_value(pg, &err, "SELECT $1::text", hostile);
	assert_string_equal(back, hostile);
	free(back);
	char *text = pg_text("it's a \\ \"x\""), *name = pg_name("we\"ird");
	char *sql = xasprintf("SELECT %s AS %s", text, name);
	back = pg_value(pg, &err, sql, NULL);
	assert_string_equal(back, "it's a \\ \"x\"");
	assert_null(pg_value(pg, &err, "SELECT * FROM nosuch", NULL));
	assert_int_equal(pg_fault(pg), PG_FAULT_SQL);
	assert_non_null(strstr(err.msg, "42P01"));
	err_clear(&err);
	assert_int_equal(pg_read_only(pg, CLOCK_US, &err), 0);
	assert_int_equal(pg_exec(pg, &err, "DELETE FROM orders"), -1);
	assert_non_null(strstr(err.msg, "read-only"));
	err_clear(&err);
	assert_int_equal(pg_check_identity(pg, &params, true, &err), 0);
	params.identity = xstrdup("1234");
	assert_int_equal(pg_check_identity(pg, &params, true, &err), -1);
	assert_non_null(strstr(err.msg, "1234"));
	free(back), free(sql), free(text), free(name);
	pg_close(pg);
	pg_params_release(&params);
}

static char *dump_path(const char *name)
{
	return xasprintf("%s/dumps/%s", cluster.folder, name);
}

static void make_dump(const char *path, json_t **facts)
{
	struct pg_params params;
	struct err err = ERR_INIT;
	json_t *loss = json_pack("{s:s}", "orders", "at");
	struct pgdump_spec spec = { .path = path,
				    .mark = "t.dump.1",
				    .loss = loss,
				    .log = -1,
				    .timeout_us = 60 * CLOCK_US,
				    .params = &params };

	cluster_params(&cluster, "shop", &params);
	if (pgdump_make(&spec, facts, &err) < 0)
		fail_msg("%s", err.msg);
	json_decref(loss);
	pg_params_release(&params);
}

static void test_dump(void **state)
{
	char *path = dump_path("a.dump");
	struct err err = ERR_INIT;
	json_t *facts = NULL, *tables;

	(void)state;
	make_dump(path, &facts);
	tables = json_object_get(facts, "tables");
	assert_int_equal(json_object_size(tables), 2);
	const json_t *orders = json_object_get(tables, "public.orders");
	assert_int_equal(json_num(orders, "rows", 0), 20000);
	assert_string_equal(json_str(orders, "newest", ""), "2026-01-14 21:20:00");
	assert_int_equal(json_num(json_object_get(tables, "public.\"Odd t\""), "rows", 0), 2);
	assert_string_equal(json_str(facts, "database", ""), "shop");
	json_decref(facts);
	struct pgdump_check check = { .path = path,
				      .database = "shop",
				      .timeout_us = 60 * CLOCK_US };
	facts = pgdump_check(&check, &err);
	assert_non_null(facts);
	json_decref(facts);
	check.database = "other";
	assert_null(pgdump_check(&check, &err));
	assert_non_null(strstr(err.msg, "of database shop"));
	free(path);
}

/* What an application's role or database sets for its own short work does not end ours: while
 * pg_dump runs, the session that holds its snapshot is idle in a transaction. */
static void test_impatient_settings(void **state)
{
	static const char *const names[] = { "idle_in_transaction_session_timeout",
					     "statement_timeout", "idle_session_timeout" };
	char *path = dump_path("../impatient.dump");
	struct pg_params params;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "ALTER DATABASE shop SET idle_in_transaction_session_timeout "
				     "= '20ms'"),
			 0);
	make_dump(path, NULL);
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "ALTER DATABASE shop SET statement_timeout = '1min'; "
				     "ALTER DATABASE shop SET idle_session_timeout = '1min'"),
			 0);
	cluster_params(&cluster, "shop", &params);
	struct pg *pg = pg_open(&params, "test", 10 * CLOCK_US, NULL, &err);
	assert_non_null(pg);
	for (size_t i = 0; i < 3; i++) {
		char *sql = xasprintf("SHOW %s", names[i]), *value = pg_value(pg, &err, sql, NULL);
		assert_string_equal(value, "0");
		free(value);
		free(sql);
	}
	pg_close(pg);
	pg_params_release(&params);
	assert_int_equal(cluster_sql(&cluster, "postgres", "ALTER DATABASE shop RESET ALL"), 0);
	free(path);
}

/* Counts and checksums see a changed value, a lost row and a new table; row order does not matter.
 */
static void test_facts(void **state)
{
	struct pg_params params;
	struct err err = ERR_INIT;

	(void)state;
	cluster_params(&cluster, "shop", &params);
	struct pg *pg = pg_open(&params, "test", 30 * CLOCK_US, NULL, &err);
	json_t *before = pg_facts(pg, NULL, &err);
	cluster_sql(&cluster, "shop",
		    "CREATE TABLE c AS SELECT * FROM orders ORDER BY id DESC;"
		    "TRUNCATE orders; INSERT INTO orders SELECT * FROM c; DROP TABLE c");
	json_t *after = pg_facts(pg, NULL, &err);
	assert_int_equal(pg_facts_compare(before, after, &err), 0);
	json_decref(after);
	cluster_sql(&cluster, "shop", "UPDATE orders SET f = f + 1e-9 WHERE id = 77");
	after = pg_facts(pg, NULL, &err);
	assert_int_equal(pg_facts_compare(before, after, &err), -1);
	assert_non_null(strstr(err.msg, "public.orders has other content"));
	json_decref(after);
	err_clear(&err);
	cluster_sql(&cluster, "shop", "DELETE FROM orders WHERE id = 77; CREATE TABLE extra ()");
	after = pg_facts(pg, NULL, &err);
	assert_int_equal(pg_facts_compare(before, after, &err), -1);
	assert_non_null(strstr(err.msg, "19999 rows"));
	assert_non_null(strstr(err.msg, "public.extra was not recorded"));
	json_decref(after);
	json_decref(before);
	cluster_sql(&cluster, "shop", "DROP TABLE extra; INSERT INTO orders VALUES (77)");
	pg_close(pg);
	pg_params_release(&params);
}

static void test_loss(void **state)
{
	struct pg_params params;
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;
	char *path = dump_path("loss.dump");
	json_t *facts = NULL, *loss = json_pack("{s:s}", "orders", "at");

	(void)state;
	make_dump(path, &facts);
	cluster_sql(&cluster, "shop",
		    "INSERT INTO orders SELECT i, '2026-02-01'::timestamp + i * interval '1 min'"
		    " FROM generate_series(30001, 31204) i; DELETE FROM \"Odd t\" WHERE t = 'x'");
	cluster_params(&cluster, "shop", &params);
	struct pg *pg = pg_open(&params, "test", 30 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_loss(pg, json_object_get(facts, "tables"), "2026-01-01T00:00:00Z", loss,
				 &out, &err),
			 0);
	assert_non_null(strstr(buf_str(&out), "1,204 rows of public.orders newer than the backup"));
	assert_non_null(strstr(buf_str(&out), "1 rows went out of public.\"Odd t\""));
	cluster_sql(&cluster, "shop",
		    "DELETE FROM orders WHERE id > 30000;"
		    "INSERT INTO \"Odd t\" VALUES ('x', 1)");
	buf_release(&out);
	json_decref(facts);
	json_decref(loss);
	pg_close(pg);
	pg_params_release(&params);
	free(path);
}

#define LAST_LINE "--\n-- PostgreSQL database dump complete\n--\n\n"

static int scan(const char *text, struct err *err)
{
	char *path = dump_path("scan.sql"), *whole = xasprintf("%s" LAST_LINE, text);

	err_clear(err);
	file_mkdirs(cluster.folder, 0711, NULL);
	if (file_replace(path, whole, strlen(whole), 0600, err) < 0)
		fail_msg("%s", err->msg);
	int result = pgdump_scan_sql(path, err);
	/* Cut before its last line, it is none, whatever it holds. */
	if (result == 0 && file_replace(path, text, strlen(text), 0600, err) == 0)
		assert_int_equal(pgdump_scan_sql(path, NULL), -1);
	free(whole);
	free(path);
	return result;
}

/* The copy has the locale of the old database, as each version of the server writes it down. */
static void test_locale_is_carried(void **state)
{
	static const struct {
		const char *provider, *column, *locale, *wanted;
	} cases[] = {
		{ "c", "daticulocale", NULL, "template0 LC_COLLATE 'C.UTF-8'" },
		{ "i", "daticulocale", "de", "LOCALE_PROVIDER icu ICU_LOCALE 'de' LC_COLLATE" },
		{ "i", "datlocale", "de", "LOCALE_PROVIDER icu ICU_LOCALE 'de' LC_COLLATE" },
		{ "b", "datlocale", "C.UTF-8",
		  "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE" },
	};
	const struct pgswap swap = { .mark = "m" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *old = json_pack("{s:s, s:s?, s:s}", "datlocprovider", cases[i].provider,
					cases[i].column, cases[i].locale, "datcollate", "C.UTF-8");
		struct script script = { 0 };

		pgswap_sql_create(&script, &swap, "copy", old);
		if (!strstr(script.sql[0], cases[i].wanted))
			fail_msg("%s", script.sql[0]);
		script_release(&script);
		json_decref(old);
	}
}

static void test_scan_sql(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    scan("\\restrict abc\nSET standard_conforming_strings = on;\n"
		 "CREATE FUNCTION f() AS $_$ \\! x $_$;\nSELECT 'a\\b', E'it\\'s', \"\\\";\n"
		 "COPY public.t (a) FROM stdin;\n\\N\n\\! data\n\\.\n\n-- \\! comment\n"
		 "/* \\! /* nested */ \\! */ SELECT 1;\n\\unrestrict abc\n",
		 &err),
	    0);
	assert_int_equal(scan("SELECT 1;\n\\! touch x\n", &err), -1);
	assert_non_null(strstr(err.msg, ":2:"));
	assert_int_equal(scan("SELECT 1 \\gexec\n", &err), -1);
	assert_int_equal(scan("SELECT E'a''\\'' \\! id'\n;\n", &err), -1);
	assert_int_equal(scan("\\restrict a\n\\unrestrict b\n", &err), -1);
	assert_int_equal(scan("COPY t FROM stdin;\n1\n\\.\n\\copy t to program 'x'\n", &err), -1);
	assert_int_equal(scan("SET standard_conforming_strings = off;\n", &err), -1);
	assert_int_equal(scan("SELECT 'never ends\n", &err), -1);
	/* Two ways to read it, when a function switches the setting: one has a command. */
	assert_int_equal(scan("SELECT f();\nSELECT 'a\\' , '; \\! touch x\n--';\n", &err), -1);
	assert_non_null(strstr(err.msg, ":2: a string that ends with a backslash"));
	assert_int_equal(scan("SELECT 'a\\\\', 'b\\c''d', \"e\\\";\n", &err), 0);
	assert_int_equal(scan("SELECT a$b$ \\! x $b$;\n", &err), -1);
}

static void test_backup_list(void **state)
{
	char *folder = xasprintf("%s/dumps", cluster.folder), *path = dump_path("bit.dump");
	struct backups list;
	struct err err = ERR_INIT;

	(void)state;
	make_dump(path, NULL);
	assert_int_equal(backups_list(&list, folder, "*.dump", &err), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.list[0].path, path);
	int fd = open(path, O_RDWR);
	char byte;
	assert_int_equal(pread(fd, &byte, 1, 900), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, 900), 1);
	close(fd);
	assert_int_equal(sidecar_check_hash(path, list.list[0].sidecar, &err), -1);
	assert_non_null(strstr(err.msg, "SHA-256"));
	err_clear(&err);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(sidecar_check_hash(path, list.list[0].sidecar, &err), -1);
	assert_non_null(strstr(err.msg, "100 bytes"));
	backups_release(&list);
	free(path);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_closed_and_full),
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_passfile_warning),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_impatient_settings),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_scan_sql),
		cmocka_unit_test(test_locale_is_carried),
		cmocka_unit_test(test_backup_list),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
