/*
 * What a drill may remove or damage: only what lies in its sandbox, and only sandboxes that nobody
 * holds.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "drill/parts.h"
#include "drill/sandbox.h"
#include "drill/stop.h"
#include "lib/backup.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/sqlite_copy.h"

struct place {
	char *tmp, *sandbox, *incident, *step; /* owned */
	char closed[256];		       /* the incident that a sweep reported */
};

static void write_text(const char *folder, const char *name, const char *text)
{
	char *path = path_join(folder, name);

	assert_int_equal(file_replace(path, text, strlen(text), 0600, NULL), 0);
	free(path);
}

static int setup(void **state)
{
	struct place *place = xcalloc(1, sizeof(*place));
	char name[] = "/tmp/backout-unit.XXXXXX";

	assert_non_null(mkdtemp(name));
	place->tmp = xstrdup(name);
	place->sandbox = path_join(name, "backout-drill-ABCDEF");
	place->incident = path_join(name, "incident");
	place->step = path_join(place->incident, "steps/lock");
	assert_int_equal(mkdir(place->sandbox, 0700), 0);
	assert_int_equal(mkdir(place->incident, 0700), 0);
	write_text(place->incident, "kept", "");
	write_text(place->sandbox, "incident", place->incident);
	setenv("TMPDIR", name, 1);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	unsetenv("TMPDIR");
	file_remove_tree(place->tmp, NULL);
	free(place->tmp);
	free(place->sandbox);
	free(place->incident);
	free(place->step);
	free(place);
	return 0;
}

static void note_closed(const char *incident, void *data)
{
	struct place *place = data;

	snprintf(place->closed, sizeof(place->closed), "%s", incident);
}

static int sweep(struct place *place, bool kept_too)
{
	place->closed[0] = '\0';
	return sandbox_sweep(kept_too, NULL, NULL, note_closed, place);
}

/* A process that holds the lock of `path`, as a runner does (by record) or a console (flock). */
static pid_t holder(const char *path, bool record)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if ((record ? fcntl(fd, F_SETLK, &lock) : flock(fd, LOCK_EX)) == 0 &&
		    write(ready[1], "1", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void sweep_takes_what_nobody_holds(void **state)
{
	struct place *place = *state;

	assert_int_equal(sweep(place, false), 1);
	assert_false(file_exists(place->sandbox));
	assert_string_equal(place->closed, place->incident);
}

static void sweep_leaves_what_a_console_holds(void **state)
{
	struct place *place = *state;
	char *lock = path_join(place->sandbox, "lock");
	pid_t pid = holder(lock, false);

	assert_int_equal(sweep(place, true), 0);
	assert_true(file_exists(place->sandbox));
	assert_string_equal(place->closed, "");
	end(pid);
	assert_int_equal(sweep(place, true), 1);
	free(lock);
}

static void sweep_leaves_what_a_runner_works_on(void **state)
{
	struct place *place = *state;
	char *steps = path_join(place->incident, "steps");
	pid_t pid;

	assert_int_equal(mkdir(steps, 0700), 0);
	pid = holder(place->step, true);
	assert_int_equal(sweep(place, true), 0);
	assert_true(file_exists(place->sandbox));
	end(pid);
	assert_int_equal(sweep(place, true), 1);
	free(steps);
}

static void sweep_leaves_what_was_kept(void **state)
{
	struct place *place = *state;

	write_text(place->sandbox, "keep", "");
	assert_int_equal(sweep(place, false), 0);
	assert_true(file_exists(place->sandbox));
	assert_int_equal(sweep(place, true), 1);
}

static void lose(const struct place *place, const char *path, bool allowed)
{
	struct drill_env env = { .sandbox = place->sandbox };
	json_t *args = json_pack("{s:[s]}", "lost", path);
	struct err err = ERR_INIT;

	assert_int_equal(fault_lost.make(&env, args, &err), allowed ? 0 : -1);
	if (!allowed)
		assert_non_null(strstr(err.msg, "is not in the sandbox"));
	json_decref(args);
}

static void only_the_sandbox_s_own_is_lost(void **state)
{
	struct place *place = *state;
	char *own = path_join(place->sandbox, "own"), *link = path_join(place->sandbox, "link");
	char *up = path_join(place->sandbox, "../incident");
	char *beside = xasprintf("%sX", place->sandbox);

	assert_int_equal(mkdir(own, 0700), 0);
	assert_int_equal(mkdir(beside, 0700), 0);
	assert_int_equal(symlink(place->incident, link), 0);
	lose(place, place->incident, false);
	lose(place, up, false);
	lose(place, link, false);
	lose(place, beside, false);
	lose(place, place->sandbox, false);
	lose(place, own, true);
	assert_false(file_exists(own));
	assert_true(file_exists(place->incident) && file_exists(beside));
	lose(place, own, true); /* gone already */
	free(own);
	free(link);
	free(up);
	free(beside);
}

/* Damages the backups of a folder; whether that was allowed. */
static bool damage(const struct place *place, const char *folder, int newest)
{
	static const struct type backups = { .name = "backups" };
	struct source_def dumps = { .name = "dumps",
				    .what = { .type = &backups,
					      .args = json_pack("{s:s, s:s}", "folder", folder,
								"pattern", "dump-*") } };
	struct target target = { .sources = &dumps, .nsources = 1 };
	struct drill_env env = { .sandbox = place->sandbox,
				 .target = &target,
				 .values = json_object() };
	json_t *args = json_pack("{s:s, s:i}", "damaged", "dumps", "newest", newest);
	bool done = fault_damaged.make(&env, args, NULL) == 0;

	json_decref(args);
	json_decref((json_t *)dumps.what.args);
	json_decref(env.values);
	return done;
}

/* A backup of that age in hours, with its sidecar. New: its path. */
static char *back_up(const char *folder, const char *name, int64_t hours)
{
	char *path = path_join(folder, name);

	write_text(folder, name, "a dump that is long enough to be damaged in its middle");
	assert_int_equal(sidecar_write(path, (1000 - hours) * 3600 * CLOCK_US, NULL, NULL), 0);
	return path;
}

static bool is_whole(const char *path)
{
	json_t *sidecar = sidecar_read(path, NULL);
	bool whole = sidecar && sidecar_check_hash(path, sidecar, NULL) == 0;

	json_decref(sidecar);
	return whole;
}

static void damaged_backups_stay_damaged(void **state)
{
	struct place *place = *state;
	char *old = back_up(place->sandbox, "dump-old", 2);
	char *young = back_up(place->sandbox, "dump-young", 1);
	char *other = back_up(place->sandbox, "other", 1);
	char *outside = back_up(place->tmp, "dump-outside", 1);

	assert_true(damage(place, place->sandbox, 1));
	assert_false(is_whole(young));
	assert_true(is_whole(old));
	assert_true(damage(place, place->sandbox, 0));
	assert_true(damage(place, place->sandbox, 0));
	assert_false(is_whole(old));
	assert_false(is_whole(young));
	assert_true(is_whole(other));
	assert_false(damage(place, place->tmp, 0));
	assert_true(is_whole(outside));
	free(old);
	free(young);
	free(other);
	free(outside);
}

static bool run_sql(const struct place *place, const char *database, const char *file)
{
	static const struct type sqlite = { .name = "sqlite" };
	struct source_def db = {
		.name = "db",
		.what = { .type = &sqlite, .args = json_pack("{s:s}", "path", database) },
	};
	struct target target = { .sources = &db, .nsources = 1 };
	struct drill_env env = {
		.clock = &clock_system,
		.sandbox = place->sandbox,
		.data = place->tmp,
		.target = &target,
		.values = json_object(),
	};
	json_t *args = json_pack("{s:s, s:s}", "sql", "db", "file", file);
	bool done = part_sql.make(&env, args, NULL) == 0;

	json_decref(args);
	json_decref((json_t *)db.what.args);
	json_decref(env.values);
	return done;
}

static bool overwrite(const struct place *place, const char *path)
{
	struct drill_env env = { .sandbox = place->sandbox };
	json_t *args = json_pack("{s:s}", "overwritten", path);
	bool done = fault_overwritten.make(&env, args, NULL) == 0;

	json_decref(args);
	return done;
}

/* Whether the file is a database, all of whose pages are in order. */
static bool is_sound(const char *path)
{
	return sqlite_check_copy(path, &clock_system, clock_mono(&clock_system) + 20 * CLOCK_US,
				 NULL) == 0;
}

static void a_sqlite_database_is_filled_and_damaged(void **state)
{
	struct place *place = *state;
	char *db = path_join(place->sandbox, "own.db"),
	     *outside = path_join(place->tmp, "other.db");

	write_text(place->tmp, "rows.sql",
		   "CREATE TABLE t (a); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		   "FROM n WHERE i < 20000) INSERT INTO t SELECT 'row ' || i FROM n;");
	write_text(place->tmp, "bad.sql", "DELETE FROM t; INSERT INTO nowhere VALUES (1);");
	assert_true(run_sql(place, db, "rows.sql"));
	assert_true(run_sql(place, outside, "rows.sql"));
	assert_false(run_sql(place, db, "bad.sql"));
	assert_true(is_sound(db));
	assert_false(overwrite(place, outside));
	assert_true(is_sound(outside));
	assert_true(overwrite(place, db));
	assert_false(is_sound(db));
	free(db);
	free(outside);
}

static void signals_wait(void **state)
{
	sigset_t before, taken;
	int signal;

	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &before);
	stop_hold();
	assert_false(stop_asked());
	raise(SIGTERM);
	assert_true(stop_asked());
	sigemptyset(&taken);
	sigaddset(&taken, SIGTERM);
	assert_int_equal(sigwait(&taken, &signal), 0);
	assert_false(stop_asked());
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sweep_takes_what_nobody_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(sweep_leaves_what_a_console_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(sweep_leaves_what_a_runner_works_on, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sweep_leaves_what_was_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(only_the_sandbox_s_own_is_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_backups_stay_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sqlite_database_is_filled_and_damaged, setup,
						teardown),
		cmocka_unit_test(signals_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
