/* Metric "sql" of a PostgreSQL server: one statement on a connection of its own, read-only and
 * bounded. It blocks; the kept connection stays free for the figures. */
#include <string.h>

#include "lib/jdoc.h"
#include "sources/postgres_read.h"
#include "sources/sqlanswer.h"

#define TIMEOUT_US (5 * CLOCK_US)

const struct field postgres_metric_fields[] = {
	{ "sql", FIELD_LITERAL, false,
	  "of \"sql\": one statement; run read-only, with a time limit", NULL, NULL },
	{ "with", FIELD_SCALARS, false, "values of $1, $2, ...", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

bool postgres_slow(const char *read)
{
	return strcmp(read, "sql") == 0;
}

static void result_read(const PGresult *result, int64_t now, struct reading *out)
{
	int rows = PQntuples(result);
	bool none = rows == 0 || PQnfields(result) == 0 || PQgetisnull(result, 0, 0);

	sql_answer_number(&(struct sql_answer){ .rows = (size_t)rows,
						.value = none ? NULL : PQgetvalue(result, 0, 0) },
			  now, out);
}

void postgres_scalar(const struct pg_params *params, const json_t *metric,
		     const struct clock *clock, struct reading *out)
{
	const char *sql = json_str(metric, "sql", NULL);
	struct err err = ERR_INIT;
	struct pg *pg = sql != NULL ? pg_open(params, "metric", TIMEOUT_US, NULL, &err) : NULL;
	PGresult *result = NULL;
	char **values;
	size_t n;

	if (sql == NULL)
		err_set(&err, "\"sql\" needs a statement");
	if (pg == NULL || pg_read_only(pg, TIMEOUT_US, &err) < 0 ||
	    pg_check_identity(pg, params, false, &err) < 0)
		goto out;
	values = pg_values(json_object_get(metric, "with"), &n);
	result = pg_query(pg, &err, sql, n, (const char *const *)values);
	pg_values_free(values, n);
out:
	if (result != NULL)
		result_read(result, clock_wall(clock), out);
	else
		reading_unknown(out, clock_wall(clock), "%s", err.msg);
	PQclear(result);
	pg_close(pg);
}
