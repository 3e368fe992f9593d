#include "sources/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/logrecall.h"
#include "lib/mem.h"
#include "lib/newlines.h"
#include "lib/rxset.h"
#include "sources/scanparts.h"

/* Read at once; a line that is longer is looked at as far as it was read. */
#define BLOCK ((size_t)256 << 10)
/* Patterns look at so much of a line, as they do when a log is followed. */
#define MATCH_MAX 4096

struct scan {
	struct scan_totals totals;
	struct logline_zone zone;
	struct logfold fold;
	struct spans spans;
	struct errors errors;
	int64_t at;  /* of the latest record; 0: none */
	bool untold; /* the latest record is a bare traceback whose exception has not come yet */
	bool utc;
	char *told; /* owned: its first line, while untold */
	size_t ntold;
	struct rxset *set; /* owned; NULL: no patterns */
	size_t npatterns, nharmless, nalways;
	struct scan_known *known; /* owned */
	bool *hits;		  /* owned */
	const char *next;	  /* where in the block the next text of a pattern stands */
	const char *look;	  /* lines that reach beyond it are shown to the patterns */
	char *block;		  /* owned */
	struct newlines newlines; /* of a piece of it */
};

/* ---- life cycle ---- */

struct scan *scan_new(const char *const *patterns, size_t npatterns, size_t nharmless, bool utc,
		      struct err *err)
{
	struct scan *scan = xcalloc(1, sizeof(*scan));

	scan->utc = utc;
	scan->npatterns = npatterns;
	scan->nharmless = nharmless;
	spans_init(&scan->spans);
	scan->totals.step = scan->spans.step;
	errors_init(&scan->errors);
	scan->block = xmalloc(BLOCK);
	scan->told = xmalloc(SCAN_EXAMPLE);
	scan->known = xcalloc(npatterns + 1, sizeof(*scan->known));
	scan->hits = xcalloc(npatterns + 1, sizeof(*scan->hits));
	if (npatterns == 0)
		return scan;
	scan->set = rxset_new(patterns, npatterns, err);
	if (scan->set == NULL) {
		scan_free(scan);
		return NULL;
	}
	for (size_t i = 0; i < npatterns; i++)
		scan->nalways += rxset_always(scan->set, i);
	return scan;
}

void scan_free(struct scan *scan)
{
	if (scan == NULL)
		return;
	spans_release(&scan->spans);
	errors_release(&scan->errors);
	rxset_free(scan->set);
	free(scan->block);
	free(scan->told);
	free(scan->known);
	free(scan->hits);
	free(scan);
}

/* ---- records ---- */

static inline void time_count(struct scan *scan, int64_t at, enum loglevel level)
{
	struct scan_totals *totals = &scan->totals;
	struct scan_span *span = scan->spans.latest;

	if (at < scan->spans.from || at >= scan->spans.to)
		span = spans_seek(&scan->spans, at);
	if (span != NULL)
		span->levels[level]++;
	if (totals->first == 0 || at < totals->first)
		totals->first = at;
	if (at > totals->last)
		totals->last = at;
}

/* A bare traceback goes by its exception's line, or by its first one when there was none. */
static __attribute__((noinline)) void untold_end(struct scan *scan)
{
	if (scan->untold)
		errors_add(&scan->errors, scan->told, scan->ntold, 0, scan->at);
	scan->untold = false;
}

static __attribute__((noinline)) void error_count(struct scan *scan, const struct logline *line,
						  const char *bytes, size_t len, bool harmless)
{
	struct scan_totals *totals = &scan->totals;

	if (line->at != 0 && (totals->first_error == 0 || line->at < totals->first_error))
		totals->first_error = line->at;
	if (line->at > totals->last_error)
		totals->last_error = line->at;
	if (harmless)
		return;
	if (line->kin != LOGKIN_TRACEBACK) {
		errors_add(&scan->errors, bytes, len, line->body, line->at);
		return;
	}
	scan->untold = true;
	scan->ntold = len < SCAN_EXAMPLE ? len : SCAN_EXAMPLE;
	memcpy(scan->told, bytes, scan->ntold);
}

static __attribute__((noinline)) void joined_count(struct scan *scan, const struct logline *line,
						   const char *bytes, size_t len)
{
	if (!scan->untold || (line->kin != LOGKIN_NONE && line->kin != LOGKIN_EXCEPTION))
		return;
	scan->untold = false;
	errors_add(&scan->errors, bytes, len, line->body, scan->at);
}

/* ---- patterns ---- */

static void known_count(struct scan_known *known, int64_t at)
{
	known->count++;
	if (at == 0)
		return;
	if (known->first == 0 || at < known->first)
		known->first = at;
	if (at > known->last)
		known->last = at;
}

/* Whether the line matches a harmless pattern; `end` is where the block ends. */
static __attribute__((noinline)) bool patterns_match(struct scan *scan, const char *bytes,
						     size_t len, const char *end, int64_t at)
{
	bool harmless = false;

	while (scan->next < bytes + len) {
		rxset_mark(scan->set, scan->block, scan->next, end, scan->hits);
		scan->next = rxset_next(scan->set, scan->block, scan->next + 1, end);
	}
	if (scan->nalways == 0)
		scan->look = scan->next;
	len = len < MATCH_MAX ? len : MATCH_MAX;
	for (size_t i = 0; i < scan->npatterns; i++) {
		bool look = scan->hits[i] || rxset_always(scan->set, i);

		scan->hits[i] = false;
		if (look && rxset_match(scan->set, i, bytes, len)) {
			known_count(&scan->known[i], at);
			harmless = harmless || i < scan->nharmless;
		}
	}
	return harmless;
}

/* ---- lines ---- */

static inline void record_begin(struct scan *scan, int64_t at)
{
	if (scan->untold)
		untold_end(scan);
	scan->at = at;
}

static inline void record_count(struct scan *scan, enum loglevel level, int64_t at)
{
	scan->totals.records++;
	scan->totals.levels[level]++;
	if (at != 0)
		time_count(scan, at, level);
	else
		scan->totals.untimed++;
}

static __attribute__((noinline)) void line_new(struct scan *scan, const char *bytes, size_t len,
					       const char *end)
{
	struct logline line;
	bool harmless = false, joins;

	logline_read_new(&scan->zone, bytes, len, &line);
	joins = logfold_joins(&scan->fold, &line);
	if (!joins)
		record_begin(scan, line.at);
	if (bytes + len > scan->look)
		harmless = patterns_match(scan, bytes, len, end, scan->at);
	if (joins) {
		joined_count(scan, &line, bytes, len);
		return;
	}
	record_count(scan, line.level, line.at);
	if (line.level >= LOGLEVEL_ERROR)
		error_count(scan, &line, bytes, len, harmless);
}

/* Nearly all lines begin as one before them: the same as line_new(), by what they are known by. */
static inline __attribute__((always_inline)) void line_take(struct scan *scan, const char *bytes,
							    size_t len, const char *end)
{
	struct recalled as;
	enum loglevel level;
	bool harmless = false;

	if (!recall_line(&scan->zone, bytes, len, &as)) {
		line_new(scan, bytes, len, end);
		return;
	}
	level = (enum loglevel)as.head->level;
	logfold_begins(&scan->fold, level);
	record_begin(scan, as.at);
	if (bytes + len > scan->look)
		harmless = patterns_match(scan, bytes, len, end, scan->at);
	record_count(scan, level, as.at);
	if (level >= LOGLEVEL_ERROR) {
		struct logline line;

		recalled_fill(&scan->zone, &as, bytes, &line);
		error_count(scan, &line, bytes, len, harmless);
	}
}

/* The whole lines of the block, and with `last` what stands behind the last newline; returns how
 * many bytes they take. */
static size_t lines_take(struct scan *scan, size_t len, bool last)
{
	const char *p = scan->block, *end = p + len;

	if (scan->set != NULL && scan->totals.lines == 0)
		rxset_sample(scan->set, p, len);
	scan->next = scan->set != NULL ? rxset_next(scan->set, p, p, end) : end;
	scan->look = scan->nalways > 0 ? p : scan->next;
	for (const char *piece = p; piece < end; piece += NEWLINES_PIECE) {
		size_t left = (size_t)(end - piece);

		newlines_find(&scan->newlines, piece,
			      left < NEWLINES_PIECE ? left : NEWLINES_PIECE);
		for (size_t i = 0; i < scan->newlines.n; i++) {
			const char *nl = piece + scan->newlines.at[i];

			line_take(scan, p, (size_t)(nl - p), end);
			p = nl + 1;
		}
		scan->totals.lines += scan->newlines.n;
	}
	if (last && p < end) {
		line_new(scan, p, (size_t)(end - p), end);
		scan->totals.lines++;
		p = end;
	}
	return (size_t)(p - scan->block);
}

int scan_fd(struct scan *scan, int fd, int64_t now, struct err *err)
{
	size_t have = 0;
	bool pass = false;
	ssize_t n;

	scan->zone = (struct logline_zone){ .now = now, .utc = scan->utc };
	scan->fold = (struct logfold){ .any = false };
	while ((n = read(fd, scan->block + have, BLOCK - have)) != 0) {
		size_t done;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		scan->totals.bytes += (uint64_t)n;
		have += (size_t)n;
		if (pass) {
			const char *nl = memchr(scan->block, '\n', have);

			done = nl != NULL ? (size_t)(nl + 1 - scan->block) : have;
			pass = nl == NULL;
			memmove(scan->block, scan->block + done, have - done);
			have -= done;
			if (pass)
				continue;
		}
		done = lines_take(scan, have, false);
		have -= done;
		memmove(scan->block, scan->block + done, have);
		if (have == BLOCK) {
			lines_take(scan, have, true);
			pass = true;
			have = 0;
		}
	}
	if (n < 0)
		err_sys(err, "it can't be read");
	if (have > 0)
		lines_take(scan, have, true);
	untold_end(scan);
	scan->totals.step = scan->spans.step;
	scan->totals.errors_lost = scan->errors.lost;
	return n < 0 ? -1 : 0;
}

/* ---- results ---- */

const struct scan_totals *scan_totals(const struct scan *scan)
{
	return &scan->totals;
}

static int span_compare(const void *a, const void *b)
{
	const struct scan_span *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

struct scan_span *scan_spans(const struct scan *scan, size_t *n)
{
	const struct spans *spans = &scan->spans;
	struct scan_span *list = xcalloc(spans->used + 1, sizeof(*list));

	*n = 0;
	for (size_t i = 0; i < spans->nslots; i++)
		for (size_t level = 0; level < SCAN_LEVELS; level++)
			if (spans->slots[i].levels[level] > 0) {
				list[(*n)++] = spans->slots[i];
				break;
			}
	qsort(list, *n, sizeof(*list), span_compare);
	return list;
}

struct scan_error *scan_errors(const struct scan *scan, size_t most, size_t *n)
{
	struct scan_error *list = xmalloc((scan->errors.n + 1) * sizeof(*list));

	memcpy(list, scan->errors.list, scan->errors.n * sizeof(*list));
	qsort(list, scan->errors.n, sizeof(*list), errors_compare);
	*n = scan->errors.n < most ? scan->errors.n : most;
	return list;
}

const struct scan_known *scan_known(const struct scan *scan)
{
	return scan->known;
}
