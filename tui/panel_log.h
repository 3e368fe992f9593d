/*
 * What the log panel's files share: its state, and the drawing of its lines.
 */
#ifndef TUI_PANEL_LOG_H
#define TUI_PANEL_LOG_H

#include "sources/logview.h"
#include "tui/panel.h"

#define LOG_WIDE 98 /* columns from which on names and whole lines are shown */

struct log_panel {
	struct logview *view; /* owned */
	const struct source *logs[LOGVIEW_LOGS];
	char names[LOGVIEW_LOGS][16]; /* short, to mark lines with */
	size_t n;
	/* The record at the bottom, and the one that the operator saw selected. */
	bool anchored, drawn;
	size_t anchor_log, drawn_log;
	uint64_t anchor_seq, drawn_seq;
	int rows;   /* of its inside, as drawn last */
	long shift; /* records by which a page key moves all that is shown; done at the next drawing
		     */
	/* What a seek found nothing of: "older error"; NULL: nothing to say. Borrowed. */
	const char *sought;
	uint64_t paused_at; /* the lines that had come when the usual pause was measured */
	int64_t pause;	    /* that pause, microseconds */
};

/* Draws the records around the cursor, newest at the bottom, and notes which one is selected. */
void log_records_draw(struct log_panel *log, const struct canvas *inside, bool focus);
/* Why nothing older is there, of the logs of which that is so; "" for none. */
void log_end_text(const struct log_panel *log, char *out, size_t size);

/* "412/min  following", "HELD  17 new, 3 errors", "quiet for 12 min", "MISSING". */
void log_status_text(struct ui *ui, struct log_panel *log, char *out, size_t size,
		     enum style *style);
/* Title and filters, as far as they fit into `room` columns. True when all filters are there. */
bool log_title_text(const struct log_panel *log, const struct panel *panel, int room, char *out,
		    size_t size);
/* The lower border: where one is, what a look came to; `filters`: those that the title had no room
 * for. `more`: it is still looking. */
void log_border_draw(struct log_panel *log, bool filters, bool more, const struct canvas *canvas);
/* What is wrong with logs that can't be read, at the lower end. Returns the rows that are left. */
int log_troubles_draw(const struct log_panel *log, const struct canvas *inside);

#endif
