/* backout log: the timeline of one incident. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "core/incident.h"
#include "lib/jdoc.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define USAGE "log INCIDENT [--json]"

static void print_json(struct buf *out, const struct timeline_entry *entry)
{
	const char *says = entry_text(entry);
	json_t *line = json_copy((json_t *)entry_json(entry));
	char *text;

	json_object_set_new(line, "says", json_text(says, strlen(says)));
	text = json_ascii(line, 0);
	buf_printf(out, "%s\n", text);
	free(text);
	json_decref(line);
}

static void print_text(struct buf *out, const struct timeline_entry *entry)
{
	const char *says = entry_text(entry), *by = entry_by(entry);
	char at[TIME_RFC3339_MAX];

	buf_printf(out, "%4llu  %sZ  ", (unsigned long long)entry->seq,
		   time_datetime(entry->at, at));
	if (*by)
		buf_printf(out, "%s  ", by);
	text_clean(out, says, strlen(says));
	buf_putc(out, '\n');
}

static int print_log(const struct incident *incident, bool json)
{
	const struct incident_state *state = &incident->state;
	struct buf out = BUF_INIT;
	int code;

	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->hidden && !state_reveals(state))
			continue;
		if (json)
			print_json(&out, entry);
		else
			print_text(&out, entry);
	}
	code = cli_print(&out);
	buf_release(&out);
	return code;
}

int cmd_log(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	struct incident incident;
	struct err err = ERR_INIT;
	bool json = false;
	int option, code;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return cli_usage(USAGE);
		json = true;
	}
	if (optind + 1 != argc)
		return cli_usage(USAGE);
	code = cli_incident(&incident, argv[optind]);
	if (code != EXIT_HOLDS)
		return code;
	code = print_log(&incident, json);
	if (*incident.damage) {
		err_set(&err, "incident %s: %s: the log above ends before the damage", incident.id,
			incident.damage);
		err_hint(&err, "see backout verify %s", incident.id);
		cli_error(&err);
		code = EXIT_LEDGER;
	}
	incident_close(&incident);
	return code;
}
