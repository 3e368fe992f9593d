#include "lib/pg_facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"

/* Ordinary tables outside the system's schemas, without members of extensions: CREATE EXTENSION
 * makes those, a dump doesn't carry their rows. Foreign and partitioned tables hold no rows of
 * their own. */
#define TABLES_SQL                                                                        \
	"SELECT format('%I.%I', n.nspname, c.relname)"                                    \
	" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"                  \
	" WHERE c.relkind = 'r' AND c.relpersistence <> 't'"                              \
	" AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"          \
	" AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass" \
	" AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"

#define LARGE_OBJECTS "large objects" /* a name that no table has: those have a schema */

int pg_facts_settings(struct pg *pg, struct err *err)
{
	return pg_exec(
	    pg, err,
	    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres';"
	    " SET extra_float_digits = 1; SET bytea_output = 'hex'; SET lc_monetary = 'C';"
	    " SET xmloption = 'content'; SET search_path = pg_catalog; SET row_security = off");
}

/* New: the quoted, qualified name of a table that a declaration names as "rounds" or
 * "public.rounds"; NULL without err when there is none. */
static char *table_resolve(struct pg *pg, const char *name, struct err *err)
{
	return pg_value(pg, err,
			"SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"
			" JOIN pg_namespace n ON n.oid = c.relnamespace"
			" WHERE c.oid = coalesce(to_regclass($1), to_regclass('public.' || $1))",
			name);
}

static json_t *table_facts(struct pg *pg, const char *table, const char *column, struct err *err)
{
	char *quoted = column ? pg_name(column) : NULL;
	char *sql = xasprintf("SELECT count(*), coalesce(sum(pg_catalog.hashtextextended("
			      "backout_row::text, 0)), 0)%s%s%s FROM ONLY %s AS backout_row",
			      quoted ? ", max(backout_row." : "", quoted ? quoted : "",
			      quoted ? ")::text" : "", table);
	PGresult *row = pg_query(pg, err, sql, 0, NULL);
	json_t *facts = NULL;

	if (row) {
		facts = json_pack("{s:I, s:s}", "rows", (json_int_t)atoll(PQgetvalue(row, 0, 0)),
				  "checksum", PQgetvalue(row, 0, 1));
		if (quoted)
			json_object_set_new(facts, "newest_of", json_string(column));
		if (quoted && !PQgetisnull(row, 0, 2))
			json_object_set_new(facts, "newest", json_string(PQgetvalue(row, 0, 2)));
	} else {
		err_wrap(err, "table %s", table);
	}
	PQclear(row);
	free(sql);
	free(quoted);
	return facts;
}

/* New: the declared time columns by resolved names. A table that isn't there is left out: an older
 * backup may not have it. */
static json_t *loss_resolve(struct pg *pg, const json_t *loss, struct err *err)
{
	json_t *columns = json_object(), *column;
	const char *name;

	json_object_foreach((json_t *)loss, name, column) {
		struct err mine = ERR_INIT;
		char *table = table_resolve(pg, name, &mine);
		if (table && json_is_string(column))
			json_object_set(columns, table, column);
		free(table);
		if (mine.set) {
			err_set(err, "%s", mine.msg);
			json_decref(columns);
			return NULL;
		}
	}
	return columns;
}

/* Large objects are no table's: how many there are. */
static int large_objects(struct pg *pg, json_t *tables, struct err *err)
{
	char *n = pg_value(pg, err, "SELECT count(*) FROM pg_largeobject_metadata", NULL);

	if (!n)
		return -1;
	if (strcmp(n, "0") != 0)
		json_object_set_new(tables, LARGE_OBJECTS,
				    json_pack("{s:I, s:s}", "rows", (json_int_t)atoll(n),
					      "checksum", ""));
	free(n);
	return 0;
}

json_t *pg_facts(struct pg *pg, const json_t *loss, struct err *err)
{
	json_t *tables = NULL, *columns = NULL;
	PGresult *names = NULL;

	if (pg_facts_settings(pg, err) < 0 || !(columns = loss_resolve(pg, loss, err)) ||
	    !(names = pg_query(pg, err, TABLES_SQL, 0, NULL)))
		goto out;
	tables = json_object();
	for (int i = 0; i < PQntuples(names); i++) {
		const char *table = PQgetvalue(names, i, 0);
		json_t *facts = table_facts(pg, table, json_str(columns, table, NULL), err);
		if (!facts) {
			json_decref(tables);
			tables = NULL;
			break;
		}
		json_object_set_new(tables, table, facts);
	}
	if (tables && large_objects(pg, tables, err) < 0) {
		json_decref(tables);
		tables = NULL;
	}
out:
	PQclear(names);
	json_decref(columns);
	return tables;
}

/* Notes one difference; after three of them only counts. */
__attribute__((format(printf, 3, 4))) static void differ(struct buf *out, int *n, const char *fmt,
							 ...)
{
	va_list args;

	if ((*n)++ >= 3)
		return;
	if (out->len)
		buf_puts(out, "; ");
	va_start(args, fmt);
	buf_vprintf(out, fmt, args);
	va_end(args);
}

static json_int_t rows_of(const json_t *facts)
{
	return json_integer_value(json_object_get(facts, "rows"));
}

int pg_facts_compare(const json_t *recorded, const json_t *found, struct err *err)
{
	struct buf text = BUF_INIT;
	const char *table;
	json_t *want;
	int n = 0;

	json_object_foreach((json_t *)recorded, table, want) {
		const json_t *is = json_object_get(found, table);
		if (!is)
			differ(&text, &n, "%s is missing", table);
		else if (rows_of(is) != rows_of(want))
			differ(&text, &n, "%s has %lld rows, recorded were %lld", table,
			       (long long)rows_of(is), (long long)rows_of(want));
		else if (strcmp(json_str(is, "checksum", ""), json_str(want, "checksum", "-")) != 0)
			differ(&text, &n, "%s has other content than recorded", table);
	}
	json_object_foreach((json_t *)found, table, want) {
		/* Older sidecars say nothing of them. */
		if (!json_object_get(recorded, table) && strcmp(table, LARGE_OBJECTS) != 0)
			differ(&text, &n, "%s was not recorded", table);
	}
	if (n > 3)
		buf_printf(&text, "; and %d more", n - 3);
	if (n)
		err_set(err, "the restored copy is not what was dumped: %s", buf_str(&text));
	buf_release(&text);
	return n ? -1 : 0;
}

/* "1,204". */
static void number_add(struct buf *out, long long number)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%lld", number);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			buf_putc(out, ',');
		buf_putc(out, digits[i]);
	}
}

/* Rows of one table that are newer than the backup. */
static int loss_newer(struct pg *pg, const char *table, const char *column, const json_t *facts,
		      const char *made_at, struct buf *out, struct err *err)
{
	char *quoted = pg_name(column);
	const char *since = json_str(facts, "newest_of", NULL) &&
				    strcmp(json_str(facts, "newest_of", ""), column) == 0
				? json_str(facts, "newest", NULL)
				: made_at;
	char *sql = since ? xasprintf("SELECT count(*) FROM %s WHERE %s > $1", table, quoted)
			  : xasprintf("SELECT count(*) FROM %s", table);
	char *count = pg_value(pg, err, sql, since);

	if (count && strcmp(count, "0") != 0) {
		number_add(out, atoll(count));
		buf_printf(out, " rows of %s newer than the backup", table);
		buf_printf(out, since ? " (%s after %s)\n" : " (it has none)\n", column, since);
	} else if (!count) {
		err_wrap(err, "counting rows of %s by %s", table, column);
	}
	int result = count ? 0 : -1;
	free(count);
	free(sql);
	free(quoted);
	return result;
}

/* A table without a time column: only the number of its rows can be compared. */
static int loss_rows(struct pg *pg, const char *table, const json_t *facts, struct buf *out,
		     struct err *err)
{
	char *sql = xasprintf("SELECT count(*) FROM ONLY %s", table);
	char *count = pg_value(pg, err, sql, NULL);
	long long now = count ? atoll(count) : 0, then = rows_of(facts);

	if (count && now != then) {
		number_add(out, now > then ? now - then : then - now);
		buf_printf(out, " rows %s %s since the backup (%lld then, %lld now)\n",
			   now > then ? "came into" : "went out of", table, then, now);
	} else if (!count) {
		err_wrap(err, "counting rows of %s", table);
	}
	int result = count ? 0 : -1;
	free(count);
	free(sql);
	return result;
}

int pg_loss(struct pg *pg, const json_t *recorded, const char *made_at, const json_t *loss,
	    struct buf *out, struct err *err)
{
	PGresult *names = NULL;
	json_t *columns = NULL;
	int result = -1;

	if (pg_facts_settings(pg, err) < 0 || !(columns = loss_resolve(pg, loss, err)) ||
	    !(names = pg_query(pg, err, TABLES_SQL, 0, NULL)))
		goto out;
	for (int i = 0; i < PQntuples(names); i++) {
		const char *table = PQgetvalue(names, i, 0);
		const char *column = json_str(columns, table, NULL);
		const json_t *facts = json_object_get(recorded, table);
		if (!facts && json_object_size(recorded) > 0)
			buf_printf(out, "table %s is not in the backup\n", table);
		else if (column ? loss_newer(pg, table, column, facts, made_at, out, err) < 0
				: facts && loss_rows(pg, table, facts, out, err) < 0)
			goto out;
	}
	result = 0;
out:
	PQclear(names);
	json_decref(columns);
	return result;
}
