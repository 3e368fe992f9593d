/* SQLite databases changed by SQL, and what others do to them meanwhile. */
#include "lib/sqlite.h"
#include "tests/unit/games.h"

/* ---- What others do meanwhile ---- */

/* A name that is taken is not taken over: what stands there may be another incident's. */
static void what_is_kept_is_not_overwritten(void **state)
{
	struct act act;

	with_backup(*state);
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak'}");
	act_before(&act);
	ws_sh(*state, "echo kept >%s", json_string_value(json_object_get(act.before, "aside")));
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	assert_contains(act.err.msg, "is there already");
	assert_int_equal(act_settled(&act), SETTLED_NO);
	assert_int_equal(games(*state, "games.db"), 5100);
	ws_assert(*state, "cat games.db.before-*", "kept");
	act_end(&act);
}

/* It died before it put anything in place, and the application came back and made itself an empty
 * database: that one is not what was restored. */
static void what_the_application_made_is_not_the_new_one(void **state)
{
	struct act act;

	with_backup(*state);
	ws_sh(*state, "rm games.db");
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak'}");
	act_before(&act);
	sql(*state, "games.db", "CREATE TABLE games (id)");
	assert_int_equal(act_settled(&act), SETTLED_NO);
	assert_int_equal(act.type->clean(&act.env, act.args, act.before, &act.err), 0);
	assert_int_equal(games(*state, "games.db"), 0);
	json_decref(act.before);
	act.before = NULL;
	act_run(&act);
	assert_int_equal(games(*state, "games.db"), 5000);
	act_undo(&act);
	assert_int_equal(games(*state, "games.db"), 0);
	act_end(&act);
}

/* Somebody removed the new one: the old one comes back all the same. */
static void an_undo_does_not_need_the_new_one(void **state)
{
	struct act act;

	with_backup(*state);
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak'}");
	act_run(&act);
	ws_sh(*state, "rm games.db");
	act_undo(&act);
	assert_int_equal(games(*state, "games.db"), 5100);
	act_end(&act);
}

/* After a restart of the host the file system has another device number. */
static void an_undo_survives_a_restart(void **state)
{
	struct act act;
	json_t *made;

	with_backup(*state);
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak'}");
	act_run(&act);
	json_object_set_new(act.before, "device", json_integer(1));
	made = json_deep_copy(json_object_get(act.before, "born"));
	if (json_integer_value(made) == 0) {
		json_decref(made);
		act_end(&act);
		skip();
	}
	json_object_set_new(act.before, "born", json_integer(1));
	assert_int_equal(act.type->undo(&act.env, act.args, act.before, &act.err), -1);
	assert_contains(act.err.msg, "the old database is not at");
	err_clear(&act.err);
	json_object_set_new(act.before, "born", made);
	act_undo(&act);
	assert_int_equal(games(*state, "games.db"), 5100);
	act_end(&act);
}

/* A log that was moved aside, and a death: since then somebody has written a log of his own. */
static void a_log_that_is_in_use_is_not_replaced(void **state)
{
	struct act act;
	char *aside;
	pid_t user;

	with_backup(*state);
	act_begin(&act, *state, "sqlite_restore", SOURCES,
		  "{'sqlite_restore': 'db', 'from': '@/games.bak'}");
	act_before(&act);
	aside = xstrdup(json_string_value(json_object_get(act.before, "aside")));
	ws_sh(*state, "echo old >%s-wal", aside);
	user = user_start(*state, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
				  "INSERT INTO games (name) VALUES ('new')");
	assert_int_equal(act.type->clean(&act.env, act.args, act.before, &act.err), -1);
	assert_contains(act.err.msg, "is in use");
	user_end(user);
	err_clear(&act.err);
	assert_int_equal(act.type->clean(&act.env, act.args, act.before, &act.err), -1);
	assert_contains(act.err.msg, "has a log of its own");
	assert_int_equal(games(*state, "games.db"), 5101);
	ws_assert(*state, "cat games.db.before-*-wal", "old");
	/* Nobody's log is there: it comes back. */
	err_clear(&act.err);
	ws_sh(*state, "rm -f games.db-*");
	assert_int_equal(act.type->clean(&act.env, act.args, act.before, &act.err), 0);
	ws_assert(*state, "cat games.db-wal", "old");
	free(aside);
	act_end(&act);
}

/* A process that writes, holds its transaction open for a while, and commits it. */
static pid_t writer_start(const struct workspace *ws, const char *text)
{
	char *path = ws_path(ws, "games.db"), byte;
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sqlite3_open(path, &db) == SQLITE_OK &&
		    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
		    sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK &&
		    write(ready[1], "!", 1) == 1) {
			usleep(500000);
			sqlite3_busy_timeout(db, 5000);
			sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
			sqlite3_close(db);
			_exit(0);
		}
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	free(path);
	return pid;
}

/* ---- SQL ---- */

static void sql_is_one_transaction(void **state)
{
	struct act act;

	sql(*state, "games.db", rows_5000);
	act_begin(&act, *state, "sqlite_sql", SOURCES,
		  "{'sqlite_sql': 'db', 'sql': 'DELETE FROM games WHERE at = ?1', "
		  "'with': ['2026-11-05'], 'expect_rows': 250}");
	act_run(&act);
	assert_int_equal(json_integer_value(json_object_get(act.facts, "rows")), 250);
	assert_int_equal(games(*state, "games.db"), 4750);
	act_undo(&act);
	assert_int_equal(games(*state, "games.db"), 5000);

	/* Not so many: nothing happened. */
	json_object_set_new(act.args, "expect_rows", json_integer(3));
	act_before(&act);
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	assert_contains(act.err.msg, "touched 250 rows, expected 3");
	assert_int_equal(act_settled(&act), SETTLED_NO);
	assert_int_equal(games(*state, "games.db"), 5000);
	act_end(&act);
}

/* No quotes in ws_json()'s texts. */
static void at_odd(struct act *act, const char *name)
{
	char *path = ws_path(act->ws, name);

	json_object_set_new(json_object_get(act->sources, "db"), "path", json_string(path));
	free(path);
}

/* All that applications keep in such files, in one whose name is as odd as may be: it is copied,
 * changed and taken back. */
static void what_a_database_may_hold(void **state)
{
	static const char odd[] =
	    "CREATE TABLE \"a \"\" b\" (\"select\" INTEGER PRIMARY KEY, text TEXT, blob BLOB,"
	    " twice GENERATED ALWAYS AS (\"select\" * 2) STORED, half AS (\"select\" / 2));"
	    "INSERT INTO \"a \"\" b\" (text, blob) VALUES ('x', x'00ff'), (NULL, x''), ('', 1.5);"
	    "CREATE TABLE pairs (a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID;"
	    "INSERT INTO pairs VALUES ('b', 1), ('a', 2);"
	    "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);"
	    "CREATE VIRTUAL TABLE found USING fts5(body, content='notes', content_rowid='id');"
	    "CREATE TRIGGER added AFTER INSERT ON notes BEGIN"
	    " INSERT INTO found (rowid, body) VALUES (new.id, new.body); END;"
	    "INSERT INTO notes (body) VALUES ('first words');"
	    "CREATE VIEW v AS SELECT * FROM nowhere;"
	    "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES"
	    " ('table', 'vec', 'vec', 0, 'CREATE VIRTUAL TABLE vec USING vec0(x)');";
	static const char name[] = "50%20 of 'it?'#.db";
	struct act act;

	sql(*state, name, odd);
	act_begin(&act, *state, "sqlite_copy", SOURCES,
		  "{'sqlite_copy': 'db', 'to': '@/copies', 'name': 'odd'}");
	at_odd(&act, name);
	act_run(&act);
	ws_assert(*state, "grep -c '\"notes\": 1' copies/odd_*.db.json", "1");
	act_end(&act);
	act_begin(&act, *state, "sqlite_sql", SOURCES, "{'sqlite_sql': 'db'}");
	at_odd(&act, name);
	json_object_set_new(act.args, "sql",
			    json_string("INSERT INTO notes (body) VALUES ('second words')"));
	act_run(&act);
	assert_int_equal(ask(*state, name, "SELECT rowid FROM found('second')"), 2);
	act_undo(&act);
	assert_int_equal(ask(*state, name, "SELECT rowid FROM found('second')"), -1);
	assert_int_equal(ask(*state, name, "SELECT rowid FROM found('first')"), 1);
	/* Each sort of table counts when it is said whether it was changed. */
	act_run(&act);
	sql(*state, name, "UPDATE pairs SET b = 3 WHERE a = 'a'");
	assert_int_equal(act_settled(&act), SETTLED_UNKNOWN);
	sql(*state, name, "UPDATE pairs SET b = 2 WHERE a = 'a'");
	assert_int_equal(act_settled(&act), SETTLED_YES);
	sql(*state, name, "UPDATE \"a \"\" b\" SET blob = x'' WHERE blob = x'00ff'");
	assert_int_equal(act_settled(&act), SETTLED_UNKNOWN);
	act_end(&act);
}

static void what_others_wrote_since_is_not_taken_back(void **state)
{
	struct act act;

	sql(*state, "games.db", rows_5000);
	act_begin(&act, *state, "sqlite_sql", SOURCES,
		  "{'sqlite_sql': 'db', 'sql': 'DELETE FROM games; CREATE TABLE done (x);'}");
	act_run(&act);
	sql(*state, "games.db", "INSERT INTO games (name) VALUES ('new')");
	assert_int_equal(act_settled(&act), SETTLED_UNKNOWN);
	assert_int_equal(act.type->undo(&act.env, act.args, act.before, &act.err), -1);
	assert_contains(act.err.msg, "written by others since");
	assert_contains(act.err.hint, "is kept at");
	assert_int_equal(games(*state, "games.db"), 1);
	act_end(&act);
}

/* What comes between the copy for the undo and the transaction is nobody's to take away. */
static void what_others_wrote_before_it_stays_after_its_undo(void **state)
{
	struct act act;

	sql(*state, "games.db", rows_5000);
	act_begin(&act, *state, "sqlite_sql", SOURCES,
		  "{'sqlite_sql': 'db', 'sql': 'DELETE FROM games WHERE id <= 100'}");
	act_before(&act);
	sql(*state, "games.db", "INSERT INTO games (name) VALUES ('new')");
	if (act.type->run(&act.env, act.args, act.before, &act.facts, &act.err) < 0)
		fail_msg("%s", act.err.msg);
	assert_int_equal(games(*state, "games.db"), 4901);
	assert_int_equal(act_settled(&act), SETTLED_YES);
	act_undo(&act);
	assert_int_equal(games(*state, "games.db"), 5001);
	act_end(&act);
}

/* Somebody is in the middle of a transaction when it is undone: what the database holds is still
 * what was left, but not when the undo's turn comes. */
static void who_writes_during_the_undo_wins(void **state)
{
	static const char *const modes[] = { "DELETE", "WAL" };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char *mode = xasprintf("PRAGMA journal_mode = %s", modes[i]);
		struct act act;
		pid_t writer;

		ws_sh(*state, "rm -rf games.db* incident");
		sql(*state, "games.db", rows_5000);
		sql(*state, "games.db", mode);
		act_begin(&act, *state, "sqlite_sql", SOURCES,
			  "{'sqlite_sql': 'db', 'sql': 'DELETE FROM games WHERE id <= 100'}");
		act_run(&act);
		writer = writer_start(*state, "INSERT INTO games (name) VALUES ('new')");
		assert_int_equal(act.type->undo(&act.env, act.args, act.before, &act.err), -1);
		assert_contains(act.err.msg, "written by others since");
		waitpid(writer, NULL, 0);
		assert_int_equal(games(*state, "games.db"), 4901);
		/* Somebody who only reads is in nobody's way. */
		sql(*state, "games.db", "DELETE FROM games WHERE name = 'new'");
		err_clear(&act.err);
		writer = user_start(*state, "SELECT count(*) FROM games");
		act_undo(&act);
		assert_int_equal(games(*state, "games.db"), 5000);
		user_end(writer);
		act_end(&act);
		free(mode);
	}
}

static void sql_that_ends_its_transaction_fails(void **state)
{
	struct act act;

	sql(*state, "games.db", rows_5000);
	act_begin(&act, *state, "sqlite_sql", SOURCES,
		  "{'sqlite_sql': 'db', 'sql': 'DELETE FROM games; COMMIT; SELECT 1'}");
	act_before(&act);
	assert_int_equal(act.type->run(&act.env, act.args, act.before, &act.facts, &act.err), -1);
	assert_contains(act.err.msg, "ended its transaction itself");
	act_end(&act);
}

/* What a writer left half done is rolled back by the look at it, and a mere reader says why it
 * can't. */
static void what_was_left_half_done_is_rolled_back(void **state)
{
	struct act act;
	char *path = ws_path(*state, "games.db");
	struct err err = ERR_INIT;
	struct sqlite_answer answer;
	struct sqlite *sqlite;

	sql(*state, "games.db", rows_5000);
	act_begin(&act, *state, "sqlite_sql", SOURCES,
		  "{'sqlite_sql': 'db', 'sql': 'DELETE FROM games'}");
	act_before(&act);
	ws_sh(*state, "echo 0 >$(ls incident/*.db).after");
	/* A small cache: its pages are in the file before it ends. */
	user_end(user_start(*state, "PRAGMA cache_size = 5; BEGIN; UPDATE games SET name = at"));
	ws_assert(*state, "test -s games.db-journal && echo hot", "hot");
	sqlite = sqlite_open(path, &clock_system, clock_mono(&clock_system) + CLOCK_US, &err);
	assert_int_equal(sqlite_ask(sqlite, "SELECT count(*) FROM games", NULL, &answer, &err), -1);
	assert_contains(err.msg, "left in the middle of a transaction");
	sqlite_answer_release(&answer);
	sqlite_close(sqlite);
	assert_int_equal(act_settled(&act), SETTLED_NO);
	assert_int_equal(games(*state, "games.db"), 5000);
	act_end(&act);
	free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, workspace_make, workspace_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_kept_is_not_overwritten),
		TEST(what_the_application_made_is_not_the_new_one),
		TEST(an_undo_does_not_need_the_new_one),
		TEST(an_undo_survives_a_restart),
		TEST(a_log_that_is_in_use_is_not_replaced),
		TEST(sql_is_one_transaction),
		TEST(what_a_database_may_hold),
		TEST(what_others_wrote_since_is_not_taken_back),
		TEST(what_others_wrote_before_it_stays_after_its_undo),
		TEST(who_writes_during_the_undo_wins),
		TEST(sql_that_ends_its_transaction_fails),
		TEST(what_was_left_half_done_is_rolled_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
