/* The ledger among other writers, and when writing fails, the disk is full, the writer is killed.
 */
#include "tests/unit/fault.h"
#include "tests/unit/ledgerfixture.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- several writers ---- */

static bool only_notes(const struct ledger_line *line, void *data)
{
	(*(int *)data)++;
	return strcmp(line->event, "note") == 0;
}

static void append_is_refused_when_the_head_moved(void **state)
{
	struct fixture *f = *state;
	struct ledger *other =
	    ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL, NULL);
	struct texts texts = { .seen = "" };
	bool moved;
	int asked = 0;

	add_good(f, "one");
	assert_int_equal(ledger_append(other, "start", NULL, only_notes, &asked, &moved, NULL), 0);
	assert_int_equal(asked, 1);
	assert_false(moved);
	assert_int_equal(ledger_read(f->ledger, collect, &texts, NULL), 0);
	assert_int_equal(texts.count, 2);
	asked = 0;
	assert_int_equal(ledger_append(other, "start", NULL, only_notes, &asked, &moved, &f->err),
			 -1); /* its own line was not read either */
	assert_true(moved);
	assert_int_equal(asked, 2);
	assert_non_null(strstr(f->err.msg, "start"));
	assert_int_equal(ledger_append(f->ledger, "start", NULL, only_notes, &asked, &moved, NULL),
			 0);
	assert_int_equal(verify(f, NULL).lines, 3);
	ledger_close(other);
}

static void a_held_lock_does_not_stop_for_good(void **state)
{
	struct fixture *f = *state;
	int lock = open(f->folder, O_RDONLY | O_DIRECTORY);

	assert_int_equal(flock(lock, LOCK_EX), 0);
	impatient = true;
	assert_int_equal(add(f, "note", "one"), -1);
	impatient = false;
	assert_non_null(strstr(f->err.msg, "lock"));
	close(lock);
	add_good(f, "two");
}

static void watch_tells_of_others(void **state)
{
	struct fixture *f = *state;
	struct ledger *other =
	    ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL, NULL);
	struct pollfd fd = { .fd = ledger_watch_fd(other), .events = POLLIN };
	struct texts texts = { .seen = "" };

	overwrite(f, "metrics.jsonl", "x", 1);
	assert_int_equal(ledger_read(other, collect, &texts, NULL), 0);
	overwrite(f, "metrics.jsonl", "xyz", 3);
	assert_int_equal(poll(&fd, 1, 0), 0); /* other files are no news */
	add_good(f, "one");
	assert_int_equal(poll(&fd, 1, 5000), 1);
	assert_int_equal(ledger_read(other, collect, &texts, NULL), 0);
	assert_int_equal(texts.count, 1);
	assert_int_equal(poll(&fd, 1, 0), 0);
	ledger_close(other);
}

static _Noreturn void append_many(const struct fixture *f, int who, int count, int start)
{
	char c;
	struct ledger *ledger =
	    ledger_open(f->folder, f->beginning, &clock_system, NULL, NULL, NULL);
	json_t *fields = json_pack("{s:i}", "who", who);

	if (read(start, &c, 1) < 0) /* the end of the pipe: all at once */
		_exit(1);
	for (int i = 0; ledger && i < count; i++)
		if (ledger_append(ledger, "note", fields, NULL, NULL, NULL, NULL) < 0)
			_exit(1);
	_exit(ledger ? 0 : 1);
}

static void writers_at_once_never_fork_the_chain(void **state)
{
	enum { WRITERS = 8 };
	const int lines = getenv("LONG") ? 500 : 60;
	struct fixture *f = *state;
	pid_t pids[WRITERS];
	struct ledger_report report;
	int start[2];

	assert_int_equal(pipe(start), 0);
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(start[1]);
			append_many(f, i, lines, start[0]);
		}
	}
	close(start[0]);
	close(start[1]);
	for (int i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	report = verify(f, NULL);
	assert_int_equal(report.result, LEDGER_GOOD);
	assert_int_equal(report.lines, WRITERS * lines);
}

/* ---- failures ---- */

static void a_failed_write_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, limit;
	struct buf text;

	add_good(f, "one");
	text = content(f, "ledger.jsonl");
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = text.len + 100; /* in the middle of the next line */
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(add(f, "note", "two"), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(f->err.msg, "can't be written"));
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	assert_int_equal(verify(f, NULL).lines, 1);
	add_good(f, "three");
	assert_string_equal(read_all(f).seen, "onethree");
	buf_release(&text);
}

static void a_failed_sync_starts_a_new_file(void **state)
{
	struct fixture *f = *state;
	struct ledger *other;
	struct buf first, again;
	bool torn;

	add_good(f, "one");
	syncs_to_fail = 1;
	add_good(f, "two");
	first = content(f, "ledger.jsonl");
	again = content(f, "ledger-2.jsonl");
	assert_non_null(strstr(first.data, again.data)); /* the line is there again */
	add_good(f, "three");
	buf_release(&again);
	again = content(f, "ledger.jsonl");
	assert_string_equal(first.data, again.data); /* never written again */
	assert_string_equal(read_all(f).seen, "onetwothree");
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	assert_int_equal(verify(f, NULL).lines, 3);
	other = ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, &torn, NULL);
	assert_non_null(other);
	assert_false(torn);
	assert_int_equal(ledger_append(other, "note", NULL, NULL, NULL, NULL, NULL), 0);
	assert_int_equal(verify(f, NULL).lines, 4);
	ledger_close(other);
	buf_release(&again);
	buf_release(&first);
}

static void a_line_lost_with_its_sync_is_in_the_next_file(void **state)
{
	struct fixture *f = *state;
	struct buf first;
	size_t starts[8];

	add_good(f, "one");
	syncs_to_fail = 1;
	add_good(f, "two");
	add_good(f, "three");
	first = content(f, "ledger.jsonl");
	borders(&first, starts);
	/* What a power cut may leave of the line whose sync failed: nothing, or its beginning. */
	for (size_t len = starts[1]; len <= first.len; len++) {
		overwrite(f, "ledger.jsonl", first.data, len);
		assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
		assert_string_equal(read_all(f).seen, "onetwothree");
	}
	/* Anything else is damage. */
	first.data[starts[1] + 10] ^= 1;
	overwrite(f, "ledger.jsonl", first.data, starts[1] + 50);
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	first.data[starts[1] + 10] ^= 1;
	first.data[first.len - 1] = 'x';
	overwrite(f, "ledger.jsonl", first.data, first.len);
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	buf_release(&first);
}

static void when_no_sync_holds_the_append_fails(void **state)
{
	struct fixture *f = *state;
	struct buf first;
	size_t starts[8];

	add_good(f, "one");
	syncs_to_fail = 4;
	assert_int_equal(add(f, "note", "two"), -1);
	assert_int_equal(syncs_to_fail, 0);
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	add_good(f, "three");
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	assert_string_equal(read_all(f).seen, "onetwothree");
	/* "three" stands on "two", which no sync ever reached: both must be in the newest file. */
	first = content(f, "ledger.jsonl");
	borders(&first, starts);
	overwrite(f, "ledger.jsonl", first.data, starts[1]);
	overwrite(f, "ledger-2.jsonl", "", 0);
	overwrite(f, "ledger-3.jsonl", "", 0);
	overwrite(f, "ledger-4.jsonl", "", 0);
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	assert_string_equal(read_all(f).seen, "onetwothree");
	buf_release(&first);
}

static void every_acknowledged_event_survives_sigkill(void **state)
{
	struct fixture *f = *state;
	uint64_t *acknowledged =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned seed = 7;
	long lost = 0, rounds = 0;

	for (int round = 0; round < 30; round++) {
		struct ledger_report report;
		pid_t pid = fork();

		if (pid == 0) {
			reopen(f, NULL);
			for (;;) {
				if (add(f, "note", "again and again"))
					_exit(1);
				*acknowledged = ledger_head(f->ledger).seq;
			}
		}
		usleep((useconds_t)(rand_r(&seed) % 8000) + 1000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		report = verify(f, NULL);
		if (report.result == LEDGER_DAMAGED)
			fail_msg("round %d: %s", round, report.what);
		rounds++;
		lost += report.lines < *acknowledged;
	}
	fault(1, "a writer killed at random moments", rounds, rounds - lost, lost);
	assert_int_equal(lost, 0);
	assert_true(*acknowledged > 0);
	munmap(acknowledged, 4096);
}

static void a_reserve_lies_behind_the_end(void **state)
{
	struct fixture *f = *state;
	char *path = path_in(f, "ledger.jsonl");
	struct stat st;

	for (int i = 0; i < 3; i++)
		add_good(f, "x");
	assert_int_equal(stat(path, &st), 0);
	/* Some file systems can't preallocate; there it is left to luck. */
	if (st.st_blocks * 512 > 65536)
		assert_true(st.st_blocks * 512 - st.st_size > 65536);
	free(path);
}

/* On a file system that is full to the last byte. */
static void a_full_disk_still_takes_events(void **state)
{
	struct fixture *f = *state;
	char *disk = path_in(f, "disk"), *filler = path_join(disk, "filler");
	static const char block[4096];
	struct ledger *ledger;
	struct err err = ERR_INIT;
	int fd, events = 0;
	char large[8192];
	json_t *fields;

	assert_int_equal(mkdir(disk, 0700), 0);
	if (mount("none", disk, "tmpfs", 0, "size=2m") != 0) {
		free(disk);
		free(filler);
		skip(); /* needs root */
	}
	ledger = ledger_create(disk, f->beginning, &f->clock.clock, NULL, &err);
	assert_non_null(ledger);
	/* More than the first reserve: it was renewed on the way. */
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	fields = json_pack("{s:s}", "text", large);
	for (int i = 0; i < 60; i++)
		assert_int_equal(ledger_append(ledger, "note", fields, NULL, NULL, NULL, &err), 0);
	json_decref(fields);
	fd = open(filler, O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	while (events < 100 && ledger_append(ledger, "note", NULL, NULL, NULL, NULL, &err) == 0)
		events++;
	ledger_close(ledger);
	assert_int_equal(umount(disk), 0);
	assert_int_equal(events, 100);
	free(filler);
	free(disk);
}

/* For tests/func/ledger_kill.sh: appends `count` events, and prints the number of each one that was
 * acknowledged. */
static int append_and_tell(const char *folder, int count)
{
	char beginning[SHA256_HEX], runbook[SHA256_HEX], target[SHA256_HEX];
	struct err err = ERR_INIT;
	struct ledger *ledger;
	char *path;
	bool there;

	real_syncs = true;
	sync_twice = getenv("SYNC_TWICE");
	sha256_hex("{}", 2, runbook);
	sha256_hex("{}", 2, target);
	ledger_beginning(strrchr(folder, '/') + 1, runbook, target, beginning);
	path = path_join(folder, "ledger.jsonl");
	there = file_exists(path);
	free(path);
	ledger = there ? ledger_open(folder, beginning, &clock_system, NULL, NULL, &err)
		       : ledger_create(folder, beginning, &clock_system, NULL, &err);
	for (int i = 0; ledger && i < count; i++) {
		if (ledger_append(ledger, "note", NULL, NULL, NULL, NULL, &err) < 0) {
			ledger_close(ledger);
			ledger = NULL;
			break;
		}
		printf("%llu\n", (unsigned long long)ledger_head(ledger).seq);
		fflush(stdout);
	}
	if (!ledger)
		fprintf(stderr, "%s\n", err.msg);
	ledger_close(ledger);
	return ledger ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--append") == 0)
		return append_and_tell(argv[2], atoi(argv[3]));

	const struct CMUnitTest tests[] = {
		TEST(append_is_refused_when_the_head_moved),
		TEST(a_held_lock_does_not_stop_for_good),
		TEST(watch_tells_of_others),
		TEST(writers_at_once_never_fork_the_chain),
		TEST(a_failed_write_leaves_nothing),
		TEST(a_failed_sync_starts_a_new_file),
		TEST(a_line_lost_with_its_sync_is_in_the_next_file),
		TEST(when_no_sync_holds_the_append_fails),
		TEST(every_acknowledged_event_survives_sigkill),
		TEST(a_reserve_lies_behind_the_end),
		TEST(a_full_disk_still_takes_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
