/* A backup whose check takes longer than a round: judged beside the rounds, remembered for exactly
 * the bytes that were read, never for longer than it may be. pg_restore waits at a gate here. */
#include "tests/unit/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "lib/backup.h"
#include "lib/clock.h"
#include "lib/loop.h"
#include "sources/types.h"

#define HOUR	    (3600 * CLOCK_US)
#define PATIENCE_US (30 * CLOCK_US) /* no test waits that long unless something is broken */
#define NEWEST	    "{'backup': 'dumps', 'newest_sound': true}"

struct folder {
	struct workspace *ws;
	struct clock_manual clock;
	struct loop *loop;
	struct source_env env;
	json_t *declared;
	struct source *source;
};

static const json_t *declared(void *data, const char *name)
{
	(void)name;
	return ((struct folder *)data)->declared;
}

static struct source *source(void *data, const char *name)
{
	(void)name;
	return ((struct folder *)data)->source;
}

static json_t *json_of(const char *text)
{
	char *copy = xstrdup(text);
	json_t *value;

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	value = json_loads(copy, 0, NULL);
	assert_non_null(value);
	free(copy);
	return value;
}

static void begin(struct folder *folder)
{
	folder->source = source_backups.open(&folder->env, "dumps", folder->declared, NULL);
	assert_non_null(folder->source);
}

static int setup(void **state)
{
	struct folder *folder = xcalloc(1, sizeof(*folder));
	void *ws = NULL;

	signal(SIGPIPE, SIG_IGN);
	if (workspace_make(&ws) != 0)
		return -1;
	folder->ws = ws;
	clock_manual_init(&folder->clock, clock_wall(&clock_system) + CLOCK_US);
	folder->loop = loop_new(&clock_system, NULL);
	folder->env = (struct source_env){ .loop = folder->loop, .clock = &folder->clock.clock };
	ws_sh(ws, "mkdir bin dumps; mkfifo gate; cat >bin/pg_restore <<'END'\n"
		  "#!/bin/sh\n"
		  "[ \"$1\" = --list ] && { printf '\\n;     dbname: shop\\n'; exit; }\n"
		  "cd \"${0%%/*}/..\"; echo $$ >pid.new; mv pid.new pid; read x <gate\n"
		  "END\n"
		  "chmod 755 bin/pg_restore");
	char *dumps = ws_path(ws, "dumps"), *bin = ws_path(ws, "bin");

	folder->declared = json_pack("{s:s, s:s, s:s, s:s, s:i}", "folder", dumps, "kind",
				     "postgres", "database", "shop", "bin", bin, "at_once", 0);
	free(dumps);
	free(bin);
	begin(folder);
	*state = folder;
	return 0;
}

static int teardown(void **state)
{
	struct folder *folder = *state;
	void *ws = folder->ws;

	source_close(folder->source);
	loop_free(folder->loop);
	json_decref(folder->declared);
	free(folder);
	return workspace_remove(&ws);
}

static void dump_make(const struct folder *folder, const char *name)
{
	char *file = xasprintf("%s/dumps/%s", folder->ws->path, name);
	struct err err = ERR_INIT;

	ws_sh(folder->ws, "printf 'rows of %s' >dumps/%s", name, name);
	if (sidecar_write(file, clock_wall(&clock_system), NULL, &err) < 0)
		fail_msg("%s", err.msg);
	free(file);
}

/* As a console asks: the source is told, then a round reads. */
static struct reading ask(struct folder *folder, const char *probe)
{
	struct probe_env env = { .clock = &folder->clock.clock,
				 .deadline = clock_mono(&folder->clock.clock) + 10 * CLOCK_US,
				 .source = source,
				 .declared = declared,
				 .data = folder };
	json_t *args = json_of(probe);
	struct reading out = { 0 };

	probe_backup.watch(&env, args);
	probe_backup.eval(&env, args, &out);
	json_decref(args);
	return out;
}

#define assert_asked(folder, wanted, part)                                         \
	do {                                                                       \
		struct reading r_ = ask(folder, NEWEST);                           \
		if (r_.verdict != (wanted))                                        \
			fail_msg("%s: %s", verdict_name(r_.verdict), r_.evidence); \
		assert_contains(r_.evidence, part);                                \
	} while (0)

/* Rounds go on until the answer holds such a text. */
static void until(struct folder *folder, enum verdict verdict, const char *part)
{
	int64_t end = clock_mono(&clock_system) + PATIENCE_US;
	struct reading reading;

	do {
		reading = ask(folder, NEWEST);
		if (reading.verdict == verdict && strstr(reading.evidence, part))
			return;
		source_backups.sample(folder->source);
		loop_turn(folder->loop, 20, NULL);
	} while (clock_mono(&clock_system) < end);
	fail_msg("%s: %s", verdict_name(reading.verdict), reading.evidence);
}

/* Waits until pg_restore stands at the gate; its pid. */
static pid_t at_gate(struct folder *folder)
{
	int64_t end = clock_mono(&clock_system) + PATIENCE_US;
	char *text = NULL;
	pid_t pid;

	while (!(text = ws_read(folder->ws, "pid"))) {
		assert_true(clock_mono(&clock_system) < end);
		ask(folder, NEWEST);
		source_backups.sample(folder->source);
		loop_turn(folder->loop, 20, NULL);
	}
	pid = atoi(text);
	free(text);
	ws_sh(folder->ws, "rm pid");
	return pid;
}

static void gate_open(const struct folder *folder)
{
	ws_sh(folder->ws, "echo >gate");
}

static void sound_once_looked_at(struct folder *folder)
{
	at_gate(folder);
	gate_open(folder);
	until(folder, VERDICT_PASS, "hash and content verified");
}

static void judged_beside_the_rounds(void **state)
{
	struct folder *folder = *state;

	dump_make(folder, "a.dump");
	assert_asked(folder, VERDICT_UNKNOWN, "a.dump waits to be checked");
	at_gate(folder);
	assert_asked(folder, VERDICT_UNKNOWN, "a.dump is being checked for ");
	assert_asked(folder, VERDICT_UNKNOWN, "14 B read, now it is decoded");
	gate_open(folder);
	until(folder, VERDICT_PASS, "hash and content verified");
	/* From now on nobody looks any more. */
	ws_sh(folder->ws, "rm bin/pg_restore");
	folder->clock.mono_us += HOUR;
	assert_asked(folder, VERDICT_PASS, "hash and content verified 1 h");
	/* A newer one is not sound because the other one is. */
	dump_make(folder, "b.dump");
	assert_asked(folder, VERDICT_UNKNOWN, "b.dump waits to be checked");
}

static void a_small_one_is_judged_at_once(void **state)
{
	struct folder *folder = *state;

	json_object_set_new(folder->declared, "at_once", json_integer(1000));
	dump_make(folder, "a.dump");
	ws_sh(folder->ws, "printf '#!/bin/sh\\nprintf \"\\\\n;     dbname: shop\\\\n\"\\n' "
			  ">bin/pg_restore");
	assert_asked(folder, VERDICT_PASS, "hash and content verified");
	ws_sh(folder->ws, "echo >>dumps/a.dump");
	assert_asked(folder, VERDICT_FAIL, "a.dump is damaged");
}

/* Same size, same time of modification. */
static void a_changed_byte_is_noticed(void **state)
{
	struct folder *folder = *state;

	dump_make(folder, "a.dump");
	sound_once_looked_at(folder);
	ws_sh(folder->ws, "cd dumps; touch -r a.dump ../then; printf x | dd of=a.dump bs=1 "
			  "conv=notrunc 2>/dev/null; touch -r ../then a.dump");
	assert_asked(folder, VERDICT_UNKNOWN, "waits to be checked");
	until(folder, VERDICT_FAIL, "a.dump is damaged: its SHA-256 is");
	/* And when it is right again, it takes another look. */
	ws_sh(folder->ws, "printf r | dd of=dumps/a.dump bs=1 conv=notrunc 2>/dev/null");
	assert_asked(folder, VERDICT_UNKNOWN, "waits to be checked");
	sound_once_looked_at(folder);
}

static void another_record_is_noticed(void **state)
{
	struct folder *folder = *state;

	dump_make(folder, "a.dump");
	sound_once_looked_at(folder);
	ws_sh(folder->ws, "sed -i '/\"seal\"/d; s/\"sha256\": *\"...../\"sha256\": \"00000/' "
			  "dumps/a.dump.json");
	assert_asked(folder, VERDICT_UNKNOWN, "waits to be checked");
	until(folder, VERDICT_FAIL, "recorded was 00000");
	ws_sh(folder->ws, "rm dumps/a.dump.json");
	assert_asked(folder, VERDICT_FAIL, "has no sidecar");
}

static void a_verdict_grows_old(void **state)
{
	struct folder *folder = *state;

	dump_make(folder, "a.dump");
	sound_once_looked_at(folder);
	folder->clock.mono_us += 7 * HOUR;
	/* It stands while it is looked at again, */
	at_gate(folder);
	assert_asked(folder, VERDICT_PASS, "verified 7 h");
	/* but not for ever. */
	folder->clock.mono_us += 6 * HOUR;
	assert_asked(folder, VERDICT_UNKNOWN, "is being checked for 6 h");
	gate_open(folder);
	until(folder, VERDICT_PASS, "verified 6 h"); /* when that look began */
}

static void ended_in_the_middle_it_leaves_nothing(void **state)
{
	struct folder *folder = *state;
	int64_t end = clock_mono(&clock_system) + PATIENCE_US;
	pid_t pid;

	dump_make(folder, "a.dump");
	pid = at_gate(folder);
	source_close(folder->source);
	while (kill(pid, 0) == 0)
		assert_true(clock_mono(&clock_system) < end);
	assert_int_equal(errno, ESRCH);
	begin(folder);
	assert_asked(folder, VERDICT_UNKNOWN, "waits to be checked");
	ws_assert(folder->ws, "ls -A dumps", "a.dump\na.dump.json");
}

/* Another console knows nothing of what this one found, and takes nobody's word. */
static void another_console_looks_itself(void **state)
{
	struct folder *folder = *state, other = *folder;

	dump_make(folder, "a.dump");
	sound_once_looked_at(folder);
	begin(&other);
	assert_asked(&other, VERDICT_UNKNOWN, "waits to be checked");
	sound_once_looked_at(&other);
	source_close(other.source);
	assert_asked(folder, VERDICT_PASS, "verified");
}

/* A copy of a SQLite file with a table of rows, with its record. */
static void copy_make(const struct folder *folder, const char *name, const char *sql)
{
	char *file = xasprintf("%s/dumps/%s", folder->ws->path, name);
	struct err err = ERR_INIT;

	ws_sh(folder->ws,
	      "python3 -c 'import sqlite3; db = sqlite3.connect(\"dumps/%s\"); "
	      "db.executescript(\"%s\")'",
	      name, sql);
	if (sidecar_write(file, clock_wall(&clock_system), NULL, &err) < 0)
		fail_msg("%s", err.msg);
	free(file);
}

/* The newest one holds what a restore is to mend: the one before it is proposed, and why is said.
 */
static void what_it_must_hold(struct folder *folder)
{
	char *apart = ws_path(folder->ws, "dumps/1.db");

	json_object_set_new(folder->declared, "kind", json_string("file"));
	json_object_set_new(folder->declared, "smoke",
			    json_string(
				"SELECT NOT EXISTS (SELECT 1 FROM t WHERE i < 0) AS apart"));
	copy_make(folder, "1.db", "CREATE TABLE t (i); INSERT INTO t VALUES (1)");
	until(folder, VERDICT_PASS, "1.db, made ");
	copy_make(folder, "2.db", "CREATE TABLE t (i); INSERT INTO t VALUES (-1)");
	until(folder, VERDICT_PASS, "1 newer passed over: ");
	assert_asked(folder, VERDICT_PASS, "2.db is whole, but apart is 0 in it");
	assert_string_equal(ask(folder, NEWEST).text, apart);
	/* One without the table holds nothing either. */
	ws_sh(folder->ws, "rm dumps/2.db*");
	copy_make(folder, "3.db", "CREATE TABLE other (i)");
	until(folder, VERDICT_PASS, "no such table: t");
	/* Another question is another look. */
	json_object_set_new(folder->declared, "smoke", json_string("SELECT 1 AS apart"));
	until(folder, VERDICT_PASS, "3.db, made ");
	json_object_set_new(folder->declared, "smoke", json_string("SELECT NULL AS apart"));
	until(folder, VERDICT_FAIL, "none of 2 is sound: ");
	free(apart);
}

static void a_small_one_must_hold(void **state)
{
	struct folder *folder = *state;

	json_object_set_new(folder->declared, "at_once", json_integer(1000000));
	what_it_must_hold(folder);
}

static void a_large_one_must_hold(void **state)
{
	what_it_must_hold(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(judged_beside_the_rounds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_small_one_is_judged_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_changed_byte_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(another_record_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_verdict_grows_old, setup, teardown),
		cmocka_unit_test_setup_teardown(ended_in_the_middle_it_leaves_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(another_console_looks_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(a_small_one_must_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_one_must_hold, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
