#include "cli/load.h"

#include <stdio.h>

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
