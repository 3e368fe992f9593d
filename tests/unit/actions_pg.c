/* PostgreSQL actions on a real server: nothing may ever be lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actions/types.h"
#include "lib/backup.h"
#include "lib/child.h"
#include "lib/jdoc.h"
#include "lib/pgdump.h"
#include "lib/sha256.h"
#include "tests/unit/cluster.h"

#define ROWS 20000

static struct cluster cluster;
static char *dump;	/* a sound one of "shop" */
static json_t *sources; /* name -> declaration */
static char intent[64] = "t-1.restore.1";
static int count; /* of intents */

static const json_t *declared(void *data, const char *name)
{
	(void)data;
	return json_object_get(sources, name);
}

static struct action_env env = {
	.clock = &clock_system, .log = -1, .intent = intent, .declared = declared
};

/* Each use of an action is an intent of its own. */
static void intent_next(void)
{
	snprintf(intent, sizeof intent, "2026-11-21-03.restore.%d", ++count);
	env.deadline = clock_mono(&clock_system) + 120 * CLOCK_US;
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (cluster_start(&cluster) < 0)
		return -1;
	env.out = cluster.folder;
	env.log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const char *host = cluster.folder;
	sources =
	    json_pack("{s:{s:s,s:i,s:s,s:s}, s:{s:s,s:i,s:s,s:s}, s:{s:s,s:i,s:s,s:s}}", "main",
		      "host", host, "port", 5432, "database", "shop", "role", "app", "admin",
		      "host", host, "port", 5432, "database", "postgres", "role", "postgres",
		      "gone", "host", host, "port", 5432, "database", "gone", "role", "app");
	return cluster_sql(&cluster, "postgres", "CREATE ROLE app LOGIN; CREATE ROLE reader") < 0 ||
	       cluster_sql(&cluster, "postgres", "CREATE DATABASE shop OWNER app") < 0 ||
	       cluster_sql(&cluster, "postgres",
			   "COMMENT ON DATABASE shop IS 'the shop''s';"
			   "ALTER DATABASE shop CONNECTION LIMIT 17;"
			   "ALTER DATABASE shop SET work_mem = '5MB';"
			   "ALTER DATABASE shop SET search_path = public, \"$user\";"
			   "ALTER ROLE app IN DATABASE shop SET statement_timeout = '9s';"
			   "REVOKE ALL ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE "
			   "shop TO reader") < 0 ||
	       cluster_sql(&cluster, "shop",
			   "SET ROLE app; CREATE TABLE orders (id int PRIMARY KEY, at timestamp, "
			   "note text);"
			   "INSERT INTO orders SELECT i, '2026-01-01'::timestamp + i * interval '1 "
			   "min',"
			   " 'order ' || i FROM generate_series(1, 20000) i;"
			   "CREATE TABLE lines (id int REFERENCES orders, n int);"
			   "INSERT INTO lines SELECT i, i % 7 FROM generate_series(1, 20000) i") <
		   0;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(sources);
	free(dump);
	close(env.log);
	cluster_end(&cluster);
	return 0;
}

/* What the application sees: rows and content of shop. New. */
static char *content(const char *database)
{
	return cluster_value(&cluster, database,
			     "SELECT (SELECT count(*) || '/' || sum(hashtextextended(o::text, 0))"
			     " FROM orders o) || '/' || (SELECT count(*) FROM lines)");
}

static char *databases(void)
{
	return cluster_value(
	    &cluster, "postgres",
	    "SELECT string_agg(datname || CASE WHEN datallowconn THEN '' ELSE '!' END, ' '"
	    " ORDER BY datname) FROM pg_database WHERE datname NOT LIKE 'template%'");
}

/* The state that only one database, whole and open, gives. */
static void assert_untouched(const char *before)
{
	char *now = content("shop"), *names = databases();

	assert_non_null(now);
	assert_string_equal(now, before);
	assert_string_equal(names, "postgres shop");
	free(names);
	free(now);
}

static json_t *restore_args(const char *from)
{
	return json_pack("{s:s, s:s, s:s, s:{s:s}}", "pg_restore", "main", "admin", "admin", "from",
			 from, "loss", "orders", "at");
}

static void test_dump(void **state)
{
	json_t *args, *before, *facts = NULL;
	struct err err = ERR_INIT;
	struct buf why = BUF_INIT;
	char *folder = xasprintf("%s/dumps", cluster.folder);

	(void)state;
	intent_next();
	args = json_pack("{s:s, s:s, s:s, s:{s:s}}", "pg_dump", "main", "to", folder, "name",
			 "shop", "loss", "orders", "at");
	assert_int_equal(action_pg_dump.ready(&env, args, &err), 0);
	before = action_pg_dump.before(&env, args, &err);
	assert_int_equal(action_pg_dump.settled(&env, args, before, &why), SETTLED_NO);
	if (action_pg_dump.run(&env, args, before, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(action_pg_dump.settled(&env, args, before, &why), SETTLED_YES);
	dump = xstrdup(json_str(before, "path", ""));
	assert_true(file_exists(dump));
	json_decref(facts);
	json_decref(before);
	json_decref(args);
	buf_release(&why);
	free(folder);
}

static void damage_rows(void)
{
	assert_int_equal(cluster_sql(&cluster, "shop",
				     "UPDATE orders SET note = 'ruined' WHERE id % 3 = 0;"
				     "INSERT INTO orders SELECT i, '2026-02-01'::timestamp, 'new'"
				     " FROM generate_series(20001, 20123) i"),
			 0);
}

static void test_plan(void **state)
{
	json_t *args = restore_args(dump);
	struct plan plan = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	damage_rows();
	char *before = content("shop");
	intent_next();
	if (action_pg_restore.plan(&env, args, &plan, &err) < 0)
		fail_msg("%s", err.msg);
	assert_non_null(strstr(buf_str(&plan.lines), "CREATE DATABASE \"shop_new_"));
	assert_non_null(strstr(buf_str(&plan.lines), "pg_restore"));
	assert_non_null(strstr(buf_str(&plan.lines), "RENAME TO \"shop\""));
	assert_non_null(
	    strstr(buf_str(&plan.loss), "123 rows of public.orders newer than the backup"));
	assert_true(plan.undo.len > 0);
	assert_untouched(before);
	plan_release(&plan);
	free(before);
	json_decref(args);
}

static void test_swap_and_undo(void **state)
{
	json_t *args = restore_args(dump), *before, *facts = NULL;
	struct err err = ERR_INIT;
	struct buf why = BUF_INIT;
	char *damaged = content("shop"), *sql;

	(void)state;
	json_object_set_new(args, "smoke", json_string("SELECT count(*) = 20000 FROM orders"));
	intent_next();
	/* An application that stays connected must not stop it. */
	struct pg_params params;
	cluster_params(&cluster, "shop", &params);
	struct pg *app = pg_open(&params, "app", 5 * CLOCK_US, NULL, &err);
	assert_int_equal(pg_exec(app, &err, "BEGIN; SELECT * FROM orders LIMIT 1"), 0);
	assert_int_equal(action_pg_restore.ready(&env, args, &err), 0);
	before = action_pg_restore.before(&env, args, &err);
	assert_int_equal(action_pg_restore.settled(&env, args, before, &why), SETTLED_NO);
	if (action_pg_restore.run(&env, args, before, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(action_pg_restore.settled(&env, args, before, &why), SETTLED_YES);
	assert_int_equal(json_num(facts, "rows", 0), 2 * ROWS);
	pg_close(app);
	char *good = content("shop"), *kept = content(json_str(before, "old", ""));
	assert_true(strncmp(good, "20000/", 6) == 0);
	assert_string_equal(kept, damaged);
	/* What a plain rename would have lost. */
	sql =
	    cluster_value(&cluster, "postgres",
			  "SELECT pg_get_userbyid(datdba) || ' ' || datconnlimit || ' ' ||"
			  " shobj_description(oid, 'pg_database') || ' ' || datacl::text || ' ' ||"
			  " (SELECT string_agg(setrole::regrole || array_to_string(setconfig, "
			  "','), ';'"
			  " ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)"
			  " FROM pg_database d WHERE datname = 'shop'");
	assert_string_equal(sql,
			    "app 17 the shop's {app=CTc/app,reader=c/app} "
			    "-work_mem=5MB,search_path=public, \"$user\";appstatement_timeout=9s");
	assert_int_equal(action_pg_restore.undo(&env, args, before, &err), 0);
	assert_int_equal(action_pg_restore.undone(&env, args, before, &why), SETTLED_YES);
	assert_int_equal(action_pg_restore.settled(&env, args, before, &why), SETTLED_NO);
	free(kept);
	kept = content("shop");
	assert_string_equal(kept, damaged);
	free(sql);
	sql = xasprintf("DROP DATABASE \"%s\"", json_str(before, "undone", ""));
	assert_int_equal(cluster_sql(&cluster, "postgres", sql), 0);
	assert_untouched(damaged);
	free(sql), free(kept), free(good), free(damaged);
	pg_params_release(&params);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
	buf_release(&why);
}

/* Copies the dump and its sidecar under another name. New: its path. */
static char *dump_copy(const char *name)
{
	char *path = xasprintf("%s/dumps/%s", cluster.folder, name);
	char *from = sidecar_path(dump), *to = sidecar_path(path);

	unlink(path);
	unlink(to);
	assert_int_equal(file_copy(dump, path, NULL), 0);
	assert_int_equal(file_copy(from, to, NULL), 0);
	free(from);
	free(to);
	return path;
}

/* Whoever damages a dump and records it anew is caught by its content. */
static void record_anew(const char *path)
{
	struct err err = ERR_INIT;
	json_t *sidecar = sidecar_read(path, &err);
	char *side = sidecar_path(path);

	assert_non_null(sidecar);
	json_object_del(sidecar, "sha256");
	json_object_del(sidecar, "size");
	unlink(side);
	assert_int_equal(sidecar_write(path, sidecar_made_at(sidecar), sidecar, &err), 0);
	json_decref(sidecar);
	free(side);
}

static void refuse(const char *path, const char *before, const char *what)
{
	json_t *args = restore_args(path), *state, *facts = NULL;
	struct err err = ERR_INIT;

	intent_next();
	assert_int_equal(action_pg_restore.ready(&env, args, &err), -1);
	err_clear(&err);
	state = action_pg_restore.before(&env, args, &err);
	assert_int_equal(action_pg_restore.run(&env, args, state, &facts, &err), -1);
	if (!strstr(err.msg, what))
		fail_msg("expected \"%s\" in: %s", what, err.msg);
	assert_untouched(before);
	json_decref(state);
	json_decref(args);
}

static void poke(const char *path, off_t at, size_t len, int flip)
{
	char bytes[512] = { 0 };
	int fd = open(path, O_RDWR);

	if (flip) {
		assert_int_equal(pread(fd, bytes, 1, at), 1);
		bytes[0] ^= (char)flip;
		len = 1;
	}
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

static void test_damaged_dumps(void **state)
{
	char *before = content("shop"), *path;
	struct stat st;

	(void)state;
	assert_int_equal(stat(dump, &st), 0);
	path = dump_copy("cut.dump");
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	refuse(path, before, "damaged");
	record_anew(path);
	refuse(path, before, "");
	free(path);
	path = dump_copy("flip.dump");
	poke(path, st.st_size / 2, 1, 16);
	refuse(path, before, "SHA-256");
	free(path);
	path = dump_copy("zero.dump");
	poke(path, st.st_size / 2, 512, 0);
	refuse(path, before, "SHA-256");
	record_anew(path);
	refuse(path, before, "");
	free(path);
	path = dump_copy("empty.dump");
	assert_int_equal(truncate(path, 0), 0);
	refuse(path, before, "damaged");
	free(path);
	path = dump_copy("bare.dump");
	char *side = sidecar_path(path);
	unlink(side);
	refuse(path, before, "sidecar");
	free(side);
	free(path);
	free(before);
}

/* A dump of another database, and one whose rows are not those that were recorded. */
static void test_other_dumps(void **state)
{
	char *before = content("shop"), *path = xasprintf("%s/dumps/other.dump", cluster.folder);
	struct pg_params params;
	struct err err = ERR_INIT;
	struct pgdump_spec spec = { .path = path,
				    .mark = "other",
				    .log = -1,
				    .params = &params,
				    .timeout_us = 60 * CLOCK_US };

	(void)state;
	cluster_params(&cluster, "postgres", &params);
	assert_int_equal(pgdump_make(&spec, NULL, &err), 0);
	refuse(path, before, "dump of database postgres");
	free(path);
	path = dump_copy("lie.dump");
	json_t *sidecar = sidecar_read(path, &err);
	json_t *orders = json_object_get(json_object_get(sidecar, "tables"), "public.orders");
	json_object_set_new(orders, "checksum", json_string("12345"));
	char *side = sidecar_path(path);
	assert_int_equal(json_dump_file(sidecar, side, 0), 0);
	json_t *args = restore_args(path), *facts = NULL;
	intent_next();
	json_t *was = action_pg_restore.before(&env, args, &err);
	assert_int_equal(action_pg_restore.run(&env, args, was, &facts, &err), -1);
	assert_non_null(strstr(err.msg, "public.orders has other content"));
	assert_untouched(before);
	json_decref(was);
	json_decref(args);
	json_decref(sidecar);
	free(side);
	free(path);
	free(before);
	pg_params_release(&params);
}

/* A plain SQL dump with a sidecar; psql loads it, and obeys nothing that hides in it. */
static void test_sql_dump(void **state)
{
	char *before = content("shop"), *path = xasprintf("%s/dumps/plain.sql", cluster.folder);
	char *side = sidecar_path(path), *trap = xasprintf("%s/trap", cluster.folder);
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT, why = BUF_INIT;
	char *pg_dump = pg_tool(NULL, "pg_restore", &err);
	const char *argv[] = { pg_dump, "--file=-", dump, NULL };
	json_t *more = sidecar_read(dump, &err), *facts = NULL;

	(void)state;
	assert_int_equal(child_ok(&(struct child_spec){ .argv = argv }, NULL, 60 * CLOCK_US, &out,
				  &err),
			 0);
	assert_int_equal(file_replace(path, buf_str(&out), out.len, 0600, &err), 0);
	json_object_del(more, "sha256");
	json_object_del(more, "size");
	assert_int_equal(sidecar_write(path, sidecar_made_at(more), more, &err), 0);
	json_t *args = restore_args(path);
	intent_next();
	assert_int_equal(action_pg_restore.ready(&env, args, &err), 0);
	json_t *was = action_pg_restore.before(&env, args, &err);
	if (action_pg_restore.run(&env, args, was, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(action_pg_restore.settled(&env, args, was, &why), SETTLED_YES);
	assert_int_equal(action_pg_restore.undo(&env, args, was, &err), 0);
	char *sql = xasprintf("DROP DATABASE \"%s\"", json_str(was, "undone", ""));
	cluster_sql(&cluster, "postgres", sql);
	free(sql);
	buf_printf(&out, "\n\\! touch %s\n", trap);
	unlink(path);
	unlink(side);
	assert_int_equal(file_replace(path, buf_str(&out), out.len, 0600, &err), 0);
	assert_int_equal(sidecar_write(path, sidecar_made_at(more), more, &err), 0);
	refuse(path, before, "psql command");
	assert_false(file_exists(trap));
	buf_release(&out);
	buf_release(&why);
	json_decref(was);
	json_decref(facts);
	json_decref(args);
	json_decref(more);
	free(pg_dump), free(trap), free(side), free(path), free(before);
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

static void test_plain(void **state)
{
	json_t *args = json_pack("{s:s, s:s, s:s, s:s}", "pg_restore_plain", "main", "admin",
				 "admin", "from", dump, "owner", "app");
	json_t *before, *facts = NULL;
	struct err err = ERR_INIT;
	struct buf why = BUF_INIT;

	(void)state;
	intent_next();
	assert_int_equal(action_pg_restore_plain.ready(&env, args, &err), -1);
	assert_non_null(strstr(err.msg, "exists"));
	err_clear(&err);
	cluster_sql(&cluster, "postgres", "ALTER DATABASE shop RENAME TO lost");
	assert_int_equal(action_pg_restore_plain.ready(&env, args, &err), 0);
	before = action_pg_restore_plain.before(&env, args, &err);
	assert_int_equal(action_pg_restore_plain.settled(&env, args, before, &why), SETTLED_NO);
	if (action_pg_restore_plain.run(&env, args, before, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(action_pg_restore_plain.settled(&env, args, before, &why), SETTLED_YES);
	char *now = content("shop");
	assert_true(strncmp(now, "20000/", 6) == 0);
	assert_int_equal(action_pg_restore_plain.undo(&env, args, before, &err), 0);
	assert_int_equal(action_pg_restore_plain.undone(&env, args, before, &why), SETTLED_YES);
	/* One that somebody else made is not dropped. */
	cluster_sql(&cluster, "postgres", "ALTER DATABASE lost RENAME TO shop");
	assert_int_equal(action_pg_restore_plain.undo(&env, args, before, &err), -1);
	char *names = databases();
	assert_string_equal(names, "postgres shop");
	free(names);
	free(now);
	buf_release(&why);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
}

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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dump),	       cmocka_unit_test(test_plan),
		cmocka_unit_test(test_swap_and_undo),  cmocka_unit_test(test_damaged_dumps),
		cmocka_unit_test(test_other_dumps),    cmocka_unit_test(test_obstacles),
		cmocka_unit_test(test_sql_dump),       cmocka_unit_test(test_left_closed),
		cmocka_unit_test(test_kills),	       cmocka_unit_test(test_plain),
		cmocka_unit_test(test_terminate_idle), cmocka_unit_test(test_sql),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
