#include "tui/ui.h"

#define FRAME_US  250000 /* at most four frames a second, unless a key came */
#define GATHER_US 30000	 /* what comes together is drawn together */

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

void ui_dirty(struct ui *ui)
{
	int64_t since = clock_mono(ui->clock) - ui->drawn_at;

	if (ui->dirty || !ui->redraw)
		return;
	ui->dirty = true;
	watch_arm(ui->redraw, since > FRAME_US - GATHER_US ? GATHER_US : FRAME_US - since, 0);
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
