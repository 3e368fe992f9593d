/* Dump and restore of a PostgreSQL database: a bad backup never costs data. */
#include "lib/backup.h"
#include "lib/child.h"
#include "lib/pgdump.h"
#include "tests/unit/shop.h"

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
	/* What a dump that died leaves is cleared, and never taken for a backup. */
	json_t *died = json_pack("{s:s+, s:s}", "path", dump, ".2", "mark", "died");
	const char *const left[] = { ".2.part", ".2.part.json", ".2.json" };
	for (size_t i = 0; i < 3; i++) {
		char *path = xasprintf("%s%s", dump, left[i]);
		assert_int_equal(file_replace(path, "{}", 2, 0600, &err), 0);
		free(path);
	}
	struct backups list;
	assert_int_equal(backups_list(&list, folder, NULL, &err), 0);
	assert_int_equal(list.n, 1);
	backups_release(&list);
	assert_int_equal(action_pg_dump.clean(&env, args, died, &err), 0);
	for (size_t i = 0; i < 3; i++) {
		char *path = xasprintf("%s%s", dump, left[i]);
		assert_false(file_exists(path));
		free(path);
	}
	assert_true(file_exists(dump));
	json_decref(died);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
	buf_release(&why);
	free(folder);
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

/* Writes a sidecar with these members, hash and size as the file has them now. */
static void record(const char *path, json_t *members)
{
	struct err err = ERR_INIT;
	char *side = sidecar_path(path);

	json_object_del(members, "sha256");
	json_object_del(members, "size");
	json_object_del(members, "seal");
	unlink(side);
	assert_int_equal(sidecar_write(path, sidecar_made_at(members), members, &err), 0);
	free(side);
}

/* Whoever damages a dump and records it anew is caught by its content. */
static void record_anew(const char *path)
{
	struct err err = ERR_INIT;
	json_t *sidecar = sidecar_read(path, &err);

	assert_non_null(sidecar);
	record(path, sidecar);
	json_decref(sidecar);
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
	refuse(path, before, "its seal does not match");
	record(path, sidecar);
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
	record(path, more);
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
	record(path, more);
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

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_swap_and_undo),
		cmocka_unit_test(test_damaged_dumps),
		cmocka_unit_test(test_other_dumps),
		cmocka_unit_test(test_sql_dump),
		cmocka_unit_test(test_plain),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, setup, teardown);
}
