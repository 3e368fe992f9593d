/*
 * Restores a dump of a million rows by swap, and the same dump with pg_restore by hand, in turns,
 * on a cluster of its own:  restore TURNS
 *
 * Prints the medians of wall seconds: the restore by swap without what verifies (the dump before,
 * the copy after), with it, and the peer.
 */
#include "tests/bench/median.h"
#include "tests/unit/cluster.h"

#include "lib/child.h"
#include "lib/jdoc.h"
#include "lib/pgdump.h"
#include "lib/pgswap.h"

enum { LIMIT_S = 600 };

static const char schema[] =
    "CREATE TABLE players (id int PRIMARY KEY, name text NOT NULL, seen timestamptz);"
    "INSERT INTO players SELECT n, 'player ' || n, '2026-01-01'::timestamptz + n * interval '1 min'"
    "  FROM generate_series(1, 20000) n;"
    "CREATE TABLE rounds (id int PRIMARY KEY, map text NOT NULL, began timestamptz NOT NULL);"
    "INSERT INTO rounds SELECT n, 'map ' || n % 17, '2026-01-01'::timestamptz + n * interval '9 "
    "min'"
    "  FROM generate_series(1, 80000) n;"
    "CREATE TABLE stats (id bigint PRIMARY KEY, round int NOT NULL REFERENCES rounds,"
    "  player int NOT NULL REFERENCES players, kills int, deaths int, accuracy double precision,"
    "  weapon text, at timestamptz NOT NULL);"
    "INSERT INTO stats SELECT n, n % 80000 + 1, n % 20000 + 1, n % 31, n % 23, (n % 1000) / 10.0,"
    "  'weapon ' || n % 12, '2026-01-01'::timestamptz + n * interval '1 s'"
    "  FROM generate_series(1, 900000) n;"
    "CREATE INDEX ON stats (round); CREATE INDEX ON stats (player, at)";

static struct cluster cluster = { .synced = true };

__attribute__((noreturn)) static void fail(const char *what, const struct err *err)
{
	fprintf(stderr, "bench: %s: %s\n", what, err->msg);
	cluster_end(&cluster);
	exit(1);
}

static void sql(const char *database, const char *statement)
{
	struct err err = ERR_INIT;

	err_set(&err, "a statement failed");
	if (cluster_sql(&cluster, database, statement) < 0)
		fail(database, &err);
}

static double since(int64_t began)
{
	return (double)(clock_mono(&clock_system) - began) / 1e6;
}

/* In a copy of this program, so that what it says can be timed as it comes. */
static pid_t swap_start(const struct pgswap *swap, const json_t *before, int log)
{
	struct err err = ERR_INIT;
	json_t *facts = NULL;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (pgswap_run(swap, before, &facts, &err) < 0) {
		fprintf(stderr, "bench: %s\n", err.msg);
		_exit(1);
	}
	_exit(close(log));
}

static bool verifies(const char *note)
{
	static const char *const begins[] = { "verifying ", "comparing ", "checking " };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(note, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* Seconds of a whole run; *verifying of them went by in steps that verify. */
static double swap_time(struct pgswap *swap, double *verifying)
{
	struct err err = ERR_INIT;
	json_t *before = pgswap_before(swap, &err);
	int64_t began, last;
	int ends[2], how = -1;
	bool in_verify = false;
	char note[4096];
	FILE *notes;
	pid_t pid;

	if (!before || pipe2(ends, O_CLOEXEC) < 0)
		fail("a restore can't be prepared", &err);
	swap->log = ends[1];
	began = last = clock_mono(&clock_system);
	pid = swap_start(swap, before, ends[1]);
	close(ends[1]);
	notes = fdopen(ends[0], "r");
	*verifying = 0;
	while (fgets(note, sizeof note, notes)) {
		*verifying += in_verify ? since(last) : 0;
		last = clock_mono(&clock_system);
		in_verify = verifies(note);
	}
	fclose(notes);
	err_set(&err, "it failed");
	if (waitpid(pid, &how, 0) != pid || how != 0)
		fail("restore by swap", &err);
	double whole = since(began);
	char *drop = xasprintf("DROP DATABASE \"%s\"", json_str(before, "old", ""));
	sql("postgres", drop);
	free(drop);
	json_decref(before);
	return whole;
}

/* As somebody would type it. */
static double hand_time(const char *program, const char *dump)
{
	struct err err = ERR_INIT;
	const char *argv[] = { program,
			       "--exit-on-error",
			       "-h",
			       cluster.folder,
			       "-U",
			       "postgres",
			       "--dbname=by_hand",
			       dump,
			       NULL };
	struct child_spec child = { .argv = argv };
	int64_t began = clock_mono(&clock_system);

	sql("postgres", "CREATE DATABASE by_hand");
	if (child_ok(&child, NULL, LIMIT_S * CLOCK_US, NULL, &err) < 0)
		fail("pg_restore by hand", &err);
	double whole = since(began);
	sql("postgres", "DROP DATABASE by_hand");
	return whole;
}

static void dump_make(const struct pg_params *live, const char *path)
{
	struct pgdump_spec spec = { .params = live,
				    .path = path,
				    .mark = "bench",
				    .log = -1,
				    .timeout_us = LIMIT_S * CLOCK_US };
	struct err err = ERR_INIT;

	if (pgdump_make(&spec, NULL, &err) < 0)
		fail("a dump", &err);
}

int main(int argc, char **argv)
{
	size_t turns = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct err err = ERR_INIT;
	struct pgswap swap = { .timeout_us = LIMIT_S * CLOCK_US };

	if (turns == 0)
		return 2;
	err_set(&err, "it does not start");
	if (cluster_start(&cluster) < 0)
		fail("a PostgreSQL cluster", &err);
	err_clear(&err);
	sql("postgres", "CREATE DATABASE bench");
	sql("bench", schema);
	cluster_params(&cluster, "bench", &swap.live);
	cluster_params(&cluster, "postgres", &swap.admin);
	char *dump = xasprintf("%s/bench.dump", cluster.folder);
	char *program = pg_tool(NULL, "pg_restore", &err);
	double *seen[3];
	for (size_t k = 0; k < 3; k++)
		seen[k] = xcalloc(turns, sizeof(double));
	if (!program)
		fail("pg_restore", &err);
	dump_make(&swap.live, dump);
	swap.dump = dump;
	for (size_t turn = 0; turn < turns; turn++) {
		char *mark = xasprintf("bench_%zu", turn);
		double verifying;

		swap.mark = mark;
		seen[1][turn] = swap_time(&swap, &verifying);
		seen[0][turn] = seen[1][turn] - verifying;
		seen[2][turn] = hand_time(program, dump);
		free(mark);
	}
	printf("%.3f %.3f %.3f\n", median(seen[0], turns), median(seen[1], turns),
	       median(seen[2], turns));
	for (size_t k = 0; k < 3; k++)
		free(seen[k]);
	free(program);
	free(dump);
	pgswap_release(&swap);
	cluster_end(&cluster);
	return 0;
}
