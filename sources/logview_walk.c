#include "sources/logview_walk.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/mem.h"

#define CHUNK  256 /* lines of one log before the others get their turn */
#define STRIDE 32  /* lines between two looks at the clock */

bool logview_spent(struct logview_budget *budget)
{
	if (budget->spent || budget->looked < budget->next)
		return budget->spent;
	budget->next = budget->looked + STRIDE;
	budget->spent = clock_mono(&clock_system) >= budget->until;
	return budget->spent;
}

void logview_record_free(struct logview_record *record)
{
	if (!record)
		return;
	free(record->text);
	free(record->meaning);
	free(record->tells);
	free(record->rest);
	free(record);
}

bool logview_is_before(const struct logview_record *a, const struct logview_record *b)
{
	return a->at != b->at ? a->at < b->at : a->log < b->log;
}

/* ---- what passes ---- */

/* How much a line of a record says about why it is shown. */
enum tell { TELL_NOTHING, TELL_SOMETHING, TELL_ONLY, TELL_SEARCH };

/* What the patterns say of a record, line by line. */
struct verdicts {
	bool hit[LOGVIEW_PATTERNS];
	enum tell tell; /* of the latest line */
};

static void line_judge(struct logview_sieve *sieve, const char *text, struct verdicts *verdicts)
{
	size_t len = strlen(text);

	verdicts->tell = TELL_NOTHING;
	for (int i = LOGVIEW_PATTERNS - 1; i >= 0; i--) {
		int found = sieve->rx[i] ? rx_judge(sieve->rx[i], text, len) : 0;

		sieve->unsure += found < 0;
		/* What a pattern can't tell is shown rather than hidden. */
		if (found == 0 || (found < 0 && i != LOGVIEW_ONLY))
			continue;
		verdicts->hit[i] = true;
		if (i != LOGVIEW_WITHOUT)
			verdicts->tell = i == LOGVIEW_SEARCH ? TELL_SEARCH : TELL_ONLY;
	}
}

/* The last line of a traceback that is not indented names the exception. */
static bool tells_something(const char *text)
{
	return *text && !isspace((unsigned char)*text) && strncmp(text, "Traceback", 9) != 0;
}

/* Looks through the lines that go on with the record. Returns the one to show of them, new: the
 * first that is looked for, else the last that says something. */
static char *rest_judge(struct logview_sieve *sieve, const struct source *source, uint64_t seq,
			struct verdicts *verdicts, struct logview_budget *budget)
{
	struct log_line *line = xmalloc(sizeof(*line));
	enum tell best = TELL_NOTHING;
	char *tells = NULL;

	for (int i = 0; i < LOGVIEW_REST && log_line_after(source, seq, false, line); i++) {
		if (!line->joined)
			break;
		seq = line->seq;
		budget->looked++;
		line_judge(sieve, line->text, verdicts);
		if (verdicts->tell == TELL_NOTHING && tells_something(line->text))
			verdicts->tell = TELL_SOMETHING;
		if (verdicts->tell == TELL_NOTHING || verdicts->tell < best ||
		    (verdicts->tell == best && best > TELL_SOMETHING))
			continue;
		best = verdicts->tell;
		free(tells);
		tells = xstrdup(line->text);
	}
	free(line);
	return tells;
}

static bool is_error(const struct log_line *line)
{
	return line->level >= LOGLEVEL_ERROR && !line->known;
}

/* Where the message begins, behind time, name and level; 0 when it has neither time nor level. */
static size_t body_find(struct logview_sieve *sieve, const char *text)
{
	size_t len = strlen(text);
	struct logline read;

	logline_read(&sieve->zone, text, len, &read);
	if (read.at == 0 && read.level == LOGLEVEL_NONE)
		return 0;
	read.body += strspn(text + read.body, " -:|");
	return read.body < len ? read.body : 0;
}

struct logview_record *logview_sift(struct logview_sieve *sieve, enum logview_goal goal,
				    const struct source *source, size_t log,
				    const struct log_line *line, struct logview_budget *budget)
{
	struct verdicts verdicts = { .tell = TELL_NOTHING };
	struct logview_record *record;
	char *tells;

	if (sieve->least != LOGLEVEL_NONE && (line->known || line->level < sieve->least))
		return NULL;
	if (goal == LOGVIEW_ERROR && !is_error(line))
		return NULL;
	line_judge(sieve, line->text, &verdicts);
	tells = line->folded ? rest_judge(sieve, source, line->seq, &verdicts, budget) : NULL;
	if ((sieve->rx[LOGVIEW_ONLY] && !verdicts.hit[LOGVIEW_ONLY]) ||
	    verdicts.hit[LOGVIEW_WITHOUT] ||
	    (goal == LOGVIEW_MATCH && !verdicts.hit[LOGVIEW_SEARCH])) {
		free(tells);
		return NULL;
	}
	record = xcalloc(1, sizeof(*record));
	*record = (struct logview_record){ .log = log,
					   .seq = line->seq,
					   .at = line->at,
					   .level = line->level,
					   .known = line->known,
					   .folded = line->folded,
					   .true_len = line->true_len,
					   .body = body_find(sieve, line->text),
					   .text = xstrdup(line->text),
					   .meaning = line->meaning ? xstrdup(line->meaning) : NULL,
					   .tells = tells };
	return record;
}

/* ---- the walk ---- */

void logview_side_set(struct logview_side *side, uint64_t bound)
{
	logview_record_free(side->found);
	*side = (struct logview_side){ .at = bound };
}

void logview_walk_release(struct logview_walk *walk)
{
	for (size_t i = 0; i < LOGVIEW_LOGS; i++)
		logview_side_set(&walk->sides[i], 0);
}

/* Lines behind the latest one are gone: on to the first one that is not. */
static bool gap_cross(struct logview_side *side, const struct source *source, struct log_line *line)
{
	struct log_status status;
	uint64_t gone = side->at, there;

	log_status(source, &status);
	if (status.newest <= side->at)
		return false;
	for (there = status.newest; there - gone > 1;) {
		uint64_t middle = gone + (there - gone) / 2;

		if (log_find_at(source, middle, line) == LOG_GONE)
			gone = middle;
		else
			there = middle;
	}
	side->at = there - 1;
	side->gap = true;
	return true;
}

/* The line beyond the latest one that was looked at. False when there is none in this look: then
 * the side has ended, or goes on with the next one. */
static bool side_step(struct logview_walk *walk, struct logview_side *side,
		      const struct source *source, struct logview_budget *budget)
{
	struct log_line *line = &walk->line;
	enum log_found found = walk->newer ? log_find_after(source, side->at, false, line)
					   : log_find_before(source, side->at, true, line);

	if (found == LOG_GONE && walk->newer && gap_cross(side, source, line)) {
		budget->next = 0;
		return false;
	}
	if (found != LOG_LINE) {
		side->ended = found != LOG_UNREAD;
		side->end = found;
		if (found == LOG_UNREAD) {
			side->at = line->seq;
			budget->next = 0; /* it took long: the clock is asked at once */
		}
		return false;
	}
	/* Lines that were passed over were looked at, too. */
	budget->looked +=
	    !walk->newer && side->begun && side->at > line->seq ? side->at - line->seq : 1;
	side->at = line->seq;
	/* A line without a time stands where its neighbour stands. */
	if (line->at)
		side->when = line->at;
	else if (side->begun)
		line->at = side->when;
	side->begun = true;
	return true;
}

/* Whether what this side may find still could stand before `best`, as the walk goes. */
static bool side_matters(const struct logview_walk *walk, const struct logview_side *side,
			 const struct logview_record *best)
{
	if (side->found || side->ended)
		return false;
	if (!best || !side->begun)
		return true;
	return walk->newer ? side->when <= best->at : side->when >= best->at;
}

static void side_scan(struct logview_walk *walk, size_t log, const struct source *source,
		      struct logview_sieve *sieve, struct logview_budget *budget)
{
	struct logview_side *side = &walk->sides[log];
	const struct log_line *line = &walk->line;

	for (int i = 0; i < CHUNK && !side->found && side_step(walk, side, source, budget); i++) {
		if (line->joined) {
			if (!side->head && log_line_before(source, line->seq, true, &walk->line))
				side->head = line->seq;
			side->grown = side->head;
		} else {
			side->head = line->seq;
			side->found = logview_sift(sieve, walk->goal, source, log, line, budget);
			if (side->found) {
				side->found->gap = side->gap;
				side->gap = false;
			}
		}
		if (logview_spent(budget))
			break;
	}
}

int logview_walk_next(struct logview_walk *walk, const struct source *const *logs, size_t n,
		      struct logview_sieve *sieve, struct logview_budget *budget,
		      struct logview_record **out)
{
	for (;;) {
		struct logview_side *best = NULL;
		bool more = false;

		for (size_t i = 0; i < n; i++) {
			struct logview_side *side = &walk->sides[i];

			if (side->found &&
			    (!best || logview_is_before(side->found, best->found) == walk->newer))
				best = side;
		}
		for (size_t i = 0; i < n; i++) {
			if (!side_matters(walk, &walk->sides[i], best ? best->found : NULL))
				continue;
			more = true;
			if (logview_spent(budget))
				return -1;
			side_scan(walk, i, logs[i], sieve, budget);
		}
		if (more)
			continue;
		*out = best ? best->found : NULL;
		if (best)
			best->found = NULL;
		return best != NULL;
	}
}
