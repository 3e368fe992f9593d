#include "cli/console.h"

#include <stdlib.h>

#include "cli/cli.h"
#include "cli/load.h"

int console_run(const struct console *console)
{
	struct err err = ERR_INIT;
	struct loaded loaded;
	struct tui_options tui = { .plain = console->plain,
				   .view = console->view,
				   .begin = console->begin,
				   .data = console->data };
	int rc =
	    cli_load(&loaded, console->runbook, console->target ? console->target : "production");
	char *state;

	if (rc != EXIT_HOLDS)
		return rc;
	if (console->loaded)
		rc = console->loaded(&loaded, console->data);
	if (rc != EXIT_HOLDS)
		goto out;
	state = state_folder(&err);
	if (!state) {
		cli_error(&err);
		rc = EXIT_LEDGER;
		goto out;
	}
	free(state);
	tui.spec.clock = &clock_system;
	tui.spec.loop = loop_new(&clock_system, &err);
	tui.spec.loaded = &loaded;
	rc = tui.spec.loop ? tui_run(&tui, &err) : -1;
	if (rc < 0)
		cli_error(&err);
	loop_free(tui.spec.loop);
	rc = rc < 0 ? EXIT_FAILED : EXIT_HOLDS;
out:
	loaded_release(&loaded);
	return rc;
}
