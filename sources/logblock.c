#include "sources/logblock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"

/* So much before the lines is read to know what goes on with what. */
#define BEFORE ((off_t)16 << 10)
/* Lines behind the last record that go on with it are counted in steps of so much, up to: */
#define BEHIND	   ((off_t)16 << 10)
#define BEHIND_MAX ((off_t)256 << 10)
/* The lines are read at once, as far as they are not longer than is kept of them. */
#define WHOLE (LOGBLOCK_BYTES + LOGRING_LINE_MAX + 1)

void logblock_release(struct logblock *block)
{
	free(block->lines);
	buf_release(&block->text);
	*block = (struct logblock){ 0 };
}

static ssize_t read_at(int fd, char *out, off_t len, off_t at)
{
	ssize_t n;

	do
		n = pread(fd, out, (size_t)len, at);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Reads whole lines, until `stop` says so: true then. */
static bool lines_read(char *bytes, size_t len, struct logrecords *records, int64_t now,
		       bool (*stop)(const struct logring_line *line, void *data), void *data)
{
	struct logrecords_hint hint = { .now = now };
	char *nl;

	for (char *at = bytes; (nl = memchr(at, '\n', len)) != NULL; at = nl + 1) {
		size_t n = (size_t)(nl - at);
		struct logring_line line = { .bytes = at,
					     .len = n < LOGRING_LINE_MAX ? n : LOGRING_LINE_MAX };

		logrecords_read(records, &hint, &line);
		if (stop != NULL && stop(&line, data))
			return true;
		len -= n + 1;
	}
	return false;
}

static void before_read(int fd, off_t to, struct logrecords *records, int64_t now, size_t *spent)
{
	off_t from = to > BEFORE ? to - BEFORE : 0;
	char *bytes = xmalloc((size_t)BEFORE), *at = bytes;
	ssize_t n = read_at(fd, bytes, to - from, from);

	if (n > 0) {
		*spent += (size_t)n;
		/* The first line is not whole, unless the file begins with it. */
		if (from > 0 && (at = memchr(bytes, '\n', (size_t)n)) != NULL)
			at++;
		if (at != NULL)
			lines_read(at, (size_t)(bytes + n - at), records, now, NULL, NULL);
	}
	free(bytes);
}

static bool joined_count(const struct logring_line *line, void *data)
{
	unsigned *folded = data;

	*folded += line->joined;
	return !line->joined;
}

/* How many lines behind the block go on with its last record. */
static unsigned behind_count(int fd, off_t from, off_t end, struct logrecords *records, int64_t now,
			     size_t *spent)
{
	char *bytes = xmalloc((size_t)BEHIND);
	off_t to = end - from < BEHIND_MAX ? end : from + BEHIND_MAX;
	unsigned folded = 0;

	while (from < to) {
		ssize_t n = read_at(fd, bytes, to - from < BEHIND ? to - from : BEHIND, from);
		const char *last = n > 0 ? memrchr(bytes, '\n', (size_t)n) : NULL;

		if (last == NULL)
			break;
		*spent += (size_t)n;
		n = last + 1 - bytes;
		if (lines_read(bytes, (size_t)n, records, now, joined_count, &folded))
			break;
		from += n;
	}
	free(bytes);
	return folded;
}

/* What was read of a file at once. */
struct piece {
	char *bytes; /* owned */
	off_t from, len;
};

/* As read_at(), out of the piece where it has the bytes. */
static ssize_t piece_read(const struct piece *piece, int fd, char *out, off_t len, off_t at)
{
	if (at < piece->from || at + len > piece->from + piece->len)
		return read_at(fd, out, len, at);
	memcpy(out, piece->bytes + (at - piece->from), (size_t)len);
	return (ssize_t)len;
}

/* One line's bytes, appended to the text; true_len is its length in the file. -1: not there. */
static int line_load(struct logblock *block, const struct piece *piece, int fd, off_t from,
		     off_t to, struct logring_line *line, size_t *spent)
{
	char bytes[LOGRING_LINE_MAX + 1];
	off_t len = to - from, want = len < (off_t)sizeof(bytes) ? len : (off_t)sizeof(bytes);
	char last = '\0';

	if (piece_read(piece, fd, bytes, want, from) != want ||
	    (want < len && piece_read(piece, fd, &last, 1, to - 1) != 1))
		return -1;
	*spent += (size_t)want;
	if (want == len && len > 0)
		last = bytes[len - 1];
	line->true_len = (size_t)(last == '\n' ? len - 1 : len);
	line->len = line->true_len < LOGRING_LINE_MAX ? line->true_len : LOGRING_LINE_MAX;
	buf_add(&block->text, bytes, line->len);
	buf_putc(&block->text, '\0');
	return 0;
}

static void lines_mean(struct logblock *block, struct logrecords *records, int64_t now)
{
	struct logrecords_hint hint = { .now = now };
	struct logring_line *record = NULL;
	char *at = block->text.data;

	for (size_t i = 0; i < block->n; i++) {
		struct logring_line *line = &block->lines[i];

		line->seq = block->first + i;
		line->bytes = at;
		at += line->len + 1;
		logrecords_read(records, &hint, line);
		if (!line->joined)
			record = line;
		else if (record != NULL)
			record->folded++;
	}
}

int logblock_fill(struct logblock *block, int fd, const struct logspan *span, off_t end,
		  uint64_t first, struct logrecords *records, int64_t now, size_t *spent)
{
	struct piece piece = { .from = span->starts[0] };
	struct logring_line *last = NULL;
	off_t len = span->to - piece.from;
	bool loaded = true;
	ssize_t n;

	piece.bytes = xmalloc((size_t)WHOLE);
	n = read_at(fd, piece.bytes, len < WHOLE ? len : WHOLE, piece.from);
	piece.len = n > 0 ? n : 0;
	block->first = first;
	block->n = 0;
	buf_cut(&block->text, 0);
	block->lines = xrealloc(block->lines, span->n * sizeof(*block->lines));
	for (size_t i = 0; loaded && i < span->n; i++) {
		off_t to = i + 1 < span->n ? span->starts[i + 1] : span->to;

		block->lines[i] = (struct logring_line){ 0 };
		loaded =
		    line_load(block, &piece, fd, span->starts[i], to, &block->lines[i], spent) == 0;
	}
	free(piece.bytes);
	if (!loaded)
		return -1;
	block->n = span->n;
	records->fold = (struct logfold){ 0 };
	records->at = 0;
	records->is_known = false;
	before_read(fd, span->starts[0], records, now, spent);
	lines_mean(block, records, now);
	for (size_t i = block->n; last == NULL && i-- > 0;)
		if (!block->lines[i].joined)
			last = &block->lines[i];
	if (last != NULL)
		last->folded += behind_count(fd, span->to, end, records, now, spent);
	return 0;
}
