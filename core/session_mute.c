/* Mutes and baselines: what a person says about a metric, kept beside its samples. */
#include <math.h>
#include <stdlib.h>

#include "core/session_parts.h"
#include "core/who.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define BASELINE_US (5 * 60 * CLOCK_US)
#define MUTE_MAX_US \
	(30 * 24 * 3600 * CLOCK_US) /* a mute that nobody remembers is worse than noise */

static const struct metric *metric_named(const struct session *session, const char *name,
					 struct err *err)
{
	const struct metric *metric = runbook_metric(session->loaded->runbook, name);

	if (!metric)
		err_set(err, "the runbook has no metric %s", name);
	return metric;
}

/* New: {"until", "by", "reason"}; NULL when it is lifted. */
static json_t *mute_new(int64_t until, const char *reason)
{
	char text[TIME_RFC3339_MAX];
	json_t *who = who_am_i(), *mute = NULL;
	char *by = who_text(who);

	if (until) {
		mute = json_pack("{s:s, s:o}", "until", time_rfc3339(until, text), "by",
				 session_text(by));
		if (reason)
			json_object_set_new(mute, "reason", session_text(reason));
	}
	free(by);
	json_decref(who);
	return mute;
}

int session_mute(struct session *session, const char *name, int64_t us, const char *reason,
		 struct err *err)
{
	const struct metric *metric = metric_named(session, name, err);
	int64_t until = us > 0 ? clock_wall(session->clock) + us : 0;
	char text[TIME_RFC3339_MAX];

	if (!metric)
		return -1;
	if (us > MUTE_MAX_US)
		return err_set(err, "30 days are the longest time to mute an alert");
	if (session->open && session->incident.state.phase == INCIDENT_OPEN &&
	    session_append(session, false, EV_MUTED,
			   json_pack("{s:s, s:o, s:o}", "metric", name, "until",
				     until ? json_string(time_rfc3339(until, text)) : json_null(),
				     "reason", session_text(reason)),
			   err) != 0)
		return -1;
	sense_mute(session->sense, metric, until);
	session_say(session, SESSION_SENSED);
	if (session->kept && kept_mute_set(session->kept, name, mute_new(until, reason), err) != 0)
		return err_wrap(err, "done here, but not kept for others and later");
	return 0;
}

int session_baseline(struct session *session, const char *name, int64_t us, struct err *err)
{
	const struct metric *metric = metric_named(session, name, err);
	int64_t now = clock_wall(session->clock), over = us > 0 ? us : BASELINE_US;
	const struct chart_point *points;
	char at[TIME_RFC3339_MAX];
	double sum = 0;
	size_t n = 0, known = 0;

	if (!metric)
		return -1;
	if (!session->kept)
		return err_set(err, "nothing is kept of this target");
	points = sense_series(session->sense, metric, now - over, &n);
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(points[i].value))
			continue;
		sum += points[i].value;
		known++;
	}
	if (!known)
		return err_set(err, "%s was not measured in that time", name);
	if (kept_baseline_set(session->kept, name,
			      json_pack("{s:f, s:s, s:s, s:f}", "value", sum / (double)known,
					"unit", metric->unit, "at", time_rfc3339(now, at), "over_s",
					(double)over / CLOCK_US),
			      err) != 0)
		return -1;
	sense_baselines(session->sense);
	return 0;
}
