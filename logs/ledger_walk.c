#include "logs/ledger_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logs/ledger_line.h"
#include "logs/segment.h"

/*
 * Every segment but the first begins with a repetition of the last line before it, because nobody
 * knows whether that one's sync, which failed, left it on the disk. So the first line of a segment
 * may be the last one again, and behind the last whole line of a segment that has a successor may
 * stand the beginning of the successor's first line.
 */

struct walk {
	const char *folder;
	struct cursor *cursor;
	walk_fn *fn;
	void *data;
	struct walk_end *end;
	struct err *err;
	struct jflat *fields; /* of the line that is looked at */
};

struct cursor cursor_beginning(const char beginning[SHA256_HEX])
{
	struct cursor cursor = { .segment = 1 };

	memcpy(cursor.head.hash, beginning, SHA256_HEX);
	return cursor;
}

static enum walk_result damaged(const struct walk *walk, unsigned segment, size_t line,
				const char *problem)
{
	char name[SEGMENT_NAME];

	snprintf(walk->end->what, sizeof(walk->end->what), "%s line %zu: %s",
		 segment_name(segment, name), line, problem);
	return WALK_DAMAGED;
}

static bool is_repetition(const struct cursor *cursor, const struct ledger_line *line,
			  const char *hash)
{
	return cursor->segment > 1 && cursor->line == 0 && line->seq == cursor->head.seq &&
	       strcmp(hash, cursor->head.hash) == 0;
}

static const char *chain_problem(const struct cursor *cursor, const struct ledger_line *line)
{
	const char *prev = jflat_str(line->fields, "prev", NULL);

	if (cursor->closed)
		return "stands behind incident.closed";
	if (line->seq != cursor->head.seq + 1)
		return "does not follow the line before it: its seq is not the next one";
	if (prev && strcmp(prev, cursor->head.hash) == 0)
		return NULL;
	return cursor->head.seq == 0
		   ? "does not begin with the hash of this incident's id, runbook and target"
		   : "does not follow the line before it: its prev is not that line's hash";
}

/* Takes one whole line (`len` without its newline) and moves the cursor over it. */
static enum walk_result walk_line(const struct walk *walk, const char *bytes, size_t len)
{
	struct cursor *cursor = walk->cursor;
	char hash[SHA256_HEX];
	struct ledger_line line = { .seq = 0 };
	const char *problem = "its hash does not match its bytes";
	bool stop;

	if (!line_hash_holds(bytes, len, hash) ||
	    line_read(bytes, len, walk->fields, &line, &problem) < 0)
		return damaged(walk, cursor->segment, cursor->line + 1, problem);
	if (!is_repetition(cursor, &line, hash)) {
		problem = chain_problem(cursor, &line);
		stop = !problem && walk->fn && !walk->fn(&line, walk->data);
		if (problem || stop)
			return stop ? WALK_STOPPED
				    : damaged(walk, cursor->segment, cursor->line + 1, problem);
		cursor->head.seq = line.seq;
		memcpy(cursor->head.hash, hash, sizeof(hash));
		cursor->closed = strcmp(line.event, "incident.closed") == 0;
	}
	cursor->line++;
	cursor->offset += (off_t)len + 1;
	cursor->last_len = len + 1;
	return WALK_END;
}

/* Nothing was taken away from what was read already. */
static enum walk_result walk_look(const struct walk *walk)
{
	struct cursor *cursor = walk->cursor;
	struct segment_file file;
	off_t size = segment_look(walk->folder, cursor->segment, &file, walk->err);

	if (size < 0)
		return WALK_ERROR;
	if (cursor->offset > 0 && !segment_file_is(cursor->file, file))
		return damaged(walk, cursor->segment, cursor->line,
			       "was replaced: it is another file than the one that was read");
	if (size < cursor->offset)
		return damaged(walk, cursor->segment, cursor->line,
			       "was read, and was cut off since");
	cursor->file = file;
	return WALK_END;
}

/* All whole lines of the cursor's segment; what is left stays in *bytes. */
static enum walk_result walk_segment(const struct walk *walk, struct buf *bytes)
{
	enum { PIECE = 1 << 20 };
	struct cursor *cursor = walk->cursor;
	enum walk_result result = walk_look(walk);
	size_t before;

	if (result != WALK_END)
		return result;
	do {
		const char *newline;
		size_t done = 0;

		before = bytes->len;
		if (segment_read(walk->folder, cursor->segment, cursor->offset + (off_t)before,
				 PIECE, bytes, walk->err) < 0)
			return WALK_ERROR;
		if (bytes->len == before)
			break;
		while (result == WALK_END && done < bytes->len &&
		       (newline = memchr(bytes->data + done, '\n', bytes->len - done))) {
			size_t len = (size_t)(newline - (bytes->data + done));

			result = walk_line(walk, bytes->data + done, len);
			done += len + 1;
		}
		buf_drop(bytes, done);
	} while (result == WALK_END);
	return result;
}

/* The next segment, up to `newest`, that holds a whole line; 0: none does. What is left of this one
 * must be the beginning of that line. */
static enum walk_result next_segment(const struct walk *walk, struct buf *rest, unsigned newest,
				     unsigned *next)
{
	enum walk_result result = WALK_END;
	unsigned from = walk->cursor->segment;
	struct buf bytes = BUF_INIT;

	*next = 0;
	for (unsigned number = from + 1; number <= newest && *next == 0; number++) {
		const char *newline;

		buf_cut(&bytes, 0);
		if (segment_read(walk->folder, number, 0, 0, &bytes, walk->err) < 0) {
			result = WALK_ERROR;
			break;
		}
		newline = bytes.len ? memchr(bytes.data, '\n', bytes.len) : NULL;
		if (!newline)
			continue;
		*next = number;
		if (rest->len > (size_t)(newline - bytes.data) ||
		    (rest->len && memcmp(rest->data, bytes.data, rest->len) != 0))
			result = damaged(walk, from, walk->cursor->line + 1,
					 "is neither whole nor repeated in the next file");
	}
	buf_release(&bytes);
	return result;
}

/* Where the next line goes: behind the last whole one, or at the start of a newer, empty file. */
static enum walk_result walk_finish(const struct walk *walk, unsigned newest, struct buf *rest)
{
	walk->end->newest = newest;
	walk->end->offset = walk->cursor->offset;
	buf_add(&walk->end->tail, buf_str(rest), rest->len);
	if (newest <= walk->cursor->segment)
		return WALK_END;
	walk->end->offset = 0;
	return segment_read(walk->folder, newest, 0, 0, &walk->end->tail, walk->err) < 0
		   ? WALK_ERROR
		   : WALK_END;
}

enum walk_result ledger_walk(const char *folder, struct cursor *cursor, walk_fn *fn, void *data,
			     struct walk_end *end, struct err *err)
{
	struct walk_end unwanted = { .newest = 0 };
	struct jflat fields = { .n = 0 };
	struct walk walk = { folder, cursor, fn, data, end ? end : &unwanted, err, &fields };
	struct buf rest = BUF_INIT;
	enum walk_result result;
	unsigned newest, next;

	*walk.end = (struct walk_end){ .newest = 0, .tail = BUF_INIT };
	do {
		/* Asked for before reading: a segment that has a successor is written no more. */
		newest = segment_newest(folder, cursor->offset > 0 ? cursor->segment : 0);
		buf_cut(&rest, 0);
		result = walk_segment(&walk, &rest);
		next = 0;
		if (result == WALK_END && newest > cursor->segment)
			result = next_segment(&walk, &rest, newest, &next);
		if (result == WALK_END && next) {
			cursor->segment = next;
			cursor->offset = 0;
			cursor->line = 0;
		}
	} while (result == WALK_END && next);
	if (result == WALK_END)
		result = walk_finish(&walk, newest, &rest);
	if (!end && result == WALK_DAMAGED)
		err_set(err, "%s", unwanted.what);
	buf_release(&unwanted.tail);
	buf_release(&rest);
	jflat_release(&fields);
	return result;
}
