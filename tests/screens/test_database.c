/* The database panel on a real SQLite file: well, held by a writer, missing, damaged. */
#include "tests/screens/desk.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t writer;

/* In a process of its own, so that this one never has the file open: runs `sql`, and with `hold`
 * stays as it is until it is killed. */
static void games(const struct desk *desk, const char *sql, bool hold)
{
	char path[128], byte;
	int ready[2], status = -1;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/games.db", desk->folder);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The panel may be checking the file. */
		if (sqlite3_open(path, &db) != SQLITE_OK ||
		    sqlite3_busy_timeout(db, 10000) != SQLITE_OK ||
		    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
		    write(ready[1], "!", 1) != 1)
			_exit(1);
		if (hold)
			pause();
		sqlite3_close(db);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	if (hold)
		writer = pid;
	else
		assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void writer_end(void)
{
	if (!writer)
		return;
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	writer = 0;
}

static void console(struct desk *desk, const char *const *extra)
{
	static char target[128];
	const char *args[] = { "tests/screens/games", "--target", target, NULL };
	char text[256];

	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	snprintf(text, sizeof(text),
		 "{\"target\": \"front\", \"system\": \"games\", \"class\": \"staging\",\n"
		 " \"claim\": \"%s/claim\", \"parameters\": {\"root\": \"%s\"}}\n",
		 desk->folder, desk->folder);
	desk_write(desk, "target.json", text, 0644);
	desk_start(desk, 24, 80, args, extra);
	/* Which keys find room is no matter of this panel. */
	terminal_vary(desk->terminal, "^.* z zoom.*$", " KEYS");
	terminal_vary(desk->terminal, "[0-9.,]+ (KiB|MiB)", "SIZE");
	terminal_vary(desk->terminal, "by process [0-9]+: [^│]*", "by process PID: COMMAND");
	terminal_vary(desk->terminal, ", now, in ", ", AGE, in ");
	terminal_vary(desk->terminal, "looked at (now|AGE)", "looked at AGE");
}

static const char rows[] =
    "CREATE TABLE games (id INTEGER PRIMARY KEY, name TEXT);"
    "CREATE INDEX names ON games (name);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    "INSERT INTO games SELECT i, 'game ' || i FROM n;";

/* The panel at the three sizes that people have. */
static void goldens(struct desk *desk, const char *name)
{
	static const struct {
		int rows, columns;
		const char *name;
	} sizes[] = { { 30, 120, "120x30" }, { 50, 160, "160x50" }, { 24, 80, "80x24" } };
	char full[64];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		terminal_resize(desk->terminal, sizes[i].rows, sizes[i].columns);
		snprintf(full, sizeof(full), "panel-database-%s-%s", name, sizes[i].name);
		terminal_golden(desk->terminal, full);
	}
}

/* Seconds that the panel says it has been locked; -1: it doesn't. */
static int locked_s(struct desk *desk)
{
	char *text = terminal_text(desk->terminal), *at = strstr(text, "locked for ");
	int seconds = -1;

	if (at && sscanf(at, "locked for %d s", &seconds) != 1)
		seconds = -1;
	free(text);
	return seconds;
}

static void well_and_held(void **state)
{
	struct desk *desk = *state;

	games(desk, "PRAGMA journal_mode = WAL", false);
	games(desk, rows, false);
	console(desk, NULL);
	assert_true(terminal_wait(desk->terminal, "integrity: sound"));
	goldens(desk, "normal");
	games(desk, "BEGIN IMMEDIATE; DELETE FROM games WHERE id < 10", true);
	assert_true(terminal_wait(desk->terminal, "─ LOCKED ─┐"));
	goldens(desk, "locked");
	/* One lock, however often it was looked at since. */
	for (int i = 0; i < 200 && locked_s(desk) < 4; i++)
		terminal_wait_end(desk->terminal, 100);
	assert_true(locked_s(desk) >= 4);
	terminal_resize(desk->terminal, 30, 120);
	desk_press(desk, "\r", "LOCKED");
	terminal_golden(desk->terminal, "panel-database-details-120x30");
	desk_press(desk, "q", "Alerts:");
	writer_end();
	assert_true(terminal_wait(desk->terminal, "no writer holds it"));
}

static void missing(void **state)
{
	struct desk *desk = *state;
	char path[128], away[128];

	games(desk, rows, false);
	console(desk, NULL);
	assert_true(terminal_wait(desk->terminal, "integrity: sound"));
	snprintf(path, sizeof(path), "%s/games.db", desk->folder);
	snprintf(away, sizeof(away), "%s/away.db", desk->folder);
	assert_int_equal(rename(path, away), 0);
	assert_true(terminal_wait(desk->terminal, "─ MISSING ─┐"));
	goldens(desk, "missing");
	assert_int_equal(rename(away, path), 0);
	assert_true(terminal_wait_gone(desk->terminal, "MISSING"));
}

/* Found by the next check, without anybody's asking; and well again with a sound file. */
static void damaged(void **state)
{
	struct desk *desk = *state;
	char path[128], bytes[4096 * 4];
	int fd;

	games(desk, rows, false);
	console(desk, NULL);
	assert_true(terminal_wait(desk->terminal, "integrity: sound"));
	snprintf(path, sizeof(path), "%s/games.db", desk->folder);
	memset(bytes, 0x5a, sizeof(bytes));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 4096 * 3), sizeof(bytes));
	close(fd);
	assert_true(terminal_wait(desk->terminal, "─ DAMAGED ─┐"));
	goldens(desk, "damaged");
	assert_int_equal(unlink(path), 0);
	games(desk, rows, false);
	assert_true(terminal_wait(desk->terminal, "integrity: sound"));
}

static void without_colours_lines_or_utf8(void **state)
{
	struct desk *desk = *state;
	const char *extra[] = { "TERM=vt100", "NO_COLOR=1", "LC_ALL=C", NULL };

	games(desk, rows, false);
	console(desk, extra);
	assert_true(terminal_wait(desk->terminal, "integrity: sound"));
	terminal_golden(desk->terminal, "panel-database-vt100-80x24");
}

static int end(void **state)
{
	writer_end();
	return desk_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(well_and_held, desk_begin, end),
		cmocka_unit_test_setup_teardown(missing, desk_begin, end),
		cmocka_unit_test_setup_teardown(damaged, desk_begin, end),
		cmocka_unit_test_setup_teardown(without_colours_lines_or_utf8, desk_begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
