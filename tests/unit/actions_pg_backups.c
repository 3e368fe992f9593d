/*
 * Damaged backups (tests/faults/rows, 3): each is refused with a reason, before anything is
 * touched. Custom format compressed and not, plain SQL; cut, flipped, zeroed, emptied, of another
 * system, from a newer server, their records edited or gone. LONG=1: ten times as many places.
 *
 * Of each the action is asked whether it is ready, and is then run all the same, as if nobody had
 * asked: the database is looked at after both.
 */
#include "lib/backup.h"
#include "lib/child.h"
#include "tests/unit/fault.h"
#include "tests/unit/shop.h"

enum form { COMPRESSED, UNCOMPRESSED, SQL, FORMS };

static const char *const endings[] = { "dump", "raw.dump", "sql" };

static struct {
	char *original[FORMS];
	struct buf bytes[FORMS];
	json_t *members[FORMS]; /* of their sidecars */
	char *before;		/* content of the database */
	json_int_t rows;	/* in it */
	char *path;		/* of the damaged one */
	struct buf now;		/* its bytes */
	json_t *sidecar;
	long injected, survived, lost, tried;
	unsigned seed;
} all;

static unsigned any(size_t below)
{
	all.seed = all.seed * 1103515245u + 12345u;
	return (unsigned)((all.seed >> 8) % below);
}

static json_int_t rows(void)
{
	char *n =
	    cluster_value(&cluster, "shop",
			  "SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM lines)");
	json_int_t found = n ? atoll(n) : 0;

	free(n);
	return found;
}

/* One more form of the same database: by a program of PostgreSQL, and with the record of the first.
 */
static void form_make(enum form form, const char *program, const char *from, const char *how)
{
	struct err err = ERR_INIT;
	char *tool = pg_tool(NULL, program, &err), *file;

	all.original[form] = xasprintf("%s/dumps/sound.%s", cluster.folder, endings[form]);
	file = xasprintf("--file=%s", all.original[form]);
	const char *argv[] = { tool, file, from, how, "--compress=0", NULL };
	if (child_ok(&(struct child_spec){ .argv = argv }, NULL, 60 * CLOCK_US, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	free(file);
	free(tool);
}

static void forms_make(void)
{
	struct err err = ERR_INIT;
	char *info = xasprintf("--dbname=host=%s dbname=shop user=postgres", cluster.folder);

	all.original[COMPRESSED] = xstrdup(dump);
	form_make(UNCOMPRESSED, "pg_dump", info, "--format=custom");
	form_make(SQL, "pg_dump", info, "--format=plain");
	free(info);
	for (int form = COMPRESSED; form < FORMS; form++) {
		if (file_read(all.original[form], &all.bytes[form], 0, &err) < 0)
			fail_msg("%s", err.msg);
		all.members[form] = sidecar_read(dump, &err);
	}
}

/* A fresh copy of a sound dump, to be damaged. */
static void fresh(enum form form)
{
	free(all.path);
	all.path = xasprintf("%s/dumps/d%ld.%s", cluster.folder, all.tried++, endings[form]);
	buf_release(&all.now);
	buf_add(&all.now, all.bytes[form].data, all.bytes[form].len);
	json_decref(all.sidecar);
	all.sidecar = json_deep_copy(all.members[form]);
}

static void put(void)
{
	struct err err = ERR_INIT;

	if (file_replace(all.path, all.now.data, all.now.len, 0600, &err) < 0)
		fail_msg("%s", err.msg);
}

/* Its record as the members say, hash and size as the file has them now. */
static void record(void)
{
	struct err err = ERR_INIT;
	char *side = sidecar_path(all.path);

	json_object_del(all.sidecar, "sha256");
	json_object_del(all.sidecar, "size");
	json_object_del(all.sidecar, "seal");
	unlink(side);
	if (sidecar_write(all.path, sidecar_made_at(all.sidecar), all.sidecar, &err) < 0)
		fail_msg("%s", err.msg);
	free(side);
}

/* Writes the sidecar as it is: what it says may be false. */
static void record_edited(const json_t *sidecar)
{
	char *side = sidecar_path(all.path);

	assert_int_equal(json_dump_file(sidecar, side, JSON_INDENT(1)), 0);
	free(side);
}

static bool untouched(void)
{
	char *now = content("shop"), *names = databases();
	bool same = now && strcmp(now, all.before) == 0 && strcmp(names, "postgres shop") == 0;

	if (!same)
		all.lost += all.rows > rows() ? all.rows - rows() : all.rows;
	free(names);
	free(now);
	return same;
}

/* Tries to restore it; `early`: ready must refuse it already, by `why`. */
static void judge(const char *what, bool early, const char *why)
{
	json_t *args = restore_args(all.path), *before, *facts = NULL;
	struct err ready = ERR_INIT, err = ERR_INIT;
	char *side = sidecar_path(all.path);

	intent_next();
	bool refused = action_pg_restore.ready(&env, args, &ready) == -1 && ready.msg[0] &&
		       (strstr(ready.msg, why) || strstr(ready.hint, why));
	bool whole = untouched();
	before = action_pg_restore.before(&env, args, &err);
	bool failed = action_pg_restore.run(&env, args, before, &facts, &err) == -1;
	whole = untouched() && whole;
	all.injected++;
	all.survived += (refused || !early) && failed && whole;
	if ((!refused && early) || !failed || !whole)
		print_message("# %s: ready \"%s\", run \"%s\", %s\n", what, ready.msg, err.msg,
			      whole ? "untouched" : "TOUCHED");
	unlink(all.path);
	unlink(side);
	free(side);
	json_decref(facts);
	json_decref(before);
	json_decref(args);
}

/* ---- Bytes ---- */

static void cut(enum form form, size_t at)
{
	fresh(form);
	put();
	record();
	assert_int_equal(truncate(all.path, (off_t)at), 0);
	judge("cut", true, "damaged");
}

static void flip(enum form form, size_t at)
{
	fresh(form);
	put();
	record();
	all.now.data[at] = (char)(all.now.data[at] ^ (1 << any(8)));
	put();
	judge("flipped", true, "SHA-256");
}

static void zero(enum form form, size_t at)
{
	size_t len = all.bytes[form].len - at < 512 ? all.bytes[form].len - at : 512;

	fresh(form);
	put();
	record();
	memset(all.now.data + at, 0, len);
	if (memcmp(all.now.data, all.bytes[form].data, all.now.len) == 0)
		return;
	put();
	judge("zeroed", true, "SHA-256");
}

/* Damaged before it was recorded: the hash holds, the content does not. What its format does not
 * find, the comparison of the copy does. */
static void recorded_damaged(enum form form, size_t at, bool is_cut)
{
	fresh(form);
	if (is_cut)
		all.now.len = at;
	else
		all.now.data[at] = (char)(all.now.data[at] ^ 1);
	put();
	record();
	judge(is_cut ? "cut, then recorded" : "flipped, then recorded", is_cut, "");
}

static void test_bytes(void **state)
{
	int places = getenv("LONG") ? 55 : 3;

	(void)state;
	for (int form = COMPRESSED; form < FORMS; form++) {
		size_t len = all.bytes[form].len;

		cut(form, 0);
		for (int i = 0; i < places; i++) {
			cut(form, 1 + any(len - 1));
			flip(form, any(len));
			if (i % 2 == 0)
				zero(form, any(len));
			if (i % 3 == 0)
				recorded_damaged(form, 1 + any(len - 60), true);
		}
	}
	/* Rows lie in the second half; a flip there is found by decoding, or in the copy. */
	for (int i = 0; i < places; i++)
		recorded_damaged(i % 2 ? UNCOMPRESSED : COMPRESSED,
				 all.bytes[i % 2].len / 2 + any(all.bytes[i % 2].len / 3), false);
	fault(3, "dumps cut, flipped, zeroed, emptied (custom, raw, SQL)", all.injected,
	      all.survived, all.lost);
	assert_int_equal(all.survived, all.injected);
	assert_int_equal(all.lost, 0);
}

/* ---- Records, systems, versions ---- */

static void count_begin(void)
{
	all.injected = all.survived = all.lost = 0;
}

static void edited(enum form form, const char *key, json_t *value)
{
	struct err err = ERR_INIT;

	fresh(form);
	put();
	record();
	json_t *sidecar = sidecar_read(all.path, &err);
	if (value)
		json_object_set_new(sidecar, key, value);
	else
		json_object_del(sidecar, key);
	record_edited(sidecar);
	judge(key, true, strcmp(key, "sha256") == 0 && !value ? "sha256" : "");
	json_decref(sidecar);
}

static void test_records(void **state)
{
	char *side;

	(void)state;
	count_begin();
	for (int form = COMPRESSED; form < FORMS; form++) {
		fresh(form);
		put();
		judge("no sidecar", true, "no sidecar");
		put();
		side = sidecar_path(all.path);
		assert_int_equal(file_replace(side, "{\"sha256\":", 10, 0600, NULL), 0);
		free(side);
		judge("half a sidecar", true, "");
		edited(form, "sha256", NULL);
		edited(form, "sha256",
		       json_string(
			   "0000000000000000000000000000000000000000000000000000000000000000"));
		edited(form, "size", json_integer(17));
		edited(form, "made_at", json_string("2031-01-01T00:00:00Z"));
		edited(form, "database", json_string("postgres"));
		edited(form, "system_identifier", json_string("7"));
		edited(form, "tables", NULL);
		edited(form, "tables", json_object());
	}
	fault(3, "records of dumps edited, cut, gone", all.injected, all.survived, all.lost);
	assert_int_equal(all.survived, all.injected);
}

/* Puts a text of the same length in the place of another one; how often. */
static int replace(const char *from, const char *to)
{
	int n = 0;

	assert_int_equal(strlen(from), strlen(to));
	for (char *p = all.now.data;
	     (p = memmem(p, (size_t)(all.now.data + all.now.len - p), from, strlen(from)));
	     p += strlen(from), n++)
		memcpy(p, to, strlen(to));
	return n;
}

/* "15.20" of the server, and the same length from the future. */
static void from_newer(enum form form)
{
	char *now = cluster_value(&cluster, "shop", "SHOW server_version");
	char *future = xstrdup(now);

	now[strcspn(now, " ")] = future[strcspn(future, " ")] = '\0';
	future[0] = '9';
	fresh(form);
	assert_true(replace(now, future) > 0);
	put();
	json_object_del(all.sidecar, "server_version");
	record();
	judge("a newer server, by its head", true, "from a server of version 9");
	free(future);
	free(now);
	fresh(form);
	put();
	json_object_set_new(all.sidecar, "server_version", json_integer(990001));
	record();
	judge("a newer server, by its record", true, "from a server of version 99");
}

static void with_command(const char *command)
{
	fresh(SQL);
	char *p = memmem(all.now.data, all.now.len, "\nCREATE TABLE", 13);
	assert_non_null(p);
	struct buf text = BUF_INIT;
	buf_add(&text, all.now.data, (size_t)(p - all.now.data) + 1);
	buf_puts(&text, command);
	buf_add(&text, p, all.now.len - (size_t)(p - all.now.data));
	buf_release(&all.now);
	all.now = text;
	put();
	record();
	judge(command, true, "psql command");
}

static void test_others(void **state)
{
	static const char *const commands[] = {
		"\\! touch /tmp/backout-trap", "\\connect postgres", "\\i /etc/passwd", "\\o |sh",
		"\\copy orders from 'x'",      "SELECT 1 \\gexec"
	};

	(void)state;
	count_begin();
	for (int form = COMPRESSED; form < FORMS; form++) {
		from_newer(form);
		fresh(form);
		put();
		json_object_set_new(all.sidecar, "system_identifier",
				    json_string("7000000000000000000"));
		record();
		judge("of another system", true, "another system");
		fresh(form);
		put();
		json_object_set_new(all.sidecar, "database", json_string("postgres"));
		record();
		judge("of another database", true, "dump of database postgres");
	}
	/* A format that no pg_restore of today reads: the version stands behind "PGDMP". */
	fresh(COMPRESSED);
	all.now.data[5]++;
	put();
	record();
	judge("a newer format", true, "version");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		with_command(commands[i]);
	/* Renamed to what it is not. */
	fresh(SQL);
	all.path[strlen(all.path) - 3] = '\0';
	char *path = xasprintf("%sdump", all.path);
	free(all.path);
	all.path = path;
	put();
	record();
	judge("SQL by the name of a custom dump", true, "");
	assert_false(file_exists("/tmp/backout-trap"));
	fault(3, "dumps of another system or database, a newer server; psql commands", all.injected,
	      all.survived, all.lost);
	assert_int_equal(all.survived, all.injected);
	assert_int_equal(all.lost, 0);
}

/* The sound ones all restore: what was refused was not refused for being what it is. */
static void test_sound(void **state)
{
	(void)state;
	for (int form = COMPRESSED; form < FORMS; form++) {
		struct err err = ERR_INIT;
		json_t *facts = NULL;

		fresh(form);
		put();
		record();
		json_t *args = restore_args(all.path);
		intent_next();
		if (action_pg_restore.ready(&env, args, &err) < 0)
			fail_msg("%s", err.msg);
		json_t *before = action_pg_restore.before(&env, args, &err);
		if (action_pg_restore.run(&env, args, before, &facts, &err) < 0)
			fail_msg("%s", err.msg);
		char *now = content("shop");
		assert_true(strncmp(now, "20000/", 6) == 0);
		if (action_pg_restore.undo(&env, args, before, &err) < 0)
			fail_msg("%s", err.msg);
		char *sql = xasprintf("DROP DATABASE \"%s\"", json_str(before, "undone", ""));
		cluster_sql(&cluster, "postgres", sql);
		assert_true(untouched());
		free(sql);
		free(now);
		json_decref(facts);
		json_decref(before);
		json_decref(args);
	}
}

static int setup_forms(void **state)
{
	if (setup(state) != 0)
		return -1;
	all.seed = 20261121;
	shop_dump();
	forms_make();
	damage_rows();
	all.before = content("shop");
	all.rows = rows();
	return all.before ? 0 : -1;
}

static int teardown_forms(void **state)
{
	for (int form = COMPRESSED; form < FORMS; form++) {
		free(all.original[form]);
		buf_release(&all.bytes[form]);
		json_decref(all.members[form]);
	}
	free(all.before);
	free(all.path);
	buf_release(&all.now);
	json_decref(all.sidecar);
	return teardown(state);
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_sound),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, setup_forms, teardown_forms);
}
