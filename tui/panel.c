#include "tui/panel.h"

#include <stdlib.h>

const struct metric *panel_metric(struct ui *ui, const struct panel *panel, size_t i)
{
	return i < panel->nmetrics ? runbook_metric(session_runbook(ui->session), panel->metrics[i])
				   : NULL;
}

struct source *panel_source(struct ui *ui, const struct panel *panel)
{
	return panel->source ? sense_source(session_sense(ui->session), panel->source) : NULL;
}

int panel_mark(struct ui *ui, const struct panel *panel, char *text, struct err *err)
{
	int rc = session_evidence_text(ui->session, panel->source, text, err);

	free(text);
	return rc;
}
