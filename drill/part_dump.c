/*
 * A dump of a database with its sidecar, as the pg_dump action makes them.
 */
#include <stdlib.h>
#include <string.h>

#include "drill/parts.h"
#include "lib/jdoc.h"
#include "lib/pgdump.h"

static const struct field fields[] = {
	{ "dump", FIELD_SOURCE, true, "the database", "postgres", NULL },
	{ "to", FIELD_PATH, true, "folder of the dumps", NULL, NULL },
	{ "name", FIELD_STRING, true, "first part of the file's name; the time follows", NULL, NULL },
	{ "loss", FIELD_MAP, false, "table -> time column: how far its rows go is recorded", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define DUMP_TIMEOUT (120 * CLOCK_US)

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	json_t *declared = drill_declared(env, json_str(args, "dump", ""), "postgres", err);
	struct pg_params params = { 0 };
	char *path = pgdump_path(json_str(args, "to", ""), json_str(args, "name", "backup"),
				 clock_wall(env->clock));
	int result = -1;

	if (declared && pg_params_from(declared, &params, err) == 0) {
		result = pgdump_make(&(struct pgdump_spec){ .params = &params, .path = path,
							    .mark = "sandbox",
							    .loss = json_object_get(args, "loss"),
							    .log = env->log,
							    .timeout_us = DUMP_TIMEOUT },
				     NULL, err);
		pg_params_release(&params);
	}
	json_decref(declared);
	free(path);
	return result;
}

const struct drill_type part_dump = {
	.type = { .name = "dump", .help = "a dump with its sidecar", .fields = fields },
	.make = make,
};
