/*
 * A file of SQL, run in one transaction as the role of a source.
 */
#include <stdlib.h>

#include "drill/parts.h"
#include "lib/buf.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/pg.h"

static const struct field fields[] = {
	{ "sql", FIELD_SOURCE, true, "the database", "postgres", NULL },
	{ "file", FIELD_STRING, true, "file of SQL in the drill's folder", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define SQL_MAX	    (16u << 20)
#define SQL_TIMEOUT (120 * CLOCK_US)

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	json_t *declared = drill_declared(env, json_str(args, "sql", ""), "postgres", err);
	char *path = path_join(env->data, json_str(args, "file", ""));
	struct pg_params params = { 0 };
	struct buf sql = BUF_INIT;
	struct pg *pg = NULL;
	int result = -1;

	if (!declared || pg_params_from(declared, &params, err) < 0)
		goto out;
	if (file_read(path, &sql, SQL_MAX, err) < 0)
		goto out;
	pg = pg_open(&params, "sandbox", SQL_TIMEOUT, NULL, err);
	if (!pg)
		goto out;
	result = pg_exec(pg, err, buf_str(&sql));
	if (result < 0)
		err_wrap(err, "%s", path);
out:
	pg_close(pg);
	pg_params_release(&params);
	buf_release(&sql);
	free(path);
	json_decref(declared);
	return result;
}

const struct drill_type part_sql = {
	.type = { .name = "sql",
		  .help = "a file of SQL, run as a source's role",
		  .fields = fields },
	.make = make,
};
