/* A copy of a SQLite database, as a backup with a sidecar; others may write meanwhile, and old
 * copies may go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions/keep.h"
#include "actions/retention.h"
#include "actions/sqlite_source.h"
#include "actions/types.h"
#include "lib/backup.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/size.h"
#include "lib/sqlite_copy.h"
#include "lib/timefmt.h"

#define SUFFIX ".db"

/* New: what its name begins with. */
static char *copy_name(const json_t *args, const char *database)
{
	const char *slash = strrchr(database, '/');

	return keep_mark(json_str(args, "name", slash ? slash + 1 : database));
}

/* New: FOLDER/NAME_20261130_213107.db */
static char *copy_path(const struct action_env *env, const json_t *args, const char *database)
{
	char *name = copy_name(args, database);
	char at[TIME_RFC3339_MAX];
	char *file = xasprintf("%s_%s" SUFFIX, name, time_stamp(clock_wall(env->clock), at));
	char *path = path_join(json_str(args, "to", "."), file);

	free(file);
	free(name);
	return path;
}

static int copy_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		     struct err *err)
{
	const char *database = sqlite_source(env, args, "sqlite_copy", err);
	int64_t bytes, wal;
	char *path, *name, size[32];
	int rc;

	if (!database || sqlite_size(database, &bytes, &wal, err) < 0)
		return -1;
	path = copy_path(env, args, database);
	buf_printf(&plan->lines,
		   "copies %s (%s) as of one moment to %s, checks all of the copy, and records its "
		   "SHA-256 and rows in %s.json\n",
		   database, size_text(bytes + wal, size, sizeof(size)), path, path);
	retention_undo(args, &plan->undo);
	name = copy_name(args, database);
	rc = retention_plan(env, args, name, SUFFIX, &plan->lines, err);
	free(name);
	free(path);
	return rc;
}

static int copy_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *database = sqlite_source(env, args, "sqlite_copy", err);
	const char *folder = json_str(args, "to", "");
	struct err ignored = ERR_INIT;
	int64_t bytes, wal, space;
	char size[32], left[32];

	if (!database || sqlite_size(database, &bytes, &wal, err) < 0)
		return -1;
	space = file_space(folder, &ignored);
	if (space >= 0 && space < bytes + wal) {
		err_set(err, "%s has %s left, the database has %s", folder,
			size_text(space, left, sizeof(left)),
			size_text(bytes + wal, size, sizeof(size)));
		return err_hint(err, "remove old copies, or copy to another folder");
	}
	return 0;
}

static json_t *copy_before(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *database = sqlite_source(env, args, "sqlite_copy", err);
	char *path = database ? copy_path(env, args, database) : NULL;
	json_t *before = path ? json_pack("{s:s, s:s}", "path", path, "mark", env->intent) : NULL;

	free(path);
	return before;
}

/* The sidecar: its members and what is in the copy. */
static int copy_record(const struct action_env *env, const char *database, const char *path,
		       const char *mark, int64_t made_at, struct err *err)
{
	struct sqlite *copy = sqlite_open_at_rest(path, env->clock, env->deadline, err);
	json_t *tables = copy ? sqlite_tables(copy, err) : NULL, *more = NULL;
	int rc = -1;

	sqlite_close(copy);
	if (tables)
		more = json_pack("{s:s, s:s, s:s, s:o}", "kind", "sqlite", "of", database, "mark",
				 mark, "tables", tables);
	if (more)
		rc = sidecar_write(path, made_at, more, err);
	json_decref(more);
	return rc;
}

static int copy_run(const struct action_env *env, const json_t *args, const json_t *before,
		    json_t **facts, struct err *err)
{
	const char *database = sqlite_source(env, args, "sqlite_copy", err);
	const char *path = json_str(before, "path", "");
	int64_t made_at = clock_wall(env->clock);
	json_t *sidecar;
	char *name;
	int removed;

	if (!database || file_mkdirs(json_str(args, "to", ""), 0700, err) < 0 ||
	    sqlite_copy(database, path, env->clock, env->deadline, err) < 0 ||
	    copy_record(env, database, path, json_str(before, "mark", ""), made_at, err) < 0)
		return -1;
	sidecar = sidecar_read(path, err);
	if (!sidecar)
		return -1;
	name = copy_name(args, database);
	removed = retention_run(env, args, name, SUFFIX, err);
	*facts =
	    json_pack("{s:s, s:O, s:O, s:i}", "path", path, "size",
		      json_object_get(sidecar, "size"), "sha256",
		      json_object_get(sidecar, "sha256"), "removed", removed < 0 ? 0 : removed);
	free(name);
	json_decref(sidecar);
	return removed < 0 ? -1 : 0;
}

static enum settled copy_settled(const struct action_env *env, const json_t *args,
				 const json_t *before, struct buf *why)
{
	(void)env, (void)args;
	return keep_is_made(before, why);
}

/* What has no sidecar is no backup, whatever is in it. */
static int copy_clean(const struct action_env *env, const json_t *args, const json_t *before,
		      struct err *err)
{
	const char *path = json_str(before, "path", "");
	char *part = xasprintf("%s.part", path), *side = sidecar_path(path);
	int rc = 0;

	(void)env, (void)args;
	if (unlink(part) < 0 && errno != ENOENT)
		rc = err_sys(err, "%s can't be removed", part);
	if (!file_exists(side) && unlink(path) < 0 && errno != ENOENT)
		rc = err_sys(err, "%s can't be removed", path);
	free(side);
	free(part);
	return rc;
}

static const struct field fields[] = {
	{ "sqlite_copy", FIELD_SOURCE, true, "the database", "sqlite", NULL },
	{ "to", FIELD_PATH, true, "folder of the copy; made where it is missing", NULL, NULL },
	{ "name", FIELD_STRING, false, "its name begins with this (default: the database's)", NULL,
	  NULL },
	RETENTION_FIELDS,
	{ 0 },
};

const struct action_type action_sqlite_copy = {
	.type = { .name = "sqlite_copy",
		  .help = "copies a SQLite database while others write, checks and records it",
		  .fields = fields,
		  .examples = "{\"sqlite_copy\": \"stats\", \"to\": \"${backups}\", \"name\": "
			      "\"daily\", \"keep_days\": 30}" },
	.risk = risk_safe,
	.plan = copy_plan,
	.ready = copy_ready,
	.before = copy_before,
	.run = copy_run,
	.settled = copy_settled,
	.clean = copy_clean,
};
