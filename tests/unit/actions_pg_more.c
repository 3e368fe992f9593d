/* Export, the later drop, migrations, and who may work on a database at a time. */
#include "lib/backup.h"
#include "lib/pg_claim.h"
#include "lib/pgaside.h"
#include "tests/unit/shop.h"

static struct err err;

static int begin(void **state)
{
	(void)state;
	err_clear(&err);
	intent_next();
	return 0;
}

static char *file_text(const char *path)
{
	struct buf text = BUF_INIT;

	if (file_read(path, &text, 0, &err) < 0)
		fail_msg("%s", err.msg);
	return buf_detach(&text);
}

static int run(const struct action_type *type, const json_t *args, json_t **before, json_t **facts)
{
	err_clear(&err);
	if (type->ready(&env, args, &err) < 0)
		return -1;
	json_decref(*before);
	*before = type->before(&env, args, &err);
	assert_non_null(*before);
	struct buf why = BUF_INIT;
	assert_int_equal(type->settled(&env, args, *before, &why), SETTLED_NO);
	buf_release(&why);
	*facts = NULL;
	return type->run(&env, args, *before, facts, &err);
}

static enum settled ask(const json_t *args, const json_t *before,
			enum settled (*look)(const struct action_env *, const json_t *,
					     const json_t *, struct buf *))
{
	struct buf why = BUF_INIT;
	enum settled settled = look(&env, args, before, &why);

	assert_true(why.len > 0);
	buf_release(&why);
	return settled;
}

/* ---- Export ---- */

static void test_export(void **state)
{
	char *to = xasprintf("%s/out/orders.csv", cluster.folder), *text;
	json_t *args =
	    json_pack("{s:s, s:s, s:[s, i], s:s}", "pg_export", "main", "sql",
		      "SELECT id, note || current_setting('backout.p1') AS note FROM "
		      "orders WHERE id <= current_setting('backout.p2')::int ORDER BY id "
		      "-- ) TO PROGRAM 'touch /tmp/backout-trap'",
		      "with", "; DROP TABLE orders --", 2, "to", to);
	json_t *before = NULL, *facts;

	(void)state;
	if (run(&action_pg_export, args, &before, &facts) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(json_num(facts, "rows", 0), 2);
	text = file_text(to);
	assert_string_equal(text, "id,note\n1,order 1; DROP TABLE orders --\n"
				  "2,order 2; DROP TABLE orders --\n");
	assert_int_equal(ask(args, before, action_pg_export.settled), SETTLED_YES);
	assert_int_equal(ask(args, before, action_pg_export.undone), SETTLED_NO);
	/* It is never overwritten, and an undo never removes what it did not write. */
	assert_int_equal(action_pg_export.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "is there already"));
	err_clear(&err);
	assert_int_equal(file_replace(to, "mine", 4, 0600, &err), 0);
	assert_int_equal(action_pg_export.undo(&env, args, before, &err), -1);
	assert_true(file_exists(to));
	assert_int_equal(file_replace(to, text, strlen(text), 0600, NULL), 0);
	err_clear(&err);
	assert_int_equal(action_pg_export.undo(&env, args, before, &err), 0);
	assert_int_equal(ask(args, before, action_pg_export.undone), SETTLED_YES);
	assert_false(file_exists("/tmp/backout-trap"));
	free(text);
	free(to);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
}

/* Nothing is left of one that fails, and none writes into the database. */
static void test_export_refused(void **state)
{
	static const struct {
		const char *key, *what, *why;
	} cases[] = {
		{ "table", "public.none", "does not exist" },
		{ "sql", "SELECT 1/(id-15000) FROM orders ORDER BY id", "division by zero" },
		{ "sql", "DELETE FROM orders RETURNING id", "read-only" },
		{ "sql", "SELECT 1) TO STDOUT; DROP TABLE orders; COPY (SELECT 1", "syntax error" },
	};
	char *to = xasprintf("%s/out/no.csv", cluster.folder), *part = xasprintf("%s.part", to);
	char *was = content("shop");

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *args = json_pack("{s:s, s:s, s:s, s:s}", "pg_export", "main", cases[i].key,
					 cases[i].what, "to", to, "format", "text");
		json_t *before = NULL, *facts;

		assert_int_equal(run(&action_pg_export, args, &before, &facts), -1);
		if (!strstr(err.msg, cases[i].why) && !strstr(err.msg, "multiple commands"))
			fail_msg("%s: %s", cases[i].what, err.msg);
		assert_false(file_exists(to));
		assert_false(file_exists(part));
		json_decref(before);
		json_decref(args);
	}
	assert_untouched(was);
	free(was);
	free(part);
	free(to);
}

/* A whole table, odd values and all, comes back as it was. */
static void test_export_table(void **state)
{
	char *to = xasprintf("%s/out/odd.txt", cluster.folder), *sql, *text;
	json_t *args = json_pack("{s:s, s:s, s:s, s:s}", "pg_export", "main", "table",
				 "public.Odd \"t\"", "to", to, "format", "text");
	json_t *before = NULL, *facts;

	(void)state;
	cluster_sql(&cluster, "shop",
		    "SET ROLE app; CREATE TABLE \"Odd \"\"t\"\"\" (a text); INSERT INTO \"Odd "
		    "\"\"t\"\"\" VALUES (E'tab\\tline\\nend\\\\'), (NULL)");
	if (run(&action_pg_export, args, &before, &facts) < 0)
		fail_msg("%s", err.msg);
	text = file_text(to);
	assert_string_equal(text, "tab\\tline\\nend\\\\\n\\N\n");
	sql = xasprintf("%s", "DROP TABLE \"Odd \"\"t\"\"\"");
	cluster_sql(&cluster, "shop", sql);
	free(sql);
	free(text);
	free(to);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
}

/* ---- The later drop ---- */

static char *restored(void)
{
	json_t *args = restore_args(dump), *before = NULL, *facts;

	if (run(&action_pg_restore, args, &before, &facts) < 0)
		fail_msg("%s", err.msg);
	char *old = xstrdup(json_str(before, "old", ""));
	json_decref(facts);
	json_decref(before);
	json_decref(args);
	return old;
}

static json_t *drop_args(const char *database)
{
	return json_pack("{s:s, s:s, s:s}", "pg_drop", "main", "admin", "admin", "database",
			 database);
}

static void test_drop(void **state)
{
	static const char *const others[] = { "shop",	      "postgres",   "template1",
					      "shop_before_", "shop_new_x", "shopping_before_x" };
	char *old, *names;
	json_t *args, *before = NULL, *facts;
	struct plan plan = { 0 };
	struct pg_params params;

	(void)state;
	shop_dump();
	damage_rows();
	old = restored();
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		args = drop_args(others[i]);
		err_clear(&err);
		assert_int_equal(action_pg_drop.ready(&env, args, &err), -1);
		if (!strstr(err.msg, "set aside"))
			fail_msg("%s: %s", others[i], err.msg);
		json_decref(args);
	}
	args = drop_args(old);
	err_clear(&err);
	if (action_pg_drop.plan(&env, args, &plan, &err) < 0)
		fail_msg("%s", err.msg);
	assert_non_null(strstr(buf_str(&plan.lines), "can't be undone"));
	assert_non_null(strstr(buf_str(&plan.loss), old));
	assert_non_null(strstr(buf_str(&plan.loss), " MB"));
	assert_int_equal(plan.undo.len, 0);
	/* Somebody looks at it. */
	cluster_params(&cluster, old, &params);
	struct pg *look = pg_open(&params, "look", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(run(&action_pg_drop, args, &before, &facts), -1);
	assert_non_null(strstr(err.msg, "is in use: 1 connected, one of them as postgres"));
	pg_close(look);
	/* The restored one is away: it could be all that is left. */
	cluster_sql(&cluster, "postgres", "ALTER DATABASE shop RENAME TO away");
	err_clear(&err);
	assert_int_equal(action_pg_drop.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "all that is left"));
	cluster_sql(&cluster, "postgres", "ALTER DATABASE away RENAME TO shop");
	/* Another one took its name after it was approved. */
	for (int tries = 0; tries < 100 && run(&action_pg_drop, args, &before, &facts) < 0; tries++)
		usleep(20000); /* the session that looked is still ending */
	if (err.set)
		fail_msg("%s", err.msg);
	assert_int_equal(ask(args, before, action_pg_drop.settled), SETTLED_YES);
	names = databases();
	assert_string_equal(names, "postgres shop");
	char *sql = xasprintf("CREATE DATABASE \"%s\"", old);
	cluster_sql(&cluster, "postgres", sql);
	assert_int_equal(action_pg_drop.run(&env, args, before, &facts, &err), -1);
	assert_non_null(strstr(err.msg, "not the one that was approved"));
	free(sql);
	/* That one is approved, and the server died while it was dropped. */
	sql = xasprintf("UPDATE pg_database SET datconnlimit = -2 WHERE datname = '%s'", old);
	cluster_sql(&cluster, "postgres", sql);
	free(sql);
	free(names);
	err_clear(&err);
	if (run(&action_pg_drop, args, &before, &facts) < 0)
		fail_msg("%s", err.msg);
	names = databases();
	assert_string_equal(names, "postgres shop");
	free(names);
	free(old);
	plan_release(&plan);
	pg_params_release(&params);
	json_decref(before);
	json_decref(args);
}

/* ---- Migrations ---- */

static json_t *migrate_args(const char *command)
{
	return json_pack("{s:s, s:[s, s, s], s:s, s:s, s:s, s:[s, s, s], s:{s:s}}", "pg_migrate",
			 "main", "command", "sh", "-c", command, "revision",
			 "SELECT version_num FROM alembic_version", "from", "a1", "to", "b2",
			 "undo", "sh", "-c",
			 "psql -qh \"$HOST\" -U app shop -c \"UPDATE alembic_version SET "
			 "version_num "
			 "= 'a1'; ALTER TABLE orders DROP shipped\"",
			 "env", "HOST", cluster.folder);
}

#define UPGRADE                                                                            \
	"psql -qh \"$HOST\" -U app shop -c \"ALTER TABLE orders ADD shipped date; UPDATE " \
	"alembic_version SET version_num = 'b2'\""

static void test_migrate(void **state)
{
	json_t *args = migrate_args("true"), *before = NULL, *facts;

	(void)state;
	assert_int_equal(action_pg_migrate.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "revision can't be read"));
	cluster_sql(&cluster, "shop",
		    "SET ROLE app; CREATE TABLE alembic_version (version_num text);"
		    " INSERT INTO alembic_version VALUES ('a0')");
	err_clear(&err);
	assert_int_equal(action_pg_migrate.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "is at revision a0, expected is a1"));
	cluster_sql(&cluster, "shop", "UPDATE alembic_version SET version_num = 'a1'");
	/* A command that does nothing, or fails, is found out whatever it says. */
	assert_int_equal(run(&action_pg_migrate, args, &before, &facts), -1);
	assert_non_null(strstr(err.msg, "at revision a1, not at b2"));
	assert_int_equal(ask(args, before, action_pg_migrate.settled), SETTLED_NO);
	json_decref(args);
	args = migrate_args(UPGRADE "; exit 3");
	assert_int_equal(run(&action_pg_migrate, args, &before, &facts), -1);
	assert_non_null(strstr(err.msg, "exit status 3"));
	assert_int_equal(ask(args, before, action_pg_migrate.settled), SETTLED_YES);
	err_clear(&err);
	if (action_pg_migrate.undo(&env, args, before, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(ask(args, before, action_pg_migrate.undone), SETTLED_YES);
	json_decref(args);
	args = migrate_args(UPGRADE);
	if (run(&action_pg_migrate, args, &before, &facts) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(json_str(facts, "from", ""), "a1");
	assert_int_equal(action_pg_migrate.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "already"));
	err_clear(&err);
	assert_int_equal(action_pg_migrate.undo(&env, args, before, &err), 0);
	char *left = cluster_value(&cluster, "shop",
				   "SELECT version_num || ' ' || (SELECT count(*) FROM pg_attribute"
				   " WHERE attname = 'shipped' AND NOT attisdropped) FROM "
				   "alembic_version");
	assert_string_equal(left, "a1 0");
	free(left);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
	cluster_sql(&cluster, "shop", "DROP TABLE alembic_version");
}

/* ---- One at a time ---- */

/* Sessions in different databases, as two hosts' consoles have them. */
static void test_claims(void **state)
{
	struct pg_params in_shop, in_admin, in_template;
	struct pg *pg[3];

	(void)state;
	cluster_params(&cluster, "shop", &in_shop);
	cluster_params(&cluster, "postgres", &in_admin);
	cluster_params(&cluster, "template1", &in_template);
	pg[0] = pg_open(&in_shop, "one", 5 * CLOCK_US, NULL, &err);
	pg[1] = pg_open(&in_admin, "two", 5 * CLOCK_US, NULL, &err);
	pg[2] = pg_open(&in_template, "three", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_claim(pg[1], "shop", &err), 0);
	assert_int_equal(pg_claim(pg[2], "shop", &err), -1);
	assert_non_null(strstr(err.msg, "backout two"));
	err_clear(&err);
	assert_int_equal(pg_exec(pg[0], &err, "BEGIN"), 0);
	assert_int_equal(pg_claim_shared(pg[0], "shop", &err), -1);
	assert_non_null(strstr(err.msg, "backout two"));
	err_clear(&err);
	assert_int_equal(pg_claim(pg[2], "another", &err), 0);
	/* The holder dies: it is free. Who was refused holds nothing. */
	pg_close(pg[1]);
	pg_exec(pg[0], &err, "ROLLBACK; BEGIN");
	for (int tries = 0; tries < 100 && pg_claim_shared(pg[0], "shop", &err) < 0; tries++) {
		err_clear(&err);
		pg_exec(pg[0], &err, "ROLLBACK; BEGIN");
		usleep(20000);
	}
	pg[1] = pg_open(&in_admin, "two", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_exec(pg[1], &err, "BEGIN"), 0);
	assert_int_equal(pg_claim_shared(pg[1], "shop", &err), 0);
	assert_int_equal(pg_claim(pg[2], "shop", &err), -1);
	err_clear(&err);
	pg_exec(pg[0], &err, "COMMIT");
	pg_exec(pg[1], &err, "COMMIT");
	assert_int_equal(pg_claim(pg[2], "shop", &err), 0);
	/* SQL into a database that is being replaced would be lost. */
	json_t *args = json_pack("{s:s, s:s}", "pg_sql", "main", "sql", "DELETE FROM lines");
	json_t *before = action_pg_sql.before(&env, args, &err), *facts = NULL;
	char *was = content("shop");
	assert_int_equal(action_pg_sql.run(&env, args, before, &facts, &err), -1);
	assert_non_null(strstr(err.msg, "being worked on"));
	assert_untouched(was);
	free(was);
	json_decref(before);
	json_decref(args);
	for (int i = 0; i < 3; i++)
		pg_close(pg[i]);
	pg_params_release(&in_shop);
	pg_params_release(&in_admin);
	pg_params_release(&in_template);
}

/* A database whose name is as long as may be and needs quotes, with all that dumps are known to
 * carry: large objects, a sequence near its end, publications, an extension, others' defaults. */
static void test_odd_database(void **state)
{
	char name[PG_NAME_MAX] = "Shop \"of\" the/wörld's 'end', with a name that is quite long..";
	char *quoted, *sql, *folder = xasprintf("%s/odd", cluster.folder), *odd, *kept;
	static const char look[] =
	    "SELECT md5(lo_get(4242)) || ' ' || (SELECT last_value FROM s) || ' ' || (SELECT "
	    "string_agg(pubname, ',') FROM pg_publication) || ' ' || (SELECT count(*) FROM t) || ' "
	    "' || (SELECT count(*) FROM pg_default_acl) || ' ' || (SELECT string_agg(extname, ',' "
	    "ORDER BY 1) FROM pg_extension)";

	(void)state;
	while (strlen(name) < PG_NAME_MAX - 1)
		strcat(name, "!");
	quoted = pg_name(name);
	sql = xasprintf("CREATE DATABASE %s OWNER app", quoted);
	assert_int_equal(cluster_sql(&cluster, "postgres", sql), 0);
	free(sql);
	assert_int_equal(
	    cluster_sql(&cluster, name,
			"CREATE EXTENSION amcheck; CREATE TABLE t AS SELECT generate_series(1, "
			"1000) "
			"id; SELECT lo_from_bytea(4242, decode(repeat('00ff', 5000), 'hex'));"
			"CREATE SEQUENCE s; SELECT setval('s', 9223372036854775806);"
			"CREATE PUBLICATION p FOR ALL TABLES;"
			"ALTER DEFAULT PRIVILEGES FOR ROLE reader GRANT SELECT ON TABLES TO app"),
	    0);
	json_object_set_new(sources, "odd", json_deep_copy(json_object_get(sources, "admin")));
	json_object_set_new(json_object_get(sources, "odd"), "database", json_string(name));
	json_t *args = json_pack("{s:s, s:s}", "pg_dump", "odd", "to", folder), *before = NULL;
	json_t *facts;
	if (run(&action_pg_dump, args, &before, &facts) < 0)
		fail_msg("%s", err.msg);
	json_decref(facts);
	json_decref(args);
	char *was = cluster_value(&cluster, name, look);
	assert_non_null(was);
	assert_int_equal(cluster_sql(&cluster, name, "SELECT lo_unlink(4242); DROP TABLE t"), 0);
	args = json_pack("{s:s, s:s, s:s}", "pg_restore", "odd", "admin", "admin", "from",
			 json_str(before, "path", ""));
	if (run(&action_pg_restore, args, &before, &facts) < 0)
		fail_msg("%s", err.msg);
	odd = cluster_value(&cluster, name, look);
	assert_string_equal(odd, was);
	assert_int_equal(ask(args, before, action_pg_restore.settled), SETTLED_YES);
	kept = xstrdup(json_str(before, "old", ""));
	assert_true(strlen(kept) < PG_NAME_MAX);
	json_decref(facts);
	json_decref(args);
	args = json_pack("{s:s, s:s, s:s}", "pg_drop", "odd", "admin", "admin", "database", kept);
	if (run(&action_pg_drop, args, &before, &facts) < 0)
		fail_msg("%s", err.msg);
	sql = xasprintf("DROP DATABASE %s", quoted);
	assert_int_equal(cluster_sql(&cluster, "postgres", sql), 0);
	free(sql), free(kept), free(odd), free(was), free(quoted), free(folder);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
}

/* A connection pooler between: what would change the server by way of it is refused, and says why.
 */
static void test_pooler(void **state)
{
	static const char *const places[] = { "/usr/sbin/pgbouncer", "/usr/bin/pgbouncer" };
	const char *program = getenv("BOUNCER");
	char *ini = xasprintf("%s/pool.ini", cluster.folder), *text;
	int port = cluster_port(), status;

	(void)state;
	for (size_t i = 0; i < 2 && !program; i++)
		program = access(places[i], X_OK) == 0 ? places[i] : NULL;
	if (!program) {
		free(ini);
		skip();
	}
	text = xasprintf("[pgbouncer]\nlisten_addr =\n"
			 "unix_socket_dir = %s\nlisten_port = %d\nauth_type = any\n"
			 "pool_mode = transaction\n[databases]\nshop = host=%s user=app\n"
			 "postgres = host=%s user=postgres\n",
			 cluster.folder, port, cluster.folder, cluster.folder);
	assert_int_equal(file_replace(ini, text, strlen(text), 0644, &err), 0);
	pid_t pid =
	    cluster_spawn(cluster.folder, (const char *const[]){ program, "-q", ini, NULL });
	json_object_set_new(sources, "pooled", json_deep_copy(json_object_get(sources, "main")));
	json_object_set_new(sources, "pooler", json_deep_copy(json_object_get(sources, "admin")));
	json_object_set_new(json_object_get(sources, "pooled"), "port", json_integer(port));
	json_object_set_new(json_object_get(sources, "pooler"), "port", json_integer(port));
	json_t *restore = restore_args(dump ? dump : "/nowhere");
	json_object_set_new(restore, "pg_restore", json_string("pooled"));
	json_object_set_new(restore, "admin", json_string("pooler"));
	for (int tries = 0; tries < 200; tries++) {
		err_clear(&err);
		assert_int_equal(action_pg_restore.ready(&env, restore, &err), -1);
		if (!strstr(err.msg, ": down"))
			break;
		usleep(20000);
	}
	if (!strstr(err.msg, "a connection pooler stands before the server"))
		fail_msg("%s", err.msg);
	err_clear(&err);
	json_t *save = json_pack("{s:s, s:s}", "pg_dump", "pooled", "to", cluster.folder);
	json_t *before = action_pg_dump.before(&env, save, &err), *facts = NULL;
	assert_int_equal(action_pg_dump.run(&env, save, before, &facts, &err), -1);
	assert_non_null(strstr(err.msg, "pooler"));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	json_decref(before);
	json_decref(save);
	json_decref(restore);
	free(text);
	free(ini);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_export, begin),
		cmocka_unit_test_setup(test_export_refused, begin),
		cmocka_unit_test_setup(test_export_table, begin),
		cmocka_unit_test_setup(test_drop, begin),
		cmocka_unit_test_setup(test_migrate, begin),
		cmocka_unit_test_setup(test_claims, begin),
		cmocka_unit_test_setup(test_odd_database, begin),
		cmocka_unit_test_setup(test_pooler, begin),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, setup, teardown);
}
