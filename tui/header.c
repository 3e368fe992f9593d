/* The first rows: where one is, and what to do now. */
#include <string.h>

#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/bars.h"

/* Columns that a system and " > TARGET" keep at the least. */
#define NAME_SYSTEM 8
#define NAME_TARGET 13

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

/* How bad it is, or was: an incident that is over keeps its severity, in a short form where there
 * is little room. Returns the column behind. */
static int severity_draw(const struct incident_state *state, const struct canvas *canvas, int x,
			 bool narrow)
{
	static const char *const brief[] = { "LOW", "MED", "HIGH", "CRIT" };
	const char *phase = phase_name(state);
	char severity[16];

	snprintf(severity, sizeof(severity), "%s",
		 phase && narrow ? brief[state->severity] : severity_name(state->severity));
	upper(severity);
	x = canvas_text(canvas, 0, x, phase ? STYLE_DIM : style_severity(state->severity),
			severity);
	return phase ? canvas_text(canvas, 0, x + 1, STYLE_OK, phase) : x;
}

/* Incident, severity and T clock; returns the column behind. */
static int incident_draw(struct ui *ui, const struct canvas *canvas, int x, bool narrow)
{
	const struct incident_state *state = session_state(ui->session);
	char clock[64];

	if (!state)
		return canvas_text(canvas, 0, x + 1, STYLE_DIM, "no incident");
	x = canvas_text(canvas, 0, x + 1, STYLE_BOLD, state->id);
	x = severity_draw(state, canvas, x + 1, narrow);
	session_t(ui->session, clock, sizeof(clock));
	/* Half a clock would be a wrong one. */
	if (x + 1 + (int)strlen(clock) > canvas->w)
		return x;
	return canvas_text(canvas, 0, x + 1, STYLE_NORMAL, clock);
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

		bool lost = incident_is_lost(incident);

		snprintf(text, sizeof(text), " %s#%llu %s", canvas->w >= 100 ? "ledger " : "",
			 (unsigned long long)ledger_head(incident->ledger).seq,
			 lost		  ? "LOST"
			 : incident->torn ? "torn"
					  : "ok");
		x = canvas_right(&left, 0,
				 lost		  ? STYLE_CRITICAL
				 : incident->torn ? STYLE_WARNING
						  : STYLE_DIM,
				 text);
	}
	return x;
}

/* What is left for the name when the incident, or that there is none, stands whole. */
static int name_room(struct ui *ui, const struct canvas *left, const char *word)
{
	const struct incident_state *state = session_state(ui->session);
	int taken = text_width(word) + 5; /* a blank before it, two around it, one behind, a gap */
	char clock[64];

	if (!state)
		return left->w - taken - text_width("no incident");
	session_t(ui->session, clock, sizeof(clock));
	taken += text_width(state->id) + 1;
	if (phase_name(state))
		return left->w - taken - text_width("CRIT ") - text_width(phase_name(state));
	return left->w - taken - text_width(severity_name(state->severity)) - 1 - text_width(clock);
}

/* "system > target": where there is little room the system gives way, to what follows and to its
 * target, since production and a sandbox must not look alike. */
static int name_draw(const struct canvas *left, const struct runbook *runbook, const char *target,
		     int room)
{
	int width = 1 + text_width(runbook->system) + 3 + text_width(target);
	int system = text_width(runbook->system) - (width - room);
	struct canvas part =
	    canvas_part(left, 0, 1, 1, system < NAME_SYSTEM ? NAME_SYSTEM : system);
	char name[64];
	int x;

	if (width <= room) {
		snprintf(name, sizeof(name), " %s > %s", runbook->system, target);
		return canvas_text(left, 0, 0, STYLE_BOLD, name);
	}
	x = 1 + canvas_text(&part, 0, 0, STYLE_BOLD, runbook->system);
	snprintf(name, sizeof(name), " > %s", target);
	part = canvas_part(left, 0, x, 1, room - x < NAME_TARGET ? NAME_TARGET : room - x);
	return x + canvas_text(&part, 0, 0, STYLE_BOLD, name);
}

static void identity_draw(struct ui *ui, const struct canvas *canvas)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct target *target = session_target(ui->session);
	struct canvas left = canvas_part(canvas, 0, 0, 1, right_draw(ui, canvas));
	enum style style;
	const char *word = banner(ui, &style);
	int x = name_draw(&left, runbook, target ? target->name : "-", name_room(ui, &left, word));

	x = canvas_printf(&left, 0, x + 1, style, " %s ", word);
	incident_draw(ui, &left, x, canvas->w < 100);
}

/* Views by the keys that sentences name them with. */
static const enum key_id view_keys[TUI_VIEWS] = {
	[TUI_WATCH] = KEY_ID_WATCH,
	[TUI_DECIDE] = KEY_ID_DECIDE,
	[TUI_CHECKLIST] = KEY_ID_CHECKLIST,
	[TUI_EXECUTE] = KEY_ID_EXECUTE,
	[TUI_LOG] = KEY_ID_LOG,
	[TUI_MESSAGES] = KEY_ID_MESSAGES,
};

/* The latest attempt whose glass was broken; NULL: none of this incident. */
static const struct attempt *attempt_broken(struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);

	for (size_t i = state ? state->nattempts : 0; i-- > 0;) {
		if (state->attempts[i].broken.at)
			return &state->attempts[i];
	}
	return NULL;
}

/* Approved without authority: in sight until the incident is closed. Rows that it took. */
static int broken_draw(struct ui *ui, const struct canvas *canvas)
{
	const struct attempt *attempt = attempt_broken(ui);
	struct canvas line = canvas_part(canvas, 1, 1, 1, canvas->w - 2);

	if (!attempt || canvas->h < 4)
		return 0;
	canvas_printf(&line, 0, 0, STYLE_CRITICAL,
		      "BREAK-GLASS: approved without authority by "
		      "%s: %s",
		      attempt->broken.by, attempt->broken.reason);
	return 1;
}

int header_draw(struct ui *ui, const struct canvas *canvas)
{
	const struct view_ops *ops = ui_view(ui, ui->view);
	int given = ops->header_rows ? ops->header_rows(ui->states[ui->view]) : 0, rows;
	int top = 1 + broken_draw(ui, canvas), room = given ? given - top : 2;
	struct canvas line = canvas_part(canvas, top, 1, room < 0 ? 0 : room, canvas->w - 2);
	char next[512];

	identity_draw(ui, canvas);
	session_next_in(ui->session, view_keys[ui->view], next, sizeof(next));
	/* In one row it is cut where one sees it. */
	rows = line.h == 1 ? (canvas_text(&line, 0, 0, STYLE_NEXT, next), 1)
			   : canvas_wrap(&line, 0, 0, 0, STYLE_NEXT, next);
	return top + (rows > line.h || given ? line.h : rows);
}
