/* Probe type "postgres": asks a server one read-only question, on a connection of its own. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "sources/sqlanswer.h"
#include "sources/types.h"

#define TIMEOUT_US (10 * CLOCK_US)
#define REACH_US   (5 * CLOCK_US)

/* One question being asked. */
struct asking {
	const struct probe_env *env;
	const json_t *args;
	struct reading *out;
	struct pg_params params;
	struct pg *pg;
	enum pg_fault fault;
	int64_t latency_us;
};

static int64_t now(const struct asking *ask)
{
	return clock_wall(ask->env->clock);
}

static int64_t time_left(const struct asking *ask, int64_t at_most)
{
	int64_t left = ask->env->deadline - clock_mono(ask->env->clock);

	return left < at_most ? left : at_most;
}

static void unreadable(struct asking *ask, const struct err *err)
{
	reading_unknown(ask->out, now(ask), "%s", err->msg);
}

static const char *first_value(const PGresult *result)
{
	return PQntuples(result) == 0 || PQgetisnull(result, 0, 0) ? NULL
								   : PQgetvalue(result, 0, 0);
}

static void ask_sql(struct asking *ask)
{
	struct err err = ERR_INIT;
	size_t n;
	char **values = pg_values(json_object_get(ask->args, "with"), &n);
	PGresult *result =
	    pg_query(ask->pg, &err, json_str(ask->args, "sql", ""), n, (const char *const *)values);

	if (!result)
		unreadable(ask, &err);
	else if (PQresultStatus(result) != PGRES_TUPLES_OK)
		reading_unknown(ask->out, now(ask), "the statement gives no rows");
	else
		sql_answer_judge(&(struct sql_answer){ .rows = (size_t)PQntuples(result),
						       .column = PQfname(result, 0),
						       .value = first_value(result) },
				 ask->args, now(ask), ask->out);
	PQclear(result);
	pg_values_free(values, n);
}

static void ask_version(struct asking *ask)
{
	const json_t *want = json_object_get(ask->args, "server_version");
	char *text = json_is_string(want)
			 ? xstrdup(json_string_value(want))
			 : json_dumps(want, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	int major = 0, minor = 0, version = pg_version(ask->pg);

	if (sscanf(text, "%d.%d", &major, &minor) < 1)
		reading_unknown(ask->out, now(ask), "\"%s\" is no version", text);
	else
		reading_judge(ask->out, version >= major * 10000 + minor, now(ask),
			      "PostgreSQL %d.%d, expected at least %s", version / 10000,
			      version % 10000, text);
	ask->out->has_value = true;
	ask->out->value = version / 10000;
	free(text);
}

/* "createdb", "member of pg_monitor", "select on rounds", "create on schema public", "connect on
 * database etlegacy": the statement that answers it, and its parameters. 0, or -1 when it is none
 * of these. */
static int privilege_sql(const char *text, const char **sql, char first[80], char second[80])
{
	static const char *const attributes[] = { "superuser", "createdb",    "createrole",
						  "login",     "replication", "bypassrls" };
	static const char *const answers[] = {
		"SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
		"SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user",
		"SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user",
		"SELECT rolcanlogin FROM pg_roles WHERE rolname = current_user",
		"SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user",
		"SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
	};
	char kind[80] = "", name[80] = "";

	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		if (strcasecmp(text, attributes[i]) == 0) {
			*sql = answers[i];
			return 0;
		}
	}
	if (strncasecmp(text, "member of ", 10) == 0) {
		snprintf(first, 80, "%s", text + 10);
		*sql = "SELECT pg_has_role($1, 'member')";
		return 1;
	}
	const char *on = strcasestr(text, " on ");
	if (!on)
		return -1;
	snprintf(second, 80, "%.*s", (int)(on - text), text);
	if (sscanf(on + 4, "%79s %79s", kind, name) == 2 && strcasecmp(kind, "schema") == 0)
		*sql = "SELECT has_schema_privilege($1, $2)";
	else if (name[0] && strcasecmp(kind, "database") == 0)
		*sql = "SELECT has_database_privilege($1, $2)";
	else
		*sql = "SELECT has_table_privilege($1, $2)";
	snprintf(first, 80, "%s", name[0] && strcasecmp(kind, "table") != 0 ? name : on + 4);
	if (name[0] && strcasecmp(kind, "table") == 0)
		snprintf(first, 80, "%s", name);
	return 2;
}

static void ask_privilege(struct asking *ask)
{
	const char *text = json_str(ask->args, "role_has", ""), *sql = NULL;
	char first[80] = "", second[80] = "";
	const char *values[] = { first, second };
	struct err err = ERR_INIT;
	int n = privilege_sql(text, &sql, first, second);

	if (n < 0) {
		reading_unknown(ask->out, now(ask),
				"\"%s\" is no privilege (createdb, member of ROLE, select on "
				"TABLE, ...)",
				text);
		return;
	}
	PGresult *result = pg_query(ask->pg, &err, sql, (size_t)n, values);
	if (!result || PQntuples(result) == 0)
		unreadable(ask, &err);
	else if (PQgetvalue(result, 0, 0)[0] == 't')
		reading_pass(ask->out, now(ask), "the role has %s", text);
	else
		reading_fail(ask->out, now(ask), "the role lacks %s", text);
	PQclear(result);
}

static void answer_reachable(struct asking *ask, const struct err *err)
{
	bool want = json_bool(ask->args, "reachable", 1) != 0;
	char took[32];

	switch (ask->fault) {
	case PG_FAULT_NONE:
		reading_judge(ask->out, want, now(ask), "PostgreSQL %d.%d answered in %s",
			      pg_version(ask->pg) / 10000, pg_version(ask->pg) % 10000,
			      duration_text(ask->latency_us, took, sizeof took));
		ask->out->has_value = true;
		ask->out->value = (double)ask->latency_us / 1e3;
		snprintf(ask->out->unit, sizeof ask->out->unit, "ms");
		break;
	case PG_FAULT_AUTH:
	case PG_FAULT_DENIED:
	case PG_FAULT_TLS:
	case PG_FAULT_PRIVILEGE:
	case PG_FAULT_UNRESOLVABLE:
		/* That says something about us, not about the server. */
		unreadable(ask, err);
		break;
	case PG_FAULT_TIMEOUT:
	case PG_FAULT_FROZEN:
		/* Nor does it that there was no time left to ask. */
		if (clock_mono(ask->env->clock) >= ask->env->deadline) {
			unreadable(ask, err);
			break;
		}
		/* fall through */
	default:
		reading_judge(ask->out, !want, now(ask), "%s", err->msg);
	}
}

static void answer_exists(struct asking *ask, const struct err *err)
{
	bool want = json_bool(ask->args, "exists", 1) != 0;
	const char *name = ask->params.database ? ask->params.database : "the database";

	if (ask->fault == PG_FAULT_NONE)
		reading_judge(ask->out, want, now(ask), "database %s exists", name);
	else if (ask->fault == PG_FAULT_CLOSED)
		reading_judge(ask->out, want, now(ask),
			      "database %s exists, and takes no connections", name);
	else if (ask->fault == PG_FAULT_DATABASE)
		reading_judge(ask->out, !want, now(ask), "database %s does not exist", name);
	else
		unreadable(ask, err);
}

static void answer(struct asking *ask, struct err *err)
{
	bool reachable = json_object_get(ask->args, "reachable") != NULL;

	if (ask->pg && pg_check_identity(ask->pg, &ask->params, false, err) < 0)
		ask->fault = pg_fault(ask->pg);
	/* An answer that comes from elsewhere is no answer, nor is one from who knows where. */
	if (ask->pg && err->set && (ask->fault == PG_FAULT_NONE || ask->fault == PG_FAULT_SQL))
		unreadable(ask, err);
	else if (reachable)
		answer_reachable(ask, err);
	else if (json_object_get(ask->args, "exists"))
		answer_exists(ask, err);
	else if (!ask->pg || err->set)
		unreadable(ask, err);
	else if (json_object_get(ask->args, "sql"))
		ask_sql(ask);
	else if (json_object_get(ask->args, "server_version"))
		ask_version(ask);
	else
		ask_privilege(ask);
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	struct asking ask = { .env = env, .args = args, .out = out };
	struct err err = ERR_INIT;
	const char *name = json_str(args, "postgres", "");
	const json_t *declared = env->declared(env->data, name);
	int64_t limit =
	    json_object_get(args, "reachable") ? json_us(args, "within", REACH_US) : TIMEOUT_US;

	if (!declared) {
		reading_unknown(out, now(&ask), "source %s can't be used: a parameter is missing",
				name);
		return;
	}
	if (pg_params_from(declared, &ask.params, &err) < 0) {
		unreadable(&ask, &err);
		return;
	}
	int64_t began = clock_mono(env->clock);
	ask.pg = pg_open(&ask.params, "probe", time_left(&ask, limit), &ask.fault, &err);
	ask.latency_us = clock_mono(env->clock) - began;
	if (ask.pg) {
		int64_t left = time_left(&ask, TIMEOUT_US);
		pg_timeout(ask.pg, left);
		if (pg_read_only(ask.pg, left, &err) < 0)
			ask.fault = pg_fault(ask.pg);
	}
	answer(&ask, &err);
	pg_close(ask.pg);
	pg_params_release(&ask.params);
}

static const struct field fields[] = {
	{ "postgres", FIELD_SOURCE, true, "the database that is asked", "postgres", NULL },
	{ "reachable", FIELD_BOOL, false, "it answers (or, with false, does not)", NULL, NULL },
	{ "within", FIELD_DURATION, false, "time in which it must answer (default 5s)", NULL,
	  NULL },
	{ "sql", FIELD_LITERAL, false, "one statement; run read-only, with a time limit", NULL,
	  NULL },
	{ "with", FIELD_SCALARS, false, "values of $1, $2, ...", NULL, NULL },
	{ "equals", FIELD_SCALAR, false, "expected first value", NULL, NULL },
	{ "below", FIELD_NUMBER, false, "the first value must be less", NULL, NULL },
	{ "above", FIELD_NUMBER, false, "the first value must be greater", NULL, NULL },
	{ "rows", FIELD_INT, false, "expected number of rows", NULL, NULL },
	{ "empty", FIELD_BOOL, false,
	  "true: no row is expected, false: at least one, whose first value may be proposed", NULL,
	  NULL },
	{ "server_version", FIELD_SCALAR, false, "at least this version (15, \"15.4\")", NULL,
	  NULL },
	{ "role_has", FIELD_STRING, false,
	  "createdb, member of ROLE, PRIVILEGE on TABLE (or schema NAME, database NAME)", NULL,
	  NULL },
	{ "exists", FIELD_BOOL, false, "the database exists (or, with false, does not)", NULL,
	  NULL },
	{ 0 },
};

static const char *const questions[] = { "reachable", "sql",	"server_version",
					 "role_has",  "exists", NULL };
static const char *const *const one_of[] = { questions, NULL };

const struct probe_type probe_postgres = {
	.type = { .name = "postgres",
		  .help = "asks a PostgreSQL database one read-only question",
		  .fields = fields,
		  .one_of = one_of },
	.blocks = true,
	.eval = eval,
};
