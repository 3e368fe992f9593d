/*
 * The connections panel in three files: the panel itself, what it says of a server in words, and
 * the table of its sessions, which it shows when it has the screen for itself.
 */
#ifndef TUI_PANEL_CONNECTIONS_H
#define TUI_PANEL_CONNECTIONS_H

#include "sources/postgres.h"
#include "tui/panel.h"

/* ---- panel_connections_say.c ---- */

/* What is wrong with the server, worst first: what it is, and what to do. */
struct trouble {
	enum style style;
	char what[300];
	char said[256]; /* by the server or the system, or "" */
	char todo[200]; /* or "" */
};
#define TROUBLES 6
/* Fills at most TROUBLES; returns how many. `now` is the wall time. */
int connections_troubles(const struct postgres_info *info, int64_t now, struct trouble *troubles);
/* "DOWN", "SLOTS USED UP", ...: the worst in a word or two, with its style; "connected" when there
 * is nothing. */
const char *connections_word(const struct postgres_info *info, enum style *style);
/* One line each, appended without a newline. */
void connections_server(const struct postgres_info *info, int64_t now, struct buf *out);
void connections_shares(const struct postgres_share *shares, int n, const char *nameless,
			struct buf *out);
void connections_longest(const struct postgres_info *info, struct buf *out);
/* One row of the tree of waits, with the branches in front. */
void connections_wait(const struct postgres_info *info, int i, struct buf *out);
/* Everything about the server. */
void connections_details(const struct postgres_info *info, int64_t now, struct buf *out);
/* "3 min" of seconds; "-" when there are none (below zero). Returns `out`. */
char *seconds_text(double seconds, char *out, size_t size);

/* ---- panel_connections_table.c ---- */

/* Draws the table of sessions from row `y` on; keeps what it must in state->own. */
void sessions_draw(struct ui *ui, struct source *source, struct panel_state *state,
		   const struct canvas *canvas, int y, bool focus);
/* What its title adds: order, and whether it is held. Returns `out`. */
char *sessions_status(struct ui *ui, const struct panel_state *state, char *out, size_t size);
bool sessions_can(const struct panel_state *state, enum act act);
void sessions_act(struct ui *ui, struct panel_state *state, enum act act);
/* New: everything about the selected session; NULL when there is none. */
char *sessions_details(struct source *source, struct panel_state *state);
void sessions_release(struct panel_state *state);

#endif
