#include "tui/panel.h"

const struct metric *panel_metric(struct ui *ui, const struct panel *panel, size_t i)
{
	return i < panel->nmetrics ? runbook_metric(session_runbook(ui->session), panel->metrics[i])
				   : NULL;
}

struct source *panel_source(struct ui *ui, const struct panel *panel)
{
	return panel->source ? sense_source(session_sense(ui->session), panel->source) : NULL;
}
