#include "sources/loghistory.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/mem.h"
#include "sources/logblock.h"
#include "sources/logindex.h"
#include "sources/logrotated.h"

#define BLOCKS 4
#define CHUNK  ((off_t)64 << 10)

/* A search for a line's beginning that the budget cut short. */
struct pending {
	int32_t part;
	off_t to, from; /* the end of the line; there is no newline between the two */
};

struct loghistory {
	struct logparts *parts;	       /* borrowed */
	const struct logrecords *like; /* borrowed */
	struct logrecords records;
	struct logindex index;
	struct logplace oldest, newest; /* seq 0: no line was read */
	struct logplace resume;		/* where a search forwards was cut short; seq 0: none */
	int32_t back_part;		/* what lies before `oldest` ends there */
	off_t back_at;
	struct pending pending;
	struct logblock blocks[BLOCKS];
	uint64_t turn;
	size_t spent;
	char *packed; /* owned, or NULL */
	char *chunk;
};

struct loghistory *loghistory_new(struct logparts *parts, const struct logrecords *like)
{
	struct loghistory *history = xcalloc(1, sizeof(*history));

	history->parts = parts;
	history->like = like;
	return history;
}

void loghistory_free(struct loghistory *history)
{
	if (history == NULL)
		return;
	for (size_t i = 0; i < BLOCKS; i++)
		logblock_release(&history->blocks[i]);
	logindex_release(&history->index);
	free(history->packed);
	free(history->chunk);
	free(history);
}

static void oldest_set(struct loghistory *history, const struct logplace *place)
{
	history->oldest = *place;
	history->back_part = place->part;
	history->back_at = place->at;
}

void loghistory_note(struct loghistory *history, uint64_t seq, const struct logtail_line *line)
{
	struct logplace place;

	if (history->newest.seq != 0 && !line->rest &&
	    !logindex_wants(&history->index, &history->newest, seq, line->part, line->at))
		return;
	place = (struct logplace){ .seq = seq,
				   .at = line->at,
				   .part = line->part,
				   .hash = logindex_hash(line->bytes, line->len),
				   .fixed = line->rest };
	if (history->oldest.seq == 0)
		oldest_set(history, &place);
	history->newest = place;
	logindex_add(&history->index, &place);
}

void loghistory_begin(struct loghistory *history)
{
	history->spent = 0;
}

uint64_t loghistory_oldest(const struct loghistory *history)
{
	return history->oldest.seq != 0 ? history->oldest.seq : LOG_FIRST;
}

const char *loghistory_packed(const struct loghistory *history)
{
	return history->packed != NULL ? history->packed : "";
}

/* ---- reading ---- */

static ssize_t chunk_read(struct loghistory *history, int fd, off_t from, off_t to)
{
	ssize_t n;

	if (history->chunk == NULL)
		history->chunk = xmalloc((size_t)CHUNK);
	n = pread(fd, history->chunk, (size_t)(to - from < CHUNK ? to - from : CHUNK), from);
	if (n > 0)
		history->spent += (size_t)n;
	return n;
}

/* Whether the line that is said to begin there does. */
static bool place_holds(int fd, const struct logplace *place)
{
	char bytes[64];
	ssize_t n = pread(fd, bytes, sizeof(bytes), place->at);
	const char *nl = n > 0 ? memchr(bytes, '\n', (size_t)n) : NULL;

	if (nl != NULL)
		n = nl - bytes;
	/* A line that was handed out before its end came is longer by now. */
	for (ssize_t len = n; len >= 0; len--)
		if (logindex_hash(bytes, (size_t)len) == place->hash)
			return true;
	return false;
}

static struct logblock *block_oldest(struct loghistory *history)
{
	struct logblock *block = &history->blocks[0];

	for (size_t i = 1; i < BLOCKS; i++)
		if (history->blocks[i].used < block->used)
			block = &history->blocks[i];
	return block;
}

/* NULL when the file can't be read. */
static struct logblock *block_load(struct loghistory *history, int fd, const struct logspan *span,
				   off_t end, uint64_t first, int64_t now)
{
	struct logblock *block = block_oldest(history);

	history->records = (struct logrecords){ .zone = history->like->zone,
						.known = history->like->known,
						.nknown = history->like->nknown };
	block->used = ++history->turn;
	if (logblock_fill(block, fd, span, end, first, &history->records, now, &history->spent) <
	    0) {
		block->n = 0;
		return NULL;
	}
	return block;
}

static struct logring_line *cached(struct loghistory *history, uint64_t seq)
{
	for (size_t i = 0; i < BLOCKS; i++) {
		struct logblock *block = &history->blocks[i];

		if (seq < block->first || seq - block->first >= block->n)
			continue;
		block->used = ++history->turn;
		return &block->lines[seq - block->first];
	}
	return NULL;
}

/* ---- forwards, to a line that was read before ---- */

static void span_restart(struct logspan *span, off_t at)
{
	span->starts[0] = at;
	span->n = 1;
}

static bool span_full(const struct logspan *span, off_t at)
{
	return span->n >= LOGBLOCK_LINES || at - span->starts[0] >= LOGBLOCK_BYTES;
}

/* Counts lines from a place on, until a span holds the line. */
static enum log_found span_find(struct loghistory *history, int fd, const struct logplace *from,
				off_t to, uint64_t seq, struct logspan *span, uint64_t *first)
{
	off_t at = from->at;

	*first = from->seq;
	span_restart(span, at);
	while (at < to) {
		ssize_t n = chunk_read(history, fd, at, to);
		const char *bytes = history->chunk, *nl;

		if (n <= 0)
			return LOG_GONE;
		for (; n > 0 && (nl = memchr(bytes, '\n', (size_t)n)) != NULL;) {
			n -= nl + 1 - bytes;
			at += nl + 1 - bytes;
			bytes = nl + 1;
			if (at >= to)
				break;
			if (!span_full(span, at)) {
				span->starts[span->n++] = at;
				continue;
			}
			span->to = at;
			if (seq < *first + span->n)
				return LOG_LINE;
			*first += span->n;
			span_restart(span, at);
			if (history->spent > LOG_BUDGET) {
				history->resume = (struct logplace){
					.seq = *first, .at = at, .part = from->part, .fixed = true
				};
				return LOG_UNREAD;
			}
		}
		at += n;
	}
	span->to = to;
	return seq < *first + span->n ? LOG_LINE : LOG_GONE;
}

static enum log_found find_known(struct loghistory *history, uint64_t seq, int64_t now,
				 struct logring_line **line)
{
	const struct logindex *index = &history->index;
	const struct logplace *below = logindex_below(index, seq);
	const struct logplace *next = below != NULL ? below + 1 : index->list;
	const struct logpart *part;
	struct logplace from;
	struct logblock *block = NULL;
	struct logspan span;
	struct stat st;
	enum log_found found = LOG_GONE;
	uint64_t first;
	off_t to;
	int fd;

	if (below == NULL)
		below = &history->oldest;
	part = logparts_get(history->parts, below->part);
	if (part == NULL || below->at >= part->end)
		return LOG_GONE; /* or only the lines before it are left */
	fd = logpart_open(history->parts, part, &st);
	if (fd < 0)
		return LOG_GONE;
	to = part->end;
	if (next < index->list + index->n && next->part == below->part && next->at < to)
		to = next->at;
	from = *below;
	if (history->resume.part == from.part && history->resume.seq > from.seq &&
	    history->resume.seq <= seq)
		from = history->resume;
	if (place_holds(fd, below))
		found = span_find(history, fd, &from, to, seq, &span, &first);
	if (found == LOG_LINE)
		block = block_load(history, fd, &span, part->end, first, now);
	close(fd);
	if (found == LOG_LINE && block == NULL)
		found = LOG_GONE;
	if (found == LOG_LINE)
		*line = &block->lines[seq - first];
	return found;
}

uint64_t loghistory_gone_from(struct loghistory *history, uint64_t seq)
{
	const struct logindex *index = &history->index;
	const struct logplace *below = logindex_below(index, seq);
	const struct logpart *part =
	    below != NULL ? logparts_get(history->parts, below->part) : NULL;
	struct logspan span;
	struct stat st;
	uint64_t first;
	int fd = part != NULL ? logpart_open(history->parts, part, &st) : -1;

	if (below == NULL)
		return history->oldest.seq;
	/* Its part as a whole, unless a copy has the beginning of that. */
	while (below > index->list && below[-1].part == below->part &&
	       (fd < 0 || below->at >= part->end))
		below--;
	if (fd < 0)
		return below == index->list && below->part == history->oldest.part
			   ? history->oldest.seq
			   : below->seq;
	seq = below->at < part->end &&
		      span_find(history, fd, below, part->end, seq, &span, &first) == LOG_GONE
		  ? first + span.n
		  : seq;
	close(fd);
	return seq;
}

/* ---- backwards, to lines that were never read ---- */

static void span_reverse(struct logspan *span)
{
	for (size_t i = 0, k = span->n; i + 1 < k--; i++) {
		off_t at = span->starts[i];

		span->starts[i] = span->starts[k];
		span->starts[k] = at;
	}
}

/* The lines before `to`. */
static enum log_found span_before(struct loghistory *history, int fd, int32_t part, off_t to,
				  struct logspan *span)
{
	struct pending *pending = &history->pending;
	bool going_on = pending->part == part && pending->to == to && pending->from < to;
	off_t at = going_on ? pending->from : to - 1; /* the last line's own newline is passed */

	*span = (struct logspan){ .to = to };
	while (at > 0 && span->n == 0) {
		off_t from = at > CHUNK ? at - CHUNK : 0;
		ssize_t n = chunk_read(history, fd, from, at);
		const char *bytes = history->chunk, *nl;

		if (n != at - from)
			return LOG_GONE;
		while (span->n < LOGBLOCK_LINES && (nl = memrchr(bytes, '\n', (size_t)n)) != NULL) {
			span->starts[span->n++] = from + (nl + 1 - bytes);
			n = nl - bytes;
		}
		at = from;
		if (span->n == 0 && at > 0 && history->spent > LOG_BUDGET) {
			*pending = (struct pending){ .part = part, .to = to, .from = at };
			return LOG_UNREAD;
		}
	}
	if (at == 0 && span->n < LOGBLOCK_LINES)
		span->starts[span->n++] = 0;
	span_reverse(span);
	return LOG_LINE;
}

static void part_add_older(struct loghistory *history, int fd, const struct stat *st)
{
	struct logpart *part = logparts_add_older(history->parts, st);
	char bytes[LOGPART_MARK];
	size_t len = st->st_size < LOGPART_MARK ? (size_t)st->st_size : LOGPART_MARK;

	part->end = st->st_size - (off_t)len;
	if (pread(fd, bytes, len, part->end) == (ssize_t)len)
		logpart_grow(part, bytes, len);
	logpart_head_read(part, fd);
}

/* The oldest part of which something was read; one that was empty when it was cut or renamed is
 * nowhere. */
static const struct logpart *part_with_bytes(const struct loghistory *history)
{
	const struct logpart *oldest = logparts_get(history->parts, history->back_part),
			     *part = oldest;

	for (int32_t id = history->back_part; part != NULL && part->end == 0;)
		part = logparts_get(history->parts, ++id);
	return part != NULL ? part : oldest;
}

/* Adds the part before the oldest one: the youngest file that the log was rotated into before it.
 */
static enum log_found part_add_before(struct loghistory *history)
{
	const struct logpart *oldest = part_with_bytes(history);
	struct stat st, other;
	int fd = oldest != NULL ? logpart_open(history->parts, oldest, &st) : -1, found = -1;
	size_t n, at = 0;
	struct logrotated *list;
	enum log_found result = LOG_BEGIN;

	if (oldest == NULL)
		return LOG_GONE;
	list = logrotated_list(history->parts->folder, history->parts->base, &n);
	/* What was written before it; before it was opened, when it is gone itself. */
	while (at < n && (fd >= 0 ? !logrotated_same(&list[at].st, &st)
				  : logrotated_time(&list[at].st.st_mtim, &oldest->since) < 0))
		at++;
	while (result == LOG_BEGIN && at-- > 0) {
		if (list[at].packed) {
			result = LOG_PACKED;
			free(history->packed);
			history->packed = xstrdup(list[at].name);
			continue;
		}
		found = logrotated_open(history->parts->folder, &list[at]);
		if (found < 0)
			continue;
		if (fstat(found, &other) == 0 &&
		    (fd < 0 || !logpart_alike(fd, found, other.st_size))) {
			part_add_older(history, found, &other);
			result = LOG_LINE;
		}
		close(found);
	}
	logrotated_free(list, n);
	if (fd >= 0)
		close(fd);
	return result;
}

/* To the end of the part before the one whose beginning was reached. */
static enum log_found part_before(struct loghistory *history)
{
	const struct logpart *part;
	enum log_found found = LOG_LINE;

	while (found == LOG_LINE && history->back_at == 0) {
		/* One may be there of which nothing was read. */
		if (logparts_get(history->parts, history->back_part - 1) == NULL)
			found = part_add_before(history);
		if (found != LOG_LINE)
			break;
		part = logparts_get(history->parts, --history->back_part);
		history->back_at = part->end;
	}
	return found;
}

static void oldest_note(struct loghistory *history, const struct logplace *place)
{
	oldest_set(history, place);
	/* Each part's first line is a place, so that counting never leaves a part. */
	if (history->index.n == 0 || place->at == 0 ||
	    logindex_wants(&history->index, &history->index.list[0], place->seq, place->part,
			   place->at))
		logindex_add(&history->index, place);
}

static enum log_found find_older(struct loghistory *history, int64_t now,
				 struct logring_line **line)
{
	const struct logpart *part;
	struct logplace place;
	struct logblock *block;
	struct logspan span;
	struct stat st;
	enum log_found found = part_before(history);
	int fd;

	if (found != LOG_LINE)
		return found;
	part = logparts_get(history->parts, history->back_part);
	fd = part != NULL ? logpart_open(history->parts, part, &st) : -1;
	if (fd < 0)
		return LOG_GONE;
	found = span_before(history, fd, part->id, history->back_at, &span);
	block = found == LOG_LINE
		    ? block_load(history, fd, &span, part->end, history->oldest.seq - span.n, now)
		    : NULL;
	close(fd);
	if (block == NULL)
		return found == LOG_LINE ? LOG_GONE : found;
	*line = &block->lines[block->n - 1];
	place =
	    (struct logplace){ .seq = block->first,
			       .at = span.starts[0],
			       .part = part->id,
			       .hash = logindex_hash(block->lines[0].bytes, block->lines[0].len) };
	oldest_note(history, &place);
	return LOG_LINE;
}

/* The oldest line of which the newline before it lies in a chunk that ends where the oldest known
 * one begins. LOG_UNREAD: there is none, the line is longer. */
static enum log_found count_before(struct loghistory *history, int fd, struct logplace *place)
{
	off_t to = history->back_at, from = to > CHUNK ? to - CHUNK : 0;
	ssize_t n = chunk_read(history, fd, from, to);
	const char *bytes = history->chunk, *end = bytes + n, *begin, *nl;
	uint64_t lines = from == 0;

	if (n != to - from)
		return LOG_GONE;
	/* The last newline is that of the line before: none begins behind it. */
	nl = memchr(bytes, '\n', (size_t)(n - 1));
	begin = from == 0 ? bytes : nl != NULL ? nl + 1 : NULL;
	if (begin == NULL)
		return LOG_UNREAD;
	for (; nl != NULL; nl = memchr(nl + 1, '\n', (size_t)(end - 1 - (nl + 1))))
		lines++;
	nl = memchr(begin, '\n', (size_t)(end - begin));
	*place = (struct logplace){ .seq = history->oldest.seq - lines,
				    .at = from + (begin - bytes),
				    .part = history->back_part,
				    .hash = logindex_hash(begin, (size_t)((nl != NULL ? nl : end) -
									  begin)) };
	return LOG_LINE;
}

enum log_found loghistory_rewind(struct loghistory *history, int64_t now)
{
	enum log_found found = LOG_LINE;

	if (history->oldest.seq == 0)
		return LOG_BEGIN;
	while (found == LOG_LINE && history->spent <= LOG_BUDGET) {
		struct logring_line *line;
		const struct logpart *part;
		struct logplace place;
		struct stat st;
		int fd;

		found = part_before(history);
		if (found != LOG_LINE)
			break;
		part = logparts_get(history->parts, history->back_part);
		fd = part != NULL ? logpart_open(history->parts, part, &st) : -1;
		if (fd < 0)
			return LOG_GONE;
		do {
			found = count_before(history, fd, &place);
			if (found == LOG_LINE)
				oldest_note(history, &place);
		} while (found == LOG_LINE && history->back_at > 0 && history->spent <= LOG_BUDGET);
		close(fd);
		if (found == LOG_UNREAD)
			found = find_older(history, now, &line);
	}
	return found == LOG_LINE ? LOG_UNREAD : found;
}

enum log_found loghistory_find(struct loghistory *history, uint64_t seq, int64_t now,
			       struct logring_line **line)
{
	struct logplace first = { .seq = LOG_FIRST };

	*line = cached(history, seq);
	if (*line != NULL)
		return LOG_LINE;
	if (history->spent > LOG_BUDGET)
		return LOG_UNREAD;
	if (history->oldest.seq == 0) {
		/* Nothing came yet: what was rotated away before is older than what is to come. */
		if (history->parts->n == 0 || history->parts->list[0].end > 0)
			return LOG_BEGIN;
		first.part = history->parts->list[0].id;
		oldest_set(history, &first);
	}
	if (seq >= history->oldest.seq)
		return find_known(history, seq, now, line);
	return seq + 1 == history->oldest.seq ? find_older(history, now, line) : LOG_GONE;
}
