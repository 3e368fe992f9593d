/*
 * A database with its owner, on a cluster of the sandbox. Waits until the server takes connections.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drill/parts.h"
#include "lib/jdoc.h"
#include "lib/pg.h"

static const struct field fields[] = {
	{ "database", FIELD_STRING, true, "the database", NULL, NULL },
	{ "on", FIELD_SOURCE, true, "the server's maintenance database", "postgres", NULL },
	{ "owner", FIELD_STRING, true, "role that owns it and that the service uses", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define READY_WITHIN (20 * CLOCK_US)

/* A server that was just started refuses connections for a moment. */
static struct pg *open_when_ready(const struct drill_env *env, const struct pg_params *params,
				  struct err *err)
{
	int64_t deadline = clock_mono(env->clock) + READY_WITHIN;

	for (;;) {
		struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
		enum pg_fault fault;
		struct pg *pg;

		err_clear(err);
		pg = pg_open(params, "sandbox", READY_WITHIN, &fault, err);
		if (pg || (fault != PG_FAULT_DOWN && fault != PG_FAULT_STARTING) ||
		    clock_mono(env->clock) > deadline)
			return pg;
		nanosleep(&pause, NULL);
	}
}

/* Another database may have made it already. */
static int make_role(struct pg *pg, const char *role, const char *quoted, struct err *err)
{
	char *there = pg_value(pg, err, "SELECT count(*) FROM pg_roles WHERE rolname = $1", role);
	int result = -1;

	if (there && !strcmp(there, "0"))
		result = pg_execf(pg, err, "CREATE ROLE %s LOGIN", quoted) == 0 &&
				 pg_execf(pg, err, "GRANT pg_monitor TO %s", quoted) == 0
			     ? 0
			     : -1;
	else if (there)
		result = 0;
	free(there);
	return result;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	json_t *declared = drill_declared(env, json_str(args, "on", ""), "postgres", err);
	char *role = pg_name(json_str(args, "owner", ""));
	char *name = pg_name(json_str(args, "database", ""));
	struct pg_params params = { 0 };
	struct pg *pg = NULL;
	int result = -1;

	if (!declared || pg_params_from(declared, &params, err) < 0)
		goto out;
	pg = open_when_ready(env, &params, err);
	if (pg && make_role(pg, json_str(args, "owner", ""), role, err) == 0 &&
	    pg_execf(pg, err, "CREATE DATABASE %s OWNER %s", name, role) == 0)
		result = 0;
out:
	pg_close(pg);
	pg_params_release(&params);
	json_decref(declared);
	free(role);
	free(name);
	return result;
}

const struct drill_type part_database = {
	.type = { .name = "database", .help = "a database with its owner", .fields = fields },
	.make = make,
};
