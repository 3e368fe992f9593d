#include "sources/logview_page.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/mem.h"

#define HOUR_US (3600 * CLOCK_US)

void page_clear(struct logview *view)
{
	for (size_t i = 0; i < view->count; i++)
		logview_record_free(view->page[i]);
	view->count = view->cursor = 0;
}

uint64_t page_lines_came(const struct logview *view, uint64_t *errors)
{
	struct log_status status;
	uint64_t lines = 0, wrong = 0;

	for (size_t i = 0; i < view->n; i++) {
		log_status(view->logs[i], &status);
		lines += status.lines;
		wrong += status.errors;
	}
	if (errors)
		*errors = wrong;
	return lines;
}

void page_begin(struct logview *view, const uint64_t *bounds)
{
	page_clear(view);
	for (size_t i = 0; i < view->n; i++) {
		logview_side_set(&view->older.sides[i], bounds[i]);
		logview_side_set(&view->newer.sides[i], bounds[i] - 1);
	}
	view->seen = 0;
	view->looked = 0;
	view->seeking = false;
	view->moves = 0;
}

void page_newest(struct logview *view)
{
	uint64_t bounds[LOGVIEW_LOGS];
	struct log_status status;

	view->unborn = false;
	for (size_t i = 0; i < view->n; i++) {
		log_status(view->logs[i], &status);
		bounds[i] = status.newest ? status.newest + 1 : LOG_FIRST;
		view->unborn = view->unborn || !status.newest;
	}
	page_begin(view, bounds);
	view->landing = false;
	view->seen = page_lines_came(view, &view->seen_errors);
}

size_t logview_count(const struct logview *view)
{
	return view->count;
}

const struct logview_record *logview_at(const struct logview *view, size_t i)
{
	return i < view->count ? view->page[i] : NULL;
}

size_t logview_cursor(const struct logview *view)
{
	if (!view->count)
		return 0;
	return view->held ? view->cursor : view->count - 1;
}

size_t logview_find(const struct logview *view, size_t log, uint64_t seq)
{
	for (size_t i = view->count; i-- > 0;) {
		if (view->page[i]->log == log && view->page[i]->seq == seq)
			return i;
	}
	return view->count;
}

/* The page is full: the end that is farther from the cursor gives way, and is walked to again when
 * it is wanted. */
static void page_trim(struct logview *view)
{
	size_t cursor = logview_cursor(view);
	struct logview_record *record;

	if (cursor >= view->count / 2) {
		record = view->page[0];
		logview_side_set(&view->older.sides[record->log], record->seq + 1);
		memmove(view->page, view->page + 1, --view->count * sizeof(*view->page));
		view->cursor -= view->cursor > 0;
	} else {
		record = view->page[--view->count];
		logview_side_set(&view->newer.sides[record->log], record->seq - 1);
		view->seen = 0;
	}
	logview_record_free(record);
}

void page_place(struct logview *view, struct logview_record *record, bool newer)
{
	size_t i = newer ? view->count : 0;

	if (logview_find(view, record->log, record->seq) < view->count) {
		logview_record_free(record);
		return;
	}
	if (view->count == LOGVIEW_PAGE)
		page_trim(view);
	if (newer) {
		size_t least = view->held && !view->landing ? view->cursor + 1 : 0;

		for (i = view->count; i > least && view->page[i - 1]->log != record->log &&
				      logview_is_before(record, view->page[i - 1]);)
			i--;
	} else {
		for (; i < view->count && view->page[i]->log != record->log &&
		       logview_is_before(view->page[i], record) &&
		       (view->landing || !view->held || i < view->cursor);)
			i++;
	}
	memmove(view->page + i + 1, view->page + i, (view->count - i) * sizeof(*view->page));
	view->page[i] = record;
	view->count++;
	if (view->count > 1 && i <= view->cursor)
		view->cursor++;
}

bool logview_at_oldest(const struct logview *view)
{
	for (size_t i = 0; i < view->n; i++) {
		if (!view->older.sides[i].ended || view->older.sides[i].found)
			return false;
	}
	return true;
}

enum log_found logview_end(const struct logview *view, size_t log)
{
	const struct logview_side *side = &view->older.sides[log];

	return log < view->n && side->ended && !side->found ? side->end : LOG_LINE;
}

bool logview_at_newest(const struct logview *view)
{
	for (size_t i = 0; i < view->n; i++) {
		const struct logview_side *side = &view->newer.sides[i];
		struct log_status status;

		log_status(view->logs[i], &status);
		if (side->found || side->at < status.newest)
			return false;
	}
	return true;
}

unsigned logview_times(const struct logview *view, size_t i, int64_t *span)
{
	const struct logview_record *last = logview_at(view, i);
	unsigned times = 0;

	*span = 0;
	for (size_t k = 0; last && last->meaning && k <= i; k++) {
		const struct logview_record *record = view->page[k];

		if (!record->meaning || strcmp(record->meaning, last->meaning) != 0 ||
		    last->at - record->at > HOUR_US)
			continue;
		if (times++ == 0)
			*span = last->at - record->at;
	}
	return times;
}

void page_land(struct logview *view, const struct logview_record *record, const uint64_t *bounds)
{
	view->land =
	    (struct logview_record){ .log = record->log, .seq = record->seq, .at = record->at };
	page_begin(view, bounds);
	view->landing = true;
}

void page_remove(struct logview *view, size_t i)
{
	logview_record_free(view->page[i]);
	memmove(view->page + i, view->page + i + 1, (--view->count - i) * sizeof(*view->page));
}

void page_read_rest(const struct logview *view, struct logview_record *record)
{
	struct log_line *line = xmalloc(sizeof(*line));
	struct buf text = BUF_INIT;
	uint64_t seq = record->seq;
	unsigned lines = 0;

	while (lines < LOGVIEW_REST && log_line_after(view->logs[record->log], seq, false, line) &&
	       line->joined) {
		buf_printf(&text, "%s%s", lines++ ? "\n" : "", line->text);
		seq = line->seq;
	}
	if (lines < record->folded)
		buf_printf(&text, "%s... %u more lines%s", lines ? "\n" : "",
			   record->folded - lines, lines ? "" : " that are gone from the log");
	free(record->rest);
	record->rest = buf_detach(&text);
	free(line);
}

int page_extend(struct logview *view, bool newer, struct logview_budget *budget)
{
	struct logview_record *record;
	int got = logview_walk_next(newer ? &view->newer : &view->older, view->logs, view->n,
				    &view->sieve, budget, &record);

	if (got == 1)
		page_place(view, record, newer);
	return got;
}

void page_wake(struct logview *view)
{
	for (size_t i = 0; i < view->n; i++)
		view->newer.sides[i].ended = false;
}
