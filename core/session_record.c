/* What a session keeps by itself: metric samples, the first errors, and changed verdicts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/session_parts.h"
#include "core/statefolder.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "sources/log.h"

#define KEPT_EVERY_US  (10 * CLOCK_US)
#define ERRORS_BACK_US (30 * 60 * CLOCK_US)
#define ERRORS_LOOK    5000 /* lines that are looked through */
#define ERRORS_KEEP    60   /* lines that are kept of each log */

/* ---- Metric files ---- */

static void kept_append(struct session *session, const struct metric *metric,
			const struct chart_point *point)
{
	time_t seconds = (time_t)(point->at / CLOCK_US);
	char name[40];
	struct tm tm;
	char *path;

	if (!session->kept_folder || !gmtime_r(&seconds, &tm) ||
	    !strftime(name, sizeof(name), "metrics_%Y%m%d.jsonl", &tm))
		return;
	path = path_join(session->kept_folder, name);
	if (metric_file_append(path, 0660, metric->name, point, 1, NULL) != 0 &&
	    file_mkdirs(session->kept_folder, 0770, NULL) == 0)
		metric_file_append(path, 0660, metric->name, point, 1, NULL);
	free(path);
}

static void metrics_save(struct session *session)
{
	const struct runbook *runbook = session->loaded->runbook;

	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct metric *metric = &runbook->metrics[i];
		struct saved *saved = &session->saved[i];
		const struct chart_point *points;
		size_t n;

		points = sense_series(session->sense, metric, saved->at + 1, &n);
		if (!n)
			continue;
		if (session->open)
			incident_metrics_append(&session->incident, metric->name, points, n, NULL);
		if (points[n - 1].at - saved->kept >= KEPT_EVERY_US) {
			kept_append(session, metric, &points[n - 1]);
			saved->kept = points[n - 1].at;
		}
		/* Without an incident, what is in memory is still to be saved when one opens. */
		if (session->open)
			saved->at = points[n - 1].at;
	}
}

/* ---- The first errors ---- */

/* The oldest error that is recent enough, and behind it as many lines as are kept. */
static void errors_of(const struct source *source, int64_t from, struct buf *out)
{
	struct log_line *line = xcalloc(1, sizeof(*line));
	uint64_t seq = 0, first = 0;
	int kept = 0;

	for (int i = 0; i < ERRORS_LOOK && log_line_before(source, seq, true, line); i++) {
		seq = line->seq;
		if (line->at && line->at < from)
			break;
		if (line->level >= LOGLEVEL_ERROR && !line->known)
			first = seq;
	}
	if (!first)
		goto out;
	buf_printf(out, "== %s\n", source->name);
	for (bool within = false; kept < ERRORS_KEEP && log_line_at(source, first, line); first++) {
		if (!line->joined)
			within = line->level >= LOGLEVEL_ERROR && !line->known;
		if (!within)
			continue;
		buf_printf(out, "%s\n", line->text);
		kept++;
	}
out:
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
	enum level was = session->incident.state.alerts[i].level;
	bool first = !session->incident.state.first_alert_at;
	json_t *fields;

	if (alert->level == was)
		return;
	fields = json_pack("{s:s, s:s, s:s, s:f, s:s}", "metric", metric->name, "level",
			   level_name(alert->level), "was", level_name(was), "value",
			   isfinite(alert->value) ? alert->value : 0, "unit",
			   metric->unit ? metric->unit : "");
	if (alert->level > LEVEL_OK && isfinite(alert->threshold))
		json_object_set_new(fields, "threshold", json_real(alert->threshold));
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
