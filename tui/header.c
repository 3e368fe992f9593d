#include <string.h>

#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/bars.h"

static const char *banner(const struct ui *ui, enum style *style)
{
	const struct target *target = session_target(ui->session);
	const struct incident_state *state = session_state(ui->session);

	if ((state && state->kind == INCIDENT_DRILL) || (target && target->class == TARGET_DRILL)) {
		*style = STYLE_DRILL;
		return "DRILL";
	}
	if (target && target->class == TARGET_STAGING) {
		*style = STYLE_DRILL;
		return "STAGING";
	}
	*style = target ? STYLE_LIVE : STYLE_BOLD;
	return target ? "LIVE" : "NO TARGET";
}

static const char *phase_name(const struct incident_state *state)
{
	switch (state->phase) {
	case INCIDENT_RESOLVED:
		return "RESOLVED";
	case INCIDENT_CLOSED:
		return "CLOSED";
	case INCIDENT_NONE:
	case INCIDENT_OPEN:
		break;
	}
	return NULL;
}

static void upper(char *text)
{
	for (; *text; text++) {
		if (*text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
	}
}

/* Incident, severity and T+ clock; returns the column behind. */
static int incident_draw(struct ui *ui, const struct canvas *canvas, int x)
{
	const struct incident_state *state = session_state(ui->session);
	char severity[16], clock[32];
	int64_t until;

	if (!state)
		return canvas_text(canvas, 0, x + 1, STYLE_DIM, "no incident");
	x = canvas_text(canvas, 0, x + 1, STYLE_BOLD, state->id);
	snprintf(severity, sizeof(severity), "%s",
		 phase_name(state) ? phase_name(state) : severity_name(state->severity));
	upper(severity);
	x = canvas_text(canvas, 0, x + 1,
			phase_name(state) ? STYLE_OK : style_severity(state->severity), severity);
	until = state->closed_at     ? state->closed_at
		: state->resolved_at ? state->resolved_at
				     : ui_now(ui);
	return canvas_printf(canvas, 0, x + 1, STYLE_NORMAL, "T+%s",
			     duration_clock((until - state->opened_at) / CLOCK_US * CLOCK_US, clock,
					    sizeof(clock)));
}

/* "#34 ok": 34 lines are on disk. Returns the column where it begins. */
static int right_draw(struct ui *ui, const struct canvas *canvas)
{
	const struct incident *incident = session_incident(ui->session);
	char clock[TIME_RFC3339_MAX], text[64];
	int x;

	snprintf(text, sizeof(text), " %sZ", time_clock(ui_now(ui), clock));
	x = canvas_right(canvas, 0, STYLE_NORMAL, text);
	if (incident && incident->ledger) {
		struct canvas left = canvas_part(canvas, 0, 0, 1, x);

		snprintf(text, sizeof(text), " %s#%llu %s", canvas->w >= 100 ? "ledger " : "",
			 (unsigned long long)ledger_head(incident->ledger).seq,
			 incident->torn ? "torn" : "ok");
		x = canvas_right(&left, 0, incident->torn ? STYLE_WARNING : STYLE_DIM, text);
	}
	return x;
}

static void identity_draw(struct ui *ui, const struct canvas *canvas)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct target *target = session_target(ui->session);
	struct canvas left = canvas_part(canvas, 0, 0, 1, right_draw(ui, canvas));
	enum style style;
	const char *word = banner(ui, &style);
	char name[64];
	int x;

	/* Long names give way to what follows them. */
	snprintf(name, sizeof(name), " %s > %s", runbook->system, target ? target->name : "-");
	if (canvas->w < 100 && text_width(name) > 22) {
		struct canvas part = canvas_part(&left, 0, 0, 1, 22);

		x = canvas_text(&part, 0, 0, STYLE_BOLD, name);
	} else {
		x = canvas_text(&left, 0, 0, STYLE_BOLD, name);
	}
	x = canvas_printf(&left, 0, x + 1, style, " %s ", word);
	incident_draw(ui, &left, x);
}

/* Views by the keys that sentences name them with. */
static const enum key_id view_keys[TUI_VIEWS] = {
	[TUI_WATCH] = KEY_ID_WATCH,	[TUI_DECIDE] = KEY_ID_DECIDE,
	[TUI_CHECKLIST] = KEY_ID_CHECKLIST, [TUI_EXECUTE] = KEY_ID_EXECUTE,
	[TUI_LOG] = KEY_ID_LOG,		[TUI_MESSAGES] = KEY_ID_COUNT,
};

int header_draw(struct ui *ui, const struct canvas *canvas)
{
	char next[512];
	int rows;
	struct canvas line = canvas_part(canvas, 1, 1, 2, canvas->w - 2);

	identity_draw(ui, canvas);
	session_next_in(ui->session, view_keys[ui->view], next, sizeof(next));
	rows = canvas_wrap(&line, 0, 0, 0, STYLE_NEXT, next);
	return 1 + (rows > 2 ? 2 : rows);
}
