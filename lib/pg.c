#include "lib/pg.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/sha256.h"
#include "lib/text.h"

static const char *const sslmodes[] = { "disable",   "allow",	    "prefer", "require",
					"verify-ca", "verify-full", NULL };

const struct field pg_fields[] = {
	{ "host", FIELD_STRING, false, "folder of the unix socket, host name or address", NULL,
	  NULL },
	{ "port", FIELD_INT, false, "port, also of a unix socket (default 5432)", NULL, NULL },
	{ "database", FIELD_STRING, false, "name of the database", NULL, NULL },
	{ "role", FIELD_STRING, false, "role to connect as", NULL, NULL },
	{ "sslmode", FIELD_CHOICE, false, "how TLS is used and verified", NULL, sslmodes },
	{ "service", FIELD_STRING, false, "entry of a service file that gives the rest", NULL,
	  NULL },
	{ "passfile", FIELD_PATH, false, "password file (default ~/.pgpass)", NULL, NULL },
	{ "bin", FIELD_PATH, false, "folder of pg_dump and pg_restore (default: the newest found)",
	  NULL, NULL },
	{ "identity", FIELD_STRING, false, "system_identifier that the server must have", NULL,
	  NULL },
	{ "loss", FIELD_MAP, false, "table -> time column, to measure what a restore would lose",
	  NULL, NULL },
	{ 0 },
};

/* New: the text of a scalar member; NULL when it is not there. */
static char *member_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value) && json_string_length(value) > 0)
		return xstrdup(json_string_value(value));
	if (json_is_integer(value))
		return xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return NULL;
}

int pg_params_from(const json_t *declared, struct pg_params *params, struct err *err)
{
	*params = (struct pg_params){
		.host = member_text(declared, "host"),
		.port = member_text(declared, "port"),
		.database = member_text(declared, "database"),
		.role = member_text(declared, "role"),
		.sslmode = member_text(declared, "sslmode"),
		.service = member_text(declared, "service"),
		.passfile = member_text(declared, "passfile"),
		.bin = member_text(declared, "bin"),
		.identity = member_text(declared, "identity"),
		.loss = json_incref(json_object_get(declared, "loss")),
	};
	if (!params->port && !params->service)
		params->port = xstrdup("5432");
	const char *missing = params->service	  ? NULL
			      : !params->host	  ? "host"
			      : !params->database ? "database"
			      : !params->role	  ? "role"
						  : NULL;
	if (!missing)
		return 0;
	err_set(err, "postgres source: \"%s\" is missing", missing);
	err_hint(err, "a target names host, port, database and role itself, or a \"service\"");
	pg_params_release(params);
	return -1;
}

static char *copy_of(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void pg_params_copy(struct pg_params *to, const struct pg_params *from, const char *database)
{
	*to = (struct pg_params){
		.host = copy_of(from->host),
		.port = copy_of(from->port),
		.database = copy_of(database ? database : from->database),
		.role = copy_of(from->role),
		.sslmode = copy_of(from->sslmode),
		.service = copy_of(from->service),
		.passfile = copy_of(from->passfile),
		.bin = copy_of(from->bin),
		.identity = copy_of(from->identity),
		.loss = json_incref(from->loss),
	};
}

void pg_params_release(struct pg_params *params)
{
	free(params->host);
	free(params->port);
	free(params->database);
	free(params->role);
	free(params->sslmode);
	free(params->service);
	free(params->passfile);
	free(params->bin);
	free(params->identity);
	json_decref(params->loss);
	*params = (struct pg_params){ 0 };
}

char *pg_params_text(const struct pg_params *params, char *out, size_t size)
{
	char *text = params->host
			 ? xasprintf("%s on %s port %s", params->database ? params->database : "-",
				     params->host, params->port ? params->port : "5432")
			 : xasprintf("service %s", params->service ? params->service : "-");

	text_clean_to(out, size, text, strlen(text));
	free(text);
	return out;
}

static const struct {
	const char *name, *hint;
} faults[] = {
	[PG_FAULT_NONE] = { "none", "" },
	[PG_FAULT_DOWN] = { "down", "is the server running, and are host and port right?" },
	[PG_FAULT_UNREACHABLE] = { "no route to the host", "look at the network and at the host" },
	[PG_FAULT_SLOTS] = { "no connection slots left",
			     "end idle sessions; "
			     "superuser_reserved_connections are left for superusers" },
	[PG_FAULT_DENIED] = { "refused",
			      "the server's pg_hba.conf has to let it in, and the role must be "
			      "allowed to log in" },
	[PG_FAULT_AUTH] = { "authentication failed", "give the role's password in ~/.pgpass, and "
						     "check pg_hba.conf" },
	[PG_FAULT_TLS] = { "TLS failed", "compare sslmode and certificates with the server's" },
	[PG_FAULT_TIMEOUT] = { "timeout", "is the host up, and does a firewall drop the packets?" },
	[PG_FAULT_FROZEN] = { "frozen", "is the server stopped, or its host out of memory or disk "
					"time?" },
	[PG_FAULT_STARTING] = { "starting up or shutting down", "wait until the server is up "
								"again" },
	[PG_FAULT_UNRESOLVABLE] = { "host name unknown", "check the name and the name servers" },
	[PG_FAULT_DATABASE] = { "database missing", "was it renamed or dropped?" },
	[PG_FAULT_CLOSED] = { "database takes no connections", "ALTER DATABASE ... "
							       "ALLOW_CONNECTIONS true opens it" },
	[PG_FAULT_PRIVILEGE] = { "role lacks privilege", "GRANT it, or name another role" },
	[PG_FAULT_LOST] = { "connection lost", "" },
	[PG_FAULT_SQL] = { "statement failed", "" },
};

const char *pg_fault_name(enum pg_fault fault)
{
	return faults[fault].name;
}

const char *pg_fault_hint(enum pg_fault fault)
{
	return faults[fault].hint;
}

enum pg_fault pg_fault_of_state(const char *state)
{
	static const struct {
		const char *prefix;
		enum pg_fault fault;
	} rows[] = {
		{ "53300", PG_FAULT_SLOTS },	{ "28P", PG_FAULT_AUTH },
		{ "28", PG_FAULT_DENIED },	{ "57P01", PG_FAULT_LOST },
		{ "57P02", PG_FAULT_LOST },	{ "57P05", PG_FAULT_LOST },
		{ "57P03", PG_FAULT_STARTING }, { "57014", PG_FAULT_TIMEOUT },
		{ "55P03", PG_FAULT_TIMEOUT },	{ "3D000", PG_FAULT_DATABASE },
		{ "57P04", PG_FAULT_DATABASE }, { "42501", PG_FAULT_PRIVILEGE },
		{ "08", PG_FAULT_LOST },
	};

	for (size_t i = 0; state && i < sizeof rows / sizeof *rows; i++)
		if (strncmp(state, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].fault;
	return PG_FAULT_SQL;
}

char *pg_app_name(const char *mark, char out[PG_NAME_MAX])
{
	char hash[SHA256_HEX];

	if (strlen(mark) < PG_NAME_MAX - strlen("backout ")) {
		snprintf(out, PG_NAME_MAX, "backout %s", mark);
	} else {
		sha256_hex(mark, strlen(mark), hash);
		snprintf(out, PG_NAME_MAX, "backout %.30s.%.16s", mark, hash);
	}
	/* PostgreSQL itself puts '?' in place of anything else. */
	for (char *p = out; *p; p++)
		if ((unsigned char)*p < 32 || (unsigned char)*p > 126)
			*p = '?';
	return out;
}

char *pg_own_mark(const char *mark)
{
	uint16_t random = 0;

	if (getrandom(&random, sizeof random, 0) != sizeof random)
		random = (uint16_t)(clock_wall(&clock_system) ^ getpid());
	return xasprintf("%s.%04x", mark, (unsigned)random);
}

void pg_resolve_argv(const char *host, const char *argv[4])
{
	argv[0] = "getent";
	argv[1] = "ahosts";
	argv[2] = host;
	argv[3] = NULL;
}

char *pg_resolved(const char *output)
{
	struct buf list = BUF_INIT;
	int n = 0;

	/* Each address comes once a socket type; all of one address stand together. */
	for (const char *line = output; *line && n < 8; line += strspn(line, "\n")) {
		size_t len = strcspn(line, " \t\n");
		const char *last = strrchr(buf_str(&list), ',');
		last = last ? last + 1 : buf_str(&list);
		if (len > 0 && (strlen(last) != len || strncmp(last, line, len) != 0)) {
			if (n++ > 0)
				buf_putc(&list, ',');
			buf_add(&list, line, len);
		}
		line += strcspn(line, "\n");
	}
	return n ? buf_detach(&list) : NULL;
}

char **pg_values(const json_t *with, size_t *n)
{
	*n = json_array_size(with);
	char **values = xcalloc(*n + 1, sizeof *values);

	for (size_t i = 0; i < *n; i++) {
		const json_t *value = json_array_get(with, i);
		if (json_is_string(value))
			values[i] = xstrdup(json_string_value(value));
		else if (json_is_boolean(value))
			values[i] = xstrdup(json_is_true(value) ? "true" : "false");
		else if (!json_is_null(value))
			values[i] = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	}
	return values;
}

void pg_values_free(char **values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(values[i]);
	free(values);
}
