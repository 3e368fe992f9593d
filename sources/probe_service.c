/* Probe type "service": the state of a service. */
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/service.h"
#include "sources/types.h"

#define QUERY_US (5 * CLOCK_US)

static const char *const states[] = { "active", "stopped", "failed", NULL };

static const struct field fields[] = {
	{ "service", FIELD_SOURCE, true, "a declared service", "service", NULL },
	{ "is", FIELD_CHOICE, true, "the state it is in; a failed one is stopped, too", NULL,
	  states },
	{ "mode", FIELD_MODE, false, "active: the mode it runs in, too", "service", NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static bool is_in(enum service_state state, const char *wanted)
{
	return strcmp(service_state_name(state), wanted) == 0 ||
	       (state == SERVICE_FAILED && strcmp(wanted, "stopped") == 0);
}

static bool mode_unknown(const struct service_status *status, const char *wanted)
{
	return wanted != NULL && status->state == SERVICE_ACTIVE && status->mode[0] == '\0';
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *name = json_str(args, "service", ""), *wanted = json_str(args, "is", "active");
	const char *mode = json_str(args, "mode", NULL);
	const json_t *declaration = env->declared(env->data, name);
	int64_t left = env->deadline - clock_mono(env->clock);
	struct service_status status;
	struct service service;
	struct err err = ERR_INIT;

	if (declaration == NULL) {
		reading_unknown(out, clock_wall(env->clock), "%s is not declared", name);
		return;
	}
	if (service_init(&service, declaration, &err) < 0) {
		reading_unknown(out, clock_wall(env->clock), "%s", err.msg);
	} else {
		service_state(&service, left < QUERY_US ? left : QUERY_US, &status);
		if (status.state == SERVICE_UNKNOWN || mode_unknown(&status, mode))
			reading_unknown(out, clock_wall(env->clock), "%s", status.evidence);
		else
			reading_judge(out,
				      is_in(status.state, wanted) &&
					  (mode == NULL || strcmp(status.mode, mode) == 0),
				      clock_wall(env->clock), "%s", status.evidence);
	}
	service_release(&service);
}

const struct probe_type probe_service = {
	.type = { .name = "service", .help = "a service is active or stopped", .fields = fields },
	.blocks = true,
	.eval = eval,
};
