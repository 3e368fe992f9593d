/* The ledger's promises, on real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "logs/ledger.h"

struct fixture {
	char folder[64];
	char beginning[SHA256_HEX];
	struct clock_manual clock;
	struct ledger *ledger;
	struct err err;
};

/* These stand before the C library's: syncs can be counted and made to fail, and hundreds of them
 * need not wait for the disk. */
static int syncs_to_fail, syncs;
static off_t synced_size;
static bool real_syncs, impatient;

int fdatasync(int fd)
{
	struct stat st;

	syncs++;
	synced_size = fstat(fd, &st) == 0 ? st.st_size : -1;
	if (syncs_to_fail > 0) {
		syncs_to_fail--;
		errno = EIO;
		return -1;
	}
	return real_syncs ? (int)syscall(SYS_fdatasync, fd) : 0;
}

int fsync(int fd)
{
	return real_syncs ? (int)syscall(SYS_fsync, fd) : 0;
}

/* To the impatient, waiting for time alone takes none: a lock's patience ends at once. */
int poll(struct pollfd *fds, nfds_t count, int ms)
{
	const struct timespec limit = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	return count == 0 && impatient ? 0 : ppoll(fds, count, ms < 0 ? NULL : &limit, NULL);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	json_t *by = json_pack("{s:s, s:s}", "user", "anna", "host", "pult");

	snprintf(f->folder, sizeof(f->folder), "/tmp/backout-ledger.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	ledger_beginning("2026-11-21-03", "aa", "bb", f->beginning);
	clock_manual_init(&f->clock, 1795300000123456);
	f->ledger = ledger_create(f->folder, f->beginning, &f->clock.clock, NULL, &f->err);
	assert_non_null(f->ledger);
	ledger_by(f->ledger, by);
	json_decref(by);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	syncs_to_fail = 0;
	ledger_close(f->ledger);
	file_remove_tree(f->folder, NULL);
	free(f);
	return 0;
}

static int add(struct fixture *f, const char *event, const char *text)
{
	json_t *fields = json_pack("{s:s}", "text", text);
	int result;

	clock_manual_advance(&f->clock, 1500000);
	result = ledger_append(f->ledger, event, fields, NULL, NULL, NULL, &f->err);
	json_decref(fields);
	return result;
}

static void add_good(struct fixture *f, const char *text)
{
	int result = add(f, "note", text);

	if (result)
		print_error("%s\n", f->err.msg);
	assert_int_equal(result, 0);
}

static char *path_in(const struct fixture *f, const char *name)
{
	return path_join(f->folder, name);
}

static struct buf content(const struct fixture *f, const char *name)
{
	struct buf text = BUF_INIT;
	char *path = path_in(f, name);

	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	free(path);
	return text;
}

static void overwrite(const struct fixture *f, const char *name, const void *bytes, size_t len)
{
	char *path = path_in(f, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	free(path);
}

static struct ledger_report verify(const struct fixture *f, const char *head)
{
	struct ledger_report report;

	assert_int_equal(ledger_verify(f->folder, f->beginning, head, &report, NULL), 0);
	return report;
}

static void reopen(struct fixture *f, bool *torn)
{
	ledger_close(f->ledger);
	f->ledger = ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, torn, &f->err);
	if (!f->ledger)
		print_error("%s\n", f->err.msg);
	assert_non_null(f->ledger);
}

struct texts {
	char seen[4096];
	int count;
};

static void collect(const struct ledger_line *line, void *data)
{
	struct texts *texts = data;

	strncat(texts->seen, json_str(line->json, "text", "?"),
		sizeof(texts->seen) - strlen(texts->seen) - 1);
	texts->count++;
}

static struct texts read_all(const struct fixture *f)
{
	struct texts texts = { .seen = "" };

	assert_int_equal(ledger_each(f->folder, f->beginning, collect, &texts, NULL), 0);
	return texts;
}

/* ---- the format ---- */

static void line_has_the_documented_bytes(void **state)
{
	struct fixture *f = *state;
	struct buf text;
	char expected[1024], hash[SHA256_HEX], boot[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY);

	assert_true(read(fd, boot, 36) == 36);
	close(fd);
	add_good(f, "gr\xc3\xbc\xc3\x9f \"dich\"");
	snprintf(expected, sizeof(expected),
		 "{\"seq\":1,\"at\":\"2026-11-21T22:26:41.623456Z\",\"boot\":\"%s\","
		 "\"mono\":2.500000,\"by\":{\"user\":\"anna\",\"host\":\"pult\"},"
		 "\"event\":\"note\",\"text\":\"gr\xc3\xbc\xc3\x9f \\\"dich\\\"\",\"prev\":\"%s\"",
		 boot, f->beginning);
	sha256_hex(expected, strlen(expected), hash);
	snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
		 ",\"hash\":\"%s\"}\n", hash);
	text = content(f, "ledger.jsonl");
	assert_string_equal(text.data, expected);
	assert_string_equal(ledger_head(f->ledger).hash, hash);
	buf_release(&text);
}

static void beginning_is_the_hash_of_id_runbook_and_target(void **state)
{
	char expected[SHA256_HEX];

	(void)state;
	sha256_hex("id\nr\nt\n", 7, expected);
	ledger_beginning("id", "r", "t", (*(struct fixture **)state)->beginning);
	assert_string_equal((*(struct fixture **)state)->beginning, expected);
}

static void fields_of_every_line_are_refused(void **state)
{
	static const char *const names[] = { "seq",  "at",    "boot", "mono",
					     "by",   "event", "prev", "hash" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 8; i++) {
		json_t *fields = json_pack("{s:i}", names[i], 1);

		err_clear(&f->err);
		assert_int_equal(
			ledger_append(f->ledger, "note", fields, NULL, NULL, NULL, &f->err), -1);
		assert_non_null(strstr(f->err.msg, names[i]));
		json_decref(fields);
	}
	assert_int_equal(verify(f, NULL).lines, 0);
}

static void secrets_never_reach_the_file(void **state)
{
	struct fixture *f = *state;
	struct redactor *redactor = redactor_new();
	json_t *fields = json_pack("{s:[ssss], s:s, s:{s:s}}", "plan", "curl", "--token",
				   "abcdef99", "https://u:pw-in-url@host/", "text",
				   "host=db password='top secret' hunter2hunter2", "db", "password",
				   "plainpass");
	struct buf text;

	redactor_add(redactor, "hunter2hunter2");
	ledger_close(f->ledger);
	f->ledger = ledger_open(f->folder, f->beginning, &f->clock.clock, redactor, NULL, &f->err);
	assert_int_equal(ledger_append(f->ledger, "note", fields, NULL, NULL, NULL, &f->err), 0);
	text = content(f, "ledger.jsonl");
	assert_null(strstr(text.data, "abcdef99"));
	assert_null(strstr(text.data, "pw-in-url"));
	assert_null(strstr(text.data, "top secret"));
	assert_null(strstr(text.data, "hunter2"));
	assert_null(strstr(text.data, "plainpass"));
	assert_non_null(strstr(text.data, "[redacted]"));
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	buf_release(&text);
	json_decref(fields);
	ledger_close(f->ledger);
	f->ledger = NULL;
	redactor_free(redactor);
}

static void a_string_with_nul_can_be_read_back(void **state)
{
	struct fixture *f = *state;
	json_t *fields = json_object();

	json_object_set_new(fields, "text", json_stringn("a\0b", 3));
	assert_int_equal(ledger_append(f->ledger, "note", fields, NULL, NULL, NULL, &f->err), 0);
	assert_int_equal(verify(f, NULL).lines, 1);
	json_decref(fields);
}

static void an_append_returns_after_its_sync(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	for (int i = 1; i <= 3; i++) {
		syncs = 0;
		add_good(f, "x");
		assert_int_equal(syncs, 1);
		text = content(f, "ledger.jsonl");
		assert_int_equal(synced_size, text.len); /* nothing was written after it */
		buf_release(&text);
	}
}

/* ---- changes are found ---- */

static void any_changed_byte_is_found(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	add_good(f, "one");
	add_good(f, "two");
	add_good(f, "three");
	text = content(f, "ledger.jsonl");
	for (size_t i = 0; i < text.len; i++) {
		static const char flips[] = { 1, ' ', (char)0x80 };
		struct ledger_report report;

		for (size_t k = 0; k < sizeof(flips); k++) {
			text.data[i] = (char)(text.data[i] ^ flips[k]);
			overwrite(f, "ledger.jsonl", text.data, text.len);
			report = verify(f, NULL);
			if (report.result != LEDGER_DAMAGED)
				fail_msg("byte %zu changed by %d: not found", i, flips[k]);
			assert_non_null(strstr(report.what, "ledger.jsonl line "));
			text.data[i] = (char)(text.data[i] ^ flips[k]);
		}
	}
	buf_release(&text);
}

/* The borders of the lines: starts[n] is where line n (from 0) begins. */
static size_t borders(const struct buf *text, size_t *starts)
{
	size_t n = 0;

	starts[n++] = 0;
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\n')
			starts[n++] = i + 1;
	return n - 1;
}

static void removed_and_exchanged_lines_are_found(void **state)
{
	struct fixture *f = *state;
	struct buf text, changed = BUF_INIT;
	size_t starts[8], n;

	for (int i = 0; i < 5; i++)
		add_good(f, &"abcde"[i]);
	text = content(f, "ledger.jsonl");
	n = borders(&text, starts);
	assert_int_equal(n, 5);
	for (size_t gone = 0; gone + 1 < n; gone++) {
		struct ledger_report report;
		char where[64];

		buf_cut(&changed, 0);
		buf_add(&changed, text.data, starts[gone]);
		buf_add(&changed, text.data + starts[gone + 1], text.len - starts[gone + 1]);
		overwrite(f, "ledger.jsonl", changed.data, changed.len);
		report = verify(f, NULL);
		assert_int_equal(report.result, LEDGER_DAMAGED);
		snprintf(where, sizeof(where), "ledger.jsonl line %zu", gone + 1);
		assert_non_null(strstr(report.what, where));

		buf_cut(&changed, 0);
		buf_add(&changed, text.data, starts[gone]);
		buf_add(&changed, text.data + starts[gone + 1],
			starts[gone + 2] - starts[gone + 1]);
		buf_add(&changed, text.data + starts[gone], starts[gone + 1] - starts[gone]);
		buf_add(&changed, text.data + starts[gone + 2], text.len - starts[gone + 2]);
		overwrite(f, "ledger.jsonl", changed.data, changed.len);
		assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	}
	buf_cut(&changed, 0);
	buf_add(&changed, text.data, text.len);
	buf_add(&changed, text.data + starts[4], text.len - starts[4]);
	overwrite(f, "ledger.jsonl", changed.data, changed.len);
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	buf_release(&changed);
	buf_release(&text);
}

static void a_cut_off_tail_is_found_by_its_head(void **state)
{
	struct fixture *f = *state;
	struct buf text;
	size_t starts[8];
	char head[SHA256_HEX];

	add_good(f, "one");
	add_good(f, "two");
	memcpy(head, ledger_head(f->ledger).hash, sizeof(head));
	assert_int_equal(verify(f, head).result, LEDGER_GOOD);
	add_good(f, "three");
	assert_int_equal(verify(f, head).result, LEDGER_GOOD);
	head[20] = '\0';
	assert_int_equal(verify(f, head).result, LEDGER_GOOD);
	head[8] = '\0';
	assert_int_equal(verify(f, head).result, LEDGER_DAMAGED);
	memcpy(head, ledger_head(f->ledger).hash, sizeof(head));
	text = content(f, "ledger.jsonl");
	borders(&text, starts);
	overwrite(f, "ledger.jsonl", text.data, starts[2]);
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	assert_int_equal(verify(f, head).result, LEDGER_DAMAGED);
	buf_release(&text);
}

static void another_runbook_or_target_is_found(void **state)
{
	struct fixture *f = *state;

	add_good(f, "one");
	ledger_beginning("2026-11-21-03", "aa", "cc", f->beginning);
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	assert_null(ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL, &f->err));
	assert_true(f->err.set);
}

/* ---- torn ends ---- */

static void torn_at_every_byte_is_set_aside(void **state)
{
	struct fixture *f = *state;
	struct buf text, after, aside;
	size_t starts[8];
	bool torn;

	add_good(f, "one");
	add_good(f, "two");
	text = content(f, "ledger.jsonl");
	borders(&text, starts);
	for (size_t len = starts[1] + 1; len < text.len; len++) {
		char *path = path_in(f, "ledger.jsonl.torn-1");

		unlink(path);
		overwrite(f, "ledger.jsonl", text.data, len);
		assert_int_equal(verify(f, NULL).result, LEDGER_TORN);
		assert_int_equal(verify(f, NULL).lines, 1);
		reopen(f, &torn);
		assert_true(torn);
		after = content(f, "ledger.jsonl");
		assert_int_equal(after.len, len); /* looking changes nothing */
		buf_release(&after);
		add_good(f, "three");
		assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
		assert_int_equal(verify(f, NULL).lines, 2);
		aside = content(f, "ledger.jsonl.torn-1");
		assert_int_equal(aside.len, len - starts[1]);
		assert_memory_equal(aside.data, text.data + starts[1], aside.len);
		buf_release(&aside);
		free(path);
	}
	reopen(f, &torn);
	assert_false(torn);
	buf_release(&text);
}

static void a_wrong_line_in_the_middle_is_never_cut(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	add_good(f, "one");
	add_good(f, "two");
	text = content(f, "ledger.jsonl");
	text.data[30] = '!';
	overwrite(f, "ledger.jsonl", text.data, text.len);
	assert_int_equal(add(f, "note", "three"), 0); /* this one knows what it has verified */
	ledger_close(f->ledger);
	f->ledger = ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL, &f->err);
	assert_null(f->ledger);
	assert_non_null(strstr(f->err.msg, "ledger.jsonl line 1"));
	buf_release(&text);
}

static void an_overwritten_end_is_never_cut(void **state)
{
	struct fixture *f = *state;
	struct buf text, after;

	add_good(f, "one");
	add_good(f, "two");
	text = content(f, "ledger.jsonl");
	text.data[text.len - 1] = ' '; /* a whole line stood there */
	overwrite(f, "ledger.jsonl", text.data, text.len);
	reopen(f, NULL);
	assert_int_equal(add(f, "note", "three"), -1);
	assert_non_null(strstr(f->err.msg, "overwritten"));
	after = content(f, "ledger.jsonl");
	assert_int_equal(after.len, text.len);
	buf_release(&after);
	buf_release(&text);
}

/* ---- closed ---- */

static void close_sealed(struct fixture *f, const char *name, const char *hash)
{
	json_t *fields = json_pack("{s:{s:s}}", "seal", name, hash);

	assert_int_equal(ledger_append(f->ledger, "incident.closed", fields, NULL, NULL, NULL,
				       &f->err), 0);
	json_decref(fields);
}

static void sealed_files_are_compared(void **state)
{
	struct fixture *f = *state;
	char hash[SHA256_HEX], *path = path_in(f, "runbook.json");
	struct ledger_report report;

	sha256_hex("hello", 5, hash);
	overwrite(f, "runbook.json", "hello", 5);
	close_sealed(f, "runbook.json", hash);
	report = verify(f, NULL);
	assert_int_equal(report.result, LEDGER_GOOD);
	assert_true(report.closed && report.sealed_ok);
	overwrite(f, "runbook.json", "hellO", 5);
	report = verify(f, NULL);
	assert_int_equal(report.result, LEDGER_DAMAGED);
	assert_non_null(strstr(report.what, "runbook.json"));
	unlink(path);
	report = verify(f, NULL);
	assert_int_equal(report.result, LEDGER_GOOD);
	assert_false(report.sealed_ok);
	free(path);
}

static void seal_leads_nowhere_else(void **state)
{
	struct fixture *f = *state;

	close_sealed(f, "../../etc/passwd", "00");
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
}

static void nothing_comes_after_the_end(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	close_sealed(f, "x", "00");
	assert_int_equal(add(f, "note", "late"), -1);
	text = content(f, "ledger.jsonl");
	buf_puts(&text, "{\"seq\":2");
	overwrite(f, "ledger.jsonl", text.data, text.len);
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	buf_release(&text);
}

/* ---- several writers ---- */

static bool only_notes(const struct ledger_line *line, void *data)
{
	(*(int *)data)++;
	return strcmp(line->event, "note") == 0;
}

static void append_is_refused_when_the_head_moved(void **state)
{
	struct fixture *f = *state;
	struct ledger *other = ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL,
					   NULL);
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
	struct ledger *other = ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL,
					   NULL);
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
	struct ledger *ledger = ledger_open(f->folder, f->beginning, &clock_system, NULL, NULL,
					    NULL);
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
	enum { WRITERS = 4, LINES = 100 };
	struct fixture *f = *state;
	pid_t pids[WRITERS];
	struct ledger_report report;
	int start[2];

	assert_int_equal(pipe(start), 0);
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			close(start[1]);
			append_many(f, i, LINES, start[0]);
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
	assert_int_equal(report.lines, WRITERS * LINES);
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
	uint64_t *acknowledged = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned seed = 7;

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
		assert_true(report.lines >= *acknowledged);
	}
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(line_has_the_documented_bytes),
		TEST(beginning_is_the_hash_of_id_runbook_and_target),
		TEST(fields_of_every_line_are_refused),
		TEST(secrets_never_reach_the_file),
		TEST(a_string_with_nul_can_be_read_back),
		TEST(an_append_returns_after_its_sync),
		TEST(any_changed_byte_is_found),
		TEST(removed_and_exchanged_lines_are_found),
		TEST(a_cut_off_tail_is_found_by_its_head),
		TEST(another_runbook_or_target_is_found),
		TEST(torn_at_every_byte_is_set_aside),
		TEST(a_wrong_line_in_the_middle_is_never_cut),
		TEST(an_overwritten_end_is_never_cut),
		TEST(sealed_files_are_compared),
		TEST(seal_leads_nowhere_else),
		TEST(nothing_comes_after_the_end),
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
