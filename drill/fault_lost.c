/*
 * A host that came back empty: folders and databases of the sandbox are gone. Nothing outside of
 * the sandbox can be lost; what is gone already is fine, so that it can be injected again.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drill/parts.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/pg.h"

static const struct field fields[] = {
	{ "lost", FIELD_STRINGS, true, "files and folders in the sandbox", NULL, NULL },
	{ "databases", FIELD_STRINGS, false, "databases that are dropped", NULL, NULL },
	{ "on", FIELD_SOURCE, false, "their server's maintenance database", "postgres", NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define DROP_TIMEOUT (30 * CLOCK_US)

static int drop_databases(const struct drill_env *env, const json_t *args, struct err *err)
{
	const json_t *names = json_object_get(args, "databases"), *name;
	json_t *declared = NULL;
	struct pg_params params = { 0 };
	struct pg *pg = NULL;
	size_t i;
	int result = -1;

	if (json_array_size(names) == 0)
		return 0;
	declared = drill_declared(env, json_str(args, "on", ""), "postgres", err);
	if (!declared)
		return -1;
	if (!drill_inside(env, json_str(declared, "host", ""))) {
		err_set(err, "the server of \"%s\" is none of the sandbox's",
			json_str(args, "on", ""));
		goto out;
	}
	if (pg_params_from(declared, &params, err) < 0)
		goto out;
	pg = pg_open(&params, "sandbox", DROP_TIMEOUT, NULL, err);
	if (!pg)
		goto out;
	json_array_foreach(names, i, name) {
		char *quoted = pg_name(json_string_value(name));
		int done = pg_execf(pg, err, "DROP DATABASE IF EXISTS %s WITH (FORCE)", quoted);

		free(quoted);
		if (done < 0)
			goto out;
	}
	result = 0;
out:
	pg_close(pg);
	pg_params_release(&params);
	json_decref(declared);
	return result;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	const json_t *path;
	size_t i;

	if (drop_databases(env, args, err) < 0)
		return -1;
	json_array_foreach(json_object_get(args, "lost"), i, path) {
		if (!file_exists(json_string_value(path)))
			continue;
		if (!drill_inside(env, json_string_value(path)))
			return err_set(err, "%s is not in the sandbox", json_string_value(path));
		if (file_remove_tree(json_string_value(path), err) < 0)
			return -1;
	}
	return 0;
}

const struct drill_type fault_lost = {
	.type = { .name = "lost", .help = "folders and databases are gone", .fields = fields },
	.make = make,
};
