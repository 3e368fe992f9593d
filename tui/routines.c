/* What is due: routines to begin one of, and how far the phases are. */
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/modal.h"
#include "tui/routines.h"

/* "in 41 min (21:30Z)", "since 2 h (21:30Z)". */
static void when_add(struct buf *out, int64_t now, int64_t at)
{
	int64_t us = at > now ? at - now : now - at;
	char span[48], date[TIME_RFC3339_MAX];

	buf_printf(out, "%s %s", at > now ? "in" : "since",
		   duration_text(us / CLOCK_US * CLOCK_US, span, sizeof(span)));
	buf_printf(out, " (%.16sZ)", time_datetime(at, date));
}

char *routine_label(const struct routine_due *one, int64_t now)
{
	const struct recorded_routine *record = one->record;
	const struct due *due = &one->due;
	const struct schedule *schedule = &record->routine->schedule;
	struct buf out = BUF_INIT;

	buf_printf(&out, "%s: ", record->routine->title);
	if (*record->open_id)
		buf_printf(&out, "%sunder way in %s",
			   recorded_is_asked(record, due) ? "due again, " : "", record->open_id);
	else if (due->state == DUE_OVERDUE)
		buf_puts(&out, "OVERDUE ");
	else if (due->state == DUE_NOW)
		buf_puts(&out, "due ");
	else if (due->at)
		buf_puts(&out, "next ");
	else if (schedule->start == START_EVENT && !record->start)
		buf_printf(&out, "no time is known; \":event %s TIME\" tells it", schedule->of);
	else
		buf_puts(&out, due->state == DUE_DONE ? "done" : "nothing is due");
	if (!*record->open_id && due->at)
		when_add(&out, now, due->at);
	if (due->missed)
		buf_printf(&out, ", %zu missed before", due->missed);
	return buf_detach(&out);
}

char *routine_detail(const struct routine_due *one, int64_t now)
{
	const struct recorded_routine *record = one->record;
	struct buf out = BUF_INIT;
	char text[160], span[48], date[TIME_RFC3339_MAX];

	buf_puts(&out, schedule_text(&record->routine->schedule, text, sizeof(text)));
	if (*record->start_id)
		buf_printf(&out, " (%s)", record->start_id);
	if (record->done_at) {
		buf_printf(&out, "; last done %s ago (%.16sZ): %s",
			   duration_text((now - record->done_at) / CLOCK_US * CLOCK_US, span,
					 sizeof(span)),
			   time_datetime(record->done_at, date), record->result);
	} else {
		buf_puts(&out, "; not done yet");
	}
	return buf_detach(&out);
}

static void chosen(struct ui *ui, const char *value, const char *subject)
{
	size_t len = strcspn(value, " ");
	char *name = xstrndup(value, len);
	struct err err = ERR_INIT;
	int rc = session_routine(ui->session, name, value[len] ? value + len + 1 : NULL, &err);

	(void)subject;
	if (ui_acted(ui, rc, &err, "The routine is begun, and on record.") == 0)
		ui_show(ui, TUI_CHECKLIST);
	free(name);
}

bool routines_possible(const struct ui *ui)
{
	return session_runbook(ui->session)->nroutines > 0;
}

void routines_open(struct ui *ui)
{
	struct routine_due *list;
	size_t n = session_routines(ui->session, &list);
	struct menu_entry *entries = xcalloc(n + 1, sizeof(*entries));

	for (size_t i = 0; i < n; i++) {
		const struct recorded_routine *record = list[i].record;

		entries[i] = (struct menu_entry){
			.label = routine_label(&list[i], ui_now(ui)),
			.detail = routine_detail(&list[i], ui_now(ui)),
			.value = xasprintf("%s%s%s", record->routine->name,
					   *record->start_id ? " " : "", record->start_id),
		};
	}
	if (n)
		menu_open(ui, "Routines: Enter begins one", entries, n, NULL, chosen);
	else
		free(entries);
	if (!n)
		ui_notice(ui, STYLE_WARNING, "The record is still being read: a moment.");
	free(list);
}

/* ---- Phases ---- */

/* The first deployment that begins it; NULL. */
static const struct deployment *beginner(const struct runbook *runbook, const struct phase *phase)
{
	for (size_t i = 0; i < runbook->ndeployments; i++) {
		if (runbook->deployments[i].phase == phase)
			return &runbook->deployments[i];
	}
	return NULL;
}

static void phase_add(const struct session *session, const struct phase *phase, int64_t wall,
		      struct buf *out)
{
	const struct recorded_phase *now = session_phase(session, phase);
	const struct deployment *deployment = beginner(session_runbook(session), phase);
	int64_t stable = 0;

	buf_printf(out, "%s: %s\n  ", phase->name, phase->title);
	if (!now || !now->begun_at) {
		buf_puts(out, "not begun");
	} else if (!now->ended_at) {
		buf_puts(out, "under way ");
		when_add(out, wall, now->begun_at);
	} else {
		buf_puts(out, now->finished ? "finished " : "given up ");
		when_add(out, wall, now->ended_at);
		stable = now->shaken_at > now->ended_at ? now->shaken_at : now->ended_at;
	}
	if (now && now->finished) {
		buf_puts(out, ", stable ");
		when_add(out, wall, stable);
	}
	if (now && now->shaken_by && now->shaken_at > now->begun_at)
		buf_printf(out, "\n  on record since it began: %s", now->shaken_by->title);
	if (deployment)
		buf_printf(out, "\n  begins with a go of deployment %s", deployment->name);
	buf_puts(out, "\n\n");
}

char *phases_text(const struct session *session, int64_t now)
{
	const struct runbook *runbook = session_runbook(session);
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < runbook->nphases; i++)
		phase_add(session, &runbook->phases[i], now, &out);
	buf_puts(&out, runbook->nphases ? "\":phase begin NAME\", \":phase finish NAME\" and "
					  "\":phase give-up NAME REASON\" put it on record."
					: "This runbook has no phases.");
	return buf_detach(&out);
}

void phases_open(struct ui *ui)
{
	page_open(ui, "Phases", phases_text(ui->session, ui_now(ui)));
}
