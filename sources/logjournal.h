/*
 * Systemd's journal as a log, read by journalctl: first what is there, then what comes. Each start
 * goes on behind the entry that was read last, so that none is lost or comes twice.
 */
#ifndef SOURCES_LOGJOURNAL_H
#define SOURCES_LOGJOURNAL_H

#include <jansson.h>

#include "lib/logline.h"
#include "sources/logchild.h"

/* One line of an entry's message. */
struct logjournal_line {
	const char *bytes; /* "NAME[PID]: text", or the text alone when one unit is followed */
	size_t len;
	size_t body; /* where the text begins */
	size_t true_len;
	int64_t at;	     /* wall time of the entry */
	enum loglevel level; /* by its priority */
	uint64_t writer;     /* the same for entries of one process that may go together */
	bool joins;	     /* it is a further line of the entry */
	bool fresh;	     /* it was written while the journal was followed */
};

struct logjournal_calls {
	void (*line)(const struct logjournal_line *line, void *data);
	void (*looked)(void *data);
	void *data;
};

struct logjournal;

/* New. `units`: a list of names, empty for all; `folder`: of other journal files than the host's,
 * or NULL; `lines`: how many entries are read first. `loop` as for logchild_new(). */
struct logjournal *logjournal_new(struct loop *loop, const struct clock *clock, const json_t *units,
				  const char *folder, size_t lines,
				  const struct logjournal_calls *calls, struct err *err);
void logjournal_free(struct logjournal *journal);
/* Borrowed: the program that reads it. */
struct logchild *logjournal_child(const struct logjournal *journal);
/* There may be older entries than those that were read. */
bool logjournal_skipped(const struct logjournal *journal);
/* Why it may not be all of the journal, as journalctl says it; clean, "": nothing was said. */
const char *logjournal_note(const struct logjournal *journal);

#endif
