/* What came of an act, for the line above the keys. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "tui/modal.h"

void ui_notice(struct ui *ui, enum style style, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ui->notice, sizeof(ui->notice), fmt, args);
	va_end(args);
	ui->notice_style = style;
	ui->notice_at = clock_mono(ui->clock);
}

/* A reason that is longer than the line gets a page: cut off it would be no reason. */
static void refused(struct ui *ui, const struct err *err)
{
	char *text = xasprintf("Refused: %s%s%s", err->set ? err->msg : "no reason given",
			       err->hint[0] ? "; " : "", err->hint);

	ui_notice(ui, STYLE_CRITICAL, "%s", text);
	if (text_width(text) > COLS - 2)
		page_open_any(ui, "Refused", text, NULL);
	else
		free(text);
}

int ui_acted(struct ui *ui, int rc, const struct err *err, const char *done)
{
	if (rc < 0)
		refused(ui, err);
	else if (done)
		ui_notice(ui, STYLE_OK, "%s", done);
	else
		ui->notice[0] = '\0';
	screen_drain(&ui->screen);
	return rc;
}
