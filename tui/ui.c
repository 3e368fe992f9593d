#include "tui/ui.h"

#define FRAME_US  250000 /* at most four frames a second, unless a key came */
#define GATHER_US 30000	 /* what comes together is drawn together */
/* A flood of lines goes past unread: over a slow line it must not hold up the answer to a key. */
#define BYTES_PER_S  11500
#define PAUSE_MAX_US CLOCK_US
#define QUIET_US     80000 /* nothing came for so long: the flood is over */

int64_t ui_now(const struct ui *ui)
{
	return clock_wall(ui->clock);
}

bool ui_open(const struct ui *ui)
{
	const struct incident_state *state = session_state(ui->session);

	return state && state->phase == INCIDENT_OPEN;
}

const struct view_ops *ui_view(const struct ui *ui, enum tui_view view)
{
	return ui->views[view];
}

void ui_show(struct ui *ui, enum tui_view view)
{
	ui->view = view;
}

/* In its first second it shows what it finds as soon as it is found: somebody waits for it. */
static bool is_new(const struct ui *ui, int64_t now)
{
	return now - ui->first_at < CLOCK_US;
}

void ui_drawn(struct ui *ui, int64_t bytes)
{
	int64_t pause = bytes * CLOCK_US / BYTES_PER_S;

	ui->dirty = false;
	ui->drawn_at = clock_mono(ui->clock);
	if (!ui->first_at)
		ui->first_at = ui->drawn_at;
	ui->pause_us = pause > PAUSE_MAX_US ? PAUSE_MAX_US : pause;
}

void ui_dirty(struct ui *ui)
{
	int64_t left;

	ui->changed_at = clock_mono(ui->clock);
	left = ui->drawn_at + FRAME_US - ui->changed_at;
	if (ui->dirty || !ui->redraw)
		return;
	ui->dirty = true;
	left = left > GATHER_US ? left : GATHER_US;
	watch_arm(ui->redraw, is_new(ui, ui->changed_at) ? 0 : left, 0);
}

bool ui_pauses(struct ui *ui)
{
	int64_t now = clock_mono(ui->clock), left = ui->drawn_at + ui->pause_us - now;

	if (left <= 0 || is_new(ui, now) || now - ui->changed_at >= QUIET_US)
		return false;
	watch_arm(ui->redraw, left < QUIET_US ? left : QUIET_US, 0);
	return true;
}

void ui_wake(struct ui *ui, int64_t after_us)
{
	watch_arm(ui->wake, after_us + 1000, 0);
}

void ui_leave(struct ui *ui, int result)
{
	ui->leaving = true;
	ui->result = result;
	loop_stop(ui->loop);
}

void ui_push(struct ui *ui, struct modal *modal)
{
	modal->below = ui->modal;
	ui->modal = modal;
}

void ui_pop(struct ui *ui)
{
	struct modal *modal = ui->modal;

	if (!modal)
		return;
	ui->modal = modal->below;
	modal->ops->release(modal);
}
