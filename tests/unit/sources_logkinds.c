/* Logs that are no files: systemd's journal, read by the real journalctl from files that
 * systemd-journal-remote wrote, and commands. */
#include "tests/unit/logfixture.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/argv.h"
#include "lib/child.h"

#define JOURNAL_WRITER "/lib/systemd/systemd-journal-remote"

static void open_log(struct fixture *f, json_t *args)
{
	struct err err = ERR_INIT;

	assert_non_null(args);
	f->source = source_type("log")->open(&f->env, "bot-log", args, &err);
	assert_string_equal(err.msg, "");
	assert_non_null(f->source);
	json_decref(args);
}

static void status_until(struct fixture *f, const char *said, struct log_status *status)
{
	int64_t give_up = clock_mono(&clock_system) + PATIENCE_US;

	do {
		loop_turn(f->loop, 50, NULL);
		log_status(f->source, status);
	} while (strstr(status->why, said) == NULL && clock_mono(&clock_system) < give_up);
	assert_non_null(strstr(status->why, said));
}

static void line_get(struct fixture *f, uint64_t n, struct log_line *line)
{
	assert_int_equal(log_find_at(f->source, LOG_FIRST + n - 1, line), LOG_LINE);
}

/* A child of this process that runs that program; 0: none. */
static pid_t child_of_mine(const char *program)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	while (found == 0 && (entry = readdir(dir)) != NULL) {
		char path[300], stat[300] = "", name[64], state;
		int pid, parent;
		FILE *file;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fgets(stat, sizeof(stat), file) != NULL &&
		    sscanf(stat, "%d (%63[^)]) %c %d", &pid, name, &state, &parent) == 4 &&
		    parent == getpid() && state != 'Z' && strcmp(name, program) == 0)
			found = pid;
		fclose(file);
	}
	closedir(dir);
	return found;
}

/* ---- the journal ---- */

struct entry {
	const char *unit, *name;
	int pid, priority;
	const char *message;
	size_t len; /* 0: a text */
};

static void journal_write(const char *folder, int64_t at, const struct entry *entries, size_t n)
{
	char *file = path_join(folder, "test.journal");
	const char *argv[] = { JOURNAL_WRITER, "-o", file, "-", NULL };
	struct child_spec spec = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	char *text = path_join(folder, "export");
	FILE *out = fopen(text, "we");

	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &entries[i];
		uint64_t len = e->len > 0 ? e->len : strlen(e->message);

		fprintf(out,
			"__REALTIME_TIMESTAMP=%lld\n__MONOTONIC_TIMESTAMP=%lld\n"
			"_BOOT_ID=0123456789abcdef0123456789abcdef\n_SYSTEMD_UNIT=%s\n"
			"SYSLOG_IDENTIFIER=%s\n_PID=%d\nPRIORITY=%d\nMESSAGE\n",
			(long long)(at + (int64_t)i), (long long)(1000 + i), e->unit, e->name,
			e->pid, e->priority);
		fwrite(&len, sizeof(len), 1, out); /* of this machine's order: little-endian */
		fwrite(e->message, 1, len, out);
		fputs("\n\n", out);
	}
	fclose(out);
	spec.in = open(text, O_RDONLY | O_CLOEXEC);
	assert_int_equal(child_ok(&spec, NULL, PATIENCE_US, NULL, NULL), 0);
	close(spec.in);
	assert_int_equal(unlink(text), 0);
	free(text);
	free(file);
}

static const struct entry first[] = {
	{ "bot.service", "bot", 12, 6, "starting", 0 },
	{ "bot.service", "bot", 12, 3, "it broke", 0 },
	{ "web.service", "web", 40, 4, "slow answer\nfrom 10.0.0.7\n", 0 },
	{ "bot.service", "bot", 12, 6, "ERROR says so itself", 0 },
	{ "bot.service", "bot", 12, 6, "Traceback (most recent call last):", 0 },
	{ "web.service", "web", 40, 6, "fine", 0 },
	{ "bot.service", "bot", 12, 6, "ERROR again", 0 },
	{ "bot.service", "bot", 12, 6, "Traceback (most recent call last):", 0 },
	{ "bot.service", "bot", 12, 6, "  File \"bot.py\", line 3", 0 },
	{ "bot.service", "bot", 12, 6, "ValueError: 1", 0 },
	{ "bot.service", "bot", 12, 7, "\033[31mred\0 and \xff broken", 20 },
};
#define FIRST_N (sizeof(first) / sizeof(first[0]))

static bool have_journal(void)
{
	return access(JOURNAL_WRITER, X_OK) == 0 && system("command -v journalctl >/dev/null") == 0;
}

static void entries_are_lines(void **state)
{
	struct fixture f;
	struct log_line line;
	struct log_status status;
	int64_t at = clock_wall(&clock_system) - 60 * CLOCK_US;
	struct entry later = { "bot.service", "bot", 12, 2, "at last", 0 };

	if (!have_journal())
		skip();
	begin(&f, state, true, &clock_system);
	journal_write(f.folder, at, first, FIRST_N);
	open_log(&f, json_pack("{s:[], s:s}", "journal", "journal_folder", f.folder));
	turn_until(&f, FIRST_N + 1);
	assert_int_equal(turn_until_state(&f, LOG_FOLLOWING), LOG_FOLLOWING);
	log_status(f.source, &status);
	assert_int_equal(status.kind, LOG_JOURNAL);
	assert_string_equal(status.path, "journalctl");
	line_get(&f, 2, &line);
	assert_string_equal(line.text, "bot[12]: it broke");
	assert_int_equal(line.level, LOGLEVEL_ERROR); /* by its priority */
	assert_int_equal(line.at, at + 1);
	line_get(&f, 3, &line);
	assert_string_equal(line.text, "web[40]: slow answer");
	assert_int_equal(line.level, LOGLEVEL_WARNING);
	assert_int_equal(line.folded, 1);
	line_get(&f, 4, &line);
	assert_string_equal(line.text, "from 10.0.0.7");
	assert_true(line.joined);
	line_get(&f, 5, &line);
	assert_int_equal(line.level, LOGLEVEL_ERROR); /* the message says so */
	assert_int_equal(line.folded, 1);
	line_get(&f, 7, &line);
	assert_false(line.joined); /* another's line */
	line_get(&f, 8, &line);
	assert_int_equal(line.folded, 3); /* the whole traceback */
	line_get(&f, 12, &line);
	assert_int_equal(line.level, LOGLEVEL_DEBUG);
	assert_non_null(strstr(line.text, "[31mred"));
	assert_null(strchr(line.text, '\033'));
	assert_int_equal(line.true_len, strlen("bot[12]: ") + 20);
	assert_float_equal(read_metric(&f, "{\"read\": \"errors\"}", 0).value, 3, 0);
	assert_float_equal(read_metric(&f, "{\"read\": \"warnings\"}", 0).value, 1, 0);
	/* And what comes. */
	journal_write(f.folder, clock_wall(&clock_system), &later, 1);
	turn_until(&f, FIRST_N + 2);
	line_get(&f, FIRST_N + 2, &line);
	assert_int_equal(line.level, LOGLEVEL_CRITICAL);
	assert_float_equal(read_metric(&f, "{\"read\": \"errors\"}", 0).value, 4, 0);
	end(&f);
	assert_int_equal(child_of_mine("journalctl"), 0);
}

static void one_unit_without_a_loop(void **state)
{
	struct fixture f;
	int64_t at = clock_wall(&clock_system) - 60 * CLOCK_US;
	struct entry later = { "bot.service", "bot", 12, 4, "at last", 0 };
	struct log_status status;

	if (!have_journal())
		skip();
	begin(&f, state, false, &clock_system);
	journal_write(f.folder, at, first, FIRST_N);
	open_log(&f, json_pack("{s:[s], s:s}", "journal", "bot", "journal_folder", f.folder));
	sample(&f);
	log_status(f.source, &status);
	assert_int_equal(status.state, LOG_FOLLOWING);
	assert_string_equal(status.path, "journalctl -u bot");
	assert_int_equal(newest(&f), FIRST_N - 2);
	assert_string_equal(line_text(&f, 2), "it broke");
	assert_float_equal(read_metric(&f, "{\"read\": \"warnings\"}", 0).value, 0, 0);
	journal_write(f.folder, clock_wall(&clock_system), &later, 1);
	for (int i = 0; i < 400 && newest(&f) < FIRST_N - 1; i++) {
		sample(&f);
		usleep(50000);
	}
	assert_string_equal(line_text(&f, FIRST_N - 1), "at last");
	end(&f);
}

/* Killed, it is started again, and no entry is lost or comes twice. */
static void a_killed_journalctl_is_started_again(void **state)
{
	struct fixture f;
	struct log_status status;
	struct reading r;
	int64_t at = clock_wall(&clock_system) - 60 * CLOCK_US;
	struct entry later = { "bot.service", "bot", 12, 4, "at last", 0 };

	if (!have_journal())
		skip();
	begin(&f, state, true, &clock_system);
	journal_write(f.folder, at, first, FIRST_N);
	open_log(&f, json_pack("{s:[], s:s}", "journal", "journal_folder", f.folder));
	turn_until_state(&f, LOG_FOLLOWING);
	assert_int_equal(newest(&f), FIRST_N + 1);
	journal_write(f.folder, clock_wall(&clock_system), &later, 1);
	turn_until(&f, FIRST_N + 2);
	assert_true(child_of_mine("journalctl") > 1);
	assert_int_equal(kill(child_of_mine("journalctl"), SIGKILL), 0);
	status_until(&f, "journalctl was killed by SIGKILL; again in 1 s", &status);
	assert_int_equal(status.state, LOG_FAILED);
	r = read_metric(&f, "{\"read\": \"errors\"}", 0);
	assert_int_equal(r.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(r.evidence, "again in 1 s"));
	journal_write(f.folder, clock_wall(&clock_system), first, 3);
	turn_until(&f, FIRST_N + 2 + 4);
	assert_int_equal(turn_until_state(&f, LOG_FOLLOWING), LOG_FOLLOWING);
	assert_int_equal(newest(&f), FIRST_N + 2 + 4);
	end(&f);
}

static void why_there_is_no_journal(void **state)
{
	struct fixture f;
	struct log_status status;
	char *path = xstrdup(getenv("PATH"));

	begin(&f, state, true, &clock_system);
	setenv("PATH", f.folder, 1);
	open_log(&f, json_pack("{s:[s]}", "journal", "bot"));
	setenv("PATH", path, 1);
	log_status(f.source, &status);
	assert_int_equal(status.state, LOG_FAILED);
	assert_string_equal(status.why,
			    "journalctl: no such program: install systemd; again in 1 s");
	end(&f);
	free(path);
	if (!have_journal())
		skip();
	begin(&f, state, true, &clock_system);
	open_log(&f, json_pack("{s:[], s:s}", "journal", "journal_folder", "/nowhere"));
	status_until(&f, "journalctl ended with exit status 1: ", &status);
	assert_non_null(strstr(status.why, "/nowhere: No such file"));
	end(&f);
}

/* ---- commands ---- */

static json_t *shell(const char *script, const char *path)
{
	return json_pack("{s:[s, s, s, s, s], s:b}", "command", "sh", "-c", script, "sh", path,
			 "utc", 1);
}

static void both_outputs_are_lines(void **state)
{
	struct fixture f;
	struct log_status status;
	struct log_line line;

	begin(&f, state, true, &clock_system);
	assert_int_equal(mkfifo(f.path, 0600), 0);
	open_log(&f, shell("echo '2026-11-21 21:31:05 INFO old'; echo 'ERROR on the other' >&2; "
			   "while read -r line; do echo \"$line\"; done <\"$1\"; exec sleep 1000",
			   f.path));
	turn_until(&f, 2);
	scratch_puts(f.path, "ERROR now\nwithout an end");
	turn_until(&f, 3);
	line_get(&f, 2, &line);
	assert_int_equal(line.level, LOGLEVEL_ERROR);
	log_status(f.source, &status);
	assert_int_equal(status.kind, LOG_COMMAND);
	assert_non_null(strstr(status.path, "sh -c "));
	end(&f);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* As `docker logs -f` does it: all that was printed before comes again. */
static void what_is_printed_again_counts_once(void **state)
{
	struct fixture f;
	struct log_status status;
	const char *script = "cat \"$1\"; echo over >&2; exit 3";

	begin(&f, state, true, &clock_system);
	scratch_puts(f.path, "2026-11-21 21:31:05 ERROR one\n"
			     "  and its detail\n"
			     "2026-11-21 21:31:06 ERROR two\n"
			     "2026-11-21 21:31:06 ERROR three\n");
	open_log(&f, shell(script, f.path));
	status_until(&f, "sh ended with exit status 3: over; again in 1 s", &status);
	assert_int_equal(status.state, LOG_FAILED);
	assert_int_equal(status.errors, 3);
	scratch_puts(f.path, "2026-11-21 21:31:06 ERROR four, in the same second\n"
			     "2026-11-21 21:31:07 ERROR five\n");
	status_until(&f, "again in 2 s", &status); /* later and later */
	assert_int_equal(status.errors, 5);
	end(&f);
}

static bool is_gone(pid_t pid)
{
	char path[64], stat[300] = "";
	const char *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return true;
	state = fgets(stat, sizeof(stat), file) != NULL ? strrchr(stat, ')') : NULL;
	fclose(file);
	return state == NULL || state[2] == 'Z';
}

/* Else there would be one more with each start. */
static void what_a_command_leaves_ends_with_it(void **state)
{
	struct fixture f;
	struct log_status status;
	int64_t give_up = clock_mono(&clock_system) + PATIENCE_US;
	pid_t pid;

	begin(&f, state, true, &clock_system);
	open_log(&f, shell("sleep 1000 & echo $!; exit 3", ""));
	status_until(&f, "sh ended with exit status 3", &status);
	pid = (pid_t)atoi(line_text(&f, 1));
	assert_true(pid > 1);
	while (!is_gone(pid) && clock_mono(&clock_system) < give_up)
		loop_turn(f.loop, 10, NULL);
	if (!is_gone(pid)) {
		kill(pid, SIGKILL);
		fail_msg("%d is still there", (int)pid);
	}
	end(&f);
}

static void a_flood_of_a_command_is_counted(void **state)
{
	enum { LINES = 300000 };
	struct fixture f;
	struct log_status status;
	char script[200];

	begin(&f, state, true, &clock_system);
	snprintf(script, sizeof(script),
		 "seq -f '2026-11-21 21:31:05,123 - bot - ERROR - line %%.0f' %d; printf 'the "
		 "last';"
		 " exec sleep 0",
		 LINES);
	open_log(&f, shell(script, ""));
	status_until(&f, "ended with exit status 0: the last", &status);
	assert_int_equal(status.lines, LINES + 1);
	assert_int_equal(status.errors, LINES);
	assert_string_equal(line_text(&f, LINES + 1), "the last");
	end(&f);
}

/* Nobody knows what was printed before it was started. */
static void silence_is_known_only_since_the_start(void **state)
{
	struct fixture f;
	struct log_hits hits;
	int64_t now = clock_wall(&clock_system);

	begin(&f, state, true, &clock_system);
	open_log(&f, shell("exec sleep 1000", ""));
	assert_int_equal(turn_until_state(&f, LOG_FOLLOWING), LOG_FOLLOWING);
	assert_int_equal(log_hits(f.source, "x", LOGLEVEL_NONE, now - CLOCK_US, &hits, NULL), 0);
	assert_false(hits.reaches);
	assert_int_equal(log_hits(f.source, "x", LOGLEVEL_NONE, clock_wall(&clock_system), &hits,
				  NULL),
			 0);
	assert_true(hits.reaches);
	end(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entries_are_lines),
		TEST(one_unit_without_a_loop),
		TEST(a_killed_journalctl_is_started_again),
		TEST(why_there_is_no_journal),
		TEST(both_outputs_are_lines),
		TEST(what_is_printed_again_counts_once),
		TEST(what_a_command_leaves_ends_with_it),
		TEST(a_flood_of_a_command_is_counted),
		TEST(silence_is_known_only_since_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
