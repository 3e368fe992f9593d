/*
 * A followed log (a file, systemd's journal, or what a command prints), for panels that show its
 * lines and for probes over them.
 *
 * The latest lines are in memory; older ones of a file are read again from it, and from the files
 * that it was rotated into, when somebody goes back to them: at most LOG_BUDGET bytes a call.
 * Sources handed in must be of type "log" (log_is()).
 */
#ifndef SOURCES_LOG_H
#define SOURCES_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/logline.h"
#include "sources/source.h"

#define LOG_TEXT   2048
#define LOG_BUDGET ((size_t)1 << 20)
/* The seq of the first line that is read: older ones, found later, have room below. */
#define LOG_FIRST ((uint64_t)1 << 40)

struct log_line {
	uint64_t seq; /* the line's name, never another's; grows from line to line */
	int64_t at;   /* wall time; 0: unknown */
	enum loglevel level;
	bool joined;	     /* goes on with the record before it (a traceback's line) */
	bool known;	     /* declared as known: harmless */
	unsigned folded;     /* of a record: how many lines go on with it */
	size_t true_len;     /* bytes in the file */
	const char *meaning; /* of the first declared pattern that it matches; borrowed from the
				source; NULL: none */
	char text[LOG_TEXT]; /* clean; cut with an ellipsis */
};

enum log_kind { LOG_FILE, LOG_JOURNAL, LOG_COMMAND };
enum log_state { LOG_FOLLOWING, LOG_READING, LOG_MISSING, LOG_FAILED };

struct log_status {
	enum log_kind kind;
	enum log_state state;
	char why[200];		 /* when missing or failed */
	const char *path;	 /* of the file, or the command line that is run; borrowed */
	double lines_per_minute; /* records of the latest minute */
	uint64_t newest;	 /* seq of the newest line; 0: none */
	int64_t newest_at;	 /* its wall time; 0: unknown or none */
	/* Lines that came in so far, and records of them that are errors and not known ones: what
	 * came between two looks is the difference. */
	uint64_t lines, errors;
};

/* Whether it is of that type. */
bool log_is(const struct source *source);
void log_status(const struct source *source, struct log_status *out);

/* What a look for a line came to. */
enum log_found {
	LOG_LINE,   /* there it is */
	LOG_BEGIN,  /* there is none before: the log begins here */
	LOG_PACKED, /* older ones are in a packed file, which is not read */
	LOG_GONE, /* it was there once: its file was cut or removed, or memory gave its place away.
		   * Older ones may still be there: ask for those before out->seq, when that is
		   * another one than was asked about */
	LOG_UNREAD, /* not looked at yet, the call's budget is used up: ask again from out->seq */
	LOG_END,    /* there is none yet: it is newer than the newest */
};

/* The line before `seq` (0: the newest one); with `records` lines that were joined to one are
 * passed over. Only LOG_LINE fills more of `out` than its seq. */
enum log_found log_find_before(const struct source *source, uint64_t seq, bool records,
			       struct log_line *out);
/* The line behind `seq` (0: the oldest one that was read so far); with `records` joined lines are
 * passed over. */
enum log_found log_find_after(const struct source *source, uint64_t seq, bool records,
			      struct log_line *out);
/* The line with this seq. */
enum log_found log_find_at(const struct source *source, uint64_t seq, struct log_line *out);
/* Goes on towards the oldest line that can be had, without a look at those between: LOG_UNREAD
 * until it is reached, then why there is none before it. *seq is that of the oldest one so far. */
enum log_found log_find_oldest(const struct source *source, uint64_t *seq);
/* For a person, one clean line: why there is no line further back ("older lines are packed in
 * bot.log.2.gz"). Of the latest look at this source that came to `found`. */
void log_found_text(const struct source *source, enum log_found found, char *out, size_t size);

/* The same, whether it was found. */
bool log_line_before(const struct source *source, uint64_t seq, bool records, struct log_line *out);
bool log_line_after(const struct source *source, uint64_t seq, bool records, struct log_line *out);
bool log_line_at(const struct source *source, uint64_t seq, struct log_line *out);

struct log_hits {
	uint64_t count;
	uint64_t lines; /* that were looked at */
	bool reaches;	/* all lines since then were looked at; else there may be more hits */
	bool given_up;	/* on a line the pattern took too long: it may be a hit */
	struct log_line latest; /* the latest hit, when count is not 0 */
};

/* Counts the lines since a wall time that match a pattern and have at least a level (LOGLEVEL_NONE:
 * any). Patterns are kept and counted on from then. -1 when the pattern is bad or there are too
 * many. */
int log_hits(struct source *source, const char *pattern, enum loglevel least, int64_t since,
	     struct log_hits *out, struct err *err);
/* Begins to count a pattern, so that log_hits() reaches back beyond the lines in memory later. */
int log_watch(struct source *source, const char *pattern, enum loglevel least, struct err *err);

#endif
