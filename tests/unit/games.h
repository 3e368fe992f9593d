/*
 * For tests of the actions on SQLite databases: "games.db" with its backup, and processes that have
 * it open.
 */
#ifndef TESTS_UNIT_GAMES_H
#define TESTS_UNIT_GAMES_H

#include "tests/unit/act.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/backup.h"

#define SOURCES "{'db': {'path': '@/games.db'}}"

/* Several statements on a database below the workspace. */
static inline void sql(const struct workspace *ws, const char *name, const char *text)
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
static inline long long ask(const struct workspace *ws, const char *name, const char *text)
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

static inline long long games(const struct workspace *ws, const char *name)
{
	return ask(ws, name, "SELECT count(*) FROM games");
}

__attribute__((unused)) static const char rows_5000[] =
    "CREATE TABLE games (id INTEGER PRIMARY KEY, name TEXT, at TEXT);"
    "CREATE INDEX games_at ON games (at);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    "INSERT INTO games SELECT i, 'game ' || i, printf('2026-11-%02d', 1 + i / 250) FROM n;";

__attribute__((unused)) static const char rows_100_more[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
    "INSERT INTO games (name, at) SELECT 'late game ' || i, '2026-11-30' FROM n;";

/* A database with a backup of it, and rows that are newer. */
static inline void with_backup(const struct workspace *ws)
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
static inline pid_t user_start(const struct workspace *ws, const char *text)
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

static inline void user_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif
