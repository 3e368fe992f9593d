/* The log panel: one log or several merged by time, filtered, searched, held, walked back. */
#include "tui/panel_log.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/modal.h"

#define WORK_US	 8000 /* of one drawing; a key waits no longer */
#define AGAIN_US 2000 /* until the next one, when there is more to do */
/* Of one record: what a person reads. A file that is all indented has no end. */
#define PRINT_LINES 1000

/* ---- life cycle ---- */

/* "app.log" and "gunicorn access" as "app" and "gunicorn". */
static void name_shorten(const char *title, char *out, size_t size)
{
	size_t len = strcspn(title, " ."), fit;

	if (len == 0)
		len = strlen(title);
	snprintf(out, size, "%.*s", (int)len, title);
	fit = text_fit(out, (int)size - 1);
	out[fit] = '\0';
}

static void log_add(struct ui *ui, struct log_panel *log, const char *name)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct source *source = sense_source(session_sense(ui->session), name);

	if (!source || !log_is(source) || log->n == LOGVIEW_LOGS)
		return;
	for (size_t i = 0; i < runbook->nsources; i++) {
		const struct source_def *def = &runbook->sources[i];

		if (!strcmp(def->name, name))
			name_shorten(def->title ? def->title : name, log->names[log->n],
				     sizeof(log->names[log->n]));
	}
	log->logs[log->n++] = source;
}

static enum loglevel declared_level(const struct panel *panel)
{
	if (!panel->level || !strcmp(panel->level, "all"))
		return LOGLEVEL_NONE;
	return !strcmp(panel->level, "error") ? LOGLEVEL_ERROR : LOGLEVEL_WARNING;
}

/* The panel's own state, made when it is asked for first; NULL when none of its logs is open. */
static struct log_panel *log_of(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	struct log_panel *log = state->own;

	if (log)
		return log;
	log = xcalloc(1, sizeof(*log));
	if (panel->source)
		log_add(ui, log, panel->source);
	for (size_t i = 0; i < panel->nsources; i++)
		log_add(ui, log, panel->sources[i]);
	if (log->n == 0) {
		free(log);
		return NULL;
	}
	log->view = logview_new(log->logs, log->n);
	log->rows = 15;
	logview_least(log->view, declared_level(panel));
	state->own = log;
	return log;
}

static void release(struct panel_state *state)
{
	struct log_panel *log = state->own;

	if (log)
		logview_free(log->view);
	free(log);
	state->own = NULL;
}

/* ---- the panel ---- */

static int want(struct ui *ui, const struct panel *panel)
{
	(void)ui, (void)panel;
	return 12;
}

static const char *nothing_text(const struct log_panel *log, bool more)
{
	if (more)
		return "Looking for lines.";
	return logview_is_picking(log->view) ? "No line passes the filters." : "No lines yet.";
}

static void draw(struct ui *ui, const struct panel *panel, struct panel_state *state,
		 const struct canvas *canvas, bool focus)
{
	struct log_panel *log = log_of(ui, panel, state);
	struct canvas inside;
	char status[128], title[400];
	enum style style;
	bool more, whole;
	int rows;

	if (!log) {
		inside = canvas_box(canvas, panel->title, "not open", STYLE_CRITICAL, focus);
		canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL, "This log's source is not open.");
		return;
	}
	log->rows = canvas->h > 3 ? canvas->h - 2 : 1;
	more = logview_work(log->view, (size_t)log->rows, WORK_US);
	if (more)
		ui_wake(ui, AGAIN_US);
	log_status_text(ui, log, status, sizeof(status), &style);
	whole =
	    log_title_text(log, panel, canvas->w - 9 - text_width(status), title, sizeof(title));
	inside = canvas_box(canvas, title, status, style, focus);
	rows = inside.h;
	inside = canvas_part(&inside, 0, 0, log_troubles_draw(log, &inside), -1);
	log_records_draw(log, &inside, focus);
	if (logview_count(log->view) == 0 && inside.h == rows)
		canvas_text(&inside, 0, 0, STYLE_DIM, nothing_text(log, more));
	log_border_draw(log, !whole, more, canvas);
}

static void panel_move(struct ui *ui, const struct panel *panel, struct panel_state *state,
		       enum act act)
{
	struct log_panel *log = log_of(ui, panel, state);
	int page = log && log->rows > 2 ? log->rows - 1 : 1;

	if (!log)
		return;
	log->sought = NULL;
	if (act == ACT_BOTTOM) {
		logview_follow(log->view);
	} else if (act == ACT_TOP) {
		logview_oldest(log->view);
	} else {
		logview_move(log->view, act_rows(act, page));
		if (act == ACT_PAGE_UP || act == ACT_PAGE_DOWN)
			log->shift += act_rows(act, page);
	}
	/* Before the next key, which goes on from there. */
	logview_work(log->view, (size_t)log->rows, WORK_US);
}

/* The record as it stands in the log. */
static void record_print(const struct log_panel *log, const struct logview_record *record,
			 struct buf *text)
{
	struct log_line *line = xmalloc(sizeof(*line));
	uint64_t seq = record->seq;
	unsigned lines = 0;

	buf_printf(text, "%s\n", record->text);
	while (lines < PRINT_LINES && log_line_after(log->logs[record->log], seq, false, line) &&
	       line->joined) {
		buf_printf(text, "%s\n", line->text);
		seq = line->seq;
		lines++;
	}
	if (lines == PRINT_LINES && record->folded > lines)
		buf_printf(text, "... %u more lines in the log\n", record->folded - lines);
	/* Its lines are gone: as they were when it was opened. */
	if (seq == record->seq && record->rest)
		buf_printf(text, "%s\n", record->rest);
	free(line);
}

static char *details(struct ui *ui, const struct panel *panel, struct panel_state *state)
{
	struct log_panel *log = log_of(ui, panel, state);
	const struct logview_record *record =
	    log ? logview_at(log->view, logview_cursor(log->view)) : NULL;
	struct log_status status;
	struct buf text = BUF_INIT;
	char time[TIME_RFC3339_MAX];

	if (!record)
		return xstrdup(log ? "No line is there." : "This log's source is not open.");
	log_status(log->logs[record->log], &status);
	if (record->at)
		buf_printf(&text, "%s", time_rfc3339(record->at, time));
	buf_printf(&text, "%s%s\n", record->at ? "  " : "", status.path);
	if (record->meaning)
		buf_printf(&text, "= %s\n", record->meaning);
	record_print(log, record, &text);
	if (record->true_len > LOG_TEXT)
		buf_printf(&text, "(its first line has %zu bytes in the file)\n", record->true_len);
	return buf_detach(&text);
}

/* What the operator saw selected. */
static void copy(struct ui *ui, const struct log_panel *log)
{
	size_t i = logview_find(log->view, log->drawn_log, log->drawn_seq);
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	int rc = -1;

	if (!log->drawn || i == logview_count(log->view)) {
		err_set(&err, "no line is selected");
	} else {
		record_print(log, logview_at(log->view, i), &text);
		rc = session_copy(ui->session, buf_str(&text), &err);
	}
	buf_release(&text);
	ui_acted(ui, rc, &err, "Copied: tmux pastes it with its prefix and ].");
}

static bool filtered(const struct log_panel *log)
{
	for (int i = 0; i < LOGVIEW_PATTERNS; i++) {
		if (logview_pattern_text(log->view, (enum logview_pattern)i))
			return true;
	}
	return logview_least_now(log->view) != LOGLEVEL_NONE;
}

static bool can(struct ui *ui, const struct panel *panel, struct panel_state *state, enum act act)
{
	const struct log_panel *log = state->own;
	const struct logview_record *record;

	(void)ui, (void)panel;
	if (!log)
		return false;
	switch (act) {
	case ACT_SEARCH:
	case ACT_LEVEL:
	case ACT_ONLY:
	case ACT_WITHOUT:
	case ACT_OLDER_ERROR:
	case ACT_NEWER_ERROR:
		return true;
	case ACT_COPY:
		return session_has_tmux() && log->drawn;
	case ACT_HOLD:
		return !logview_held(log->view);
	case ACT_GO_ON:
		return logview_held(log->view);
	case ACT_OPEN:
		record = logview_at(log->view, logview_cursor(log->view));
		return record && record->folded;
	case ACT_OLDER_MATCH:
	case ACT_NEWER_MATCH:
		return logview_pattern_text(log->view, LOGVIEW_SEARCH) != NULL;
	case ACT_BACK:
		return logview_outcome(log->view) == LOGVIEW_LOOKING || filtered(log) ||
		       logview_held(log->view);
	default:
		return false;
	}
}

/* Takes back one thing: a look that goes on, the search, the filters, the level, the hold. */
static void back(struct log_panel *log)
{
	static const enum logview_pattern order[] = { LOGVIEW_SEARCH, LOGVIEW_WITHOUT,
						      LOGVIEW_ONLY };

	if (logview_outcome(log->view) == LOGVIEW_LOOKING) {
		logview_stop(log->view);
		return;
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (logview_pattern_text(log->view, order[i])) {
			logview_pattern(log->view, order[i], NULL, NULL);
			return;
		}
	}
	if (logview_least_now(log->view) != LOGLEVEL_NONE)
		logview_least(log->view, LOGLEVEL_NONE);
	else
		logview_follow(log->view);
}

static void pattern_take(struct ui *ui, struct log_panel *log, enum logview_pattern which,
			 const char *text)
{
	struct err err = ERR_INIT;

	if (logview_pattern(log->view, which, text, &err) < 0) {
		ui_notice(ui, STYLE_WARNING, "Kept as it was; %s", err.msg);
		return;
	}
	if (which == LOGVIEW_SEARCH && *text) {
		log->sought = "older match (] looks for newer ones)";
		logview_seek(log->view, LOGVIEW_MATCH, false);
	}
}

static void search_done(struct ui *ui, const char *text, void *data)
{
	pattern_take(ui, data, LOGVIEW_SEARCH, text);
}

static void only_done(struct ui *ui, const char *text, void *data)
{
	pattern_take(ui, data, LOGVIEW_ONLY, text);
}

static void without_done(struct ui *ui, const char *text, void *data)
{
	pattern_take(ui, data, LOGVIEW_WITHOUT, text);
}

static void seek(struct log_panel *log, enum logview_goal goal, bool newer, const char *sought)
{
	log->sought = sought;
	logview_seek(log->view, goal, newer);
	/* Before the next key, which goes on from there. */
	logview_work(log->view, (size_t)log->rows, WORK_US);
}

static void act(struct ui *ui, const struct panel *panel, struct panel_state *state, enum act act)
{
	struct log_panel *log = state->own;
	enum loglevel least = logview_least_now(log->view);

	(void)panel;
	log->sought = NULL;
	switch (act) {
	case ACT_SEARCH:
		prompt_text(ui, "/",
			    "Regular expression to look for; without capitals it ignores case. "
			    "Empty ends it.",
			    logview_pattern_text(log->view, LOGVIEW_SEARCH), search_done, log);
		break;
	case ACT_ONLY:
		prompt_text(ui, "only: ",
			    "Shows only what matches this regular expression. Empty ends it.",
			    logview_pattern_text(log->view, LOGVIEW_ONLY), only_done, log);
		break;
	case ACT_WITHOUT:
		prompt_text(ui,
			    "hide: ", "Hides what matches this regular expression. Empty ends it.",
			    logview_pattern_text(log->view, LOGVIEW_WITHOUT), without_done, log);
		break;
	case ACT_LEVEL:
		logview_least(log->view, least == LOGLEVEL_NONE	     ? LOGLEVEL_WARNING
					 : least == LOGLEVEL_WARNING ? LOGLEVEL_ERROR
								     : LOGLEVEL_NONE);
		break;
	case ACT_OLDER_ERROR:
		seek(log, LOGVIEW_ERROR, false, "older error");
		break;
	case ACT_NEWER_ERROR:
		seek(log, LOGVIEW_ERROR, true, "newer error");
		break;
	case ACT_OLDER_MATCH:
		seek(log, LOGVIEW_MATCH, false, "older match");
		break;
	case ACT_NEWER_MATCH:
		seek(log, LOGVIEW_MATCH, true, "newer match");
		break;
	case ACT_COPY:
		copy(ui, log);
		break;
	case ACT_HOLD:
		logview_hold(log->view);
		break;
	case ACT_GO_ON:
		logview_follow(log->view);
		break;
	case ACT_OPEN:
		logview_open(log->view);
		break;
	default:
		back(log);
		break;
	}
}

static void search(struct ui *ui, const struct panel *panel, struct panel_state *state,
		   const char *text)
{
	struct log_panel *log = log_of(ui, panel, state);

	if (log)
		pattern_take(ui, log, LOGVIEW_SEARCH, text);
}

/* The line that the operator saw, not one that came while the key was on its way. */
static int mark(struct ui *ui, const struct panel *panel, struct panel_state *state,
		struct err *err)
{
	struct log_panel *log = log_of(ui, panel, state);

	if (!log || !log->drawn)
		return err_set(err, "no line is selected");
	return session_evidence(ui->session, log->logs[log->drawn_log]->name, log->drawn_seq, err);
}

const struct panel_kind panel_log = {
	.name = "log",
	.tall = true,
	.wide = true,
	.want = want,
	.draw = draw,
	.move = panel_move,
	.mark = mark,
	.details = details,
	.can = can,
	.act = act,
	.search = search,
	.release = release,
};
