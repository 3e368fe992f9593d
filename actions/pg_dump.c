/* Dump of a PostgreSQL database, with its sidecar. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions/keep.h"
#include "actions/pg_source.h"
#include "actions/types.h"
#include "lib/backup.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pgdump.h"

static char *dump_path(const json_t *args, const struct pg_params *params, int64_t wall)
{
	const char *prefix = params->database ? params->database : "database";

	return pgdump_path(json_str(args, "to", "."), json_str(args, "name", prefix), wall);
}

static int dump_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		     struct err *err)
{
	struct pg_params params;
	char text[200];

	if (pg_source(env, args, "pg_dump", &params, err) < 0)
		return -1;
	char *path = dump_path(args, &params, clock_wall(env->clock));
	buf_printf(&plan->lines, "$ pg_dump --format=custom --file=%s\n", path);
	buf_printf(&plan->lines,
		   "Dump %s in one snapshot; record SHA-256, rows and checksum of every table in "
		   "%s.json\n",
		   pg_params_text(&params, text, sizeof text), path);
	buf_puts(&plan->undo, "not needed: it only adds a file");
	free(path);
	pg_params_release(&params);
	return 0;
}

static int dump_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *folder = json_str(args, "to", "");
	struct err ignored = ERR_INIT;
	struct pg *pg = pg_source_open(env, args, "pg_dump", false, err);
	char *size =
	    pg ? pg_value(pg, err, "SELECT pg_database_size(current_database())", NULL) : NULL;
	int64_t space = file_space(folder, &ignored);
	int result = size ? 0 : -1;

	/* Compressed, a dump takes less than the database; half of it is on the safe side. */
	if (size && space >= 0 && space < atoll(size) / 2) {
		result = err_set(err, "%s has %lld MB left, the database has %lld MB", folder,
				 (long long)space / 1000000, atoll(size) / 1000000);
		err_hint(err, "remove old dumps, or dump to another folder");
	}
	free(size);
	pg_close(pg);
	return result;
}

static json_t *dump_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct pg_params params;

	if (pg_source(env, args, "pg_dump", &params, err) < 0)
		return NULL;
	char *path = dump_path(args, &params, clock_wall(env->clock));
	char *mark = pg_own_mark(env->intent);
	json_t *before = json_pack("{s:s, s:s}", "path", path, "mark", mark);
	free(mark);
	free(path);
	pg_params_release(&params);
	return before;
}

static int dump_run(const struct action_env *env, const json_t *args, const json_t *before,
		    json_t **facts, struct err *err)
{
	struct pg_params params;
	const char *path = json_str(before, "path", "");
	struct pgdump_spec spec = { .params = &params,
				    .path = path,
				    .mark = json_str(before, "mark", env->intent),
				    .loss = json_object_get(args, "loss"),
				    .log = env->log,
				    .timeout_us = pg_time_left(env) };
	json_t *sidecar = NULL;

	if (pg_source(env, args, "pg_dump", &params, err) < 0)
		return -1;
	int result = pgdump_make(&spec, &sidecar, err);
	if (result == 0)
		*facts = json_pack("{s:s, s:O?, s:O?}", "path", path, "size",
				   json_object_get(sidecar, "size"), "sha256",
				   json_object_get(sidecar, "sha256"));
	json_decref(sidecar);
	pg_params_release(&params);
	return result;
}

static enum settled dump_settled(const struct action_env *env, const json_t *args,
				 const json_t *before, struct buf *why)
{
	(void)env, (void)args;
	return keep_is_made(before, why);
}

static int dump_clean(const struct action_env *env, const json_t *args, const json_t *before,
		      struct err *err)
{
	const char *path = json_str(before, "path", "");
	char *part = xasprintf("%s.part", path);
	char *side = sidecar_path(part), app[PG_NAME_MAX];

	(void)err;
	unlink(part);
	unlink(side);
	if (!file_exists(path)) {
		free(side);
		side = sidecar_path(path);
		unlink(side);
	}
	/* A dump's session reads only: that one may be left is no reason not to go on. */
	struct err ignored = ERR_INIT;
	struct pg *pg = pg_source_open(env, args, "pg_dump", false, &ignored);
	char *ended = pg ? pg_value(pg, &ignored,
				    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
				    " WHERE application_name = $1 AND pid <> pg_backend_pid()",
				    pg_app_name(json_str(before, "mark", ""), app))
			 : NULL;
	free(ended);
	pg_close(pg);
	free(side);
	free(part);
	return 0;
}

static const struct field fields[] = {
	{ "pg_dump", FIELD_SOURCE, true, "the database", "postgres", NULL },
	{ "to", FIELD_PATH, true, "folder of the dump; made where it is missing", NULL, NULL },
	{ "name", FIELD_STRING, false, "its name begins with this (default: the database's)", NULL,
	  NULL },
	{ "loss", FIELD_MAP, false, "table -> time column whose newest value is recorded", NULL,
	  NULL },
	{ 0 },
};

const struct action_type action_pg_dump = {
	.type = { .name = "pg_dump",
		  .help = "dumps a database and records its hash and its tables' checksums",
		  .fields = fields,
		  .examples = "{\"pg_dump\": \"db\", \"to\": \"${backups}\", \"name\": "
			      "\"before-restore\", \"loss\": {\"rounds\": \"played_at\"}}" },
	.risk = risk_safe,
	.plan = dump_plan,
	.ready = dump_ready,
	.before = dump_before,
	.run = dump_run,
	.settled = dump_settled,
	.clean = dump_clean,
};
