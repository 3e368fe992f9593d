#include "lib/pgdump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/backup.h"
#include "lib/buf.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg_facts.h"
#include "lib/pg_tools.h"
#include "lib/timefmt.h"

char *pgdump_path(const char *folder, const char *prefix, int64_t wall)
{
	char at[TIME_RFC3339_MAX], stamp[TIME_RFC3339_MAX];
	size_t n = 0;

	time_datetime(wall, at);
	for (const char *p = at; *p; p++)
		if (*p != '-' && *p != ':')
			stamp[n++] = *p == ' ' ? '_' : *p;
	stamp[n] = '\0';
	char *name = xasprintf("%s_%s.dump", prefix, stamp), *path = path_join(folder, name);
	free(name);
	return path;
}

bool pgdump_is_sql(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".sql") == 0;
}

/* What the deadline leaves. */
static int64_t left_of(int64_t deadline)
{
	int64_t left = deadline - clock_mono(&clock_system);

	return left > CLOCK_US / 10 ? left : CLOCK_US / 10;
}

static int dump_run(const struct pgdump_spec *spec, const char *part, const char *snapshot,
		    int version, int64_t deadline, struct err *err)
{
	char *program = pg_tool(spec->params->bin, "pg_dump", err);
	char *info = pg_conninfo(spec->params, NULL, spec->mark, version);
	char *file = xasprintf("--file=%s", part), *dbname = xasprintf("--dbname=%s", info);
	char *shot = xasprintf("--snapshot=%s", snapshot);
	const char *argv[] = { program,
			       "--format=custom",
			       "--no-password",
			       "--lock-wait-timeout=60s",
			       shot,
			       file,
			       dbname,
			       NULL };
	struct child_spec child = { .argv = argv };
	int result = program ? argv_run(&child, left_of(deadline), spec->log, 0, err) : -1;

	free(shot);
	free(dbname);
	free(file);
	free(info);
	free(program);
	return result;
}

/* New: the members that a dump's sidecar adds. */
static json_t *record(const struct pgdump_spec *spec, struct pg *pg, json_t *tables,
		      struct err *err)
{
	char *identity = pg_system_identifier(pg, err);
	char *database = pg_value(pg, err, "SELECT current_database()", NULL);
	json_t *more = NULL;

	if (identity && database)
		more = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:O}", "kind", "postgres",
				 "format", "custom", "database", database, "system_identifier",
				 identity, "server_version", pg_version(pg), "mark", spec->mark,
				 "tables", tables);
	free(database);
	free(identity);
	return more;
}

/* The sidecar goes first: a dump without one is never seen. */
static int publish(const char *part, const char *path, int64_t made_at, const json_t *more,
		   struct err *err)
{
	char *from = sidecar_path(part), *to = sidecar_path(path);
	int result = -1;

	if (chmod(part, 0600) < 0) {
		err_sys(err, "%s", part);
	} else if (sidecar_write(part, made_at, more, err) == 0) {
		if (rename(from, to) < 0 || rename(part, path) < 0)
			err_sys(err, "putting %s in place", path);
		else
			result = 0;
	}
	if (result < 0) {
		unlink(from);
		unlink(to);
	}
	free(from);
	free(to);
	return result;
}

/* The part of the work that needs the snapshot: the session that exported it stays open meanwhile.
 */
static json_t *dump_and_record(const struct pgdump_spec *spec, const char *part, int64_t deadline,
			       int64_t *made_at, struct err *err)
{
	json_t *tables = NULL, *more = NULL;
	char *snapshot = NULL;
	struct pg *pg = pg_open(spec->params, spec->mark, left_of(deadline), NULL, err);

	if (!pg || pg_check_identity(pg, spec->params, false, err) < 0 ||
	    pg_exec(pg, err, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") < 0)
		goto out;
	*made_at = clock_wall(&clock_system);
	snapshot = pg_value(pg, err, "SELECT pg_export_snapshot()", NULL);
	if (!snapshot || dump_run(spec, part, snapshot, pg_version(pg), deadline, err) < 0)
		goto out;
	pg_timeout(pg, left_of(deadline));
	tables = pg_facts(pg, spec->loss ? spec->loss : spec->params->loss, err);
	if (tables)
		more = record(spec, pg, tables, err);
out:
	json_decref(tables);
	free(snapshot);
	pg_close(pg);
	return more;
}

int pgdump_make(const struct pgdump_spec *spec, json_t **facts, struct err *err)
{
	int64_t made_at = 0, deadline = clock_mono(&clock_system) + spec->timeout_us;
	char *part = xasprintf("%s.part", spec->path), *folder = path_folder(spec->path);
	json_t *more = NULL;
	int result = -1;

	if (file_exists(spec->path)) {
		err_set(err, "%s is there already", spec->path);
		goto out;
	}
	if (file_mkdirs(folder, 0700, err) < 0)
		goto out;
	more = dump_and_record(spec, part, deadline, &made_at, err);
	if (!more || publish(part, spec->path, made_at, more, err) < 0 ||
	    file_sync_folder(folder, err) < 0)
		goto out;
	if (facts)
		*facts = sidecar_read(spec->path, err);
	result = 0;
out:
	if (result < 0) {
		unlink(part);
		err_wrap(err, "dumping %s",
			 spec->params->database ? spec->params->database : "database");
	}
	json_decref(more);
	free(folder);
	free(part);
	return result;
}

/* New: the database's name in the header of a custom-format dump, as pg_restore --list shows it. */
static char *header_database(const char *path, const char *pg_restore, int64_t timeout_us,
			     struct err *err)
{
	const char *argv[] = { pg_restore, "--list", path, NULL };
	struct child_spec child = { .argv = argv };
	struct buf out = BUF_INIT;
	char *name = NULL;
	const char *line;

	if (child_ok(&child, NULL, timeout_us, &out, err) == 0) {
		line = strstr(buf_str(&out), "\n;     dbname: ");
		if (line) {
			line += strlen("\n;     dbname: ");
			name = xstrndup(line, strcspn(line, "\n"));
		} else {
			err_set(err, "%s: its header names no database", path);
		}
	}
	buf_release(&out);
	return name;
}

static int decode(const struct pgdump_check *check, const char *pg_restore, int64_t deadline,
		  struct err *err)
{
	const char *argv[] = { pg_restore, "--file=/dev/null", check->path, NULL };
	struct child_spec child = { .argv = argv };
	char *name = header_database(check->path, pg_restore, left_of(deadline), err);
	int result = -1;

	if (!name)
		goto out;
	if (check->database && strcmp(name, check->database) != 0)
		err_set(err, "%s is a dump of database %s, not of %s", check->path, name,
			check->database);
	else
		result = child_ok(&child, NULL, left_of(deadline), NULL, err);
out:
	free(name);
	return result;
}

static int check_content(const struct pgdump_check *check, const json_t *sidecar, struct err *err)
{
	const char *database = json_str(sidecar, "database", NULL);
	int64_t deadline = clock_mono(&clock_system) + check->timeout_us;

	if (check->database && database && strcmp(database, check->database) != 0)
		return err_set(err, "%s is a dump of database %s, not of %s", check->path, database,
			       check->database);
	if (sidecar_check_hash(check->path, sidecar, err) < 0)
		return -1;
	if (pgdump_is_sql(check->path))
		return pgdump_scan_sql(check->path, err);
	char *pg_restore = pg_tool(check->bin, "pg_restore", err);
	int result = pg_restore ? decode(check, pg_restore, deadline, err) : -1;
	free(pg_restore);
	return result;
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

char **pgdump_load_argv(const char *path, const char *bin, const char *conninfo, struct err *err)
{
	bool sql = pgdump_is_sql(path);
	char *program = pg_tool(bin, sql ? "psql" : "pg_restore", err);
	size_t n = 0;

	if (!program)
		return NULL;
	char **argv = xcalloc(10, sizeof *argv);
	argv[n++] = program;
	argv[n++] = xstrdup("--no-password");
	argv[n++] = xstrdup("--single-transaction");
	if (sql) {
		argv[n++] = xstrdup("--no-psqlrc");
		argv[n++] = xstrdup("--quiet");
		argv[n++] = xstrdup("--set=ON_ERROR_STOP=1");
		argv[n++] = xasprintf("--file=%s", path);
	} else {
		argv[n++] = xstrdup("--exit-on-error");
	}
	argv[n++] = xasprintf("--dbname=%s", conninfo);
	if (!sql)
		argv[n++] = xstrdup(path);
	return argv;
}
