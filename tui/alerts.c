#include "tui/alerts.h"

#include <stdlib.h>
#include <string.h>

#include "core/standing.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/metric.h"
#include "tui/modal.h"

const struct alert_state *alert_recorded(struct ui *ui, const struct alert *alert)
{
	const struct incident_state *state = session_state(ui->session);

	return state ? &state->alerts[alert->metric - session_runbook(ui->session)->metrics] : NULL;
}

/* How much it matters; 0: not at all. */
static int weight(struct ui *ui, const struct alert *alert)
{
	const struct alert_state *recorded = alert_recorded(ui, alert);
	int level = (int)alert->level;

	/* Nobody knows how bad it is what nobody measures. */
	if (alert->no_data && alert_is_judged(alert) && level < LEVEL_WARNING)
		level = LEVEL_WARNING;
	if (sense_is_muted(session_sense(ui->session), alert))
		return 1;
	return level ? 2 * level + !(recorded && recorded->acknowledged) + 1 : 0;
}

const struct alert **alerts_list(struct ui *ui, size_t *n)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct alert **list = xcalloc(runbook->nmetrics + 1, sizeof(*list));

	*n = 0;
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct alert *alert =
		    sense_alert(session_sense(ui->session), &runbook->metrics[i]);
		int mine = alert ? weight(ui, alert) : 0;
		size_t at = *n;

		if (!mine)
			continue;
		for (; at > 0 && weight(ui, list[at - 1]) < mine; at--)
			list[at] = list[at - 1];
		list[at] = alert;
		(*n)++;
	}
	return list;
}

char *alert_word(const struct alert *alert, char *out, enum style *style)
{
	if (alert->no_data && alert_is_judged(alert)) {
		*style = STYLE_WARNING;
		return strcpy(out, "NO DATA");
	}
	*style = style_level(alert->level);
	return level_text(alert->level, out);
}

int64_t alert_since(const struct alert *alert)
{
	if (alert->no_data)
		return alert->no_data_since;
	return alert->level > LEVEL_OK ? alert->since : 0;
}

/* ---- muting ---- */

bool mute_possible(const struct ui *ui)
{
	const struct runbook *runbook = session_runbook(ui->session);

	for (size_t i = 0; i < runbook->nmetrics; i++) {
		if (alert_is_judged(sense_alert(session_sense(ui->session), &runbook->metrics[i])))
			return true;
	}
	return false;
}

static const char *const mute_times[] = { "15m", "1h", "4h", "24h", "7d", NULL };

static int mute_done(struct ui *ui, const char *const *values, const char *metric, struct err *err)
{
	int64_t us;

	if (duration_parse(values[0], &us) < 0)
		return err_set(err, "\"%s\" is no time: 15m, 1h, 7d", values[0]);
	if (session_mute(ui->session, metric, us, values[1], err) < 0)
		return -1;
	return ui_acted(ui, 0, NULL, "Muted; it stays listed, and judged all the same.");
}

static void unmute(struct ui *ui, const char *metric)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_mute(ui->session, metric, 0, NULL, &err), &err,
		 "It is muted no more.");
}

static void mute_form(struct ui *ui, const char *name, const char *subject)
{
	const struct metric *metric = runbook_metric(session_runbook(ui->session), name);
	const struct form_entry entries[] = {
		{ .label = "For", .choices = mute_times, .value = "1h" },
		{ .label = "Why",
		  .hint = "Others see it with the time that is left, and so does the record.",
		  .needed =
		      "a reason is needed: a mute that nobody understands is worse than noise" },
	};
	char *say;

	(void)subject;
	if (sense_is_muted(session_sense(ui->session),
			   sense_alert(session_sense(ui->session), metric))) {
		unmute(ui, name);
		return;
	}
	say = xasprintf("%s: nobody is disturbed by its alerts for a time.", metric_title(metric));
	form_open(ui, "Mute an alert", say, entries, 2, false, xstrdup(name), mute_done);
	free(say);
}

static void entry_add(struct ui *ui, const struct alert *alert, const json_t *mutes,
		      struct menu_entry *entry)
{
	const struct sense *sense = session_sense(ui->session);
	const json_t *mute = json_object_get(mutes, alert->metric->name);
	const char *by = json_str(mute, "by", ""), *reason = json_str(mute, "reason", "");
	char status[96], left[48];
	enum style style;

	metric_status(ui, alert->metric, status, sizeof(status), &style);
	entry->value = xstrdup(alert->metric->name);
	entry->label = xasprintf("%s: %s", metric_title(alert->metric), status);
	if (sense_is_muted(sense, alert))
		entry->detail =
		    xasprintf("muted for another %s%s%s%s%s; Enter ends it",
			      duration_text((alert->muted_until - ui_now(ui)) / CLOCK_US * CLOCK_US,
					    left, sizeof(left)),
			      *by ? " by " : "", by, *reason ? ": " : "", reason);
}

void mute_open(struct ui *ui)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct sense *sense = session_sense(ui->session);
	struct menu_entry *entries = xcalloc(runbook->nmetrics + 1, sizeof(*entries));
	json_t *mutes = sense_kept(sense) ? kept_mutes(sense_kept(sense)) : json_object();
	size_t standing, n = 0;
	const struct alert **list = alerts_list(ui, &standing);

	for (size_t i = 0; i < standing; i++)
		entry_add(ui, list[i], mutes, &entries[n++]);
	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct alert *alert = sense_alert(sense, &runbook->metrics[i]);

		if (alert_is_judged(alert) && !weight(ui, alert))
			entry_add(ui, alert, mutes, &entries[n++]);
	}
	menu_open(ui, "Mute an alert, or end a mute", entries, n, NULL, mute_form);
	json_decref(mutes);
	free(list);
}
