/*
 * One line of a log: its level, its time, and whether it goes on with the line before.
 *
 * Recognised line by line, since one file may mix them, and nowhere by a column: the loggers of
 * Python, Java, Go, Node, Ruby, PHP, Rust and .NET, JSON lines, logfmt, access logs (5xx is an
 * error, 4xx a warning), syslog with and without priority, databases, and what Docker, Kubernetes,
 * Compose, syslog or a mere time was put before (tests/logs/levels.txt has samples of all). Without
 * a level word at one of the places where loggers put them a line has none. No regular expressions;
 * about as fast as reading the bytes.
 */
#ifndef LIB_LOGLINE_H
#define LIB_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum loglevel {
	LOGLEVEL_NONE,
	LOGLEVEL_DEBUG,
	LOGLEVEL_INFO,
	LOGLEVEL_WARNING,
	LOGLEVEL_ERROR,
	LOGLEVEL_CRITICAL
};

/* How a line without a head goes with the one before. */
enum logkin {
	LOGKIN_NONE,
	LOGKIN_EMPTY,
	LOGKIN_INDENTED,  /* begins with a blank */
	LOGKIN_TRACEBACK, /* begins one: "Traceback (most recent call last):", "panic: ", ... */
	LOGKIN_EXCEPTION, /* "java.lang.IllegalStateException: ..." */
	LOGKIN_FRAME,	  /* "main.main()": of a traceback, inside one */
	LOGKIN_DETAIL,	  /* goes on with a message: "DETAIL:", "Caused by:", ... */
};

struct logline {
	enum loglevel level;
	enum logkin kin;
	bool zoned;	   /* the line names its time zone */
	bool tagged;	   /* the text stood behind a name ("bot[12]: ") or was wrapped */
	int64_t at;	   /* wall time, microseconds; 0: the line has none */
	int64_t precision; /* of `at`, microseconds: 1000000 for whole seconds */
	size_t body;	   /* where the text behind time and level begins, about */
};

/* How lines began before, and what that meant; private. */
#define LOGLINE_HEADS  192
#define LOGLINE_CHAINS 256
#define LOGLINE_HEAD   48
struct logline_head {
	uint64_t bytes[LOGLINE_HEAD / 8], mask[LOGLINE_HEAD / 8];
	int64_t ahead; /* of a line: the zone that it names, microseconds */
	uint32_t how, met;
	uint16_t level, end, looked;
	uint8_t next;
};
struct logline_line {
	size_t n, least;     /* bytes up to its seconds; that a line must have */
	uint64_t begin, end; /* the first and last eight of them */
	uint64_t middle, has_middle;
	uint64_t digits, mask; /* what seconds and milliseconds are told by */
	uint8_t behind;	       /* them: where the head begins */
	bool micros;	       /* three digits more */
	unsigned how;
	int64_t minute, unit; /* what they mean, and the precision */
	int64_t shift, ahead; /* of the zone then */
};

/*
 * How times are read, and what is kept from line to line. Times without a zone are local times;
 * `shift` is added to them (0, or what logline_shift() found). Most lines begin as others before
 * them: the time up to its seconds and what stands between time and text are recognised by their
 * bytes, instead of being read anew. That makes reading faster, never different.
 */
struct logline_zone {
	int64_t now; /* wall time, for formats without a year */
	int64_t shift;
	bool utc; /* they are UTC, not local */
	/* private */
	bool known; /* the offset of this hour */
	int64_t hour, offset;
	int64_t minute; /* what `head` means */
	size_t nhead;
	char head[24]; /* a time as it stands in a line, up to its seconds */
	struct logline_line line;
	uint8_t nheads, chains[LOGLINE_CHAINS];
	struct logline_head heads[1 + LOGLINE_HEADS]; /* the first one is none */
};

void logline_read(struct logline_zone *zone, const char *bytes, size_t len, struct logline *out);
/* The shift to assume when a line's own time (without a zone) is `at` while it was written about
 * `written`: whole quarters of an hour up to 14 h, else 0. */
int64_t logline_shift(int64_t at, int64_t written);

/* Joins lines to records: a traceback goes with the line that it explains. */
struct logfold {
	enum loglevel last; /* of the latest record */
	bool traceback;	    /* inside one */
	bool ended;	    /* its exception's line was there */
	bool tagged;	    /* its lines have heads, but nothing else */
	bool headed;	    /* the latest record had a time or a level */
	bool any;
};

/* A line with a level of its own, which goes on with nothing: as nearly all lines are. */
static inline void logfold_begins(struct logfold *fold, enum loglevel level)
{
	fold->traceback = false;
	fold->headed = fold->any = true;
	fold->last = level;
}

/* True when the line goes on with the record before it; else it begins one (and a bare traceback
 * makes its level an error). */
bool logfold_joins(struct logfold *fold, struct logline *line);

const char *loglevel_name(enum loglevel level);		    /* "none", "debug", ... "critical" */
int loglevel_parse(const char *name, enum loglevel *level); /* 0, or -1 when it is none */

#endif
