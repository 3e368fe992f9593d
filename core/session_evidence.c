/* Lines of a log, and texts of other panels, that the operator marks as evidence. */
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/redact.h"
#include "lib/timefmt.h"
#include "sources/log.h"

#define EVIDENCE_LINES 60    /* of one record: a traceback, not a flood */
#define LOOK_BACK      50000 /* lines that are searched */

static const struct source *log_source(const struct session *session, const char *name,
				       struct err *err)
{
	const struct source *source = sense_source(session->sense, name);

	if (source && log_is(source))
		return source;
	err_set(err, "the runbook has no log \"%s\" that is open", name);
	return NULL;
}

int session_log_find(const struct session *session, const char *name, const char *text,
		     uint64_t *seq, struct err *err)
{
	const struct source *source = log_source(session, name, err);
	struct log_line *line = xcalloc(1, sizeof(*line));
	bool any = !text || !*text;
	int result = -1;

	if (!source)
		goto out;
	/* With a text every line counts, so that one of a traceback finds its record. */
	for (int i = 0; i < LOOK_BACK && log_line_before(source, line->seq, any, line); i++) {
		if (any || strcasestr(line->text, text)) {
			*seq = line->seq;
			result = 0;
			goto out;
		}
	}
	err_set(err, any ? "%s has no line yet" : "no line of %s in memory has this text", name);
out:
	free(line);
	return result;
}

/* The record that the line belongs to, as fields of the event. New; NULL when it is gone. */
static json_t *record_fields(const struct source *source, uint64_t seq)
{
	struct log_line *line = xcalloc(1, sizeof(*line));
	struct buf text = BUF_INIT;
	struct log_status status;
	char at[TIME_RFC3339_MAX];
	json_t *fields = NULL;
	json_int_t lines = 1, folded;

	if (!log_line_at(source, seq, line))
		goto out;
	/* Its first line; one of a record without end stands for itself. */
	if (line->joined && !log_line_before(source, seq, true, line) &&
	    !log_line_at(source, seq, line))
		goto out;
	log_status(source, &status);
	fields = json_pack("{s:s, s:o}", "source", source->name, "path", session_text(status.path));
	if (line->at)
		json_object_set_new(fields, "logged", json_string(time_rfc3339(line->at, at)));
	if (line->level != LOGLEVEL_NONE)
		json_object_set_new(fields, "level", json_string(loglevel_name(line->level)));
	buf_puts(&text, line->text);
	folded = line->folded;
	while (lines < EVIDENCE_LINES && log_line_at(source, line->seq + 1, line) && line->joined) {
		buf_printf(&text, "\n%s", line->text);
		lines++;
	}
	if (lines == EVIDENCE_LINES && folded >= lines) {
		buf_printf(&text, "\n... %d more lines in the log", (int)(1 + folded - lines));
		lines = 1 + folded;
	}
	json_object_set_new(fields, "lines", json_integer(lines));
	json_object_set_new(fields, "text", json_text(buf_str(&text), text.len));
out:
	buf_release(&text);
	free(line);
	return fields;
}

/* Whether this record is evidence already. The text may have been redacted there. */
static bool is_marked(const struct incident *incident, const json_t *fields)
{
	static const char *const same[] = { "source", "logged", "text" };
	json_t *kept = redact_json(incident->redactor, fields);
	bool marked = false;

	for (size_t i = 0; i < incident->state.ntimeline && !marked; i++) {
		const struct timeline_entry *entry = &incident->state.timeline[i];

		marked = entry->event == EV_EVIDENCE;
		for (size_t k = 0; marked && k < sizeof(same) / sizeof(same[0]); k++)
			marked = strcmp(json_str(entry_json(entry), same[k], ""),
					json_str(kept, same[k], "")) == 0;
	}
	json_decref(kept);
	return marked;
}

static int evidence_append(struct session *session, json_t *fields, struct err *err)
{
	if (session->open && is_marked(&session->incident, fields)) {
		json_decref(fields);
		return err_set(err, "this record is evidence already");
	}
	return session_append(session, false, EV_EVIDENCE, fields, err);
}

int session_evidence_text(struct session *session, const char *name, const char *text,
			  struct err *err)
{
	json_int_t lines = 0;

	for (const char *end = text; *end; end++)
		lines += *end == '\n';
	return evidence_append(session,
			       json_pack("{s:s, s:I, s:o}", "source", name, "lines", lines, "text",
					 json_text(text, strlen(text))),
			       err);
}

int session_evidence(struct session *session, const char *name, uint64_t seq, struct err *err)
{
	const struct source *source = log_source(session, name, err);
	json_t *fields;

	if (!source)
		return -1;
	fields = record_fields(source, seq);
	if (!fields)
		return err_set(err, "this line of %s is no longer in memory", name);
	return evidence_append(session, fields, err);
}
