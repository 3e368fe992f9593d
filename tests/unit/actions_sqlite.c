/* SQLite databases copied, restored and made anew; each taken back. */
#include "tests/unit/fault.h"
#include "tests/unit/games.h"

#include <time.h>

/* ---- Copies ---- */

/* Somebody writes all the time: the copy is from one moment, whole, and nobody waited for it. */
static void a_copy_is_from_one_moment(void **state)
{
	struct act act;
	char *text, *path = ws_path(*state, "games.db"), *copy;
	pid_t writer;

	sql(*state, "games.db", rows_5000);
	sql(*state, "games.db", "PRAGMA journal_mode = WAL; CREATE TABLE pairs (a, b);");
	writer = fork();
	if (writer == 0) {
		sqlite3 *db;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sqlite3_open(path, &db);
		sqlite3_busy_timeout(db, 10000);
		for (;;)
			sqlite3_exec(db,
				     "BEGIN; INSERT INTO pairs VALUES (1, 1); INSERT INTO pairs "
				     "VALUES (2, 2); COMMIT",
				     NULL, NULL, NULL);
	}
	act_begin(&act, *state, "sqlite_copy", SOURCES,
		  "{'sqlite_copy': 'db', 'to': '@/copies', 'name': 'games'}");
	text = act_plan(&act);
	assert_contains(text, "/copies/games_20");
	free(text);
	act_run(&act);
	user_end(writer);
	ws_sh(*state, "cp copies/games_*.db found.db; ls copies >list; chmod 600 found.db");
	assert_int_equal(games(*state, "found.db"), 5000);
	assert_int_equal(ask(*state, "found.db", "SELECT count(*) % 2 FROM pairs"), 0);
	ws_assert(*state, "wc -l <list; stat -c %a copies/games_*.db", "2\n600");
	copy = ws_get(*state, "cat copies/*.json");
	assert_contains(copy, "\"games\": 5000");
	free(copy);

	/* Bytes that rot are no backup any more. */
	ws_sh(*state, "printf x | dd of=$(ls copies/*.db) bs=1 seek=9000 conv=notrunc");
	assert_int_equal(act_settled(&act), SETTLED_NO);
	act_end(&act);
	free(path);
}

static void a_copy_of_what_is_damaged_is_none(void **state)
{
	struct act act;

	sql(*state, "games.db", rows_5000);
	ws_sh(*state, "dd if=/dev/urandom of=games.db bs=4096 seek=3 count=9 conv=notrunc");
	act_begin(&act, *state, "sqlite_copy", SOURCES, "{'sqlite_copy': 'db', 'to': '@/copies'}");
	act_before(&act);
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	assert_contains(act.err.msg, "damaged");
	assert_int_equal(act_settled(&act), SETTLED_NO);
	ws_assert(*state, "ls copies", "");
	act_end(&act);
}

/* What is older than 30 days goes, but never the last sound one; a damaged one neither counts nor
 * goes, nor does what has another name. */
static void old_copies_go(void **state)
{
	static const char keeping[] =
	    "{'sqlite_copy': 'db', 'to': '@/copies', 'name': 'games', 'keep_days': 30, 'keep': 2}";
	struct act act;
	char *text;

	sql(*state, "games.db", rows_5000);
	act_begin(&act, *state, "sqlite_copy", SOURCES, keeping);
	act_run(&act);
	act_end(&act);
	ws_sh(*state,
	      "cd copies; f=$(ls games_*.db); for d in 01 02 03 04; do cp $f "
	      "games_202001${d}_000000.db; sed '/\"seal\"/d; "
	      "s/\"made_at\": *\"[^\"]*/\"made_at\":\"2020-01-'$d'T00:00:00Z/' $f.json "
	      ">games_202001${d}_000000.db.json; done; rm $f $f.json; touch by-hand.db; for s in "
	      "'' .json; do cp games_20200101_000000.db$s games_2_20200101_000000.db$s; done; "
	      "printf x | dd of=games_20200104_000000.db bs=1 seek=9000 conv=notrunc status=none");
	act_begin(&act, *state, "sqlite_copy", SOURCES, keeping);
	text = act_plan(&act);
	assert_contains(text, "retention removes ");
	assert_contains(text, "what goes is gone");
	free(text);
	act_run(&act);
	ws_assert(*state, "ls copies | grep '_2020.*db$'; ls copies/by-hand.db; ls copies | wc -l",
		  "games_20200103_000000.db\ngames_20200104_000000.db\ngames_2_20200101_000000.db\n"
		  "copies/by-hand.db\n9");
	act_end(&act);
}

/* ---- Restore ---- */

/* A console that asks the database something is through in a moment: that is no reason to refuse.
 */
static void who_only_looks_is_waited_for(void **state)
{
	const struct timespec moment = { .tv_nsec = 300000000 };
	struct act act;
	pid_t reader;

	with_backup(*state);
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak'}");
	reader = user_start(*state, "SELECT count(*) FROM games");
	if (fork() == 0) {
		nanosleep(&moment, NULL);
		kill(reader, SIGKILL);
		_exit(0);
	}
	act_run(&act);
	assert_int_equal(games(*state, "games.db"), 5000);
	waitpid(reader, NULL, 0);
	act_end(&act);
}

static void a_restore_keeps_the_old_one(void **state)
{
	struct act act;
	char *text;
	pid_t user;

	with_backup(*state);
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak', 'loss': {'games': 'at'}}");
	text = act_plan(&act);
	assert_contains(text, "100 rows of games newer than the backup's newest (at 2026-11-21)");
	assert_contains(text, "recorded SHA-256");
	free(text);

	/* Who has it open would go on writing to the old file. */
	user = user_start(*state, "SELECT count(*) FROM games");
	act_refused(&act, "is in use: process ");
	user_end(user);

	act_run(&act);
	assert_int_equal(games(*state, "games.db"), 5000);
	ws_assert(*state, "stat -c %a games.db; ls | grep -c before-; ls | grep -c new-",
		  "640\n1\n0");
	ws_sh(*state, "cp games.db.before-* old.db");
	assert_int_equal(games(*state, "old.db"), 5100);
	/* The application has gone on since: still this intent's effect. */
	sql(*state, "games.db", "INSERT INTO games (name) VALUES ('after')");
	assert_int_equal(act_settled(&act), SETTLED_YES);

	act_undo(&act);
	assert_int_equal(games(*state, "games.db"), 5100);
	ws_sh(*state, "cp games.db.undone-* new.db");
	assert_int_equal(games(*state, "new.db"), 5001);
	act_end(&act);
}

/* What stands in the old one's log is in the file before it is put aside; and no log lies beside
 * the new one. */
static void a_log_goes_with_its_database(void **state)
{
	struct act act;

	with_backup(*state);
	user_end(user_start(*state, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
				    "INSERT INTO games (name, at) VALUES ('logged', 'now')"));
	ws_assert(*state, "test -s games.db-wal && echo log", "log");
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak'}");
	act_run(&act);
	ws_assert(*state, "ls games.db*", ws_get(*state, "ls games.db games.db.before-*"));
	assert_int_equal(games(*state, "games.db"), 5000);
	act_undo(&act);
	assert_int_equal(games(*state, "games.db"), 5101);
	act_end(&act);
}

/* Nothing in it can be read: what it was is kept all the same, byte by byte. */
static void a_damaged_one_is_replaced(void **state)
{
	struct act act;
	char *text;

	with_backup(*state);
	ws_sh(*state,
	      "dd if=/dev/urandom of=games.db bs=100 count=1 conv=notrunc; cp games.db bad");
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak', 'loss': {'games': 'at'}}");
	text = act_plan(&act);
	assert_contains(text, "could not be measured");
	free(text);
	act_run(&act);
	assert_int_equal(games(*state, "games.db"), 5000);
	ws_assert(*state, "cmp games.db.before-* bad && echo kept", "kept");
	act_undo(&act);
	ws_assert(*state, "cmp games.db bad && echo back", "back");
	act_end(&act);
}

static long refusals, changed;

static void refused_untouched(struct act *act, const char *why)
{
	char *before = ws_get(act->ws, "sha256sum games.db; ls"), *after;

	refusals++;
	act_refused(act, why);
	after = ws_get(act->ws, "sha256sum games.db; ls");
	changed += strcmp(before, after) != 0;
	assert_string_equal(after, before);
	free(before);
	free(after);
}

static void damaged_backups_are_refused(void **state)
{
	struct act act;
	char *path = ws_path(*state, "games.bak");
	struct err err = ERR_INIT;
	long size, step = getenv("LONG") ? 997 : 40009;

	with_backup(*state);
	ws_sh(*state, "cp games.bak whole.bak; cp games.bak.json whole.json");
	size = atol(ws_get(*state, "stat -c %s games.bak"));
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak'}");
	for (long at = 0; at < size; at += step) {
		ws_sh(*state, "head -c %ld whole.bak >games.bak", at);
		refused_untouched(&act, "damaged");
		ws_sh(*state,
		      "cp whole.bak games.bak; python3 -c 'import sys; f = open(\"games.bak\", "
		      "\"r+b\"); f.seek(%ld); b = f.read(1)[0]; f.seek(%ld); "
		      "f.write(bytes([b ^ 16]))'",
		      at, at);
		refused_untouched(&act, "damaged");
		ws_sh(*state,
		      "cp whole.bak games.bak; head -c 4096 /dev/zero | dd of=games.bak bs=1 "
		      "seek=%ld conv=notrunc; truncate -s %ld games.bak",
		      at, size);
		refused_untouched(&act, "damaged");
	}
	ws_sh(*state, "cp whole.bak games.bak; rm games.bak.json");
	refused_untouched(&act, "sidecar");

	/* Whose bytes nobody recorded is judged by its pages, where the runbook takes such. */
	json_object_set_new(act.args, "unrecorded", json_true());
	ws_sh(*state, ": >games.bak");
	refused_untouched(&act, "is empty");
	ws_sh(*state, "head -c 5000 whole.bak >games.bak");
	refused_untouched(&act, "damaged");
	ws_sh(*state, "head -c 100000 /dev/urandom >games.bak");
	refused_untouched(&act, "no SQLite database, or an encrypted one");
	ws_sh(*state, "cp whole.bak games.bak; dd if=/dev/urandom of=games.bak bs=4096 seek=5 "
		      "count=2 conv=notrunc");
	refused_untouched(&act, "damaged");
	ws_sh(*state, "cp whole.bak games.bak; echo half >games.bak-wal");
	refused_untouched(&act, "was copied while in use");
	ws_sh(*state, "rm games.bak-wal games.bak; ln -s /nowhere games.bak");
	refused_untouched(&act, "games.bak");
	fault(3, "SQLite backups cut, flipped, zeroed, emptied, foreign", refusals,
	      refusals - changed, changed);

	/* And one whose sidecar is someone else's. */
	ws_sh(*state, "rm games.bak; cp whole.bak games.bak");
	assert_int_equal(sidecar_write(path, 1, NULL, &err), 0);
	ws_sh(*state, "sed -i 's/\"size\": [0-9]*/\"size\": 7/' games.bak.json");
	refused_untouched(&act, "its seal does not match");
	ws_sh(*state, "sed -i 's/\"seal\": \"[0-9a-f]*\", *//' games.bak.json");
	refused_untouched(&act, "damaged");
	ws_sh(*state, "cp whole.json games.bak.json");
	act_run(&act);
	act_end(&act);
	free(path);
}

/* ---- Made anew ---- */

static void a_new_one_begins_with_its_schema(void **state)
{
	struct act act;
	char *text;

	sql(*state, "games.db", rows_5000);
	ws_write(*state, "schema.sql",
		 "-- what the bot wants\nCREATE TABLE games (id INTEGER PRIMARY KEY, name TEXT);\n"
		 "INSERT INTO games (name) VALUES ('first');\n");
	act_begin(&act, *state, "sqlite_new", SOURCES,
		  "{'sqlite_new': 'db', 'schema': '@/schema.sql'}");
	text = act_plan(&act);
	assert_contains(text, "[loss] all 5000 rows of games");
	free(text);
	act_run(&act);
	assert_int_equal(games(*state, "games.db"), 1);
	act_undo(&act);
	assert_int_equal(games(*state, "games.db"), 5000);

	/* SQL that fails leaves the old one where it is. */
	ws_write(*state, "schema.sql", "CREATE TABLE games (id); CREATE TABLE games (id);");
	act_before(&act);
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	assert_contains(act.err.msg, "already exists");
	assert_int_equal(games(*state, "games.db"), 5000);
	ws_assert(*state, "ls | grep -c new-", "0");
	act_end(&act);
}

static void where_none_is_one_is_made(void **state)
{
	struct act act;

	act_begin(&act, *state, "sqlite_new", SOURCES, "{'sqlite_new': 'db'}");
	act_run(&act);
	assert_int_equal(ask(*state, "games.db", "SELECT count(*) FROM sqlite_schema"), 0);
	ws_assert(*state, "stat -c %a games.db; head -c 13 games.db", "600\nSQLite format");
	act_undo(&act);
	ws_assert(*state, "test -e games.db || echo gone", "gone");
	act_end(&act);
}

/* ---- For tests/faults/sqlite_kill.sh ---- */

static const char *const kinds[][2] = {
	{ "sqlite_restore", "{'sqlite_restore': 'db', 'from': '@/games.bak'}" },
	{ "sqlite_new", "{'sqlite_new': 'db'}" },
	{ "sqlite_sql", "{'sqlite_sql': 'db', 'sql': 'DELETE FROM games WHERE id <= 100'}" },
	{ "sqlite_copy", "{'sqlite_copy': 'db', 'to': '@/copies', 'name': 'games'}" },
};

/* What is judged: how many rows the database may have when the action happened. */
static const long long rows_after[] = { 5000, -1, 5000, 5100 };

static void out_of_order(const char *what)
{
	fprintf(stderr, "%s\n", what);
	_exit(1);
}

/* "--make": the files; "--run": the action, its state before noted first; "--judge": what became of
 * it is what `settled` says, whole, and after `clean` it runs again, unless it happened. */
static int part(const char *what, const char *folder, int kind)
{
	struct workspace ws;
	struct act act;
	struct buf why = BUF_INIT;
	char *note;
	long long rows;
	enum settled settled;

	snprintf(ws.path, sizeof(ws.path), "%s", folder);
	note = ws_path(&ws, "before.json");
	if (strcmp(what, "--make") == 0) {
		with_backup(&ws);
		return 0;
	}
	act_begin(&act, &ws, kinds[kind][0], SOURCES, kinds[kind][1]);
	if (strcmp(what, "--before") == 0) {
		act_before(&act);
		return json_dump_file(act.before, note, 0);
	}
	act.before = json_load_file(note, 0, NULL);
	if (strcmp(what, "--run") == 0)
		return act.type->run(&act.env, act.args, act.before, &act.facts, &act.err) != 0;
	settled = act.type->settled(&act.env, act.args, act.before, &why);
	if (settled == SETTLED_UNKNOWN)
		out_of_order(buf_str(&why));
	if (settled == SETTLED_NO && act.type->clean &&
	    act.type->clean(&act.env, act.args, act.before, &act.err) != 0)
		out_of_order(act.err.msg);
	rows = games(&ws, "games.db");
	printf("%s", settled == SETTLED_YES ? "happened" : "did not happen");
	if (rows != (settled == SETTLED_YES ? rows_after[kind] : 5100))
		out_of_order("the rows are not those that it says");
	if (ask(&ws, "games.db",
		"SELECT count(*) = 1 FROM pragma_integrity_check WHERE "
		"integrity_check = 'ok'") != 1)
		out_of_order("the database is not whole");
	act.before = NULL;
	if (settled == SETTLED_NO)
		act_run(&act);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, workspace_make, workspace_remove)

int main(int argc, char **argv)
{
	if (argc == 4)
		return part(argv[1], argv[2], atoi(argv[3]));

	const struct CMUnitTest tests[] = {
		TEST(a_copy_is_from_one_moment),
		TEST(a_copy_of_what_is_damaged_is_none),
		TEST(old_copies_go),
		TEST(who_only_looks_is_waited_for),
		TEST(a_restore_keeps_the_old_one),
		TEST(a_log_goes_with_its_database),
		TEST(a_damaged_one_is_replaced),
		TEST(damaged_backups_are_refused),
		TEST(a_new_one_begins_with_its_schema),
		TEST(where_none_is_one_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
