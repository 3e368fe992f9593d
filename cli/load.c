#include "cli/load.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"

int cli_load(struct loaded *loaded, const char *runbook, const char *target)
{
	struct findings findings = { 0 };
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	int result;

	*loaded = (struct loaded){ 0 };
	result = load_runbook(loaded, runbook, target, &findings, &err);
	if (result != 0) {
		findings_print(&findings, &text);
		fputs(buf_str(&text), stderr);
		cli_error(&err);
		loaded_release(loaded);
	}
	buf_release(&text);
	findings_release(&findings);
	return result == 0 ? EXIT_HOLDS : result == -2 ? EXIT_INVALID : EXIT_USAGE;
}

int cli_incident(struct incident *incident, const char *id)
{
	struct err err = ERR_INIT;
	char *folder = incident_find(id, &err), *state = NULL;
	int status = EXIT_HOLDS;

	*incident = (struct incident){ 0 };
	if (!folder) {
		state = state_folder(NULL);
		status = state ? EXIT_USAGE : EXIT_LEDGER;
	} else if (incident_open(incident, folder, &clock_system, &err) < 0) {
		status = EXIT_LEDGER;
	}
	if (status != EXIT_HOLDS)
		cli_error(&err);
	free(state);
	free(folder);
	return status;
}
