/*
 * Level words, and where in a line's head one counts. Part of lib/logline.
 *
 * A word in the text of a message is none: a level stands before it, alone in brackets, before a
 * colon, between separators, or as a word of its own behind time, name or number.
 */
#ifndef LIB_LOGLEVEL_H
#define LIB_LOGLEVEL_H

#include <stddef.h>

#include "lib/logline.h"

/* Of a word in any case; LOGLEVEL_NONE when it is none. */
enum loglevel loglevel_word(const char *word, size_t len);
/* Of a letter alone: I, W, E, F, D. */
enum loglevel loglevel_letter(char letter);
/* bunyan and pino: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal; below 8 syslog's. */
enum loglevel loglevel_number(double number);
/* syslog's severities: 0 emergency to 7 debug. */
enum loglevel loglevel_syslog(int severity);

/* What stands between the time (or the line's begin) and the text. */
struct loghead {
	bool timed; /* in: a time stands before it; then a name may come before the level */
	bool open;  /* in: it began in a bracket that is not closed yet */
	enum loglevel level;
	bool detail;	/* PostgreSQL's DETAIL, HINT, STATEMENT ... */
	size_t end;	/* where the text begins, about */
	size_t message; /* behind the first "name:" or "name[12]:"; 0: there was none */
	bool pairs;	/* key=value was seen */
	size_t looked;	/* a level was found, and so many bytes told it; 0: more than that */
};

void loghead_read(const char *bytes, size_t len, struct loghead *head);
#endif
