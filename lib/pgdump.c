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
#include "lib/pg_claim.h"
#include "lib/pg_facts.h"
#include "lib/pg_tools.h"
#include "lib/timefmt.h"

char *pgdump_path(const char *folder, const char *prefix, int64_t wall)
{
	char stamp[TIME_RFC3339_MAX];

	/* A database may be called "a/b"; its dump lies in the folder all the same. */
	char *plain = xstrdup(prefix);
	for (char *p = plain; *p; p++)
		*p = *p == '/' || (unsigned char)*p < 32 ? '_' : *p;
	char *name = xasprintf("%s_%s.dump", plain, time_stamp(wall, stamp)),
	     *path = path_join(folder, name);
	free(plain);
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
	struct err ignored = ERR_INIT;
	char *database = pg_value(pg, err, "SELECT current_database()", NULL);
	/* Hosted servers may tell nobody: a dump without it is better than none. */
	char *identity = pg_system_identifier(pg, &ignored);
	json_t *more = NULL;

	if (database)
		more = json_pack("{s:s, s:s, s:s, s:s*, s:i, s:s, s:O}", "kind", "postgres",
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

	if (!pg || pg_check_identity(pg, spec->params, false, err) < 0 || pg_direct(pg, err) < 0 ||
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
