/*
 * Lines of a file that are no longer in memory, or never were: read again from where they stand,
 * back to the beginning of the oldest file that the log was rotated into.
 *
 * Lines are found by counting: every so many lines it is noted where one stands, and what it looks
 * like, so that another file's line is never taken for it. What was read is kept in a few blocks.
 */
#ifndef SOURCES_LOGHISTORY_H
#define SOURCES_LOGHISTORY_H

#include "sources/log.h"
#include "sources/logparts.h"
#include "sources/logrecords.h"
#include "sources/logtail.h"

struct loghistory;

/* New. Borrowed: the parts, and the zone and known messages of `like`. */
struct loghistory *loghistory_new(struct logparts *parts, const struct logrecords *like);
void loghistory_free(struct loghistory *history);
/* A line came in, with its seq: each one in order, from LOG_FIRST on. */
void loghistory_note(struct loghistory *history, uint64_t seq, const struct logtail_line *line);
/* A new look: it may read LOG_BUDGET bytes. */
void loghistory_begin(struct loghistory *history);
/* The line with this seq, which must be one that was read before or the one before the oldest of
 * them. LOG_LINE: `*line` is borrowed until the next call. */
enum log_found loghistory_find(struct loghistory *history, uint64_t seq, int64_t now,
			       struct logring_line **line);
/* Goes back towards the very first line, counting lines without a look at them: LOG_UNREAD when the
 * look's budget is used up, else why there is none before loghistory_oldest(). */
enum log_found loghistory_rewind(struct loghistory *history, int64_t now);
/* Of a line that is gone: the oldest one that is gone together with it. */
uint64_t loghistory_gone_from(struct loghistory *history, uint64_t seq);
/* Seq of the oldest line that was read; LOG_FIRST when none was. */
uint64_t loghistory_oldest(const struct loghistory *history);
/* The packed file at which the latest look ended; "" when it didn't. */
const char *loghistory_packed(const struct loghistory *history);

#endif
