/* backout incidents: what is on record. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/incident.h"
#include "lib/jdoc.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define USAGE "incidents [--json]"

struct listing {
	struct buf out;
	bool json;
	size_t n;
};

static const char *phase_text(const struct incident *incident)
{
	static const char *const names[] = { "empty", "open", "resolved", "closed" };

	return *incident->damage ? "DAMAGED" : names[incident->state.phase];
}

static void set_time(json_t *one, const char *key, int64_t at)
{
	char text[TIME_RFC3339_MAX];

	if (at)
		json_object_set_new(one, key, json_string(time_rfc3339(at, text)));
}

static void list_json(struct listing *listing, const struct incident *incident)
{
	const struct incident_state *state = &incident->state;
	json_t *one = json_object();
	char *line;

	json_object_set_new(one, "incident", json_string(incident->id));
	json_object_set_new(one, "folder", json_text(incident->folder, strlen(incident->folder)));
	json_object_set_new(one, "state", json_string(phase_text(incident)));
	json_object_set_new(one, "kind", json_string(kind_name(state->kind)));
	json_object_set_new(one, "severity", json_string(severity_name(state->severity)));
	json_object_set_new(one, "system", json_string(incident->loaded.runbook->system));
	json_object_set_new(one, "target", json_string(incident->loaded.target->name));
	json_object_set_new(one, "title", json_string(state->title ? state->title : ""));
	set_time(one, "opened", state->opened_at);
	set_time(one, "resolved", state->resolved_at);
	set_time(one, "closed", state->closed_at);
	line = json_ascii(one, 0);
	buf_printf(&listing->out, "%s\n", line);
	free(line);
	json_decref(one);
}

static void list_text(struct listing *listing, const struct incident *incident)
{
	const struct incident_state *state = &incident->state;
	const char *title = state->title ? state->title : "";
	char at[TIME_RFC3339_MAX];

	buf_printf(&listing->out, "%-15s %-8s %-10s %-8s ", incident->id, phase_text(incident),
		   kind_name(state->kind), severity_name(state->severity));
	buf_printf(&listing->out, "%s  ",
		   state->opened_at ? time_datetime(state->opened_at, at) : "-");
	text_clean(&listing->out, incident->loaded.runbook->system,
		   strlen(incident->loaded.runbook->system));
	buf_puts(&listing->out, " > ");
	text_clean(&listing->out, incident->loaded.target->name,
		   strlen(incident->loaded.target->name));
	buf_puts(&listing->out, ": ");
	text_clean(&listing->out, title, strlen(title));
	buf_putc(&listing->out, '\n');
}

/* An incident that can't be opened is listed as that. */
static void list_unreadable(struct listing *listing, const char *id, const char *folder,
			    const struct err *err)
{
	json_t *one;
	char *line;

	if (!listing->json) {
		buf_printf(&listing->out, "%-15s unreadable: ", id);
		text_clean(&listing->out, err->msg, strlen(err->msg));
		buf_putc(&listing->out, '\n');
		return;
	}
	one = json_object();
	json_object_set_new(one, "incident", json_string(id));
	json_object_set_new(one, "folder", json_text(folder, strlen(folder)));
	json_object_set_new(one, "state", json_string("unreadable"));
	json_object_set_new(one, "error", json_text(err->msg, strlen(err->msg)));
	line = json_ascii(one, 0);
	buf_printf(&listing->out, "%s\n", line);
	free(line);
	json_decref(one);
}

static void list_one(const char *id, const char *folder, void *data)
{
	struct listing *listing = data;
	struct incident incident;
	struct err err = ERR_INIT;

	listing->n++;
	if (incident_open(&incident, folder, &clock_system, &err)) {
		list_unreadable(listing, id, folder, &err);
		return;
	}
	if (listing->json)
		list_json(listing, &incident);
	else
		list_text(listing, &incident);
	incident_close(&incident);
}

int cmd_incidents(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	struct listing listing = { .out = BUF_INIT };
	struct err err = ERR_INIT;
	int option, code;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return cli_usage(USAGE);
		listing.json = true;
	}
	if (optind != argc)
		return cli_usage(USAGE);
	if (incidents_each(list_one, &listing, &err)) {
		cli_error(&err);
		buf_release(&listing.out);
		return EXIT_FAILED;
	}
	if (!listing.n && !listing.json)
		buf_puts(&listing.out, "no incidents yet\n");
	code = cli_print(&listing.out);
	buf_release(&listing.out);
	return code;
}
