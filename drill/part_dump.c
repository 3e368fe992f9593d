/*
 * A dump of a database with its sidecar, as the pg_dump action makes them.
 */
#include <stdlib.h>
#include <string.h>

#include "drill/parts.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pgdump.h"
#include "lib/timefmt.h"

static const struct field fields[] = {
	{ "dump", FIELD_SOURCE, true, "the database", "postgres", NULL },
	{ "to", FIELD_PATH, true, "folder of the dumps", NULL, NULL },
	{ "name", FIELD_STRING, true, "first part of the file's name; the time follows", NULL, NULL },
	{ "loss", FIELD_MAP, false, "table -> time column: how far its rows go is recorded", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define DUMP_TIMEOUT (120 * CLOCK_US)

/* "etlegacy_backup_20261121_213107.dump" */
static char *dump_path(const struct drill_env *env, const json_t *args)
{
	char stamp[TIME_RFC3339_MAX], *digits = stamp, *name, *path;

	time_datetime(clock_wall(env->clock), stamp);
	for (const char *c = stamp; *c; c++) {
		if (*c == ' ')
			*digits++ = '_';
		else if (*c != '-' && *c != ':')
			*digits++ = *c;
	}
	*digits = 0;
	name = xasprintf("%s_%s.dump", json_str(args, "name", "backup"), stamp);
	path = path_join(json_str(args, "to", ""), name);
	free(name);
	return path;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	json_t *declared = drill_declared(env, json_str(args, "dump", ""), "postgres", err);
	struct pg_params params = { 0 };
	char *path = dump_path(env, args);
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
