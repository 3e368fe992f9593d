#include "lib/pgswap_sql.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/sha256.h"

void script_add(struct script *script, const char *fmt, ...)
{
	va_list args;

	script->sql = xgrow(script->sql, &script->cap, script->n + 1, sizeof *script->sql);
	va_start(args, fmt);
	script->sql[script->n++] = xvasprintf(fmt, args);
	va_end(args);
}

void script_release(struct script *script)
{
	for (size_t i = 0; i < script->n; i++)
		free(script->sql[i]);
	free(script->sql);
	*script = (struct script){ 0 };
}

void pgswap_note(int log, const char *fmt, ...)
{
	va_list args;

	if (log < 0)
		return;
	va_start(args, fmt);
	char *line = xvasprintf(fmt, args);
	va_end(args);
	dprintf(log, "%s\n", line);
	free(line);
}

int script_run(struct pg *pg, const struct script *script, int log, struct err *err)
{
	for (size_t i = 0; i < script->n; i++) {
		pgswap_note(log, "SQL: %s", script->sql[i]);
		if (pg_exec(pg, err, script->sql[i]) < 0)
			return err_wrap(err, "%.120s", script->sql[i]);
	}
	return 0;
}

void script_show(const struct script *script, struct buf *out)
{
	for (size_t i = 0; i < script->n; i++)
		buf_printf(out, "SQL: %s\n", script->sql[i]);
}

char *pgswap_comment(const char *mark)
{
	return xasprintf("backout %s", mark);
}

char *pgswap_name(const char *database, const char *what, const char *mark)
{
	char hash[SHA256_HEX], *plain = xstrdup(mark);

	for (char *p = plain; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p) : '_';
	char *name = xasprintf("%s_%s_%s", database, what, plain);
	if (strlen(name) >= PG_NAME_MAX) {
		/* The hash covers database and mark, so that names of different ones stay
		 * different. */
		sha256_hex(name, strlen(name), hash);
		hash[16] = '\0';
		size_t keep = PG_NAME_MAX - 1 - strlen(what) - 2 - 16;
		free(name);
		while (keep > 0 && keep < strlen(database) && (database[keep] & 0xc0) == 0x80)
			keep--;
		name = xasprintf("%.*s_%s_%s", (int)keep, database, what, hash);
	}
	free(plain);
	return name;
}

json_t *pgswap_database(struct pg *pg, const char *name, struct err *err)
{
	char *text =
	    pg_value(pg, err,
		     "SELECT to_jsonb(d) || jsonb_build_object("
		     "'owner', pg_get_userbyid(d.datdba),"
		     " 'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = "
		     "d.dattablespace),"
		     " 'encoding_name', pg_encoding_to_char(d.encoding),"
		     " 'size', CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR"
		     " pg_has_role('pg_read_all_stats', 'member') THEN pg_database_size(d.oid) END,"
		     " 'comment', shobj_description(d.oid, 'pg_database'))"
		     " FROM pg_database d WHERE datname = $1",
		     name);
	json_t *row = text ? json_loads(text, 0, NULL) : NULL;

	free(text);
	return row;
}

bool pgswap_half_dropped(const json_t *database)
{
	return json_integer_value(json_object_get(database, "datconnlimit")) == -2;
}

/* Each row: a question that must give no row, and what it means when it gives one. */
static const struct {
	const char *sql;
	const char *problem;
	const char *hint;
} obstacles[] = {
	{ "SELECT gid FROM pg_prepared_xacts WHERE database = $1",
	  "a prepared transaction holds it", "COMMIT PREPARED or ROLLBACK PREPARED it first" },
	{ "SELECT slot_name FROM pg_replication_slots WHERE database = $1",
	  "a logical replication slot belongs to it", "its subscriber would lose its place" },
	{ "SELECT subdbid FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname "
	  "= $1",
	  "a subscription writes to it", "disable and drop it first" },
};

int pgswap_holders(const struct pgswap *swap, struct pg *pg, struct err *err)
{
	const char *name = swap->live.database;

	for (size_t i = 0; i < sizeof obstacles / sizeof *obstacles; i++) {
		struct err mine = ERR_INIT;
		char *found = pg_value(pg, &mine, obstacles[i].sql, name);
		if (found) {
			err_set(err, "database %s can't be exchanged: %s (%s)", name,
				obstacles[i].problem, found);
			err_hint(err, "%s", obstacles[i].hint);
			free(found);
			return -1;
		}
		if (mine.set)
			return err_set(err, "%s", mine.msg);
	}
	return 0;
}

/* " KEYWORD 'value'" for a text member that is there. */
static void option(struct buf *sql, const char *keyword, const json_t *row, const char *key)
{
	const char *value = json_str(row, key, NULL);

	if (!value)
		return;
	char *quoted = pg_text(value);
	buf_printf(sql, " %s %s", keyword, quoted);
	free(quoted);
}

static void option_name(struct buf *sql, const char *keyword, const char *value)
{
	if (!value)
		return;
	char *quoted = pg_name(value);
	buf_printf(sql, " %s %s", keyword, quoted);
	free(quoted);
}

/* The column of the locale was renamed in version 17, which has a provider of its own, too. */
static void locale_options(struct buf *sql, const json_t *old)
{
	const char *column = json_object_get(old, "datlocale") ? "datlocale" : "daticulocale";
	const char *provider = json_str(old, "datlocprovider", "c");

	if (strcmp(provider, "i") == 0) {
		buf_puts(sql, " LOCALE_PROVIDER icu");
		option(sql, "ICU_LOCALE", old, column);
		option(sql, "ICU_RULES", old, "daticurules");
	} else if (strcmp(provider, "b") == 0) {
		buf_puts(sql, " LOCALE_PROVIDER builtin");
		option(sql, "BUILTIN_LOCALE", old, column);
	}
	option(sql, "LC_COLLATE", old, "datcollate");
	option(sql, "LC_CTYPE", old, "datctype");
}

void pgswap_sql_create(struct script *script, const struct pgswap *swap, const char *name,
		       const json_t *old)
{
	struct buf sql = BUF_INIT;
	char *quoted = pg_name(name), *comment = pgswap_comment(swap->mark),
	     *text = pg_text(comment);

	buf_printf(&sql, "CREATE DATABASE %s TEMPLATE template0", quoted);
	option_name(&sql, "OWNER", swap->owner ? swap->owner : json_str(old, "owner", NULL));
	if (old) {
		option(&sql, "ENCODING", old, "encoding_name");
		locale_options(&sql, old);
		/* template0 lies in pg_default; to name that one takes a right of its own. */
		if (strcmp(json_str(old, "tablespace", "pg_default"), "pg_default") != 0)
			option_name(&sql, "TABLESPACE", json_str(old, "tablespace", NULL));
	}
	script_add(script, "%s", buf_str(&sql));
	script_add(script, "COMMENT ON DATABASE %s IS %s", quoted, text);
	script_add(script, "REVOKE CONNECT ON DATABASE %s FROM PUBLIC", quoted);
	buf_release(&sql);
	free(text);
	free(comment);
	free(quoted);
}

/* Each row of a query with the old database's oid ($1) and the copy's quoted name ($2) is a
 * statement. */
static int statements(struct script *script, struct pg *pg, const char *query, const char *oid,
		      const char *quoted, struct err *err)
{
	const char *values[] = { oid, quoted };
	PGresult *rows = pg_query(pg, err, query, 2, values);

	if (!rows)
		return -1;
	for (int i = 0; i < PQntuples(rows); i++)
		script_add(script, "%s", PQgetvalue(rows, i, 0));
	PQclear(rows);
	return 0;
}

/* Settings whose values are lists are stored as lists: they must not become one quoted string. */
#define SETTINGS_SQL                                                                  \
	"SELECT format('ALTER %s SET %I TO %s',"                                      \
	" CASE WHEN setrole = 0 THEN 'DATABASE ' || $2"                               \
	" ELSE format('ROLE %I IN DATABASE %s', pg_get_userbyid(setrole), $2) END,"   \
	" split_part(c, '=', 1),"                                                     \
	" CASE WHEN split_part(c, '=', 1) IN ('search_path', 'temp_tablespaces',"     \
	" 'session_preload_libraries', 'local_preload_libraries')"                    \
	" THEN (SELECT string_agg(quote_literal(trim(both '\"' from trim(x))), ', ')" \
	" FROM regexp_split_to_table(substr(c, strpos(c, '=') + 1), ',') x)"          \
	" ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END)"                     \
	" FROM pg_db_role_setting, unnest(setconfig) c WHERE setdatabase = $1::oid"

#define PRIVILEGES_SQL                                                                         \
	"SELECT format('GRANT %s ON DATABASE %s TO %s%s', privilege_type, $2::text,"           \
	" CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END," \
	" CASE WHEN is_grantable AND grantee <> datdba THEN ' WITH GRANT OPTION' ELSE '' END)" \
	" FROM pg_database d, aclexplode(coalesce(datacl, acldefault('d', datdba)))"           \
	" WHERE d.oid = $1::oid"

int pgswap_sql_carry(struct script *script, struct pg *pg, const char *name, const json_t *old,
		     struct err *err)
{
	char *quoted = pg_name(name), *oid = xstrdup(json_str(old, "oid", "0"));
	const char *comment = json_str(old, "comment", NULL);
	char *text = comment ? pg_text(comment) : xstrdup("NULL");
	int result = -1;

	if (!old) {
		/* Nothing to carry over; the comment stays: it says who made the database. */
		script_add(script, "GRANT CONNECT ON DATABASE %s TO PUBLIC", quoted);
		result = 0;
		goto out;
	}
	script_add(script, "REVOKE ALL ON DATABASE %s FROM PUBLIC", quoted);
	if (statements(script, pg, PRIVILEGES_SQL, oid, quoted, err) < 0 ||
	    statements(script, pg, SETTINGS_SQL, oid, quoted, err) < 0)
		goto out;
	script_add(script, "ALTER DATABASE %s CONNECTION LIMIT %d", quoted,
		   (int)json_num(old, "datconnlimit", -1));
	script_add(script, "COMMENT ON DATABASE %s IS %s", quoted, text);
	result = 0;
out:
	free(text);
	free(oid);
	free(quoted);
	return result;
}

void pgswap_sql_close(struct script *script, const char *name)
{
	char *quoted = pg_name(name), *text = pg_text(name);

	script_add(script, "ALTER DATABASE %s ALLOW_CONNECTIONS false", quoted);
	script_add(script,
		   "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
		   text);
	free(text);
	free(quoted);
}

void pgswap_sql_open(struct script *script, const char *name)
{
	char *quoted = pg_name(name);

	script_add(script, "ALTER DATABASE %s ALLOW_CONNECTIONS true", quoted);
	free(quoted);
}

void pgswap_sql_swap(struct script *script, const char *live, const char *aside, const char *copy,
		     const char *name)
{
	char *from = live ? pg_name(live) : NULL, *to = aside ? pg_name(aside) : NULL;
	char *new = pg_name(copy), *free_name = pg_name(name);

	script_add(script, "BEGIN");
	script_add(script, "SET LOCAL lock_timeout = '5s'");
	if (from)
		script_add(script, "ALTER DATABASE %s RENAME TO %s", from, to);
	script_add(script, "ALTER DATABASE %s RENAME TO %s", new, free_name);
	if (from)
		script_add(script, "ALTER DATABASE %s ALLOW_CONNECTIONS true", to);
	script_add(script, "ALTER DATABASE %s ALLOW_CONNECTIONS true", free_name);
	script_add(script, "COMMIT");
	free(free_name);
	free(new);
	free(to);
	free(from);
}
