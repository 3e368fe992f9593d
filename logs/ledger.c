#include "logs/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "logs/ledger_line.h"
#include "logs/ledger_walk.h"
#include "logs/segment.h"

/* A failed sync is answered with a new segment, so many times for one append. */
enum { NEW_SEGMENTS = 3 };

/* Far above any event, far below what a reader should have to hold. */
enum { LINE_MAX_BYTES = 4 << 20 };

/* So much of a torn end is kept in the line behind it, when it can't be set aside. */
enum { TORN_KEPT = 64 << 10 };

struct ledger {
	char *folder;
	const struct clock *clock;
	const struct redactor *redactor;
	json_t *by;
	char *boot;
	struct cursor read; /* what the caller was told */
	struct cursor tail; /* what this process knows; never before `read` */
	struct buf own;	    /* the line between the two, appended by this process; else empty */
	unsigned
	    failed; /* the newest segment whose sync failed here, 0: none; never written again */
	int inotify;
	unsigned watched; /* the newest segment that is watched */
};

void ledger_beginning(const char *id, const char *runbook_hash, const char *target_hash,
		      char out[SHA256_HEX])
{
	char *text = xasprintf("%s\n%s\n%s\n", id, runbook_hash, target_hash);

	sha256_hex(text, strlen(text), out);
	free(text);
}

static char *boot_id(void)
{
	struct buf text = BUF_INIT;

	if (file_read("/proc/sys/kernel/random/boot_id", &text, 64, NULL) < 0)
		buf_puts(&text, "unknown");
	buf_cut(&text, strcspn(text.data, "\n"));
	return buf_detach(&text);
}

/* Each segment is watched by itself: other files of the folder change all the time. */
static void watch_segments(struct ledger *ledger)
{
	char name[SEGMENT_NAME], *path;
	unsigned newest;

	if (ledger->inotify < 0)
		return;
	for (newest = segment_newest(ledger->folder, ledger->watched); ledger->watched < newest;) {
		path = path_join(ledger->folder, segment_name(++ledger->watched, name));
		inotify_add_watch(ledger->inotify, path, IN_MODIFY);
		free(path);
	}
}

static struct ledger *ledger_new(const char *folder, const char beginning[SHA256_HEX],
				 const struct clock *clock, const struct redactor *redactor)
{
	struct ledger *ledger = xcalloc(1, sizeof(*ledger));

	*ledger = (struct ledger){ .folder = xstrdup(folder),
				   .clock = clock,
				   .redactor = redactor,
				   .by = json_object(),
				   .boot = boot_id(),
				   .read = cursor_beginning(beginning),
				   .tail = cursor_beginning(beginning),
				   .inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC) };
	if (ledger->inotify >= 0)
		inotify_add_watch(ledger->inotify, folder, IN_CREATE);
	return ledger;
}

struct ledger *ledger_create(const char *folder, const char beginning[SHA256_HEX],
			     const struct clock *clock, const struct redactor *redactor,
			     struct err *err)
{
	struct ledger *ledger;
	int fd = segment_open(folder, 1, true, err);

	if (fd < 0)
		return NULL;
	close(fd);
	ledger = ledger_new(folder, beginning, clock, redactor);
	watch_segments(ledger);
	return ledger;
}

/* Turns the end of a walk into 0 or -1 with a message. */
static int walk_outcome(const struct ledger *ledger, enum walk_result result,
			const struct walk_end *end, struct err *err)
{
	if (result == WALK_DAMAGED) {
		err_set(err, "%s: the ledger is damaged: %s", ledger->folder, end->what);
		return err_hint(err, "see backout verify; keep a copy of the folder");
	}
	return result == WALK_ERROR ? -1 : 0;
}

struct reader {
	void (*fn)(const struct ledger_line *line, void *data);
	void *data;
};

static bool read_line(const struct ledger_line *line, void *data)
{
	const struct reader *reader = data;

	reader->fn(line, reader->data);
	return true;
}

struct ledger *ledger_replay(const char *folder, const char beginning[SHA256_HEX],
			     const struct clock *clock, const struct redactor *redactor,
			     void (*fn)(const struct ledger_line *line, void *data), void *data,
			     bool *torn, struct err *err)
{
	struct reader reader = { .fn = fn, .data = data };
	struct ledger *ledger;
	struct walk_end end = { .newest = 0 };
	enum walk_result result;
	/* Shared: half a line seen under the lock is torn, not being written. */
	int lock = segment_lock(folder, LOCK_SH, err);

	if (lock < 0)
		return NULL;
	ledger = ledger_new(folder, beginning, clock, redactor);
	result = ledger_walk(folder, &ledger->tail, fn ? read_line : NULL, &reader, &end, err);
	close(lock);
	if (fn)
		ledger->read = ledger->tail;
	if (torn)
		*torn = result == WALK_END && end.tail.len > 0;
	if (walk_outcome(ledger, result, &end, err) < 0) {
		ledger_close(ledger);
		ledger = NULL;
	} else {
		watch_segments(ledger);
	}
	buf_release(&end.tail);
	return ledger;
}

struct ledger *ledger_open(const char *folder, const char beginning[SHA256_HEX],
			   const struct clock *clock, const struct redactor *redactor, bool *torn,
			   struct err *err)
{
	return ledger_replay(folder, beginning, clock, redactor, NULL, NULL, torn, err);
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	if (ledger->inotify >= 0)
		close(ledger->inotify);
	buf_release(&ledger->own);
	json_decref(ledger->by);
	free(ledger->boot);
	free(ledger->folder);
	free(ledger);
}

void ledger_by(struct ledger *ledger, const json_t *by)
{
	json_decref(ledger->by);
	ledger->by = redact_json(ledger->redactor, by);
}

struct ledger_head ledger_head(const struct ledger *ledger)
{
	return ledger->tail.head;
}

int ledger_watch_fd(const struct ledger *ledger)
{
	return ledger->inotify;
}

/* ---- reading ---- */

int ledger_read(struct ledger *ledger, void (*fn)(const struct ledger_line *line, void *data),
		void *data, struct err *err)
{
	struct reader reader = { .fn = fn, .data = data };
	struct walk_end end;
	enum walk_result result;
	char changes[4096];
	int outcome;

	buf_cut(&ledger->own, 0);
	/* Before reading: a change from here on makes the descriptor readable again. */
	while (ledger->inotify >= 0 && read(ledger->inotify, changes, sizeof(changes)) > 0)
		;
	watch_segments(ledger);
	result = ledger_walk(ledger->folder, &ledger->read, read_line, &reader, &end, err);
	if (ledger->read.head.seq >= ledger->tail.head.seq)
		ledger->tail = ledger->read;
	outcome = walk_outcome(ledger, result, &end, err);
	buf_release(&end.tail);
	return outcome;
}

int ledger_read_appended(struct ledger *ledger,
			 void (*fn)(const struct ledger_line *line, void *data), void *data,
			 struct err *err)
{
	struct jflat fields = { .n = 0 };
	struct ledger_line line;
	const char *problem;
	int result;

	if (ledger->own.len == 0)
		return ledger_read(ledger, fn, data, err);
	result = line_read(ledger->own.data, ledger->own.len, &fields, &line, &problem);
	if (result == 0) {
		fn(&line, data);
		ledger->read = ledger->tail;
	}
	buf_cut(&ledger->own, 0);
	jflat_release(&fields);
	return result < 0 ? ledger_read(ledger, fn, data, err) : 0;
}

bool ledger_is_closed(const struct ledger *ledger)
{
	struct cursor cursor = ledger->tail;

	ledger_walk(ledger->folder, &cursor, NULL, NULL, NULL, NULL);
	return cursor.closed;
}

/* ---- appending ---- */

struct expectation {
	bool (*expect)(const struct ledger_line *line, void *data);
	void *data;
	char event[64]; /* the one that was not expected */
};

static bool expect_line(const struct ledger_line *line, void *data)
{
	struct expectation *expectation = data;

	if (expectation->expect(line, expectation->data))
		return true;
	snprintf(expectation->event, sizeof(expectation->event), "%s", line->event);
	return false;
}

/* Shows the caller what came since it last read. */
static int append_ask(const struct ledger *ledger, struct expectation *expectation, bool *moved,
		      struct err *err)
{
	struct cursor cursor = ledger->read;
	struct walk_end end;
	enum walk_result result;
	int outcome;

	if (!expectation->expect)
		return 0;
	result = ledger_walk(ledger->folder, &cursor, expect_line, expectation, &end, err);
	outcome = walk_outcome(ledger, result, &end, err);
	buf_release(&end.tail);
	if (result != WALK_STOPPED)
		return outcome;
	if (moved)
		*moved = true;
	err_set(err, "the head has moved: %s came in between", expectation->event);
	return err_hint(err, "look at what happened, then decide again");
}

/* The last line again, with which a new segment begins; nothing when there is none yet. */
static int add_last_line(const struct ledger *ledger, struct buf *out, struct err *err)
{
	const struct cursor *tail = &ledger->tail;
	struct buf bytes = BUF_INIT;
	off_t offset = tail->offset - (off_t)tail->last_len;
	int result = -1;

	if (tail->head.seq == 0)
		return 0;
	if (segment_read(ledger->folder, tail->segment, offset, 0, &bytes, err) == 0 &&
	    bytes.len >= tail->last_len) {
		buf_add(out, bytes.data, tail->last_len);
		result = 0;
	} else {
		err_set(err, "the last line of the ledger can't be read again");
	}
	buf_release(&bytes);
	return result;
}

/* Half a line at the end belongs to an append that nobody was told had succeeded. Where there is no
 * room for it in a file of its own, *kept (new) is what the next line says of it, and that line is
 * written over it: so nothing is cut off, which would give the reserve away. */
static int append_tidy(const struct ledger *ledger, struct walk_end *end, json_t **kept,
		       struct err *err)
{
	const struct cursor *tail = &ledger->tail;
	struct err why = ERR_INIT;
	size_t len = end->tail.len;

	if (len == 0)
		return 0;
	if (!line_is_torn(end->tail.data, len)) {
		err_set(err, "%s: the ledger is damaged: the end of its last line was overwritten",
			ledger->folder);
		return err_hint(err, "see backout verify; keep a copy of the folder");
	}
	if (end->newest > tail->segment &&
	    segment_set_aside(ledger->folder, tail->segment, tail->offset, err) < 0)
		return -1;
	if (segment_set_aside(ledger->folder, end->newest, end->offset, &why) == 0)
		return 0;
	if (end->newest > tail->segment || end->newest == ledger->failed)
		return err_set(err, "%s", why.msg);
	if (len > TORN_KEPT &&
	    segment_cut(ledger->folder, end->newest, end->offset + TORN_KEPT, err) < 0)
		return -1;
	*kept = json_text(end->tail.data, len > TORN_KEPT ? TORN_KEPT : len);
	return 0;
}

enum put { PUT_DONE, PUT_NOT_WRITTEN, PUT_NOT_SYNCED };

/* Writes one line (or nothing) at `offset` of a segment, and syncs: the line is the ledger's last.
 */
static enum put put_line(struct ledger *ledger, unsigned segment, int fd, off_t offset,
			 const char *line, size_t len, struct err *err)
{
	struct cursor *tail = &ledger->tail;

	if (segment_write(fd, offset, line, len, err) < 0)
		return PUT_NOT_WRITTEN;
	if (fdatasync(fd) < 0) {
		err_sys(err, "the ledger can't be synced");
		ledger->failed = segment;
		return PUT_NOT_SYNCED;
	}
	if (segment != tail->segment)
		tail->line = 0;
	tail->segment = segment;
	tail->file = segment_file(fd);
	tail->offset = offset + (off_t)len;
	tail->line += len > 0;
	tail->last_len = len;
	return PUT_DONE;
}

/* A file whose sync failed can't be trusted with a retry: the kernel has marked its pages clean.
 * The line goes into a new file, and counts when that one is synced. */
static int append_elsewhere(struct ledger *ledger, unsigned newest, const char *line, size_t len,
			    struct err *err)
{
	struct err why = ERR_INIT;

	for (int i = 0; i < NEW_SEGMENTS; i++) {
		int fd = segment_open(ledger->folder, ++newest, true, &why);
		bool done = fd >= 0 && put_line(ledger, newest, fd, 0, line, len, &why) == PUT_DONE;

		if (fd < 0)
			break;
		close(fd);
		if (done)
			return 0;
	}
	/* The next append, anybody's, must not trust the last of them either. */
	newest = segment_newest(ledger->folder, 0);
	close(segment_open(ledger->folder, newest + 1, true, &why));
	err_set(err, "%s", why.msg);
	return err_hint(err, "the disk is failing: nothing destructive may start from here");
}

static int put_safely(struct ledger *ledger, unsigned segment, int fd, off_t offset,
		      const struct buf *line, struct err *err)
{
	struct err why = ERR_INIT;
	enum put put = put_line(ledger, segment, fd, offset, buf_str(line), line->len, &why);

	if (put == PUT_NOT_SYNCED)
		return append_elsewhere(ledger, segment, buf_str(line), line->len, err);
	if (put == PUT_DONE)
		return 0;
	err_set(err, "%s", why.msg);
	return err_hint(err, "%s", why.hint);
}

/* Where a newer file stands behind the last line, that line's sync failed, and nobody knows whether
 * it is on the disk: it is put there before anything is built on it. So however many appends fail,
 * there is never more than one such line. */
static int append_settle(struct ledger *ledger, struct walk_end *end, struct err *err)
{
	bool failed = end->newest == ledger->failed;
	struct buf line = BUF_INIT;
	int fd = -1, result = -1;

	if (!failed && (end->newest == ledger->tail.segment || ledger->tail.head.seq == 0))
		return 0;
	if (add_last_line(ledger, &line, err) < 0)
		goto out;
	if (failed) {
		result = append_elsewhere(ledger, end->newest, buf_str(&line), line.len, err);
	} else {
		fd = segment_open(ledger->folder, end->newest, false, err);
		if (fd >= 0)
			result = put_safely(ledger, end->newest, fd, 0, &line, err);
	}
	end->newest = ledger->tail.segment;
	end->offset = ledger->tail.offset;
out:
	if (fd >= 0)
		close(fd);
	buf_release(&line);
	return result;
}

/* The newest segment for writing, as it was when it was walked along, or -1. */
static int append_open(const struct ledger *ledger, const struct walk_end *end, struct err *err)
{
	int fd = segment_open(ledger->folder, end->newest, false, err);
	char name[SEGMENT_NAME];

	if (fd < 0 || end->newest != ledger->tail.segment || ledger->tail.head.seq == 0 ||
	    segment_file_is(ledger->tail.file, segment_file(fd)))
		return fd;
	close(fd);
	err_set(err, "%s: %s was replaced by another file", ledger->folder,
		segment_name(end->newest, name));
	return err_hint(err, "see backout verify; keep a copy of the folder");
}

/* `own` (or NULL) gets the line, without its newline. */
static int append_line(struct ledger *ledger, struct walk_end *end, const char *event,
		       const json_t *fields, struct buf *own, struct err *err)
{
	json_t *clean = redact_json(ledger->redactor, fields), *torn = NULL;
	struct buf line = BUF_INIT;
	struct ledger_head head = { .seq = ledger->tail.head.seq + 1 };
	struct line_stamp stamp = { .head = &ledger->tail.head,
				    .at = clock_wall(ledger->clock),
				    .mono = clock_mono(ledger->clock),
				    .boot = ledger->boot,
				    .by = ledger->by,
				    .torn = NULL };
	int result = -1, fd = -1;

	if (append_tidy(ledger, end, &torn, err) < 0 || append_settle(ledger, end, err) < 0)
		goto out;
	stamp.torn = torn;
	line_make(&line, &stamp, event, clean, head.hash);
	if (line.len > LINE_MAX_BYTES) {
		err_set(err, "the event %s is too large to be recorded", event);
		goto out;
	}
	fd = append_open(ledger, end, err);
	if (fd < 0)
		goto out;
	result = put_safely(ledger, end->newest, fd, end->offset, &line, err);
	if (result == 0)
		ledger->tail.head = head;
	if (result == 0 && own)
		buf_add(own, line.data, line.len - 1);
out:
	if (fd >= 0)
		close(fd);
	buf_release(&line);
	json_decref(torn);
	json_decref(clean);
	return result;
}

/* Whether nothing came since the caller last read: then there is nothing to ask and to walk. */
static bool append_is_next(const struct ledger *ledger, struct walk_end *end)
{
	const struct cursor *tail = &ledger->tail;
	struct segment_file file;

	if (tail->offset == 0 || ledger->read.head.seq != tail->head.seq ||
	    segment_newest(ledger->folder, tail->segment) != tail->segment ||
	    segment_look(ledger->folder, tail->segment, &file, NULL) != tail->offset ||
	    !segment_file_is(file, tail->file))
		return false;
	*end = (struct walk_end){ .newest = tail->segment, .offset = tail->offset };
	return true;
}

static int append_look(struct ledger *ledger, struct expectation *expectation, struct walk_end *end,
		       bool *moved, struct err *err)
{
	enum walk_result result;

	if (append_ask(ledger, expectation, moved, err) < 0)
		return -1;
	result = ledger_walk(ledger->folder, &ledger->tail, NULL, NULL, end, err);
	return walk_outcome(ledger, result, end, err);
}

int ledger_append(struct ledger *ledger, const char *event, const json_t *fields,
		  bool (*expect)(const struct ledger_line *line, void *data), void *data,
		  bool *moved, struct err *err)
{
	struct expectation expectation = { .expect = expect, .data = data };
	struct walk_end end = { .newest = 0 };
	int lock, result = -1;
	bool is_next;

	if (moved)
		*moved = false;
	if (line_check_fields(fields, err) < 0)
		return -1;
	lock = segment_lock(ledger->folder, LOCK_EX, err);
	if (lock < 0)
		return -1;
	buf_cut(&ledger->own, 0);
	is_next = append_is_next(ledger, &end);
	if (!is_next && append_look(ledger, &expectation, &end, moved, err) < 0)
		goto out;
	if (ledger->tail.closed) {
		err_set(err, "the incident is closed: nothing can be appended");
		goto out;
	}
	result = append_line(ledger, &end, event, fields, is_next ? &ledger->own : NULL, err);
	if (result == 0)
		ledger->tail.closed = strcmp(event, "incident.closed") == 0;
out:
	close(lock);
	buf_release(&end.tail);
	return result;
}
