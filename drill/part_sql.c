/*
 * A file of SQL, run in one transaction: on PostgreSQL as the role of a source, on SQLite in a
 * database that is made where it is missing, as its service would have made it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drill/parts.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/pg.h"
#include "lib/sqlite_change.h"
#include "lib/sqlite_copy.h"

static const struct field fields[] = {
	{ "sql", FIELD_SOURCE, true, "the database: of type postgres or sqlite", NULL, NULL },
	{ "file", FIELD_STRING, true, "file of SQL in the drill's folder", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define SQL_MAX	    (16u << 20)
#define SQL_TIMEOUT (120 * CLOCK_US)

static int run_postgres(const struct drill_env *env, const char *source, const char *sql,
			struct err *err)
{
	json_t *declared = drill_declared(env, source, "postgres", err);
	struct pg_params params = { 0 };
	struct pg *pg = NULL;
	int result = -1;

	if (declared && pg_params_from(declared, &params, err) == 0)
		pg = pg_open(&params, "sandbox", SQL_TIMEOUT, NULL, err);
	if (pg)
		result = pg_exec(pg, err, sql);
	pg_close(pg);
	pg_params_release(&params);
	json_decref(declared);
	return result;
}

/* Empty, and the sandbox's user's. */
static int make_sqlite(const struct drill_env *env, const char *path, struct err *err)
{
	if (sqlite_create(path, env->clock, clock_mono(env->clock) + SQL_TIMEOUT, err) < 0)
		return -1;
	if (env->uid && chown(path, env->uid, env->gid) < 0)
		return err_sys(err, "giving %s to the sandbox's user", path);
	return 0;
}

static int run_sqlite(const struct drill_env *env, const char *source, const char *sql,
		      struct err *err)
{
	json_t *declared = drill_declared(env, source, "sqlite", err);
	const char *path = json_str(declared, "path", "");
	struct sqlite_change change = { .sql = sql, .expect_rows = -1 };
	int64_t rows;
	int result = -1;

	if (declared && (file_exists(path) || make_sqlite(env, path, err) == 0))
		result = sqlite_change(path, &change, env->clock,
				       clock_mono(env->clock) + SQL_TIMEOUT, &rows, err);
	json_decref(declared);
	return result;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	const char *source = json_str(args, "sql", "");
	char *path = path_join(env->data, json_str(args, "file", ""));
	struct buf sql = BUF_INIT;
	int result = -1;

	if (file_read(path, &sql, SQL_MAX, err) < 0)
		goto out;
	result = drill_is_sqlite(env, source) ? run_sqlite(env, source, buf_str(&sql), err)
					      : run_postgres(env, source, buf_str(&sql), err);
	if (result < 0)
		err_wrap(err, "%s", path);
out:
	buf_release(&sql);
	free(path);
	return result;
}

const struct drill_type part_sql = {
	.type = { .name = "sql",
		  .help = "a file of SQL, run as a source's role",
		  .fields = fields },
	.make = make,
};
