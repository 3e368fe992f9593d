#include "core/deployed.h"

#include <stdio.h>
#include <string.h>

#include "core/skim.h"
#include "lib/jdoc.h"
#include "lib/timefmt.h"

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

/* What is looked for, and what was found. */
struct search {
	const char *system, *target;
	int64_t now;
	struct told told; /* of the incident that is looked at */
	int64_t latest;
};

static bool wanted(const json_t *opened, void *data)
{
	struct search *search = data;

	search->told = (struct told){ .t0 = 0 };
	return strcmp(json_str(opened, "kind", ""), "routine") != 0 &&
	       strcmp(json_str(opened, "system", ""), search->system) == 0 &&
	       strcmp(json_str(opened, "target", ""), search->target) == 0;
}

static bool may_tell(const char *text)
{
	return strstr(text, event_defs[EV_PLANNED].name) ||
	       strstr(text, event_defs[EV_GATE_DECIDED].name);
}

static void line(const json_t *json, void *data)
{
	struct search *search = data;

	line_fold(&search->told, json);
}

static void end(void *data)
{
	struct search *search = data;
	int64_t at = took_place(search->told.t0, search->told.go, search->now);

	search->latest = at > search->latest ? at : search->latest;
}

int64_t deployed_read(const char *system, const char *target, int64_t now)
{
	static const struct skim skim = {
		.wanted = wanted, .may_tell = may_tell, .line = line, .end = end
	};
	struct search search = { .system = system, .target = target, .now = now };

	skim_incidents(&skim, &search);
	return search.latest;
}
