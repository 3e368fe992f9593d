/* What a session keeps by itself: metric samples, the first errors, and changed verdicts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "core/statefolder.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "sources/log.h"

#define ERRORS_BACK_US (30 * 60 * CLOCK_US)
#define ERRORS_LOOK    5000 /* lines that are looked through */
#define ERRORS_KEEP    60   /* lines that are kept of each log */
#define ERRORS_KINDS   12   /* kinds of errors of each log */

/* ---- Metric files ---- */

static void metrics_save(struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;

	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct metric *metric = &runbook->metrics[i];
		struct saved *saved = &session->saved[i];
		const struct chart_point *points;
		size_t n;

		points = sense_series(session->sense, metric, saved->at + 1, &n);
		/* Without an incident, what is in memory is still to be saved when one opens. */
		if (!n || !session->open)
			continue;
		incident_metrics_append(&session->incident, metric->name, points, n, NULL);
		saved->at = points[n - 1].at;
	}
}

/* ---- The first errors ---- */

/* Errors of one shape: the first one in full, the others counted. */
struct error_kind {
	char *shape;	 /* owned: its text without the words that have digits */
	struct buf text; /* the first record */
	unsigned more;	 /* records */
	unsigned cut;	 /* lines of the first one that were not kept */
	int64_t last;
};

struct error_kinds {
	struct error_kind list[ERRORS_KINDS];
	size_t n;
	unsigned lines, left_out; /* records of further kinds */
};

static bool has_digit(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9')
			return true;
	}
	return false;
}

/* New. Times, counts and names with numbers in them differ where the trouble is the same. */
static char *shape_of(const char *text)
{
	struct buf shape = BUF_INIT;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		if (!has_digit(text, len)) {
			buf_add(&shape, text, len);
			buf_putc(&shape, ' ');
		}
		text += len;
	}
	buf_puts(&shape, "");
	return buf_detach(&shape);
}

/* The kind that the record begins or adds to; NULL: there is no room for another one. *fresh says
 * that its lines are kept. */
static struct error_kind *kind_of(struct error_kinds *kinds, const struct log_line *line,
				  bool *fresh)
{
	char *shape = shape_of(line->text);
	struct error_kind *kind = NULL;

	*fresh = false;
	for (size_t i = 0; i < kinds->n && !kind; i++) {
		if (strcmp(kinds->list[i].shape, shape) == 0)
			kind = &kinds->list[i];
	}
	if (kind) {
		kind->more++;
		kind->last = line->at;
	} else if (kinds->n < ERRORS_KINDS && kinds->lines < ERRORS_KEEP) {
		kind = &kinds->list[kinds->n++];
		*kind = (struct error_kind){ .shape = shape, .text = BUF_INIT };
		shape = NULL;
		*fresh = true;
	} else {
		kinds->left_out++;
	}
	free(shape);
	return kind;
}

static void kinds_print(struct error_kinds *kinds, struct buf *out)
{
	char at[TIME_RFC3339_MAX];

	for (size_t i = 0; i < kinds->n; i++) {
		struct error_kind *kind = &kinds->list[i];

		buf_puts(out, buf_str(&kind->text));
		if (kind->cut)
			buf_printf(out, "... %u more lines of it\n", kind->cut);
		if (kind->more)
			buf_printf(out, "... and %u more like it%s%s\n", kind->more,
				   kind->last ? ", the last at " : "",
				   kind->last ? time_clock(kind->last, at) : "");
		buf_release(&kind->text);
		free(kind->shape);
	}
	if (kinds->left_out)
		buf_printf(out, "... and %u more errors of other kinds\n", kinds->left_out);
}

/* The errors since the oldest one that is recent enough, with what goes on with them. */
static void errors_of(const struct source *source, int64_t from, struct buf *out)
{
	struct log_line *line = xcalloc(1, sizeof(*line));
	struct error_kinds kinds = { .n = 0 };
	struct error_kind *kind = NULL;
	uint64_t seq = 0, first = 0;
	bool fresh = false;

	for (int i = 0; i < ERRORS_LOOK && log_line_before(source, seq, true, line); i++) {
		seq = line->seq;
		if (line->at && line->at < from)
			break;
		if (line->level >= LOGLEVEL_ERROR && !line->known)
			first = seq;
	}
	for (; first && log_line_at(source, first, line); first++) {
		if (!line->joined) {
			kind = NULL;
			if (line->level >= LOGLEVEL_ERROR && !line->known)
				kind = kind_of(&kinds, line, &fresh);
		}
		if (!kind || !fresh)
			continue;
		if (kinds.lines < ERRORS_KEEP)
			buf_printf(&kind->text, "%s\n", line->text);
		else
			kind->cut++;
		kinds.lines++;
	}
	if (kinds.n)
		buf_printf(out, "== %s\n", source->name);
	kinds_print(&kinds, out);
	free(line);
}

static void errors_save(struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;
	char *path = path_join(session->incident.folder, "errors.txt");
	int64_t from = clock_wall(session->clock) - ERRORS_BACK_US;
	struct buf text = BUF_INIT, clean = BUF_INIT;

	if (file_exists(path))
		goto out;
	for (size_t i = 0; i < runbook->nsources; i++) {
		struct source *source = sense_source(session->sense, runbook->sources[i].name);

		if (source && log_is(source))
			errors_of(source, from, &text);
	}
	redact(session->incident.redactor, &clean, buf_str(&text), text.len);
	if (clean.len)
		file_replace(path, clean.data, clean.len,
			     incident_file_mode(session->incident.folder), NULL);
out:
	buf_release(&text);
	buf_release(&clean);
	free(path);
}

/* ---- Changed verdicts ---- */

static void alert_record(struct session *session, size_t i)
{
	const struct metric *metric = &session->loaded->runbook->metrics[i];
	const struct alert *alert = sense_alert(session->sense, metric);
	const struct alert_state *state = &session->incident.state.alerts[i];
	enum level was = state->level;
	/* What is quiet by nature has no data for most of the time: that is news where it is asked
	 * for. */
	bool stopped = metric->no_data && alert->no_data != state->no_data;
	bool first = !session->incident.state.first_alert_at;
	json_t *fields;

	if (alert->told == was && !stopped)
		return;
	fields = json_pack("{s:s, s:s, s:s, s:f, s:s}", "metric", metric->name, "level",
			   level_name(alert->told), "was", level_name(was), "value",
			   isfinite(alert->value) ? alert->value : 0, "unit",
			   metric->unit ? metric->unit : "");
	if (stopped)
		json_object_set_new(fields, "no_data", json_boolean(alert->no_data));
	if (alert->told > LEVEL_OK && isfinite(alert->limits[alert->told]))
		json_object_set_new(fields, "threshold", json_real(alert->limits[alert->told]));
	if (session_append(session, false, EV_ALERT, fields, NULL) != 0 || !first)
		return;
	errors_save(session);
}

/* Whether everything that a condition is judged by was looked at in this session. */
static bool condition_known(const struct session *session, const struct condition *condition)
{
	if (condition->needs && !sense_probe(session->sense, condition->needs)->reading.at)
		return false;
	for (size_t i = 0; i < condition->nsymptoms; i++) {
		if (!sense_probe(session->sense, condition->symptoms[i])->reading.at)
			return false;
	}
	return true;
}

/* A condition that never held is no news: only its coming and going are. */
static void condition_record(struct session *session, size_t i)
{
	const struct condition *condition = &session->loaded->runbook->conditions[i];
	enum verdict now = sense_conditions(session->sense)[i].verdict;
	enum verdict was = session->incident.state.conditions[i].verdict;
	struct buf evidence = BUF_INIT;

	if (now == was || (now != VERDICT_PASS && was != VERDICT_PASS) ||
	    !condition_known(session, condition))
		return;
	for (size_t s = 0; s < condition->nsymptoms; s++) {
		const struct sensed *sensed = sense_probe(session->sense, condition->symptoms[s]);

		if (sensed->reading.verdict == now)
			buf_printf(&evidence, "%s%s", evidence.len ? "; " : "",
				   sensed->reading.evidence);
	}
	session_append(session, false, EV_CONDITION,
		       json_pack("{s:s, s:s, s:o}", "condition", condition->name, "verdict",
				 verdict_name(now), "evidence",
				 json_text(buf_str(&evidence), evidence.len)),
		       NULL);
	buf_release(&evidence);
}

void session_record_sensed(struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;

	if (!session->open || session->sensing_lock < 0 ||
	    session->incident.state.phase != INCIDENT_OPEN)
		return;
	for (size_t i = 0; i < runbook->nmetrics; i++)
		alert_record(session, i);
	for (size_t i = 0; i < runbook->nconditions; i++)
		condition_record(session, i);
}

void session_record_opened(struct session *session)
{
	session_record_sensed(session);
	metrics_save(session);
	errors_save(session);
}

void session_record_tick(struct session *session)
{
	metrics_save(session);
}
