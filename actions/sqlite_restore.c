/* Puts a backup, or a new database, into the place of a SQLite database, which is kept beside it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions/keep.h"
#include "actions/sqlite_source.h"
#include "actions/types.h"
#include "lib/backup.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/sha256.h"
#include "lib/size.h"
#include "lib/sqlite_change.h"
#include "lib/sqlite_copy.h"
#include "lib/sqliteswap.h"

#define SCHEMA_MAX (4UL << 20)

static bool is_restore(const json_t *args)
{
	return json_object_get(args, "sqlite_restore") != NULL;
}

/* The mark on record is that of the run, also when another intent undoes it. */
static int swap_take(struct sqliteswap *swap, const struct action_env *env, const json_t *args,
		     const json_t *before, struct err *err)
{
	const char *path =
	    sqlite_source(env, args, is_restore(args) ? "sqlite_restore" : "sqlite_new", err);
	char *mark;

	if (!path)
		return -1;
	mark = keep_mark(json_str(before, "mark", env->intent ? env->intent : "MARK"));
	sqliteswap_init(swap, path, mark, env->clock, env->deadline, env->log);
	free(mark);
	return 0;
}

/* ---- The new database ---- */

/* Recorded SHA-256, then all of it. */
static int check_backup(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *from = json_str(args, "from", "");
	char *side = sidecar_path(from);
	json_t *sidecar = NULL;
	int rc = 0;

	if (file_exists(side) || !json_bool(args, "unrecorded", false)) {
		sidecar = sidecar_read(from, err);
		rc = sidecar ? sidecar_check_hash(from, sidecar, err) : -1;
		if (!sidecar)
			err_hint(err, "take one whose SHA-256 was recorded; \"unrecorded\": true "
				      "takes any whose pages are in order");
	}
	if (rc == 0)
		rc = sqlite_check_copy(from, env->clock, env->deadline, err);
	json_decref(sidecar);
	free(side);
	return rc;
}

/* The SQL of the new database; nothing where none is named. */
static int schema_read(const json_t *args, struct buf *sql, struct err *err)
{
	const char *path = json_str(args, "schema", NULL);

	if (!path)
		return 0;
	if (file_read(path, sql, SCHEMA_MAX, err) < 0)
		return -1;
	return sql->len == strlen(buf_str(sql)) ? 0 : err_set(err, "%s is no text", path);
}

static int make_new(const struct sqliteswap *swap, const json_t *args, struct err *err)
{
	struct buf sql = BUF_INIT;
	struct sqlite_change change = { .expect_rows = -1 };
	int64_t rows;
	int rc = -1;

	if (schema_read(args, &sql, err) == 0)
		rc = sqlite_create(swap->fresh, swap->clock, swap->deadline, err);
	change.sql = buf_str(&sql);
	if (rc == 0 && sql.len > 0)
		rc = sqlite_change(swap->fresh, &change, swap->clock, swap->deadline, &rows, err);
	buf_release(&sql);
	return rc == 0 ? sqlite_check_copy(swap->fresh, swap->clock, swap->deadline, err) : -1;
}

static int make_copy(const struct sqliteswap *swap, const json_t *args, const json_t *before,
		     struct err *err)
{
	const char *from = json_str(args, "from", "");
	char hex[SHA256_HEX];

	if (file_copy(from, swap->fresh, err) < 0 || sha256_file(swap->fresh, hex, err) < 0)
		return -1;
	if (strcmp(hex, json_str(before, "sha256", "")) != 0)
		return err_set(err, "%s changed while it was copied", from);
	return sqlite_check_copy(swap->fresh, swap->clock, swap->deadline, err);
}

/* ---- The plan ---- */

/* All rows, where nothing takes their place. */
static int loss_all(struct sqlite *live, struct buf *loss, struct err *err)
{
	json_t *tables = sqlite_tables(live, err), *rows;
	const char *name;

	json_object_foreach(tables, name, rows) {
		if (json_integer_value(rows) > 0)
			buf_printf(loss, "all %" JSON_INTEGER_FORMAT " rows of %s\n",
				   json_integer_value(rows), name);
	}
	json_decref(tables);
	return tables ? 0 : -1;
}

static void plan_loss(const struct action_env *env, const json_t *args, const char *path,
		      struct buf *loss)
{
	struct err err = ERR_INIT;
	struct sqlite *live, *backup = NULL;
	int rc = -1;

	if (!file_exists(path))
		return;
	live = sqlite_open(path, env->clock, env->deadline, &err);
	if (live && is_restore(args)) {
		backup = sqlite_open_at_rest(json_str(args, "from", ""), env->clock, env->deadline,
					     &err);
		rc = backup ? sqlite_loss(live, backup, json_object_get(args, "loss"), loss, &err)
			    : -1;
	} else if (live) {
		rc = loss_all(live, loss, &err);
	}
	if (rc < 0)
		buf_printf(loss, "could not be measured: %s\n", err.msg);
	sqlite_close(backup);
	sqlite_close(live);
}

static int plan_restore(const struct action_env *env, const json_t *args,
			const struct sqliteswap *swap, struct plan *plan, struct err *err)
{
	const char *from = json_str(args, "from", "");
	char *side = sidecar_path(from), size[32];
	struct stat st;
	int rc = 0;

	(void)env;
	if (stat(from, &st) < 0) {
		rc = err_sys(err, "backup %s", from);
	} else {
		buf_printf(&plan->lines, "checks %s (%s): %sall of its pages\n", from,
			   size_text(st.st_size, size, sizeof(size)),
			   file_exists(side) ? "recorded SHA-256, " : "(no SHA-256 is recorded) ");
		buf_printf(&plan->lines, "copies it to %s\n", swap->fresh);
	}
	free(side);
	return rc;
}

static int restore_plan(const struct action_env *env, const json_t *args, struct plan *plan,
			struct err *err)
{
	const char *schema = json_str(args, "schema", NULL);
	struct sqliteswap swap;
	int rc = 0;

	if (swap_take(&swap, env, args, NULL, err) < 0)
		return -1;
	if (is_restore(args))
		rc = plan_restore(env, args, &swap, plan, err);
	else
		buf_printf(&plan->lines, "makes %s anew%s%s\n", swap.fresh,
			   schema ? ", with the SQL of " : ", without tables",
			   schema ? schema : "");
	if (rc == 0 && file_exists(swap.path))
		buf_printf(&plan->lines,
			   "writes the log of %s back, keeps the file as %s, and puts the new one "
			   "in its place in one rename\n",
			   swap.path, swap.aside);
	else if (rc == 0)
		buf_printf(&plan->lines, "puts it at %s, where nothing is now\n", swap.path);
	if (rc == 0)
		plan_loss(env, args, swap.path, &plan->loss);
	if (file_exists(swap.path))
		buf_printf(&plan->undo, "the old file comes back; the new one is kept as %s",
			   swap.undone);
	else
		buf_printf(&plan->undo, "the new file is moved to %s", swap.undone);
	sqliteswap_release(&swap);
	return rc;
}

/* ---- Doing it ---- */

/* The old one stays, so that there must be room for both. */
static int has_space(const struct sqliteswap *swap, const json_t *args, struct err *err)
{
	char *folder = path_folder(swap->path), need[32], left[32];
	int64_t space = file_space(folder, err);
	struct stat st;
	int rc = space < 0 ? -1 : 0;

	if (rc == 0 && stat(json_str(args, "from", ""), &st) == 0 && space < st.st_size) {
		err_set(err, "%s has %s left, the backup has %s", folder,
			size_text(space, left, sizeof(left)),
			size_text(st.st_size, need, sizeof(need)));
		rc = err_hint(err, "make room: the old database is kept beside the new one");
	}
	free(folder);
	return rc;
}

static int restore_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct buf sql = BUF_INIT;
	struct sqliteswap swap;
	int rc;

	if (swap_take(&swap, env, args, NULL, err) < 0)
		return -1;
	rc = sqliteswap_ready(&swap, err);
	if (rc == 0 && is_restore(args))
		rc = has_space(&swap, args, err) == 0 ? check_backup(env, args, err) : -1;
	else if (rc == 0)
		rc = schema_read(args, &sql, err);
	buf_release(&sql);
	sqliteswap_release(&swap);
	return rc;
}

static void before_note(const struct action_env *env, json_t *before)
{
	char *mark = keep_mark(env->intent), *name = xasprintf("%s.placed", mark);
	char *note = path_join(env->out, name);

	json_object_set_new(before, "mark", json_string(env->intent));
	json_object_set_new(before, "note", json_string(note));
	free(note);
	free(name);
	free(mark);
}

static json_t *restore_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct sqliteswap swap;
	char hex[SHA256_HEX];
	json_t *before;

	if (swap_take(&swap, env, args, NULL, err) < 0)
		return NULL;
	before = sqliteswap_before(&swap, err);
	if (before)
		before_note(env, before);
	if (before && is_restore(args)) {
		if (sha256_file(json_str(args, "from", ""), hex, err) < 0) {
			json_decref(before);
			before = NULL;
		} else {
			json_object_set_new(before, "sha256", json_string(hex));
		}
	}
	sqliteswap_release(&swap);
	return before;
}

static int restore_run(const struct action_env *env, const json_t *args, const json_t *before,
		       json_t **facts, struct err *err)
{
	struct sqliteswap swap;
	int rc;

	if (swap_take(&swap, env, args, before, err) < 0)
		return -1;
	rc = is_restore(args) ? make_copy(&swap, args, before, err) : make_new(&swap, args, err);
	if (rc == 0)
		rc = sqliteswap_put(&swap, before, err);
	if (rc == 0)
		*facts = json_pack("{s:s, s:s*}", "path", swap.path, "kept",
				   file_exists(swap.aside) ? swap.aside : NULL);
	else
		unlink(swap.fresh);
	sqliteswap_release(&swap);
	return rc;
}

/* ---- What became of it ---- */

static enum settled
look(const struct action_env *env, const json_t *args, const json_t *before, struct buf *why,
     int (*find)(const struct sqliteswap *swap, const json_t *before, struct buf *why))
{
	struct err err = ERR_INIT;
	struct sqliteswap swap;
	int answer;

	if (swap_take(&swap, env, args, before, &err) < 0) {
		buf_puts(why, err.msg);
		return SETTLED_UNKNOWN;
	}
	answer = find(&swap, before, why);
	sqliteswap_release(&swap);
	return answer < 0 ? SETTLED_UNKNOWN : answer ? SETTLED_YES : SETTLED_NO;
}

static enum settled restore_settled(const struct action_env *env, const json_t *args,
				    const json_t *before, struct buf *why)
{
	return look(env, args, before, why, sqliteswap_settled);
}

static enum settled restore_undone(const struct action_env *env, const json_t *args,
				   const json_t *before, struct buf *why)
{
	return look(env, args, before, why, sqliteswap_undone);
}

static int
take_back(const struct action_env *env, const json_t *args, const json_t *before, struct err *err,
	  int (*act)(const struct sqliteswap *swap, const json_t *before, struct err *err))
{
	struct sqliteswap swap;
	int rc;

	if (swap_take(&swap, env, args, before, err) < 0)
		return -1;
	rc = act(&swap, before, err);
	sqliteswap_release(&swap);
	return rc;
}

static int restore_undo(const struct action_env *env, const json_t *args, const json_t *before,
			struct err *err)
{
	return take_back(env, args, before, err, sqliteswap_undo);
}

static int restore_clean(const struct action_env *env, const json_t *args, const json_t *before,
			 struct err *err)
{
	return take_back(env, args, before, err, sqliteswap_clean);
}

static const struct field restore_fields[] = {
	{ "sqlite_restore", FIELD_SOURCE, true, "the database; nobody may have it open", "sqlite",
	  NULL },
	{ "from", FIELD_PATH, true, "the backup, with its sidecar beside it", NULL, NULL },
	{ "unrecorded", FIELD_BOOL, false,
	  "also one without a sidecar: then only its pages can be checked (false)", NULL, NULL },
	{ "loss", FIELD_MAP, false, "table -> time column, to measure what is lost", NULL, NULL },
	{ 0 },
};

static const struct field new_fields[] = {
	{ "sqlite_new", FIELD_SOURCE, true, "the database; nobody may have it open", "sqlite",
	  NULL },
	{ "schema", FIELD_PATH, false,
	  "a file of SQL that the new one begins with; else it is empty", NULL, NULL },
	{ 0 },
};

#define SWAPS                                                                     \
	.risk = risk_destructive, .plan = restore_plan, .ready = restore_ready,   \
	.before = restore_before, .run = restore_run, .settled = restore_settled, \
	.undo = restore_undo, .undone = restore_undone, .clean = restore_clean

const struct action_type action_sqlite_restore = {
	.type = { .name = "sqlite_restore",
		  .help = "replaces a SQLite database by a backup; the old file is kept",
		  .fields = restore_fields,
		  .examples = "{\"sqlite_restore\": \"stats\", \"from\": \"${stats_backup}\", "
			      "\"loss\": {\"games\": \"created_at\"}}" },
	SWAPS,
};

const struct action_type action_sqlite_new = {
	.type = { .name = "sqlite_new",
		  .help = "moves a SQLite database aside and makes it anew",
		  .fields = new_fields,
		  .examples = "{\"sqlite_new\": \"stats\", \"schema\": \"${root}/schema.sql\"}" },
	SWAPS,
};
