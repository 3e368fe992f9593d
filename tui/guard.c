/* The sleepy-hands guard. */
#include "tui/modal.h"

#define PAUSE_US 250000 /* longer than a key's repeat, shorter than a decision */

void guard_begin(struct ui *ui, struct guard *guard)
{
	screen_drain(&ui->screen);
	guard->quiet_since = clock_mono(ui->clock);
	guard->armed = false;
	ui_wake(ui, PAUSE_US);
}

bool guard_armed(struct ui *ui, struct guard *guard)
{
	if (!guard->armed && clock_mono(ui->clock) - guard->quiet_since >= PAUSE_US)
		guard->armed = true;
	return guard->armed;
}

bool guard_key(struct ui *ui, struct guard *guard)
{
	if (guard_armed(ui, guard))
		return true;
	guard_begin(ui, guard);
	return false;
}
