/*
 * The console on a runbook and its target, for the subcommands that open one.
 */
#ifndef CLI_CONSOLE_H
#define CLI_CONSOLE_H

#include "core/load.h"
#include "tui/tui.h"

struct console {
	const char *runbook, *target; /* target NULL: production */
	bool plain;
	enum tui_view view;
	/* Called when the runbook is loaded, before anything is shown; an exit code other than
	 * EXIT_HOLDS ends it. NULL: nothing. */
	int (*loaded)(const struct loaded *loaded, void *data);
	int (*begin)(struct session *session, void *data, struct err *err); /* as in tui_options */
	void *data;
};

/* The exit code. */
int console_run(const struct console *console);

#endif
