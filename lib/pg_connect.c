/* Connections: how they begin, and why they fail. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/pg.h"
#include "lib/text.h"

extern char **environ;

/* Whatever libpq would fill gaps with. */
static void environment_drop(void)
{
	for (size_t i = 0; environ && environ[i];) {
		const char *equals = strchr(environ[i], '=');
		if (strncmp(environ[i], "PG", 2) != 0 || !equals) {
			i++;
			continue;
		}
		char *name = xstrndup(environ[i], (size_t)(equals - environ[i]));
		if (unsetenv(name) < 0)
			i++;
		free(name);
	}
}

static void notice_ignore(void *data, const PGresult *result)
{
	(void)data, (void)result;
}

/* libpq writes to stderr about a password file that others may read. */
static PGconn *start_quietly(const char *const *keys, const char *const *values)
{
	int saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (saved >= 0 && quiet >= 0)
		dup2(quiet, 2);
	PGconn *conn = PQconnectStartParams(keys, values, 0);
	if (saved >= 0) {
		dup2(saved, 2);
		close(saved);
	}
	if (quiet >= 0)
		close(quiet);
	return conn;
}

/* New: what the service's entry gives for a keyword; NULL when it gives nothing. */
static char *service_value(const PQconninfoOption *entry, const char *keyword)
{
	for (; entry && entry->keyword; entry++) {
		if (strcmp(entry->keyword, keyword) == 0)
			return entry->val && *entry->val ? xstrdup(entry->val) : NULL;
	}
	return NULL;
}

/* New: the declared host, else the service's; NULL when libpq needs none, or has its address. libpq
 * tells what an entry holds only by way of its environment. */
static char *host_of(const struct pg_params *params)
{
	PQconninfoOption *entry;
	char *host, *address;

	if (params->host || !params->service)
		return params->host ? xstrdup(params->host) : NULL;
	environment_drop();
	setenv("PGSERVICE", params->service, 1);
	entry = PQconndefaults();
	unsetenv("PGSERVICE");
	host = service_value(entry, "host");
	address = service_value(entry, "hostaddr");
	if (address) {
		free(host);
		host = NULL;
	}
	free(address);
	PQconninfoFree(entry);
	return host;
}

char *pg_unresolved(const struct pg_params *params)
{
	unsigned char address[sizeof(struct in6_addr)];
	char *host = host_of(params);

	if (host && host[0] != '/' && host[0] != '@' && !strchr(host, ',') &&
	    inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1)
		return host;
	free(host);
	return NULL;
}

/* New: the host once for each of its addresses: libpq pairs the two lists. */
static char *host_list(const char *host, const char *hostaddr)
{
	struct buf list = BUF_INIT;

	buf_puts(&list, host);
	for (const char *p = strchr(hostaddr, ','); p; p = strchr(p + 1, ','))
		buf_printf(&list, ",%s", host);
	return buf_detach(&list);
}

PGconn *pg_start(const struct pg_params *params, const char *hostaddr, const char *mark)
{
	char *host = hostaddr ? pg_unresolved(params) : NULL;
	char *hosts = host ? host_list(host, hostaddr) : NULL;
	const char *keys[16], *values[16];
	char app[PG_NAME_MAX];
	size_t n = 0;
	const struct {
		const char *key, *value;
	} all[] = {
		{ "service", params->service },
		{ "host", hosts ? hosts : params->host },
		{ "hostaddr", hostaddr },
		{ "port", params->port },
		{ "dbname", params->database },
		{ "user", params->role },
		{ "sslmode", params->sslmode },
		{ "passfile", params->passfile },
		/* Whoever has a Kerberos ticket would wait for its server inside libpq. */
		{ "gssencmode", "disable" },
		{ "application_name", pg_app_name(mark, app) },
		{ "client_encoding", "UTF8" },
		{ "tcp_user_timeout", "10000" },
	};

	environment_drop();
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (!all[i].value)
			continue;
		keys[n] = all[i].key;
		values[n++] = all[i].value;
	}
	keys[n] = values[n] = NULL;
	PGconn *conn = start_quietly(keys, values);
	free(host);
	free(hosts);
	if (conn) {
		PQsetNoticeReceiver(conn, notice_ignore, NULL);
		/* Makes libpq put the SQLSTATE into the message: a failed connect has no other
		 * place. */
		PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
	}
	return conn;
}

/* Finds "FATAL:  53300: text" (severities are translated, so only the shape counts) and copies its
 * SQLSTATE. Returns where the text begins; NULL when the server said nothing. */
static const char *message_state(const char *message, char state[6])
{
	for (const char *p = strchr(message, ':'); p; p = strchr(p + 1, ':')) {
		const char *code = p + 1 + strspn(p + 1, " ");
		size_t len = strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		/* "FATAL" itself has five letters, too; an error's code always has a digit. */
		if (code == p + 1 || len != 5 || code[5] != ':' || strcspn(code, "0123456789") > 4)
			continue;
		memcpy(state, code, 5);
		state[5] = '\0';
		return code + 6 + strspn(code + 6, " ");
	}
	return NULL;
}

/* The first line of a message, cleaned. */
static void message_line(char *out, size_t size, const char *message)
{
	text_clean_to(out, size, message, strcspn(message, "\n"));
}

static void hint_for(const struct pg_params *params, enum pg_fault fault, struct err *err)
{
	char *home = getenv("HOME") ? xasprintf("%s/.pgpass", getenv("HOME")) : NULL;
	const char *passfile = params->passfile ? params->passfile : home;
	struct stat st;

	if (fault == PG_FAULT_AUTH && passfile && stat(passfile, &st) == 0 && (st.st_mode & 077))
		err_hint(err, "others may read %s, so libpq ignores it: chmod 600", passfile);
	else if (*pg_fault_hint(fault))
		err_hint(err, "%s", pg_fault_hint(fault));
	free(home);
}

/* What the system said, in its own words for it: they are translated as the message is. */
static enum pg_fault system_fault(const char *message)
{
	static const struct {
		int error;
		enum pg_fault fault;
	} rows[] = {
		{ ECONNREFUSED, PG_FAULT_DOWN },
		{ ENOENT, PG_FAULT_DOWN },
		{ EHOSTUNREACH, PG_FAULT_UNREACHABLE },
		{ ENETUNREACH, PG_FAULT_UNREACHABLE },
		{ EHOSTDOWN, PG_FAULT_UNREACHABLE },
		{ ETIMEDOUT, PG_FAULT_TIMEOUT },
		{ EACCES, PG_FAULT_DENIED },
		/* The queue of a unix socket is full: nobody takes connections out of it. */
		{ EAGAIN, PG_FAULT_FROZEN },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strstr(message, strerror(rows[i].error)))
			return rows[i].fault;
	return strstr(message, "SSL") ? PG_FAULT_TLS : PG_FAULT_LOST;
}

static enum pg_fault server_fault(const char *state, const char *message)
{
	enum pg_fault fault = pg_fault_of_state(state);

	/* A database that takes no connections answers 55000. */
	if (strcmp(state, "55000") == 0)
		return PG_FAULT_CLOSED;
	/* 28000 also stands for a proof that failed (peer, ident, certificate): the server's
	 * function which says so is not translated. */
	if (fault == PG_FAULT_DENIED && strstr(message, "auth_failed,"))
		return PG_FAULT_AUTH;
	return fault;
}

enum pg_fault pg_start_fault(const struct pg_params *params, PGconn *conn, struct err *err)
{
	const char *message = conn ? PQerrorMessage(conn) : "out of memory";
	char state[6], line[400], name[200];
	const char *said = message_state(message, state);
	enum pg_fault fault;

	if (said)
		fault = server_fault(state, message);
	else if (conn && (PQconnectionNeedsPassword(conn) || PQconnectionUsedPassword(conn)))
		fault = PG_FAULT_AUTH;
	else
		fault = system_fault(message);
	message_line(line, sizeof line, said ? said : message);
	err_set(err, "PostgreSQL %s: %s (%s)", pg_params_text(params, name, sizeof name),
		pg_fault_name(fault), line);
	hint_for(params, fault, err);
	return fault;
}

enum pg_fault pg_late_fault(const struct pg_params *params, const PGconn *conn, struct err *err)
{
	bool taken = PQstatus(conn) != CONNECTION_STARTED && PQstatus(conn) != CONNECTION_NEEDED;
	enum pg_fault fault = taken ? PG_FAULT_FROZEN : PG_FAULT_TIMEOUT;
	char name[200];

	err_set(err, "PostgreSQL %s: %s (%s)", pg_params_text(params, name, sizeof name),
		pg_fault_name(fault),
		taken ? "it takes the connection and says nothing" : "no answer in time");
	hint_for(params, fault, err);
	return fault;
}
