/*
 * Starts a service of the target, as the target itself says.
 */
#include "drill/parts.h"
#include "lib/jdoc.h"
#include "lib/service.h"

static const struct field fields[] = {
	{ "start", FIELD_SOURCE, true, "the service", "service", NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define START_TIMEOUT (30 * CLOCK_US)

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	json_t *declared = drill_declared(env, json_str(args, "start", ""), "service", err);
	struct service service = { 0 };
	int result = -1;

	if (declared && service_init(&service, declared, err) == 0)
		result = service_do(&service, SERVICE_START, START_TIMEOUT, env->log, err);
	service_release(&service);
	json_decref(declared);
	return result;
}

const struct drill_type part_start = {
	.type = { .name = "start", .help = "starts a service", .fields = fields },
	.make = make,
};
