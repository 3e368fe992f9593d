#include "core/deployed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/statefolder.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"

#define INCIDENTS_MAX 200 /* more are older than what is worth knowing */

static int64_t took_place(int64_t t0, bool go, int64_t now)
{
	return go && t0 && t0 <= now ? t0 : 0;
}

int64_t deployed_state(const struct incident_state *state, int64_t now)
{
	const struct deployment_state *deployment = &state->deployment;

	return deployment->deployment
		   ? took_place(deployment->t0, deployment->decided == DECISION_GO, now)
		   : 0;
}

/* What lines of a ledger say so far. */
struct told {
	char deployment[64];
	int64_t t0;
	bool go;
};

static void line_fold(struct told *told, const json_t *line)
{
	const char *event = json_str(line, "event", "");
	int64_t t0;

	if (strcmp(event, event_defs[EV_PLANNED].name) == 0 &&
	    time_parse_rfc3339(json_str(line, "t0", ""), &t0) == 0) {
		const char *name = json_str(line, "deployment", "");

		/* Another one begins undecided. */
		if (strncmp(told->deployment, name, sizeof(told->deployment) - 1) != 0)
			told->go = false;
		snprintf(told->deployment, sizeof(told->deployment), "%s", name);
		told->t0 = t0;
	} else if (strcmp(event, event_defs[EV_GATE_DECIDED].name) == 0) {
		told->go = strcmp(json_str(line, "decision", ""), "go") == 0;
	}
}

static bool is_of(const json_t *opened, const char *system, const char *target)
{
	return strcmp(json_str(opened, "system", ""), system) == 0 &&
	       strcmp(json_str(opened, "target", ""), target) == 0;
}

/* Only lines that could be about a deployment are taken apart. */
static bool may_tell(const char *text)
{
	return strstr(text, event_defs[EV_PLANNED].name) ||
	       strstr(text, event_defs[EV_GATE_DECIDED].name);
}

static int64_t ledger_look(const char *path, const char *system, const char *target, int64_t now)
{
	FILE *file = fopen(path, "re");
	struct told told = { .t0 = 0 };
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	for (size_t i = 0; file && (n = getline(&text, &cap, file)) > 0; i++) {
		json_t *line;
		bool ours = true;

		if (i > 0 && !may_tell(text))
			continue;
		line = json_loadb(text, (size_t)n, 0, NULL);
		if (i == 0)
			ours = is_of(line, system, target);
		else
			line_fold(&told, line);
		json_decref(line);
		if (!ours)
			break;
	}
	free(text);
	if (file)
		fclose(file);
	return took_place(told.t0, told.go, now);
}

int64_t deployed_read(const char *system, const char *target, int64_t now)
{
	char *above = incidents_path(); /* asking makes no folders */
	char **ids = above ? incident_ids(above, NULL) : NULL;
	int64_t latest = 0;

	for (size_t i = 0; ids && ids[i] && i < INCIDENTS_MAX; i++) {
		char *folder = path_join(above, ids[i]);
		char *path = path_join(folder, "ledger.jsonl");
		int64_t at = ledger_look(path, system, target, now);

		latest = at > latest ? at : latest;
		free(path);
		free(folder);
	}
	incident_ids_free(ids);
	free(above);
	return latest;
}
