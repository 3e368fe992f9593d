/* Writes a table, or what a query gives, to a file: evidence before a change, rows to be kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions/pg_source.h"
#include "actions/types.h"
#include "lib/backup.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

static const char *const formats[] = { "csv", "text", NULL };

/* New: what is copied, "(SELECT ...)" or "schema.table", so that nothing behind it counts. */
static char *what_of(const json_t *args)
{
	const char *sql = json_str(args, "sql", NULL), *table = json_str(args, "table", "");
	size_t len = sql ? strlen(sql) : 0;

	if (!sql) {
		const char *dot = strchr(table, '.');
		char *schema = dot ? xstrndup(table, (size_t)(dot - table)) : NULL;
		char *first = schema ? pg_name(schema) : NULL,
		     *second = pg_name(dot ? dot + 1 : table);
		char *name = xasprintf("%s%s%s", first ? first : "", first ? "." : "", second);
		free(second);
		free(first);
		free(schema);
		return name;
	}
	while (len > 0 && strchr("; \t\r\n", sql[len - 1]))
		len--;
	/* Its last line may be a comment. */
	return xasprintf("(%.*s\n)", (int)len, sql);
}

/* New. */
static char *copy_of(const json_t *args)
{
	char *what = what_of(args);
	char *sql = xasprintf("COPY %s TO STDOUT%s", what,
			      strcmp(json_str(args, "format", "csv"), "csv") == 0
				  ? " WITH (FORMAT csv, HEADER)"
				  : "");

	free(what);
	return sql;
}

static int export_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		       struct err *err)
{
	struct pg_params params;
	char name[200], *sql = copy_of(args);
	json_t *value;
	size_t i;

	if (pg_source(env, args, "pg_export", &params, err) < 0) {
		free(sql);
		return -1;
	}
	buf_printf(&plan->lines, "In one read-only transaction on %s:\n",
		   pg_params_text(&params, name, sizeof name));
	buf_puts(&plan->lines, "SQL: ");
	text_clean(&plan->lines, sql, strlen(sql));
	buf_putc(&plan->lines, '\n');
	json_array_foreach(json_object_get(args, "with"), i, value) {
		char *text = json_dumps(value, JSON_ENCODE_ANY);
		buf_printf(&plan->lines, "  backout.p%zu = %s\n", i + 1, text);
		free(text);
	}
	buf_printf(&plan->lines, "into %s, with its SHA-256 and number of rows in %s.json\n",
		   json_str(args, "to", ""), json_str(args, "to", ""));
	buf_puts(&plan->undo, "remove the file, if it is as it was written");
	free(sql);
	pg_params_release(&params);
	return 0;
}

static int export_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *to = json_str(args, "to", "");
	struct pg *pg;

	if (file_exists(to)) {
		err_set(err, "%s is there already", to);
		return err_hint(err, "it is not overwritten: move it away, or name another one");
	}
	pg = pg_source_open(env, args, "pg_export", false, err);
	pg_close(pg);
	return pg ? 0 : -1;
}

static json_t *export_before(const struct action_env *env, const json_t *args, struct err *err)
{
	char *mark = pg_own_mark(env->intent);
	json_t *before = json_pack("{s:s, s:s}", "path", json_str(args, "to", ""), "mark", mark);

	(void)err;
	free(mark);
	return before;
}

static int to_file(const char *bytes, size_t len, void *data, struct err *err)
{
	const int *fd = data;

	return file_write(*fd, bytes, len) < 0 ? err_sys(err, "writing the export") : 0;
}

/* The values stand in settings of this transaction: COPY takes no parameters. */
static int values_set(struct pg *pg, const json_t *with, struct err *err)
{
	size_t n;
	char **values = pg_values(with, &n);
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++) {
		char *name = xasprintf("backout.p%zu", i + 1);
		const char *pair[] = { name, values[i] ? values[i] : "" };
		PGresult *set = pg_query(pg, err, "SELECT set_config($1, $2, true)", 2, pair);
		result = set ? 0 : -1;
		PQclear(set);
		free(name);
	}
	pg_values_free(values, n);
	return result;
}

static int copy_to(const struct action_env *env, const json_t *args, int fd, long long *rows,
		   struct err *err)
{
	struct pg *pg = pg_source_open(env, args, "pg_export", false, err);
	char *sql = copy_of(args);
	int result = -1;

	if (pg && pg_exec(pg, err, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") == 0 &&
	    values_set(pg, json_object_get(args, "with"), err) == 0 &&
	    pg_copy_out(pg, sql, to_file, &fd, rows, err) == 0)
		result = 0;
	free(sql);
	pg_close(pg);
	return result;
}

/* The sidecar goes first: a file without one is never seen. */
static int publish(const char *part, const char *path, const json_t *more, int64_t wall,
		   struct err *err)
{
	char *from = sidecar_path(part), *to = sidecar_path(path), *folder = path_folder(path);
	int result = sidecar_write(part, wall, more, err);

	if (result == 0 && (rename(from, to) < 0 || rename(part, path) < 0))
		result = err_sys(err, "putting %s in place", path);
	if (result == 0)
		result = file_sync_folder(folder, err);
	else
		unlink(from);
	free(folder);
	free(to);
	free(from);
	return result;
}

static int export_run(const struct action_env *env, const json_t *args, const json_t *before,
		      json_t **facts, struct err *err)
{
	const char *path = json_str(before, "path", "");
	char *part = xasprintf("%s.part", path), *folder = path_folder(path);
	int64_t wall = clock_wall(env->clock);
	long long rows = 0;
	int result = -1, fd = -1;

	if (file_exists(path)) {
		err_set(err, "%s is there already", path);
		goto out;
	}
	if (file_mkdirs(folder, 0700, err) < 0)
		goto out;
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		err_sys(err, "%s", part);
		goto out;
	}
	if (copy_to(env, args, fd, &rows, err) < 0)
		goto out;
	if (fsync(fd) < 0) {
		err_sys(err, "%s", part);
		goto out;
	}
	json_t *more = json_pack("{s:s, s:s, s:I}", "kind", "export", "mark",
				 json_str(before, "mark", ""), "rows", (json_int_t)rows);
	result = publish(part, path, more, wall, err);
	json_decref(more);
	if (result == 0)
		*facts = json_pack("{s:s, s:I}", "path", path, "rows", (json_int_t)rows);
out:
	if (fd >= 0)
		close(fd);
	if (result < 0)
		unlink(part);
	free(folder);
	free(part);
	return result;
}

/* 1: the file is there as this step wrote it; 0: it is not there; -1: something else is. */
static int look(const json_t *before, struct buf *why)
{
	const char *path = json_str(before, "path", "");
	struct err err = ERR_INIT;
	int found = -1;

	if (!file_exists(path)) {
		buf_printf(why, "%s is not there", path);
		return 0;
	}
	json_t *sidecar = sidecar_read(path, &err);
	if (sidecar && strcmp(json_str(sidecar, "mark", ""), json_str(before, "mark", "-")) != 0)
		err_set(&err, "%s was written by another step", path);
	else if (sidecar && sidecar_check_hash(path, sidecar, &err) == 0)
		found = 1;
	if (found == 1)
		buf_printf(why, "%s is there, as recorded", path);
	else
		buf_puts(why, err.msg);
	json_decref(sidecar);
	return found;
}

static enum settled export_settled(const struct action_env *env, const json_t *args,
				   const json_t *before, struct buf *why)
{
	(void)env, (void)args;
	return look(before, why) == 1 ? SETTLED_YES : SETTLED_NO;
}

static int export_undo(const struct action_env *env, const json_t *args, const json_t *before,
		       struct err *err)
{
	const char *path = json_str(before, "path", "");
	char *side = sidecar_path(path);
	struct buf why = BUF_INIT;
	int found = look(before, &why), result = 0;

	(void)env, (void)args;
	if (found < 0) {
		err_set(err, "not removed: %s", buf_str(&why));
		result = err_hint(err, "look at it, and remove it by hand");
	} else if (found == 1 && (unlink(path) < 0 || unlink(side) < 0)) {
		result = err_sys(err, "%s", path);
	}
	buf_release(&why);
	free(side);
	return result;
}

static enum settled export_undone(const struct action_env *env, const json_t *args,
				  const json_t *before, struct buf *why)
{
	(void)env, (void)args;
	return look(before, why) == 0 ? SETTLED_YES : SETTLED_NO;
}

static int export_clean(const struct action_env *env, const json_t *args, const json_t *before,
			struct err *err)
{
	const char *path = json_str(before, "path", "");
	char *part = xasprintf("%s.part", path), *side = sidecar_path(part);

	(void)env, (void)args, (void)err;
	unlink(part);
	unlink(side);
	if (!file_exists(path)) {
		free(side);
		side = sidecar_path(path);
		unlink(side);
	}
	free(side);
	free(part);
	return 0;
}

static const struct field fields[] = {
	{ "pg_export", FIELD_SOURCE, true, "the database", "postgres", NULL },
	{ "sql", FIELD_LITERAL, false, "the query whose rows are written", NULL, NULL },
	{ "table", FIELD_STRING, false, "the table whose rows are written", NULL, NULL },
	{ "with", FIELD_SCALARS, false,
	  "values that the query reads as current_setting('backout.p1'), ...p2, ...", NULL, NULL },
	{ "to", FIELD_PATH, true, "the file; it must not be there yet", NULL, NULL },
	{ "format", FIELD_CHOICE, false, "csv with a line of names (default), or PostgreSQL's text",
	  NULL, formats },
	{ 0 },
};

static const char *const what[] = { "sql", "table", NULL };
static const char *const *const one_of[] = { what, NULL };

const struct action_type action_pg_export = {
	.type = { .name = "pg_export",
		  .help = "writes a table, or what a query gives, to a file with a recorded hash",
		  .fields = fields,
		  .examples =
		      "{\"pg_export\": \"db\", \"sql\": \"SELECT * FROM rounds WHERE played_at > "
		      "current_setting('backout.p1')::timestamptz\", \"with\": "
		      "[\"${since}\"], \"to\": \"${backups}/late-rounds.csv\"}",
		  .one_of = one_of },
	.risk = risk_safe,
	.plan = export_plan,
	.ready = export_ready,
	.before = export_before,
	.run = export_run,
	.settled = export_settled,
	.undo = export_undo,
	.undone = export_undone,
	.clean = export_clean,
};
