/* SQLite databases copied, restored, made anew and changed; each taken back. */
#include "tests/unit/act.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/backup.h"
#include "lib/sqlite.h"
#include "tests/unit/fault.h"

#define SOURCES "{'db': {'path': '@/games.db'}}"

/* Several statements on a database below the workspace. */
static void sql(const struct workspace *ws, const char *name, const char *text)
{
	char *path = ws_path(ws, name), *message = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", text, message);
	sqlite3_close(db);
	free(path);
}

/* The first value that a statement gives; -1: it can't be read. */
static long long ask(const struct workspace *ws, const char *name, const char *text)
{
	char *path = ws_path(ws, name);
	sqlite3_stmt *statement = NULL;
	sqlite3 *db;
	long long value = -1;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, text, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	free(path);
	return value;
}

static long long games(const struct workspace *ws, const char *name)
{
	return ask(ws, name, "SELECT count(*) FROM games");
}

static const char rows_5000[] =
    "CREATE TABLE games (id INTEGER PRIMARY KEY, name TEXT, at TEXT);"
    "CREATE INDEX games_at ON games (at);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    "INSERT INTO games SELECT i, 'game ' || i, printf('2026-11-%02d', 1 + i / 250) FROM n;";

static const char rows_100_more[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
    "INSERT INTO games (name, at) SELECT 'late game ' || i, '2026-11-30' FROM n;";

/* A database with a backup of it, and rows that are newer. */
static void with_backup(const struct workspace *ws)
{
	struct err err = ERR_INIT;
	char *backup = ws_path(ws, "games.bak");

	sql(ws, "games.db", rows_5000);
	ws_sh(ws, "cp games.db games.bak; chmod 640 games.db");
	assert_int_equal(sidecar_write(backup, 1, NULL, &err), 0);
	sql(ws, "games.db", rows_100_more);
	free(backup);
}

/* A process that has the database open and has written to it, in WAL mode; it waits to be killed.
 */
static pid_t user_start(const struct workspace *ws, const char *text)
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
		    sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK &&
		    write(ready[1], "!", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	free(path);
	return pid;
}

static void user_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
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

/* ---- Restore ---- */

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
		TEST(a_restore_keeps_the_old_one),
		TEST(a_log_goes_with_its_database),
		TEST(a_damaged_one_is_replaced),
		TEST(damaged_backups_are_refused),
		TEST(a_new_one_begins_with_its_schema),
		TEST(where_none_is_one_is_made),
		TEST(what_is_kept_is_not_overwritten),
		TEST(what_the_application_made_is_not_the_new_one),
		TEST(an_undo_does_not_need_the_new_one),
		TEST(a_log_that_is_in_use_is_not_replaced),
		TEST(sql_is_one_transaction),
		TEST(what_others_wrote_since_is_not_taken_back),
		TEST(what_others_wrote_before_it_stays_after_its_undo),
		TEST(who_writes_during_the_undo_wins),
		TEST(sql_that_ends_its_transaction_fails),
		TEST(what_was_left_half_done_is_rolled_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
