/*
 * Panels of Watch: one file a kind, one row in panel_kinds.
 */
#ifndef TUI_PANEL_H
#define TUI_PANEL_H

#include "tui/metric.h"
#include "tui/ui.h"

/* What a panel remembers. */
struct panel_state {
	uint64_t line; /* what is selected, as its kind counts them; 0: nothing is */
	int top;       /* the first row, where it scrolls */
	int selected;  /* the row, where one is */
	void *own;     /* whatever else its kind keeps, NULL at first; see release */
	bool zoomed;   /* it has the screen for itself: there is room for more */
};

struct panel_kind {
	const char *name; /* in the runbook: "log", "connections", ... */
	bool tall;	  /* takes the height that is left over */
	bool wide;	  /* long lines: stands at the left */
	/* Rows that it would like to have, border included. */
	int (*want)(struct ui *ui, const struct panel *panel);
	void (*draw)(struct ui *ui, const struct panel *panel, struct panel_state *state,
		     const struct canvas *canvas, bool focus);
	/* Up, down and the like; NULL: it does not scroll. */
	void (*move)(struct ui *ui, const struct panel *panel, struct panel_state *state,
		     enum act act);
	/* Marks what is selected as evidence; NULL: there is nothing that could be. */
	int (*mark)(struct ui *ui, const struct panel *panel, struct panel_state *state,
		    struct err *err);
	/* New: everything about it, for Enter. */
	char *(*details)(struct ui *ui, const struct panel *panel, struct panel_state *state);
	/* Where one goes from its details; TUI_WATCH, or a NULL function: nowhere. */
	enum tui_view (*leads)(struct ui *ui, const struct panel *panel, struct panel_state *state);
	/* Acts of its own, asked before the view's while it has the focus: whether it would do
	 * something now, and doing it. ACT_BACK takes back what was done last. NULL: it has none.
	 */
	bool (*can)(struct ui *ui, const struct panel *panel, struct panel_state *state,
		    enum act act);
	void (*act)(struct ui *ui, const struct panel *panel, struct panel_state *state,
		    enum act act);
	/* The text of `/`, "" ends the search; NULL: there is nothing to search. */
	void (*search)(struct ui *ui, const struct panel *panel, struct panel_state *state,
		       const char *text);
	/* Frees what `own` is; NULL: it is never set. */
	void (*release)(struct panel_state *state);
};

extern const struct panel_kind panel_log, panel_chart, panel_connections, panel_memory,
    panel_metrics, panel_conditions, panel_endpoints, panel_alerts, panel_bands, panel_database;
/* NULL when there is no such kind. */
const struct panel_kind *panel_kind(const char *name);

/* The metric of a panel by index; NULL. */
const struct metric *panel_metric(struct ui *ui, const struct panel *panel, size_t i);
/* The open source that a panel names; NULL. */
struct source *panel_source(struct ui *ui, const struct panel *panel);
/* Puts on record what a panel says of its source. `text` is freed. 0, or -1 with err. */
int panel_mark(struct ui *ui, const struct panel *panel, char *text, struct err *err);

#endif
