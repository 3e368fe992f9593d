#include "core/monitor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/handover.h"
#include "core/kept.h"
#include "core/recorder.h"
#include "core/sense.h"
#include "core/standing.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define TICK_US	    CLOCK_US
#define COOLDOWN_US (300 * CLOCK_US) /* between two notices of one condition */

/* What was said of a condition. */
struct notice {
	bool told;	 /* that it holds, and it has not failed since */
	int64_t told_at; /* wall time of the latest notice; 0: none */
};

struct monitor {
	struct monitor_spec spec;
	struct kept *kept; /* NULL: there is no place to keep anything */
	struct sense *sense;
	struct handover *handovers[2]; /* command and webhook; NULL: not asked for */
	struct watch *tick;
	int64_t standing_at;	   /* wall time of the last standing_put(); 0: at once */
	int64_t *sampled;	   /* owned: wall time of the last line, one for each metric */
	enum level *levels;	   /* owned: what was said last, one for each metric */
	struct notice *notices;	   /* owned: one for each condition */
	bool unkept;		   /* it was said that samples can't be kept */
	struct recorder *recorder; /* NULL: there are no routines */
	json_t *due;		   /* owned: what was said of routines last */
};

/* Steals `line`. */
static void line_say(const struct monitor *monitor, json_t *line)
{
	char *text = json_ascii(line, 0);

	monitor->spec.line(text, monitor->spec.data);
	free(text);
	json_decref(line);
}

/* New: {"at", "event"}. */
static json_t *line_new(const struct monitor *monitor, const char *event, int64_t at)
{
	char text[TIME_RFC3339_MAX];
	const struct loaded *loaded = monitor->spec.loaded;

	return json_pack("{s:s, s:s, s:s, s:s}", "at", time_rfc3339(at, text), "event", event,
			 "system", loaded->runbook->system, "target", loaded->target->name);
}

/* ---- Alerts ---- */

/* Other consoles mute, too. */
static void mute_refresh(struct monitor *monitor, const struct metric *metric)
{
	json_t *mutes = monitor->kept ? kept_mutes(monitor->kept) : NULL;
	const json_t *mute = json_object_get(mutes, metric->name);
	int64_t until = 0;

	if (mute && time_parse_rfc3339(json_str(mute, "until", ""), &until) != 0)
		until = 0;
	if (monitor->kept)
		sense_mute(monitor->sense, metric, until);
	json_decref(mutes);
}

/* Hands over what disturbs somebody, and says it on a line. Steals `line`. */
static void notice_say(struct monitor *monitor, json_t *line, bool muted)
{
	for (size_t i = 0; i < 2 && !muted; i++) {
		if (monitor->handovers[i])
			handover_add(monitor->handovers[i], line);
	}
	line_say(monitor, line);
}

/* What webhooks of chats show: the whole thing in one sentence. */
static void sentence_add(const struct monitor *monitor, json_t *line, const char *what,
			 const char *text)
{
	const struct loaded *loaded = monitor->spec.loaded;
	char *sentence =
	    xasprintf("%s > %s: %s: %s", loaded->runbook->system, loaded->target->name, what, text);

	json_object_set_new(line, "text", json_text(sentence, strlen(sentence)));
	json_object_set_new(line, "content", json_text(sentence, strlen(sentence)));
	free(sentence);
}

static void alert_changed(struct monitor *monitor, const struct alert *alert)
{
	size_t i = (size_t)(alert->metric - monitor->spec.loaded->runbook->metrics);
	int64_t now = clock_wall(monitor->spec.clock);
	bool level = alert->told != monitor->levels[i];
	json_t *line, *about;
	char text[READING_TEXT];
	const char *what = alert->told == LEVEL_OK ? "cleared" : level_name(alert->told);

	mute_refresh(monitor, alert->metric);
	/* Data that stops is a line; it disturbs only where the runbook asks for it. */
	if (!level)
		what = alert->no_data ? "no data" : "data again";
	line = line_new(monitor, level ? "alert" : alert->no_data ? "no_data" : "data", now);
	about = standing_alert(monitor->sense, alert);
	json_object_del(about, "text");
	json_object_update(line, about);
	json_object_set_new(line, "was", json_string(level_name(monitor->levels[i])));
	standing_alert_text(alert, text, sizeof(text));
	sentence_add(monitor, line, what, text);
	monitor->levels[i] = alert->told;
	notice_say(monitor, line,
		   sense_is_muted(monitor->sense, alert) || (!level && !alert->metric->no_data));
	json_decref(about);
}

static json_t *condition_line(const struct monitor *monitor, const struct condition *condition,
			      enum verdict verdict)
{
	json_t *line = line_new(monitor, "condition", clock_wall(monitor->spec.clock));
	const struct outcome *suggest = &condition->suggest;

	json_object_set_new(line, "condition", json_string(condition->name));
	json_object_set_new(line, "title", json_string(condition->title));
	json_object_set_new(line, "severity", json_string(severity_name(condition->severity)));
	json_object_set_new(line, "verdict", json_string(verdict_name(verdict)));
	if (suggest->procedure || suggest->tree || suggest->advice)
		json_object_set_new(line, "suggest",
				    json_string(suggest->procedure ? suggest->procedure->name
						: suggest->tree	   ? "tree"
								   : suggest->advice));
	sentence_add(monitor, line, severity_name(condition->severity), condition->title);
	return line;
}

/* Whether somebody is to be told now that it holds. One that comes and goes is told again when the
 * cooldown is over, late rather than never; one that can't be judged for a while has not gone. */
static bool condition_due(const struct monitor *monitor, size_t i, int64_t now)
{
	const struct notice *notice = &monitor->notices[i];

	return sense_conditions(monitor->sense)[i].verdict == VERDICT_PASS && !notice->told &&
	       (!notice->told_at || now < notice->told_at || now - notice->told_at >= COOLDOWN_US);
}

static void condition_hand_over(struct monitor *monitor, size_t i, int64_t now)
{
	const struct condition *condition = &monitor->spec.loaded->runbook->conditions[i];
	json_t *line = condition_line(monitor, condition, VERDICT_PASS);

	monitor->notices[i] = (struct notice){ .told = true, .told_at = now };
	for (size_t k = 0; k < 2; k++) {
		if (monitor->handovers[k])
			handover_add(monitor->handovers[k], line);
	}
	json_decref(line);
}

static void condition_changed(struct monitor *monitor, const struct condition *condition)
{
	size_t i = (size_t)(condition - monitor->spec.loaded->runbook->conditions);
	enum verdict verdict = sense_conditions(monitor->sense)[i].verdict;
	int64_t now = clock_wall(monitor->spec.clock);

	line_say(monitor, condition_line(monitor, condition, verdict));
	if (verdict == VERDICT_FAIL)
		monitor->notices[i].told = false;
	else if (condition_due(monitor, i, now))
		condition_hand_over(monitor, i, now);
}

static void condition_held(const struct condition *condition, void *data)
{
	struct monitor *monitor = data;

	monitor->notices[condition - monitor->spec.loaded->runbook->conditions].told = true;
}

static void sensed(enum sense_change what, const void *subject, void *data)
{
	struct monitor *monitor = data;

	if (!monitor->sense || (what != SENSE_ALERT && what != SENSE_CONDITION))
		return;
	if (what == SENSE_ALERT)
		alert_changed(monitor, subject);
	else
		condition_changed(monitor, subject);
	monitor->standing_at = 0;
}

/* ---- Samples ---- */

static void sample_say(struct monitor *monitor, const struct metric *metric, int64_t now)
{
	const struct reading *reading = sense_metric(monitor->sense, metric);
	const struct alert *alert = sense_alert(monitor->sense, metric);
	json_t *line = line_new(monitor, "sample", reading->at ? reading->at : now);

	json_object_set_new(line, "metric", json_string(metric->name));
	if (reading->verdict == VERDICT_PASS && reading->has_value && isfinite(reading->value)) {
		json_object_set_new(line, "value", json_real(reading->value));
		json_object_set_new(line, "unit", json_string(metric->unit ? metric->unit : ""));
	} else {
		json_object_set_new(line, "why",
				    json_text(reading->evidence, strlen(reading->evidence)));
	}
	json_object_set_new(line, "level", json_string(level_name(alert->level)));
	line_say(monitor, line);
}

/* When samples can't be kept any more (a full disk), and when they can again. */
static void kept_say(struct monitor *monitor, int64_t now)
{
	const char *trouble = monitor->kept ? kept_trouble(monitor->kept) : "";
	json_t *line;

	if (monitor->unkept == (*trouble != '\0'))
		return;
	monitor->unkept = !monitor->unkept;
	line = line_new(monitor, monitor->unkept ? "not_kept" : "kept", now);
	if (monitor->unkept)
		json_object_set_new(line, "why", json_text(trouble, strlen(trouble)));
	line_say(monitor, line);
}

static bool is_in(const json_t *list, const json_t *one)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (json_equal(json_array_get(list, i), one))
			return true;
	}
	return false;
}

/* What has become due or overdue. Nobody is disturbed: it is people's work, no trouble. */
static void routines_say(struct monitor *monitor, int64_t now)
{
	json_t *due = standing_routines(recorder_now(monitor->recorder), now), *one, *line;
	size_t i;

	json_array_foreach(due, i, one) {
		if (is_in(monitor->due, one))
			continue;
		line = line_new(monitor, "routine", now);
		json_object_update(line, one);
		line_say(monitor, line);
	}
	json_decref(monitor->due);
	monitor->due = due;
}

/* It is looked at with the next tick. */
static void recorded(void *data)
{
	(void)data;
}

static void monitor_tick(struct watch *watch, uint32_t what, void *data)
{
	struct monitor *monitor = data;
	const struct runbook *runbook = monitor->spec.loaded->runbook;
	int64_t now = clock_wall(monitor->spec.clock);

	(void)watch, (void)what;
	for (size_t i = 0; monitor->spec.every_us && i < runbook->nmetrics; i++) {
		int64_t past = now - monitor->sampled[i];

		/* A clock that is set back is no reason to be silent. */
		if (past >= 0 && past < monitor->spec.every_us - TICK_US / 2)
			continue;
		monitor->sampled[i] = now;
		sample_say(monitor, &runbook->metrics[i], now);
	}
	for (size_t i = 0; i < runbook->nconditions; i++)
		if (condition_due(monitor, i, now))
			condition_hand_over(monitor, i, now);
	kept_say(monitor, now);
	recorder_tick(monitor->recorder, NULL);
	routines_say(monitor, now);
	if (!monitor->standing_at || now - monitor->standing_at >= STANDING_EVERY_US ||
	    now < monitor->standing_at) {
		standing_put(monitor->sense, recorder_now(monitor->recorder), now);
		monitor->standing_at = now;
	}
}

/* ---- Life ---- */

static void undelivered(const char *to, const char *why, void *data)
{
	struct monitor *monitor = data;
	json_t *line = line_new(monitor, "undelivered", clock_wall(monitor->spec.clock));

	json_object_set_new(line, "to", json_string(to));
	json_object_set_new(line, "why", json_text(why, strlen(why)));
	line_say(monitor, line);
}

struct monitor *monitor_new(const struct monitor_spec *spec, struct err *err)
{
	struct monitor *monitor = xcalloc(1, sizeof(*monitor));
	struct sense_observer observer = { .changed = sensed, .data = monitor };
	const struct runbook *runbook = spec->loaded->runbook;
	json_t *line;

	monitor->spec = *spec;
	monitor->sampled = xcalloc(runbook->nmetrics + 1, sizeof(*monitor->sampled));
	monitor->levels = xcalloc(runbook->nmetrics + 1, sizeof(*monitor->levels));
	monitor->notices = xcalloc(runbook->nconditions + 1, sizeof(*monitor->notices));
	if (spec->command)
		monitor->handovers[0] =
		    handover_command(spec->loop, spec->command, undelivered, monitor);
	if (spec->webhook)
		monitor->handovers[1] =
		    handover_webhook(spec->loop, spec->webhook, undelivered, monitor);
	monitor->sense =
	    sense_new(spec->loop, spec->clock, runbook, spec->loaded->target, NULL, &observer, err);
	if (!monitor->sense) {
		monitor_free(monitor);
		return NULL;
	}
	monitor->kept = kept_new(runbook->system, spec->loaded->target->name, spec->clock);
	if (monitor->kept)
		sense_keep(monitor->sense, monitor->kept);
	standing_recall(monitor->sense, clock_wall(spec->clock));
	standing_held(monitor->sense, clock_wall(spec->clock), condition_held, monitor);
	for (size_t i = 0; i < runbook->nmetrics; i++)
		monitor->levels[i] = sense_alert(monitor->sense, &runbook->metrics[i])->told;
	monitor->recorder =
	    recorder_new(&(struct recorder_spec){ .loop = spec->loop,
						  .clock = spec->clock,
						  .runbook = runbook,
						  .target = spec->loaded->target->name,
						  .changed = recorded });
	monitor->tick = loop_timer(spec->loop, TICK_US, TICK_US, monitor_tick, monitor);
	line = line_new(monitor, "started", clock_wall(spec->clock));
	json_object_set_new(line, "pid", json_integer(getpid()));
	line_say(monitor, line);
	return monitor;
}

/* How many alerts are waiting to be handed over, or on their way. */
static size_t monitor_waiting(const struct monitor *monitor)
{
	return handover_waiting(monitor->handovers[0]) + handover_waiting(monitor->handovers[1]);
}

void monitor_free(struct monitor *monitor)
{
	json_t *line;

	if (!monitor)
		return;
	if (monitor->sense) {
		standing_end(monitor->sense, clock_wall(monitor->spec.clock));
		line = line_new(monitor, "stopped", clock_wall(monitor->spec.clock));
		if (monitor_waiting(monitor))
			json_object_set_new(line, "undelivered",
					    json_integer((json_int_t)monitor_waiting(monitor)));
		line_say(monitor, line);
	}
	watch_free(monitor->tick);
	sense_free(monitor->sense);
	kept_free(monitor->kept);
	handover_free(monitor->handovers[0]);
	handover_free(monitor->handovers[1]);
	free(monitor->sampled);
	free(monitor->levels);
	free(monitor->notices);
	recorder_free(monitor->recorder);
	json_decref(monitor->due);
	free(monitor);
}
