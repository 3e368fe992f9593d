#include "sources/logview_page.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/mem.h"

#define AHEAD  200 /* records that are kept ready where they cost next to nothing */
#define PAUSES 100 /* records whose pauses are looked at */
/* Further back nothing is looked for unasked: it would load a host that has trouble enough. */
#define UNASKED 1000000
/* So far behind the newest line it is cheaper to begin anew there: without and with patterns. */
#define BEHIND	       400
#define BEHIND_PICKING 300000

/* ---- life cycle ---- */

struct logview *logview_new(const struct source *const *logs, size_t n)
{
	struct logview *view = xcalloc(1, sizeof(*view));

	view->n = n < LOGVIEW_LOGS ? n : LOGVIEW_LOGS;
	for (size_t i = 0; i < view->n; i++)
		view->logs[i] = logs[i];
	view->newer.newer = true;
	page_newest(view);
	return view;
}

void logview_free(struct logview *view)
{
	if (!view)
		return;
	page_clear(view);
	logview_walk_release(&view->older);
	logview_walk_release(&view->newer);
	logview_walk_release(&view->seek);
	for (int i = 0; i < LOGVIEW_PATTERNS; i++) {
		rx_free(view->sieve.rx[i]);
		free(view->sieve.text[i]);
	}
	free(view);
}

/* ---- filters ---- */

/* The page begins anew around the cursor's record, or what stands nearest to it then. */
static void page_again(struct logview *view)
{
	uint64_t bounds[LOGVIEW_LOGS];
	size_t cursor = logview_cursor(view);

	if (!view->held || !view->count) {
		page_newest(view);
		return;
	}
	for (size_t log = 0; log < view->n; log++) {
		const struct logview_side *side = &view->newer.sides[log];

		bounds[log] = side->found ? side->found->seq : side->at + 1;
		for (size_t i = view->count; i-- > cursor;) {
			if (view->page[i]->log == log)
				bounds[log] = view->page[i]->seq;
		}
	}
	page_land(view, view->page[cursor], bounds);
}

int logview_pattern(struct logview *view, enum logview_pattern which, const char *pattern,
		    struct err *err)
{
	struct rx *rx = NULL;

	if (pattern && *pattern) {
		rx = rx_new(pattern, rx_ignores_case(pattern), err);
		if (!rx)
			return -1;
	}
	rx_free(view->sieve.rx[which]);
	free(view->sieve.text[which]);
	view->sieve.rx[which] = rx;
	view->sieve.text[which] = rx ? xstrdup(pattern) : NULL;
	view->sieve.unsure = 0;
	page_again(view);
	return 0;
}

const char *logview_pattern_text(const struct logview *view, enum logview_pattern which)
{
	return view->sieve.text[which];
}

bool logview_match(const struct logview *view, const char *text, size_t start, size_t *from,
		   size_t *to)
{
	const struct rx *rx = view->sieve.rx[LOGVIEW_SEARCH];

	return rx && rx_next(rx, text, strlen(text), start, from, to);
}

void logview_least(struct logview *view, enum loglevel least)
{
	if (view->sieve.least == least)
		return;
	view->sieve.least = least;
	page_again(view);
}

enum loglevel logview_least_now(const struct logview *view)
{
	return view->sieve.least;
}

uint64_t logview_unsure(const struct logview *view)
{
	return view->sieve.unsure;
}

bool logview_is_picking(const struct logview *view)
{
	return view->sieve.least != LOGLEVEL_NONE || view->sieve.rx[LOGVIEW_ONLY] ||
	       view->sieve.rx[LOGVIEW_WITHOUT];
}

/* ---- work ---- */

/* A record that was shown, or hidden, before the lines came that go on with it. */
static void grown_take(struct logview *view, size_t log, struct logview_budget *budget)
{
	uint64_t seq = view->newer.sides[log].grown;
	size_t i = logview_find(view, log, seq);
	struct log_line *line = xmalloc(sizeof(*line));
	struct logview_record *record;

	view->newer.sides[log].grown = 0;
	if (!log_line_at(view->logs[log], seq, line))
		goto out;
	record = logview_sift(&view->sieve, LOGVIEW_ANY, view->logs[log], log, line, budget);
	if (i == view->count) {
		if (record)
			page_place(view, record, true);
	} else if (!record) {
		page_remove(view, i);
	} else {
		if (view->page[i]->rest)
			page_read_rest(view, record);
		logview_record_free(view->page[i]);
		view->page[i] = record;
	}
out:
	free(line);
}

/* In a flood without errors there is nothing to look for when only errors are shown. */
static void errorless_skip(struct logview *view, uint64_t lines, uint64_t errors)
{
	struct log_status status;

	if (view->sieve.least < LOGLEVEL_ERROR || errors != view->seen_errors ||
	    lines - view->seen < BEHIND || view->seen == 0)
		return;
	for (size_t i = 0; i < view->n; i++) {
		log_status(view->logs[i], &status);
		if (!view->newer.sides[i].found && status.newest)
			logview_side_set(&view->newer.sides[i], status.newest);
	}
}

/* While it follows: what came goes onto the page. True when that is not all yet. */
static bool newest_take(struct logview *view, struct logview_budget *budget)
{
	uint64_t errors, lines = page_lines_came(view, &errors);
	int got;

	errorless_skip(view, lines, errors);

	if (lines - view->seen > (logview_is_picking(view) ? BEHIND_PICKING : BEHIND) ||
	    (view->unborn && lines != view->seen))
		page_newest(view);
	page_wake(view);
	do
		got = page_extend(view, true, budget);
	while (got == 1);
	for (size_t i = 0; i < view->n; i++) {
		if (view->newer.sides[i].grown)
			grown_take(view, i, budget);
	}
	if (got == 0) {
		view->seen = lines;
		view->seen_errors = errors;
	}
	return got < 0;
}

/* Makes the moves that are due as far as the page reaches, and walks on where it doesn't. */
static bool moves_make(struct logview *view, struct logview_budget *budget)
{
	int got = 1;

	page_wake(view);
	while (view->moves != 0 && got == 1) {
		bool newer = view->moves > 0;

		if (newer ? view->cursor + 1 < view->count : view->cursor > 0) {
			view->cursor = newer ? view->cursor + 1 : view->cursor - 1;
			view->moves += newer ? -1 : 1;
		} else {
			got = page_extend(view, newer, budget);
		}
	}
	if (got != 0) {
		view->outcome = view->moves ? LOGVIEW_LOOKING : LOGVIEW_THERE;
		return got < 0;
	}
	view->outcome = LOGVIEW_NONE;
	if (view->moves > 0)
		logview_follow(view);
	view->moves = 0;
	return false;
}

/* The cursor goes to the record that it is to land on, or to the one before where that would be. */
static void land(struct logview *view)
{
	size_t i = logview_find(view, view->land.log, view->land.seq);

	if (i == view->count) {
		for (i = 0; i < view->count && logview_is_before(view->page[i], &view->land);)
			i++;
		i -= i > 0;
	}
	view->cursor = i;
}

/* Whether there are lines behind the page that were there already when it was held: those that
 * came since stay out of sight. */
static bool held_more(const struct logview *view)
{
	for (size_t i = 0; i < view->n; i++) {
		if (view->newer.sides[i].found || view->newer.sides[i].at < view->held_newest[i])
			return true;
	}
	return false;
}

/* Fills the page around the cursor. */
static bool page_fill(struct logview *view, size_t rows, struct logview_budget *budget)
{
	size_t ready = logview_is_picking(view) ? 0 : AHEAD;
	int got = 1;

	if (view->landing) {
		page_wake(view);
		while (got == 1 && view->count - view->cursor < rows + 1) {
			got = page_extend(view, true, budget);
			land(view);
		}
		if (got < 0)
			return true;
		got = 1;
	}
	while (got == 1 && logview_cursor(view) < rows + ready && view->count < LOGVIEW_PAGE &&
	       view->looked + budget->looked < UNASKED) {
		got = page_extend(view, false, budget);
		if (view->landing)
			land(view);
	}
	if (got >= 0)
		view->landing = false;
	/* There is more room than there was. */
	if (got == 0 && view->held) {
		page_wake(view);
		for (got = 1; got == 1 && view->count < rows && held_more(view);)
			got = page_extend(view, true, budget);
	}
	return got < 0;
}

static bool seek_work(struct logview *view, struct logview_budget *budget)
{
	struct logview_record *record;
	uint64_t bounds[LOGVIEW_LOGS];
	int got =
	    logview_walk_next(&view->seek, view->logs, view->n, &view->sieve, budget, &record);

	if (got < 0)
		return true;
	view->seeking = false;
	view->outcome = got ? LOGVIEW_THERE : LOGVIEW_NONE;
	if (!got)
		return false;
	for (size_t i = 0; i < view->n; i++) {
		const struct logview_side *side = &view->seek.sides[i];

		bounds[i] = side->found || !view->seek.newer ? side->at : side->at + 1;
	}
	bounds[record->log] = record->seq;
	logview_hold(view);
	page_land(view, record, bounds);
	logview_record_free(record);
	return false;
}

/* To the oldest line of every log. */
static bool rewind_work(struct logview *view, struct logview_budget *budget)
{
	uint64_t bounds[LOGVIEW_LOGS];
	const struct logview_record first = { .at = INT64_MIN };

	for (size_t i = 0; i < view->n; i++) {
		uint64_t before = view->rewound[i];

		while (log_find_oldest(view->logs[i], &bounds[i]) == LOG_UNREAD) {
			budget->looked += before > bounds[i] ? before - bounds[i] : 0;
			before = view->rewound[i] = bounds[i];
			budget->next = 0;
			if (logview_spent(budget))
				return true;
		}
	}
	view->rewinding = false;
	page_land(view, &first, bounds);
	view->outcome = LOGVIEW_THERE;
	return false;
}

bool logview_work(struct logview *view, size_t rows, int64_t budget_us)
{
	int64_t now = clock_mono(&clock_system);
	struct logview_budget first = { .until = now + budget_us / 2 };
	struct logview_budget budget = { .until = now + budget_us };
	bool more = false;

	view->rows = rows;
	if (!view->held)
		more = newest_take(view, &first);
	if (view->moves)
		more = moves_make(view, &budget) || more;
	if (view->rewinding)
		more = rewind_work(view, &budget) || more;
	if (view->seeking)
		more = seek_work(view, &budget) || more;
	if (!view->moves && !view->seeking && !view->rewinding)
		more = page_fill(view, rows, &budget) || more;
	view->looked += budget.looked;
	return more;
}

bool logview_is_short(const struct logview *view)
{
	return view->looked >= UNASKED && !view->seeking && !view->moves &&
	       view->count < view->rows && !logview_at_oldest(view);
}

uint64_t logview_looked(const struct logview *view)
{
	return view->looked;
}

enum logview_outcome logview_outcome(const struct logview *view)
{
	return view->seeking || view->rewinding ? LOGVIEW_LOOKING : view->outcome;
}

void logview_stop(struct logview *view)
{
	view->seeking = view->rewinding = false;
	view->moves = 0;
	view->outcome = LOGVIEW_THERE;
}

/* ---- moving ---- */

bool logview_held(const struct logview *view)
{
	return view->held;
}

void logview_hold(struct logview *view)
{
	struct log_status status;

	if (view->held)
		return;
	view->cursor = view->count ? view->count - 1 : 0;
	view->held = true;
	for (size_t i = 0; i < view->n; i++) {
		log_status(view->logs[i], &status);
		view->held_newest[i] = status.newest;
	}
	view->held_lines = page_lines_came(view, &view->held_errors);
}

void logview_follow(struct logview *view)
{
	logview_stop(view);
	view->held = false;
	view->landing = false;
}

uint64_t logview_missed(const struct logview *view, uint64_t *errors)
{
	uint64_t lines = page_lines_came(view, errors);

	*errors = view->held ? *errors - view->held_errors : 0;
	return view->held ? lines - view->held_lines : 0;
}

void logview_move(struct logview *view, long by)
{
	if (!view->held && by > 0)
		return;
	logview_stop(view);
	logview_hold(view);
	view->moves = by;
	view->outcome = LOGVIEW_LOOKING;
}

void logview_oldest(struct logview *view)
{
	logview_stop(view);
	logview_hold(view);
	view->rewinding = true;
	view->looked = 0;
}

static bool is_goal(const struct logview *view, size_t i, enum logview_goal goal)
{
	const struct logview_record *record = view->page[i];
	size_t from, to;

	if (goal == LOGVIEW_ERROR)
		return record->level >= LOGLEVEL_ERROR && !record->known;
	return logview_match(view, record->text, 0, &from, &to) ||
	       (record->tells && logview_match(view, record->tells, 0, &from, &to));
}

/* From the end of the page on. */
static void seek_begin(struct logview *view, enum logview_goal goal, bool newer)
{
	const struct logview_walk *from = newer ? &view->newer : &view->older;

	logview_walk_release(&view->seek);
	view->seek.newer = newer;
	view->seek.goal = goal;
	for (size_t i = 0; i < view->n; i++) {
		const struct logview_side *side = &from->sides[i];
		uint64_t bound = side->at;

		/* What was found there and is not on the page yet is looked at, too. */
		if (side->found)
			bound = newer ? side->found->seq - 1 : side->found->seq + 1;
		logview_side_set(&view->seek.sides[i], bound);
		view->seek.sides[i].ended = !newer && side->ended && !side->found;
	}
	view->seeking = true;
	view->looked = 0;
}

void logview_seek(struct logview *view, enum logview_goal goal, bool newer)
{
	/* Nobody chose the newest record while it follows: it may be the goal itself. */
	size_t i = logview_cursor(view) + (view->held || !view->count ? 0 : 1);

	logview_stop(view);
	while (newer ? ++i < view->count : i-- > 0) {
		if (is_goal(view, i, goal)) {
			logview_hold(view);
			view->cursor = i;
			return;
		}
	}
	seek_begin(view, goal, newer);
}

void logview_open(struct logview *view)
{
	struct logview_record *record = view->count ? view->page[logview_cursor(view)] : NULL;

	if (!record || !record->folded)
		return;
	if (!record->rest) {
		page_read_rest(view, record);
		return;
	}
	free(record->rest);
	record->rest = NULL;
}

/* ---- what is usual ---- */

int64_t logview_pause(const struct logview *view)
{
	struct log_line *line = xmalloc(sizeof(*line));
	int64_t longest = 0;

	for (size_t i = 0; i < view->n; i++) {
		int64_t next = 0;
		uint64_t seq = 0;

		for (int k = 0; k < PAUSES && log_line_before(view->logs[i], seq, true, line);
		     k++) {
			if (next && line->at && next - line->at > longest)
				longest = next - line->at;
			next = line->at ? line->at : next;
			seq = line->seq;
		}
	}
	free(line);
	return longest;
}
