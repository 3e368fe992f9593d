/* Dumps of a PostgreSQL database: what one says of itself, and whether it is sound. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backup.h"
#include "lib/buf.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg_tools.h"
#include "lib/pgdump.h"
#include "lib/size.h"

#define SQL_HEAD                                                                         \
	(64u << 10) /* bytes of plain SQL in which version and extensions are looked for \
		     */

/* ---- What it says of itself ---- */

/* 170002 for "17.2 (Debian ...)", 90624 for "9.6.24"; 0 for anything else. */
static int version_number(const char *text)
{
	int major = 0, minor = 0, patch = 0, n = sscanf(text, "%d.%d.%d", &major, &minor, &patch);

	if (n < 1 || major < 1 || major > 999 || minor < 0 || minor > 99)
		return 0;
	return major >= 10 ? major * 10000 + minor : major * 10000 + minor * 100 + patch;
}

/* What stands behind `before` on a line that begins with it, in the text of `pg_restore --list` or
 * of the dump itself. New; NULL: no such line. */
static char *line_after(const char *text, const char *before)
{
	size_t len = strlen(before);

	for (const char *line = text; *line; line += strspn(line, "\n")) {
		if (strncmp(line, before, len) == 0)
			return xstrndup(line + len, strcspn(line + len, "\n"));
		line += strcspn(line, "\n");
	}
	return NULL;
}

/* "3; 3079 16411 EXTENSION - pg_trgm " */
static void extensions_listed(const char *list, json_t *names)
{
	static const char entry[] = " EXTENSION - ";

	for (const char *line = list; *line; line += strspn(line, "\n")) {
		size_t len = strcspn(line, "\n");
		const char *at =
		    isdigit((unsigned char)*line) ? memmem(line, len, entry, strlen(entry)) : NULL;
		const char *name = at ? at + strlen(entry) : NULL;
		/* A comment's entry reads "COMMENT - EXTENSION ...". */
		if (name)
			json_array_append_new(names, json_text(name, strcspn(name, " \n")));
		line += len;
	}
}

/* CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public; */
static void extensions_created(const char *sql, json_t *names)
{
	static const char create[] = "\nCREATE EXTENSION IF NOT EXISTS ";

	for (const char *p = sql; (p = strstr(p, create));) {
		p += strlen(create);
		const char *name = *p == '"' ? p + 1 : p;
		json_array_append_new(names,
				      json_text(name, strcspn(name, *p == '"' ? "\"" : " ;\n")));
	}
}

static json_t *head_of_sql(const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	char *text = xcalloc(1, SQL_HEAD + 1);
	json_t *names = json_array();

	if (!file) {
		err_sys(err, "dump %s", path);
		json_decref(names);
		free(text);
		return NULL;
	}
	size_t n = fread(text, 1, SQL_HEAD, file);
	fclose(file);
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : ' ';
	char *version = line_after(text, "-- Dumped from database version ");
	extensions_created(text, names);
	json_t *head = json_pack("{s:i, s:o}", "server_version",
				 version ? version_number(version) : 0, "extensions", names);
	free(version);
	free(text);
	return head;
}

static json_t *head_of_custom(const char *path, const char *bin, int64_t timeout_us,
			      struct err *err)
{
	char *program = pg_tool(bin, "pg_restore", err);
	const char *argv[] = { program, "--list", path, NULL };
	struct child_spec child = { .argv = argv };
	struct buf list = BUF_INIT;
	json_t *head = NULL;

	if (program && child_ok(&child, NULL, timeout_us, &list, err) == 0) {
		char *database = line_after(buf_str(&list), ";     dbname: ");
		char *version = line_after(buf_str(&list), ";     Dumped from database version: ");
		json_t *names = json_array();
		extensions_listed(buf_str(&list), names);
		head = json_pack("{s:o*, s:i, s:o}", "database",
				 database ? json_text(database, strlen(database)) : NULL,
				 "server_version", version ? version_number(version) : 0,
				 "extensions", names);
		free(version);
		free(database);
	}
	buf_release(&list);
	free(program);
	return head;
}

json_t *pgdump_head(const char *path, const char *bin, int64_t timeout_us, struct err *err)
{
	return pgdump_is_sql(path) ? head_of_sql(path, err)
				   : head_of_custom(path, bin, timeout_us, err);
}

/* ---- Whether it is sound ---- */

static void note(const struct pgdump_check *check, const char *what)
{
	if (check->log > 0)
		dprintf(check->log, "%s\n", what);
}

static int64_t left_of(int64_t deadline)
{
	int64_t left = deadline - clock_mono(&clock_system);

	return left > CLOCK_US / 10 ? left : CLOCK_US / 10;
}

/* Of which database, `said` by the sidecar or the dump itself. */
static int check_database(const struct pgdump_check *check, const char *said, struct err *err)
{
	if (!check->database || !said || strcmp(said, check->database) == 0)
		return 0;
	return err_set(err, "%s is a dump of database %s, not of %s", check->path, said,
		       check->database);
}

static int check_version(const struct pgdump_check *check, int version, struct err *err)
{
	if (check->server_version <= 0 || version / 10000 <= check->server_version / 10000)
		return 0;
	err_set(err, "%s was dumped from a server of version %d, this one has %d", check->path,
		version / 10000, check->server_version / 10000);
	return err_hint(err, "an older server can't take it: restore it on a server of version %d",
			version / 10000);
}

static int check_sidecar(const struct pgdump_check *check, const json_t *sidecar, struct err *err)
{
	const char *system = json_str(sidecar, "system_identifier", NULL);

	if (check_database(check, json_str(sidecar, "database", NULL), err) < 0 ||
	    check_version(check, (int)json_num(sidecar, "server_version", 0), err) < 0)
		return -1;
	if (!check->system || !system || strcmp(system, check->system) == 0)
		return 0;
	err_set(err, "%s is a dump of another system: its system_identifier is %s, the server's %s",
		check->path, system, check->system);
	return err_hint(err, "name that one as the action's \"system\" if it is meant");
}

static int check_head(const struct pgdump_check *check, int64_t deadline, struct err *err)
{
	json_t *head = pgdump_head(check->path, check->bin, left_of(deadline), err);
	const char *database = json_str(head, "database", NULL);
	int result = -1;

	if (!head)
		return -1;
	if (!database && !pgdump_is_sql(check->path))
		err_set(err, "%s: its header names no database", check->path);
	else if (check_database(check, database, err) == 0)
		result = check_version(check, (int)json_num(head, "server_version", 0), err);
	json_decref(head);
	return result;
}

static int check_bytes(const struct pgdump_check *check, const json_t *sidecar, struct err *err)
{
	char size[32];
	char *line = xasprintf("comparing SHA-256 of %s, %s", check->path,
			       size_text(json_integer_value(json_object_get(sidecar, "size")), size,
					 sizeof size));

	note(check, line);
	free(line);
	return sidecar_check_hash(check->path, sidecar, err);
}

static int decode(const struct pgdump_check *check, int64_t deadline, struct err *err)
{
	if (pgdump_is_sql(check->path))
		return pgdump_scan_sql(check->path, err);
	char *program = pg_tool(check->bin, "pg_restore", err);
	const char *argv[] = { program, "--file=/dev/null", check->path, NULL };
	struct child_spec child = { .argv = argv };

	note(check, "verifying that it decodes to its end");
	int result = program ? child_ok(&child, NULL, left_of(deadline), NULL, err) : -1;
	free(program);
	return result;
}

static int check_content(const struct pgdump_check *check, const json_t *sidecar, struct err *err)
{
	int64_t deadline = clock_mono(&clock_system) + check->timeout_us;

	if (check_sidecar(check, sidecar, err) < 0)
		return -1;
	if (check->quick)
		return sidecar_check_size(check->path, sidecar, err) < 0
			   ? -1
			   : check_head(check, deadline, err);
	if (check_bytes(check, sidecar, err) < 0 || check_head(check, deadline, err) < 0)
		return -1;
	return decode(check, deadline, err);
}

json_t *pgdump_check(const struct pgdump_check *check, struct err *err)
{
	json_t *sidecar = sidecar_read(check->path, err);

	if (sidecar && check_content(check, sidecar, err) < 0) {
		json_decref(sidecar);
		sidecar = NULL;
	}
	if (!sidecar)
		err_hint(err, "choose another dump; this one can't be trusted");
	return sidecar;
}
