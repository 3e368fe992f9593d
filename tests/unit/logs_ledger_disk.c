/* The ledger on a disk that loses what was not synced, that is full, whose files are exchanged. */
#include "tests/unit/fault.h"
#include "tests/unit/ledgerfixture.h"

#include <sys/inotify.h>
#include <sys/mount.h>

/* Closing one waits for all processors, and nobody here wants to be told of anything. */
int inotify_init1(int flags)
{
	(void)flags;
	errno = EMFILE;
	return -1;
}

/* ---- a disk that keeps only what was synced ---- */

enum { FILES = 64 };

/* What the disk has of each file, as far as it told. */
static struct {
	ino_t inode;
	off_t synced;
	bool failed;
} disk[FILES];
static size_t disk_files;
static int retries; /* syncs of a file whose sync had failed */

static void disk_hears(const struct stat *st, bool fails)
{
	size_t i = 0;

	while (i < disk_files && disk[i].inode != st->st_ino)
		i++;
	if (i == disk_files) {
		assert_true(disk_files < FILES);
		disk[disk_files].inode = st->st_ino;
		disk[disk_files].synced = 0;
		disk[disk_files++].failed = false;
	}
	retries += disk[i].failed;
	if (fails)
		disk[i].failed = true;
	else
		disk[i].synced = st->st_size;
}

static off_t disk_has(ino_t inode)
{
	for (size_t i = 0; i < disk_files; i++)
		if (disk[i].inode == inode)
			return disk[i].synced;
	return 0;
}

/* Of each segment stays what was synced, and of what was not as much as `kept` says: nothing, all,
 * or something. */
static void power_cut(const struct fixture *f, unsigned *seed, int kept)
{
	for (int number = 1;; number++) {
		char *name =
		    number == 1 ? xstrdup("ledger.jsonl") : xasprintf("ledger-%d.jsonl", number);
		char *path = path_in(f, name);
		struct stat st;
		bool there = stat(path, &st) == 0;
		off_t synced = there ? disk_has(st.st_ino) : 0, size = synced;

		if (there && kept == 1)
			size = st.st_size;
		else if (there && kept == 2 && st.st_size > synced)
			size += rand_r(seed) % (st.st_size - synced + 1);
		if (there)
			assert_int_equal(truncate(path, size), 0);
		free(path);
		free(name);
		if (!there)
			return;
	}
}

static void begin_again(struct fixture *f)
{
	disk_files = 0;
	ledger_close(f->ledger);
	file_remove_tree(f->folder, NULL);
	assert_int_equal(mkdir(f->folder, 0700), 0);
	f->ledger = ledger_create(f->folder, f->beginning, &f->clock.clock, NULL, &f->err);
	assert_non_null(f->ledger);
}

/* Appends under one pattern of failing syncs, cuts the power, and goes on. Returns how many events
 * were acknowledged and are gone. */
static int survive(struct fixture *f, unsigned pattern, int kept, unsigned *seed)
{
	enum { EVENTS = 6 };
	struct texts texts = { .seen = "" };
	char acknowledged[EVENTS + 1] = "";
	struct ledger_report report;
	int lost = 0;

	begin_again(f);
	failing_syncs = pattern;
	for (int i = 0; i < EVENTS; i++) {
		char text[2] = { (char)('a' + i), '\0' };

		/* Now and then the next one is another process. */
		if (i == 3 && pattern & 4)
			reopen(f, NULL);
		err_clear(&f->err);
		if (add(f, "note", text) == 0)
			strcat(acknowledged, text);
	}
	failing_syncs = 0;
	power_cut(f, seed, kept);
	report = verify(f, NULL);
	if (report.result == LEDGER_DAMAGED)
		fail_msg("pattern %x, %d: %s", pattern, kept, report.what);
	texts = read_all(f);
	for (const char *p = acknowledged; *p; p++)
		lost += !strchr(texts.seen, *p);
	disk_files = 0;
	reopen(f, NULL);
	add_good(f, "on");
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	return lost;
}

static void whichever_syncs_fail_a_power_cut_loses_nothing(void **state)
{
	unsigned patterns = getenv("LONG") ? 1U << 12 : 1U << 8, seed = 11;
	/* Spread, so that short ones, too, have failures late. */
	unsigned step = (1U << 15) / patterns;
	struct fixture *f = *state;
	long cuts = 0, lost = 0, good = 0;

	on_sync = disk_hears;
	retries = 0;
	for (unsigned pattern = 0; pattern < 1U << 15; pattern += step) {
		for (int kept = 0; kept < 3; kept++) {
			int gone = survive(f, pattern ^ (pattern >> 6), kept, &seed);

			cuts++;
			good += gone == 0;
			lost += gone;
		}
	}
	on_sync = NULL;
	fault(2, "power cut after any of 15 syncs had failed", cuts, good, lost);
	fault(8, "a file whose sync failed is synced again", cuts, cuts - retries, retries);
	assert_int_equal(lost, 0);
	assert_int_equal(retries, 0);
}

/* ---- a full disk ---- */

struct small_disk {
	char *path;
	struct ledger *ledger;
};

/* A file system of its own, `size` large; false: none can be mounted here. */
static bool disk_mount(struct fixture *f, struct small_disk *small, const char *options)
{
	*small = (struct small_disk){ .path = path_in(f, "disk") };
	assert_int_equal(mkdir(small->path, 0700), 0);
	if (mount("none", small->path, "tmpfs", 0, options) == 0)
		return true;
	free(small->path);
	return false;
}

static void disk_fill(const struct small_disk *small)
{
	char *path = path_join(small->path, "filler");
	static const char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	while (fd >= 0 && write(fd, block, sizeof(block)) > 0)
		;
	if (fd >= 0)
		close(fd);
	free(path);
}

static void disk_unmount(struct small_disk *small)
{
	ledger_close(small->ledger);
	assert_int_equal(umount(small->path), 0);
	free(small->path);
}

static struct buf disk_content(const struct small_disk *small)
{
	char *path = path_join(small->path, "ledger.jsonl");
	struct buf text = BUF_INIT;

	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	free(path);
	return text;
}

static void disk_open(const struct fixture *f, struct small_disk *small)
{
	struct err err = ERR_INIT;

	ledger_close(small->ledger);
	small->ledger = ledger_open(small->path, f->beginning, &f->clock.clock, NULL, NULL, &err);
	if (!small->ledger)
		fail_msg("%s", err.msg);
}

static int disk_add(struct fixture *f, struct small_disk *small, const char *text)
{
	json_t *fields = json_pack("{s:s}", "text", text);
	int result;

	err_clear(&f->err);
	result = ledger_append(small->ledger, "note", fields, NULL, NULL, NULL, &f->err);
	json_decref(fields);
	return result;
}

/* A writer was killed in the middle of a line; then the disk was filled. `len`: of that line. */
static void torn_on_a_full_disk(struct fixture *f, struct small_disk *small, size_t len)
{
	char *path = path_join(small->path, "ledger.jsonl"), *torn = xmalloc(len + 1);
	struct ledger_report report;
	struct buf text;
	int fd = open(path, O_WRONLY | O_APPEND);

	memset(torn, 'x', len);
	memcpy(torn, "{\"seq\":3,\"at", 12);
	torn[len] = '\0';
	assert_int_equal(write(fd, torn, len), (ssize_t)len);
	close(fd);
	disk_fill(small);
	disk_open(f, small);
	if (disk_add(f, small, "three") != 0)
		fail_msg("%s", f->err.msg);
	text = disk_content(small);
	torn[len > 65536 ? 65536 : len] = '\0';
	torn[0] = 'x'; /* without what JSON writes in another way */
	assert_non_null(strstr(text.data, ",\"torn\":\"{\\\"seq\\\":3,\\\"at"));
	assert_non_null(strstr(text.data, torn + 12));
	assert_int_equal(ledger_verify(small->path, f->beginning, NULL, &report, NULL), 0);
	assert_int_equal(report.result, LEDGER_GOOD);
	assert_int_equal(report.lines, 3);
	assert_int_equal(disk_add(f, small, "four"), 0);
	buf_release(&text);
	free(torn);
	free(path);
}

static void a_torn_end_is_kept_in_the_next_line_when_the_disk_is_full(void **state)
{
	static const size_t lens[] = { 12, 13, 600, 4096, 65536, 65537, 100000 };
	struct fixture *f = *state;
	long done = 0;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct small_disk small;

		if (!disk_mount(f, &small, "size=1m"))
			skip();
		small.ledger =
		    ledger_create(small.path, f->beginning, &f->clock.clock, NULL, &f->err);
		assert_non_null(small.ledger);
		assert_int_equal(disk_add(f, &small, "one"), 0);
		assert_int_equal(disk_add(f, &small, "two"), 0);
		torn_on_a_full_disk(f, &small, lens[i]);
		disk_unmount(&small);
		assert_int_equal(rmdir(small.path = path_in(f, "disk")), 0);
		free(small.path);
		done++;
	}
	fault(13, "a torn end on a full disk: the next line is written", done, done, 0);
}

/* Files can't be made any more, but written. */
static void without_inodes_events_are_taken(void **state)
{
	struct fixture *f = *state;
	struct small_disk small;
	char name[16];
	long refused = 0;

	if (!disk_mount(f, &small, "size=4m,nr_inodes=12"))
		skip();
	small.ledger = ledger_create(small.path, f->beginning, &f->clock.clock, NULL, &f->err);
	assert_non_null(small.ledger);
	for (int i = 0, fd = 0; fd >= 0; i++) {
		char *path;

		snprintf(name, sizeof(name), "file-%d", i);
		path = path_join(small.path, name);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
		close(fd);
		free(path);
	}
	assert_int_equal(disk_add(f, &small, "one"), 0);
	assert_int_equal(disk_add(f, &small, "two"), 0);
	torn_on_a_full_disk(f, &small, 700);
	/* A sync that fails now finds no other file: nothing is claimed, and nothing is tried again
	 * on that one. */
	on_sync = disk_hears;
	disk_files = 0;
	retries = 0;
	syncs_to_fail = 1;
	for (int i = 0; i < 5; i++)
		refused += disk_add(f, &small, "five") != 0;
	on_sync = NULL;
	fault(8, "a failed sync where no other file can be made", 5, refused, 5 - refused);
	assert_int_equal(refused, 5);
	assert_int_equal(retries, 0);
	disk_unmount(&small);
}

/* ---- files that are exchanged while they are in use ---- */

static void what_was_read_may_not_be_taken_away(void **state)
{
	struct fixture *f = *state;
	struct buf text;
	char *path = path_in(f, "ledger.jsonl"), *kept = path_in(f, "kept");
	struct stat before, after;

	add_good(f, "one");
	add_good(f, "two");
	text = content(f, "ledger.jsonl");
	/* Cut off, emptied: writing behind the end would leave a hole in front of it. */
	for (off_t size = 0; size < (off_t)text.len; size += (off_t)text.len / 3) {
		assert_int_equal(truncate(path, size), 0);
		assert_int_equal(add(f, "note", "three"), -1);
		assert_non_null(strstr(f->err.msg, "cut off"));
		assert_int_equal(stat(path, &after), 0);
		assert_int_equal(after.st_size, size);
		err_clear(&f->err);
	}
	overwrite(f, "ledger.jsonl", text.data, text.len);
	add_good(f, "three");
	/* Another file in its place, though with the very same bytes. */
	buf_release(&text);
	text = content(f, "ledger.jsonl");
	assert_int_equal(rename(path, kept), 0);
	overwrite(f, "ledger.jsonl", text.data, text.len);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(add(f, "note", "four"), -1);
	assert_non_null(strstr(f->err.msg, "replaced"));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	/* The file itself is back. */
	err_clear(&f->err);
	assert_int_equal(rename(kept, path), 0);
	add_good(f, "four");
	free(kept);
	free(path);
	buf_release(&text);
}

static void what_is_no_ordinary_file_is_refused_at_once(void **state)
{
	struct fixture *f = *state;
	char *path = path_in(f, "ledger.jsonl"), *kept = path_in(f, "kept");
	struct ledger_report report;

	add_good(f, "one");
	assert_int_equal(rename(path, kept), 0);
	for (int what = 0; what < 5; what++) {
		int made = what == 0   ? mkfifo(path, 0600)
			   : what == 1 ? mkdir(path, 0700)
			   : what == 2 ? symlink(kept, path)
			   : what == 3 ? symlink("/dev/full", path)
				       : symlink("/nowhere", path);

		assert_int_equal(made, 0);
		err_clear(&f->err);
		assert_int_equal(add(f, "note", "two"), -1);
		assert_true(f->err.set);
		assert_null(
		    ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL, NULL));
		assert_int_equal(ledger_verify(f->folder, f->beginning, NULL, &report, NULL), -1);
		assert_int_equal(what == 1 ? rmdir(path) : unlink(path), 0);
	}
	assert_int_equal(rename(kept, path), 0);
	err_clear(&f->err);
	add_good(f, "two");
	assert_string_equal(read_all(f).seen, "onetwo");
	free(kept);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whichever_syncs_fail_a_power_cut_loses_nothing),
		TEST(a_torn_end_is_kept_in_the_next_line_when_the_disk_is_full),
		TEST(without_inodes_events_are_taken),
		TEST(what_was_read_may_not_be_taken_away),
		TEST(what_is_no_ordinary_file_is_refused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
