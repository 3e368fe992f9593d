/*
 * The console: an observer of one session that shows it and gives the operator's commands.
 *
 * tui_run() makes the session itself (so that its changes come here), runs the loop until the
 * operator leaves or the terminal is gone, and frees the session. Leaving never stops a running
 * step.
 */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include <stdbool.h>

#include "core/session.h"
#include "lib/err.h"

enum tui_view {
	TUI_WATCH,
	TUI_DECIDE,
	TUI_CHECKLIST,
	TUI_EXECUTE,
	TUI_LOG,
	TUI_MESSAGES,
	TUI_VIEWS
};

struct tui_options {
	/* The session to make: loop, clock, and loaded (stolen) or incident. `changed` and `data`
	 * are filled in by the console. */
	struct session_spec spec;
	bool plain;	    /* append-only lines and typed commands; also chosen by itself when
			       there is no terminal or it can't move its cursor (TERM=dumb) */
	enum tui_view view; /* shown first */
	/* Lines shown before anything else (role, system, keys), NULL-terminated; any key goes on.
	 * NULL: none. Borrowed. */
	const char *const *briefing;
	/* Called once when the session is there and the briefing was left, before the first panel
	 * is drawn: opens an incident, injects a fault. -1 ends the console with its error. NULL:
	 * nothing.
	 */
	int (*begin)(struct session *session, void *data, struct err *err);
	/* Called after changes of the record and about once a second: NULL as long as the affair
	 * goes on, then once a text (new, lines separated by \n) that is shown on a page of its
	 * own; the key that leaves the page leaves the console. It may take some seconds. NULL:
	 * never ends by itself.
	 */
	char *(*ended)(struct session *session, void *data);
	void *data; /* of begin and ended */
};

/* 0 when the operator left (or `ended` did), 1 when the terminal went away or a signal asked to
 * leave; -1 with err when there was no session or `begin` failed. The terminal is always given
 * back. */
int tui_run(const struct tui_options *options, struct err *err);

#endif
