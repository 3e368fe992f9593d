/* A log's lines, for whoever shows them. */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "sources/logstate.h"

void log_line_show(const struct log_source *log, struct logring_line *line, struct log_line *out)
{
	if (!line->shown)
		line->meaning =
		    (unsigned short)logmeaning_find(&log->meanings, line->bytes, line->len);
	line->shown = true;
	out->seq = line->seq;
	out->at = line->at;
	out->level = line->level;
	out->joined = line->joined;
	out->known = line->known;
	out->folded = line->folded;
	out->true_len = line->true_len;
	out->meaning = line->meaning > 0 ? log->meanings.texts[line->meaning - 1] : NULL;
	text_clean_to(out->text, sizeof(out->text), line->bytes, line->len);
}

/* The line in memory, or read again. */
static enum log_found find(const struct log_source *log, uint64_t seq, struct logring_line **line)
{
	uint64_t oldest = logring_oldest(&log->ring);

	if (seq >= log->ring.next)
		return LOG_END;
	if (seq >= oldest) {
		*line = logring_get(&log->ring, seq);
		return *line != NULL ? LOG_LINE : LOG_GONE;
	}
	if (log->history == NULL)
		return oldest > LOG_FIRST ? LOG_GONE : LOG_BEGIN;
	return loghistory_find(log->history, seq, clock_wall(log->source.env->clock), line);
}

/* Steps back or forth until a line is found that is wanted. */
static enum log_found walk(const struct log_source *log, uint64_t seq, int step, bool records,
			   struct log_line *out)
{
	struct logring_line *line = NULL;
	enum log_found found;

	if (log->history != NULL)
		loghistory_begin(log->history);
	do {
		seq += (uint64_t)step;
		found = find(log, seq, &line);
	} while (found == LOG_LINE && records && line->joined);
	out->seq = seq - (uint64_t)step;
	if (found == LOG_LINE)
		log_line_show(log, line, out);
	else if (found == LOG_GONE && step < 0 && log->history != NULL)
		out->seq = loghistory_gone_from(log->history, seq);
	return found;
}

enum log_found log_find_at(const struct source *source, uint64_t seq, struct log_line *out)
{
	enum log_found found = walk((const struct log_source *)source, seq - 1, 1, false, out);

	if (found != LOG_LINE)
		out->seq = seq;
	return found;
}

enum log_found log_find_before(const struct source *source, uint64_t seq, bool records,
			       struct log_line *out)
{
	const struct log_source *log = (const struct log_source *)source;

	if (seq == 0 || seq > log->ring.next)
		seq = log->ring.next;
	return walk(log, seq, -1, records, out);
}

enum log_found log_find_after(const struct source *source, uint64_t seq, bool records,
			      struct log_line *out)
{
	const struct log_source *log = (const struct log_source *)source;
	uint64_t oldest =
	    log->history != NULL ? loghistory_oldest(log->history) : logring_oldest(&log->ring);

	return walk(log, seq < oldest ? oldest - 1 : seq, 1, records, out);
}

enum log_found log_find_oldest(const struct source *source, uint64_t *seq)
{
	const struct log_source *log = (const struct log_source *)source;
	uint64_t oldest = logring_oldest(&log->ring);
	enum log_found found = oldest > LOG_FIRST ? LOG_GONE : LOG_BEGIN;

	*seq = oldest;
	if (log->history == NULL)
		return found;
	loghistory_begin(log->history);
	found = loghistory_rewind(log->history, clock_wall(source->env->clock));
	*seq = loghistory_oldest(log->history);
	return found;
}

void log_found_text(const struct source *source, enum log_found found, char *out, size_t size)
{
	const struct log_source *log = (const struct log_source *)source;
	char text[400];

	switch (found) {
	case LOG_LINE:
		text[0] = '\0';
		break;
	case LOG_BEGIN:
		snprintf(text, sizeof(text), "the log begins here");
		break;
	case LOG_PACKED:
		snprintf(text, sizeof(text), "older lines are packed in %s",
			 loghistory_packed(log->history));
		break;
	case LOG_GONE:
		snprintf(text, sizeof(text), "%s",
			 log->history != NULL
			     ? "these lines are gone: their file was removed, packed or overwritten"
			     : "older lines are not in memory any more");
		break;
	case LOG_UNREAD:
		snprintf(text, sizeof(text), "not read yet");
		break;
	case LOG_END:
		snprintf(text, sizeof(text), "this is the newest line");
		break;
	}
	text_clean_to(out, size, text, strlen(text));
}

bool log_line_at(const struct source *source, uint64_t seq, struct log_line *out)
{
	return log_find_at(source, seq, out) == LOG_LINE;
}

bool log_line_before(const struct source *source, uint64_t seq, bool records, struct log_line *out)
{
	return log_find_before(source, seq, records, out) == LOG_LINE;
}

bool log_line_after(const struct source *source, uint64_t seq, bool records, struct log_line *out)
{
	return log_find_after(source, seq, records, out) == LOG_LINE;
}
