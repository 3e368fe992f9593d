#include "lib/pg_tools.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/mem.h"

#define VERSIONS "/usr/lib/postgresql"

/* New: VERSIONS/N/bin/PROGRAM of the highest N that has it; NULL when none has. */
static char *newest_tool(const char *program)
{
	DIR *dir = opendir(VERSIONS);
	struct dirent *entry;
	char *best = NULL;
	double version = 0;

	while (dir && (entry = readdir(dir))) {
		double number = strtod(entry->d_name, NULL);
		char *path = xasprintf(VERSIONS "/%s/bin/%s", entry->d_name, program);
		if (number > version && access(path, X_OK) == 0) {
			free(best);
			best = path;
			version = number;
		} else {
			free(path);
		}
	}
	if (dir)
		closedir(dir);
	return best;
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");
	bool found = false;

	for (const char *p = path ? path : ""; *p && !found; p += strspn(p, ":")) {
		size_t len = strcspn(p, ":");
		char *file = xasprintf("%.*s/%s", (int)len, p, program);
		found = access(file, X_OK) == 0;
		free(file);
		p += len;
	}
	return found;
}

char *pg_tool(const char *bin, const char *program, struct err *err)
{
	char *path = bin ? xasprintf("%s/%s", bin, program) : newest_tool(program);

	if (bin && access(path, X_OK) < 0) {
		err_sys(err, "%s", path);
		free(path);
		path = NULL;
	} else if (!path && in_path(program)) {
		path = xstrdup(program);
	} else if (!path) {
		err_set(err, "%s is not installed: looked below " VERSIONS " and in PATH", program);
	}
	if (!path)
		err_hint(err, "install the postgresql-client package, or declare \"bin\"");
	return path;
}

/* One keyword=value, quoted as libpq's connection strings want it. */
static void info_add(struct buf *out, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "%s%s='", out->len ? " " : "", key);
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *value);
	}
	buf_putc(out, '\'');
}

char *pg_conninfo(const struct pg_params *params, const char *database, const char *mark,
		  int version)
{
	struct buf out = BUF_INIT;
	char app[PG_NAME_MAX];

	info_add(&out, "service", params->service);
	info_add(&out, "host", params->host);
	info_add(&out, "port", params->port);
	info_add(&out, "dbname", database ? database : params->database);
	info_add(&out, "user", params->role);
	info_add(&out, "sslmode", params->sslmode);
	info_add(&out, "passfile", params->passfile);
	info_add(&out, "application_name", pg_app_name(mark, app));
	if (version >= 140000)
		info_add(&out, "options", "-c client_connection_check_interval=500ms");
	return buf_detach(&out);
}
