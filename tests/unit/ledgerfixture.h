/*
 * For tests of the ledger: one just begun, on real files, with ways to look at it and to damage it.
 */
#ifndef TESTS_UNIT_LEDGERFIXTURE_H
#define TESTS_UNIT_LEDGERFIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
/* The ioctl that serves as a power cut lets a sync succeed that it has just undone (9 of 200 cuts):
 * what is told only after a second one was safe before. */
static bool sync_twice;
static unsigned failing_syncs; /* bit 0: of the next one, and so on */
static void (*on_sync)(const struct stat *st, bool fails);

int fdatasync(int fd)
{
	bool fails = syncs_to_fail > 0 || failing_syncs & 1;
	struct stat st = { .st_size = -1 };

	syncs++;
	syncs_to_fail -= syncs_to_fail > 0;
	failing_syncs >>= 1;
	fstat(fd, &st);
	synced_size = st.st_size;
	if (on_sync)
		on_sync(&st, fails);
	if (fails) {
		errno = EIO;
		return -1;
	}
	if (sync_twice && syscall(SYS_fdatasync, fd) < 0)
		return -1;
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

	/* Memory is as good as a disk for this, and thousands of files don't wait. */
	snprintf(f->folder, sizeof(f->folder), "%s/backout-ledger.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
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

__attribute__((unused)) static int add(struct fixture *f, const char *event, const char *text)
{
	json_t *fields = json_pack("{s:s}", "text", text);
	int result;

	clock_manual_advance(&f->clock, 1500000);
	result = ledger_append(f->ledger, event, fields, NULL, NULL, NULL, &f->err);
	json_decref(fields);
	return result;
}

__attribute__((unused)) static void add_good(struct fixture *f, const char *text)
{
	int result = add(f, "note", text);

	if (result)
		print_error("%s\n", f->err.msg);
	assert_int_equal(result, 0);
}

__attribute__((unused)) static char *path_in(const struct fixture *f, const char *name)
{
	return path_join(f->folder, name);
}

__attribute__((unused)) static struct buf content(const struct fixture *f, const char *name)
{
	struct buf text = BUF_INIT;
	char *path = path_in(f, name);

	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	free(path);
	return text;
}

__attribute__((unused)) static void overwrite(const struct fixture *f, const char *name,
					      const void *bytes, size_t len)
{
	char *path = path_in(f, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	free(path);
}

__attribute__((unused)) static struct ledger_report verify(const struct fixture *f,
							   const char *head)
{
	struct ledger_report report;

	assert_int_equal(ledger_verify(f->folder, f->beginning, head, &report, NULL), 0);
	return report;
}

__attribute__((unused)) static void reopen(struct fixture *f, bool *torn)
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

__attribute__((unused)) static void collect(const struct ledger_line *line, void *data)
{
	struct texts *texts = data;

	strncat(texts->seen, jflat_str(line->fields, "text", "?"),
		sizeof(texts->seen) - strlen(texts->seen) - 1);
	texts->count++;
}

__attribute__((unused)) static struct texts read_all(const struct fixture *f)
{
	struct texts texts = { .seen = "" };

	struct ledger *reader = ledger_replay(f->folder, f->beginning, &f->clock.clock, NULL,
					      collect, &texts, NULL, NULL);

	assert_non_null(reader);
	ledger_close(reader);
	return texts;
}

/* The borders of the lines: starts[n] is where line n (from 0) begins. */
__attribute__((unused)) static size_t borders(const struct buf *text, size_t *starts)
{
	size_t n = 0;

	starts[n++] = 0;
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\n')
			starts[n++] = i + 1;
	return n - 1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
