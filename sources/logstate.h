/*
 * What a log source keeps between its files; nobody else includes this.
 */
#ifndef SOURCES_LOGSTATE_H
#define SOURCES_LOGSTATE_H

#include "lib/rx.h"
#include "sources/log.h"
#include "sources/logfollow.h"
#include "sources/loghistory.h"
#include "sources/logjournal.h"
#include "sources/logmeaning.h"
#include "sources/lognumbers.h"
#include "sources/logrecords.h"
#include "sources/logring.h"
#include "sources/window.h"

#define LOG_MATCHERS 64

/* Records, those of them that are warnings and errors, and lines that go on with one. */
enum log_series { LOG_LINES, LOG_WARNINGS, LOG_ERRORS, LOG_JOINED };

/* A pattern that is counted as lines come in. */
struct log_matcher {
	char *pattern; /* owned */
	enum loglevel least;
	struct rx *rx; /* owned */
	struct window window;
	int64_t from; /* wall time since which it has seen every line; 0: all of the file */
	struct logring_line latest; /* copy of its latest hit, its bytes owned; seq 0: none */
	int64_t unsure_at; /* wall time of the latest line on which it took too long; 0: none */
	bool captured;	   /* the first group gave a number */
	double value;	   /* the latest one */
	int64_t value_at;
	struct lognumbers *numbers; /* all of them, owned; NULL: nobody asked for them yet */
	int64_t numbers_from;	    /* as `from` */
};

struct log_source {
	struct source source; /* first */
	enum log_kind kind;
	char *path;		     /* or the command line; owned */
	struct logfollow *follow;    /* of a file, else NULL, as are the next two */
	struct loghistory *history;  /* of a file */
	struct logjournal *journal;  /* of a journal */
	struct log_command *command; /* of a command */
	struct logring ring;
	struct window window;
	struct logrecords records;
	uint64_t record;	/* seq of the latest record */
	uint64_t lines, errors; /* that came in; see struct log_status */
	int64_t first_at;	/* of the first line with a time that was read; 0: none yet */
	int64_t gap_at;		/* lines may have been missed before this wall time */
	struct rx **known;	/* owned */
	size_t nknown;
	struct logmeaning meanings;
	struct log_matcher *matchers; /* owned */
	size_t nmatchers, matchers_cap;
};

/* What metrics read (sources/logmetrics.c). */
extern const struct field log_metric_fields[];
extern const struct read_def log_reads[];
void log_metric_watch(struct source *source, const json_t *metric);
void log_metric_read(struct source *source, const json_t *metric, int64_t since,
		     struct reading *out);

/* How its lines come in (sources/logfeed.c). `max_lines`: of those that were there before. */
int log_feed_open(struct log_source *log, const json_t *args, size_t max_lines, struct err *err);
void log_feed_close(struct log_source *log);
/* Without a loop: reads what is there. */
void log_feed_look(struct log_source *log);
/* `why`: what is wrong, or to be known of one that is followed; clean. */
enum log_state log_feed_state(const struct log_source *log, char *why, size_t size);
/* There were lines before those that were read. */
bool log_skipped(const struct log_source *log);

/* The matcher of a pattern, made and run over the ring when it is new. */
struct log_matcher *log_matcher(struct log_source *log, const char *pattern, enum loglevel least,
				struct err *err);
/* Numbers that it captures are kept from now on. */
void log_matcher_numbers(struct log_source *log, struct log_matcher *matcher);
/* Shows a new line to all matchers. */
void log_matchers_feed(struct log_source *log, const struct logring_line *line);
void log_matchers_release(struct log_source *log);
/* A line's time is not before `since`, as far as its precision tells. */
bool log_line_since(const struct logring_line *line, int64_t since);
/* Of a line that is in memory. */
void log_line_show(const struct log_source *log, struct logring_line *line, struct log_line *out);

#endif
