/* Real SQLite databases: read, damaged, held by a writer, never changed. */
#include "tests/unit/scratch.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/sqlite.h"
#include "sources/probe.h"
#include "sources/source.h"

#define PATIENCE_US (20 * CLOCK_US)

struct fixture {
	char *folder, *path;
	json_t *declaration;
	struct source_env env;
	struct source *source;
};

static void make(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	f->folder = scratch_new();
	f->path = path_join(f->folder, "games.db");
	make(f->path,
	     "CREATE TABLE games (id INTEGER, name TEXT);"
	     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
	     "INSERT INTO games SELECT i, 'game ' || i FROM n;");
	f->declaration = json_pack("{s:s, s:s}", "path", f->path, "timeout", "500ms");
	f->env.clock = &clock_system;
	f->source = source_type("sqlite")->open(&f->env, "db", f->declaration, &err);
	assert_non_null(f->source);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	source_close(f->source);
	json_decref(f->declaration);
	scratch_free(f->folder);
	free(f->path);
	free(f);
	return 0;
}

/* A process that begins to write and does not end, until it is killed. */
static pid_t writer_start(const char *path, const char *sql)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		sqlite3 *db;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sqlite3_open(path, &db) == SQLITE_OK &&
		    sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK &&
		    write(ready[1], "!", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void writer_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const json_t *declared(void *data, const char *name)
{
	return strcmp(name, "db") == 0 ? ((const struct fixture *)data)->declaration : NULL;
}

static void probe_until(struct fixture *f, int64_t time_us, json_t *args, struct reading *out)
{
	struct probe_env env = { .clock = &clock_system,
				 .deadline = clock_mono(&clock_system) + time_us,
				 .declared = declared,
				 .data = f };

	json_object_set_new(args, "sqlite", json_string("db"));
	*out = (struct reading){ 0 };
	probe_type("sqlite")->eval(&env, args, out);
	json_decref(args);
}

static void probe(struct fixture *f, json_t *args, struct reading *out)
{
	probe_until(f, PATIENCE_US, args, out);
}

static void metric(struct fixture *f, json_t *args, struct reading *out)
{
	*out = (struct reading){ 0 };
	f->source->type->read(f->source, args, 0, out);
	json_decref(args);
}

static void statements_are_judged(void **state)
{
	struct reading out;

	probe(*state, json_pack("{s:s, s:i}", "sql", "SELECT count(*) FROM games", "equals", 5000),
	      &out);
	assert_int_equal(out.verdict, VERDICT_PASS);
	assert_true(out.value == 5000);
	probe(*state,
	      json_pack("{s:s, s:[i], s:s}", "sql", "SELECT name FROM games WHERE id = ?1", "with",
			7, "equals", "game 7"),
	      &out);
	assert_int_equal(out.verdict, VERDICT_PASS);
	assert_string_equal(out.text, "game 7");
	probe(*state,
	      json_pack("{s:s, s:b}", "sql", "SELECT 1 FROM games WHERE id < 0", "empty", 0), &out);
	assert_int_equal(out.verdict, VERDICT_FAIL);
	probe(*state, json_pack("{s:s, s:i}", "sql", "SELECT NULL", "below", 1), &out);
	assert_int_equal(out.verdict, VERDICT_UNKNOWN);
	metric(*state, json_pack("{s:s, s:s}", "read", "sql", "sql", "SELECT max(id) FROM games"),
	       &out);
	assert_true(out.verdict == VERDICT_PASS && out.value == 5000);
	metric(*state, json_pack("{s:s, s:s}", "read", "sql", "sql", "SELECT name FROM games"),
	       &out);
	assert_int_equal(out.verdict, VERDICT_UNKNOWN);
}

static void nothing_is_ever_written(void **state)
{
	static const char *const statements[] = {
		"DELETE FROM games",
		"PRAGMA user_version = 7",
		"ATTACH 'other.db' AS other",
		"SELECT 1; DROP TABLE games",
		"CREATE TABLE t (i)",
		"BEGIN IMMEDIATE",
		"",
	};
	struct fixture *f = *state;
	struct stat before, after;
	struct reading out;
	char *missing = path_join(f->folder, "missing.db");

	assert_int_equal(stat(f->path, &before), 0);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		probe(f, json_pack("{s:s}", "sql", statements[i]), &out);
		assert_int_equal(out.verdict, VERDICT_UNKNOWN);
	}
	assert_int_equal(stat(f->path, &after), 0);
	assert_true(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
		    before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	assert_null(sqlite_open(missing, &clock_system, PATIENCE_US, NULL));
	assert_false(file_exists(missing));
	free(missing);
}

static void a_slow_statement_is_given_up(void **state)
{
	struct reading out;
	int64_t begin = clock_mono(&clock_system);

	metric(*state,
	       json_pack("{s:s, s:s}", "read", "sql", "sql",
			 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
			 "SELECT count(*) FROM n"),
	       &out);
	assert_int_equal(out.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(out.evidence, "in time"));
	assert_true(clock_mono(&clock_system) - begin < PATIENCE_US);
}

static void damage_is_found(void **state)
{
	struct fixture *f = *state;
	struct reading out;
	char junk[4096];
	int fd;

	probe(f, json_pack("{s:s}", "integrity", "full"), &out);
	assert_int_equal(out.verdict, VERDICT_PASS);
	metric(f, json_pack("{s:s}", "read", "up"), &out);
	assert_true(out.value == 1);
	memset(junk, 0x5a, sizeof(junk));
	fd = open(f->path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
	probe(f, json_pack("{s:s}", "integrity", "quick"), &out);
	assert_int_equal(out.verdict, VERDICT_FAIL);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 0), sizeof(junk));
	close(fd);
	probe(f, json_pack("{s:s}", "integrity", "quick"), &out);
	assert_int_equal(out.verdict, VERDICT_FAIL);
	metric(f, json_pack("{s:s}", "read", "up"), &out);
	assert_true(out.verdict == VERDICT_PASS && out.value == 0);
	unlink(f->path);
	metric(f, json_pack("{s:s}", "read", "up"), &out);
	assert_true(out.verdict == VERDICT_PASS && out.value == 0);
	/* What can't be looked at is not missing. */
	assert_int_equal(symlink(f->path, f->path), 0);
	metric(f, json_pack("{s:s}", "read", "up"), &out);
	assert_int_equal(out.verdict, VERDICT_UNKNOWN);
	probe(f, json_pack("{s:s}", "integrity", "quick"), &out);
	assert_int_equal(out.verdict, VERDICT_UNKNOWN);
}

static void held_by(struct fixture *f, const char *sql)
{
	pid_t writer = writer_start(f->path, sql), holder;
	struct err err = ERR_INIT;
	struct reading out;

	assert_int_equal(sqlite_locked(f->path, CLOCK_US / 10, &clock_system, &holder, &err), 1);
	assert_int_equal(holder, writer);
	probe(f, json_pack("{s:b, s:s}", "locked", 0, "within", "50ms"), &out);
	assert_int_equal(out.verdict, VERDICT_FAIL);
	/* That it is held for a minute nobody knows who looked for a moment. */
	probe_until(f, CLOCK_US / 20, json_pack("{s:b, s:s}", "locked", 1, "within", "1m"), &out);
	assert_int_equal(out.verdict, VERDICT_UNKNOWN);
	metric(f, json_pack("{s:s}", "read", "locked"), &out);
	assert_true(out.value == 1);
	writer_end(writer);
	assert_int_equal(sqlite_locked(f->path, 0, &clock_system, &holder, &err), 0);
}

static void the_holder_of_a_lock_is_named(void **state)
{
	struct fixture *f = *state;
	struct reading out;
	pid_t writer;

	held_by(f, "BEGIN IMMEDIATE; INSERT INTO games VALUES (0, 'x')");
	held_by(f, "BEGIN EXCLUSIVE");
	/* Nobody can read then: that is known, and no damage. */
	writer = writer_start(f->path, "BEGIN EXCLUSIVE");
	probe(f, json_pack("{s:s, s:s}", "sql", "SELECT 1 FROM games", "within", "50ms"), &out);
	assert_int_equal(out.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(out.evidence, "locked"));
	metric(f, json_pack("{s:s}", "read", "up"), &out);
	assert_int_equal(out.verdict, VERDICT_UNKNOWN);
	writer_end(writer);
	make(f->path, "PRAGMA journal_mode = WAL");
	held_by(f, "BEGIN IMMEDIATE");
}

static void a_reader_holds_nobody_up(void **state)
{
	struct fixture *f = *state;
	pid_t reader, holder;

	reader = writer_start(f->path, "BEGIN; SELECT count(*) FROM games");
	assert_int_equal(sqlite_locked(f->path, 0, &clock_system, &holder, NULL), 0);
	writer_end(reader);
}

static void the_log_counts_to_the_size(void **state)
{
	struct fixture *f = *state;
	struct reading size, wal;
	pid_t writer;

	writer = writer_start(f->path, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
				       "UPDATE games SET name = name || ' and more'");
	metric(f, json_pack("{s:s}", "read", "wal_mb"), &wal);
	metric(f, json_pack("{s:s}", "read", "size_mb"), &size);
	assert_true(wal.value > 0 && size.value > wal.value);
	writer_end(writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(statements_are_judged, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_ever_written, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slow_statement_is_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(the_holder_of_a_lock_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_holds_nobody_up, setup, teardown),
		cmocka_unit_test_setup_teardown(the_log_counts_to_the_size, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
