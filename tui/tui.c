#include "tui/tui.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/mem.h"
#include "tui/acts.h"
#include "tui/bars.h"
#include "tui/modal.h"
#include "tui/plain.h"
#include "tui/ui.h"

static const struct view_ops *const views[TUI_VIEWS] = {
	[TUI_WATCH] = &view_watch,
	[TUI_DECIDE] = &view_decide,
	[TUI_CHECKLIST] = &view_checklist,
	[TUI_EXECUTE] = &view_execute,
	[TUI_LOG] = &view_log,
	[TUI_MESSAGES] = &view_messages,
};

static void draw_too_small(const struct canvas *whole)
{
	struct canvas part = canvas_part(whole, 0, 0, -1, -1);
	int y;

	y = canvas_wrap(&part, 0, 0, 0, STYLE_BOLD, "backout needs 80 columns and 24 rows.");
	canvas_printf(&part, y, 0, STYLE_NORMAL, "This is %dx%d: enlarge it.", whole->w, whole->h);
	canvas_wrap(&part, y + 1, 0, 0, STYLE_NORMAL,
		    "In tmux \"set status off\" gives a row. A running step goes on. q leaves.");
}

static bool too_small(void)
{
	return LINES < 24 || COLS < 80;
}

static void draw_view(struct ui *ui, const struct canvas *whole)
{
	struct canvas body;
	int top = header_draw(ui, whole);

	body = canvas_part(whole, top, 0, whole->h - top - footer_rows(ui, whole->w), -1);
	views[ui->view]->draw(ui, ui->states[ui->view], &body);
	/* Behind the view: drawing it may find out what can be done. */
	footer_draw(ui, whole);
}

/* Draws the modals from the lowest that is needed. */
static void draw_modals(struct ui *ui, struct modal *modal, const struct canvas *whole)
{
	struct canvas body;

	if (!modal)
		return;
	if (!modal->ops->full)
		draw_modals(ui, modal->below, whole);
	body = canvas_part(whole, 1, 0, -1, -1);
	modal->ops->draw(ui, modal, &body);
}

static bool covered(const struct ui *ui)
{
	for (const struct modal *modal = ui->modal; modal; modal = modal->below) {
		if (modal->ops->full)
			return true;
	}
	return false;
}

static void draw(struct ui *ui)
{
	struct canvas whole = canvas_whole(&ui->screen);

	if (ui->screen.lost)
		return;
	erase();
	if (too_small()) {
		draw_too_small(&whole);
	} else {
		if (covered(ui))
			header_draw(ui, &whole);
		else
			draw_view(ui, &whole);
		draw_modals(ui, ui->modal, &whole);
	}
	ui_drawn(ui, screen_update(&ui->screen));
}

static void on_redraw(struct watch *watch, uint32_t what, void *data)
{
	(void)watch, (void)what;
	if (!ui_pauses(data))
		draw(data);
}

static void on_wake(struct watch *watch, uint32_t what, void *data)
{
	(void)watch, (void)what;
	draw(data);
}

static void key_small(struct ui *ui, int key, bool special)
{
	if (!special && (key == 'q' || key == 3))
		ui_leave(ui, 0);
}

static bool can(void *data, enum act act)
{
	return ui_can(data, act);
}

static void key_one(struct ui *ui, int key, bool special)
{
	enum act act;

	if (special && (key == KEY_PASTE_BEGIN || key == KEY_PASTE_END)) {
		ui->pasting = key == KEY_PASTE_BEGIN;
		return;
	}
	if (special && key == KEY_RESIZE)
		return;
	if (ui->pasting) {
		if (!ui->modal || !ui->modal->ops->takes_text || special)
			return;
		/* A pasted newline must not send what was pasted. */
		key = key == '\r' || key == '\n' || key == '\t' ? ' ' : key;
		if (key < 0x20)
			return;
	}
	if (too_small()) {
		key_small(ui, key, special);
		return;
	}
	if (ui->modal) {
		ui->modal->ops->key(ui, ui->modal, key, special);
		return;
	}
	ui->notice[0] = '\0';
	act = key_act(ui->view, key, special, can, ui);
	if (act != ACT_NONE)
		ui_act(ui, act);
}

static void terminal_lost(struct ui *ui)
{
	ui->screen.lost = true;
	ui_leave(ui, 1);
}

static void on_ended_read(struct ui *ui)
{
	ui_leave(ui, 0);
}

static void check_ended(struct ui *ui)
{
	char *text;

	if (!ui->options->ended || ui->ended || !ui->begun || !ui->session)
		return;
	text = ui->options->ended(ui->session, ui->options->data);
	if (!text)
		return;
	ui->ended = true;
	while (ui->modal)
		ui_pop(ui);
	page_open_any(ui, "It is over", text, on_ended_read);
	screen_drain(&ui->screen);
	draw(ui);
}

/* Whoever opened the console may have something to do about the end, such as to score a drill,
 * before the next key closes the record. */
static void look_ended(struct ui *ui)
{
	const struct incident_state *state = ui->session ? session_state(ui->session) : NULL;

	if (!ui->options->ended || ui->ended || ui->leaving || !state ||
	    state->phase == INCIDENT_OPEN)
		return;
	draw(ui);
	check_ended(ui);
}

static void on_key(struct watch *watch, uint32_t what, void *data)
{
	struct ui *ui = data;
	bool special, any = false;
	int key;

	(void)watch;
	while (!ui->leaving && screen_key(&ui->screen, &key, &special)) {
		any = true;
		key_one(ui, key, special);
		look_ended(ui);
	}
	if (ui->leaving)
		return;
	/* Readable without a key: the end of the terminal, or a cut-off sequence. */
	if ((what & (EPOLLHUP | EPOLLERR)) || (!any && !screen_alive(&ui->screen))) {
		terminal_lost(ui);
		return;
	}
	if (!any)
		return;
	draw(ui);
	/* What a key asked for takes nothing from what comes by itself. */
	ui->pause_us = 0;
}

static void on_signal(struct watch *watch, uint32_t what, void *data)
{
	struct ui *ui = data;

	(void)watch;
	if (what == SIGWINCH || what == SIGCONT) {
		bool small = too_small();

		screen_resize(&ui->screen);
		/* What was typed at a screen that showed nothing was meant for nothing. */
		if (small && !too_small())
			screen_drain(&ui->screen);
		if (what == SIGCONT)
			screen_repaint(&ui->screen);
		draw(ui);
	} else {
		if (what == SIGHUP && !screen_alive(&ui->screen))
			ui->screen.lost = true;
		ui_leave(ui, 1);
	}
}

static void on_second(struct watch *watch, uint32_t what, void *data)
{
	struct ui *ui = data;

	(void)watch, (void)what;
	if (!screen_alive(&ui->screen)) {
		terminal_lost(ui);
		return;
	}
	check_ended(ui);
	ui_dirty(ui);
}

static void on_changed(enum session_change what, void *data)
{
	struct ui *ui = data;

	/* Good news that was said too early. */
	if (what == SESSION_ERROR && ui->notice_style == STYLE_OK)
		ui->notice[0] = '\0';
	ui_dirty(ui);
}

static void begin(struct ui *ui)
{
	ui->begun = true;
	if (ui->options->begin && ui->options->begin(ui->session, ui->options->data, &ui->err) < 0)
		ui_leave(ui, -1);
}

static void briefing_open(struct ui *ui)
{
	struct buf text = BUF_INIT;

	for (const char *const *line = ui->options->briefing; *line; line++)
		buf_printf(&text, "%s\n", *line);
	page_open_any(ui, "Briefing", buf_detach(&text), begin);
}

static int watches_open(struct ui *ui, struct err *err)
{
	static const int signals[] = { SIGWINCH, SIGCONT, SIGHUP, SIGTERM, SIGINT };
	int64_t to_second = CLOCK_US - clock_wall(ui->clock) % CLOCK_US;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		ui->signals[i] = loop_signal(ui->loop, signals[i], on_signal, ui, err);
		if (!ui->signals[i])
			return -1;
	}
	ui->keys = loop_fd(ui->loop, STDIN_FILENO, EPOLLIN, on_key, ui, err);
	if (!ui->keys)
		return -1;
	ui->redraw = loop_timer(ui->loop, 0, 0, on_redraw, ui);
	ui->wake = loop_timer(ui->loop, 0, 0, on_wake, ui);
	ui->second = loop_timer(ui->loop, to_second, CLOCK_US, on_second, ui);
	return 0;
}

/* A console that attaches to a procedure under way begins there. */
static bool under_way(const struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);
	const struct attempt *attempt = state ? state_attempt(state) : NULL;

	return attempt && attempt->procedure.approved && !attempt->ended_at;
}

static void watches_close(struct ui *ui)
{
	struct watch *all[] = { ui->keys, ui->redraw, ui->wake, ui->second };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i])
			watch_free(all[i]);
	}
	for (size_t i = 0; i < sizeof(ui->signals) / sizeof(ui->signals[0]); i++) {
		if (ui->signals[i])
			watch_free(ui->signals[i]);
	}
	ui->redraw = NULL;
}

static int session_start(struct ui *ui, struct err *err)
{
	struct session_spec spec = ui->options->spec;

	spec.changed = on_changed;
	spec.data = ui;
	ui->session = session_new(&spec, err);
	return ui->session ? 0 : -1;
}

static void ui_release(struct ui *ui)
{
	while (ui->modal)
		ui_pop(ui);
	for (int i = 0; i < TUI_VIEWS; i++) {
		if (views[i]->release && ui->states[i])
			views[i]->release(ui->states[i]);
		free(ui->states[i]);
	}
	session_free(ui->session);
	free(ui->last_command);
}

static int screen_run(const struct tui_options *options, struct err *err)
{
	struct ui ui = { .options = options,
			 .loop = options->spec.loop,
			 .clock = options->spec.clock,
			 .views = views,
			 .view = options->view };
	int rc = -1;

	for (int i = 0; i < TUI_VIEWS; i++)
		ui.states[i] = xcalloc(1, views[i]->state_size ? views[i]->state_size : 1);
	if (session_start(&ui, err) < 0 || screen_open(&ui.screen, err) < 0 ||
	    watches_open(&ui, err) < 0)
		goto out;
	if (session_state(ui.session) && (session_state(ui.session)->deployment.deployment ||
					  session_state(ui.session)->routine.routine))
		ui.view = TUI_CHECKLIST;
	if (under_way(&ui))
		ui.view = TUI_EXECUTE;
	if (options->briefing)
		briefing_open(&ui);
	else
		begin(&ui);
	if (!ui.leaving) {
		draw(&ui);
		rc = loop_run(ui.loop, err);
	}
	if (ui.leaving)
		rc = ui.result;
	if (rc < 0 && ui.err.set)
		err_set(err, "%s", ui.err.msg), err_hint(err, "%s", ui.err.hint);
out:
	watches_close(&ui);
	/* Views may hold windows of the screen. */
	ui_release(&ui);
	screen_close(&ui.screen);
	return rc;
}

int tui_run(const struct tui_options *options, struct err *err)
{
	if (options->plain || !screen_possible())
		return plain_run(options, err);
	return screen_run(options, err);
}
