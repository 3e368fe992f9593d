/*
 * Dumps of a PostgreSQL database: a file in pg_dump's custom format (or plain SQL, .sql) and its
 * sidecar (lib/backup.h), which adds
 *
 *     "kind"               "postgres"
 *     "database", "system_identifier", "server_version" (150020)
 *     "mark"               of the intent that made it
 *     "tables"             as pg_facts() gives them, taken in the dump's own snapshot
 *
 * `pg_restore --list` accepts damaged dumps, and an uncompressed dump with a flipped bit restores
 * without an error: so a dump counts as sound only when its bytes hash to what was recorded, and it
 * decodes to its end. The facts let a restored copy be compared with what was dumped.
 */
#ifndef LIB_PGDUMP_H
#define LIB_PGDUMP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/pg.h"

struct pgdump_spec {
	const struct pg_params *params; /* borrowed */
	const char *path;   /* of the dump; must not exist. While it is made: path + ".part" */
	const char *mark;   /* recorded, and the sessions' application_name */
	const json_t *loss; /* table -> time column, or NULL: the declaration's */
	int log;	    /* descriptor for pg_dump's messages, -1: none */
	int64_t timeout_us;
};

/* Dumps and records. The dump appears under its name only when it is whole, its sidecar first.
 * Folders are made (0700). On failure nothing is left. `*facts` (or NULL) gets a new copy of the
 * sidecar. */
int pgdump_make(const struct pgdump_spec *spec, json_t **facts, struct err *err);

struct pgdump_check {
	const char *path;
	const char *database; /* that it must be a dump of; NULL: any */
	const char *system; /* system_identifier that it must be of, where it says one; NULL: any */
	int server_version; /* it must not be of a newer major version (150020); 0: any */
	const char *bin;    /* folder of pg_restore, or NULL */
	bool quick;	    /* without reading it to its end: neither hash nor decoding */
	int log;	    /* descriptor for what is done, line by line; 0: none */
	int64_t timeout_us;
};

/* New: the sidecar of a sound dump. NULL with err: no sidecar, other bytes than recorded, not
 * decodable to its end, of another database or server, or (plain SQL) with psql commands that
 * pg_dump does not write. */
json_t *pgdump_check(const struct pgdump_check *check, struct err *err);

/* New: what a dump says of itself, at its head: "database" (not of plain SQL), "server_version"
 * (170002; 0 when it doesn't say), "extensions" (a list of names that it creates). NULL with err:
 * this pg_restore can't read it. */
json_t *pgdump_head(const char *path, const char *bin, int64_t timeout_us, struct err *err);

/* New: FOLDER/PREFIX_YYYYmmdd_HHMMSS.dump (UTC) for a wall time. */
char *pgdump_path(const char *folder, const char *prefix, int64_t wall);
/* Whether the path is that of a plain SQL dump. */
bool pgdump_is_sql(const char *path);
/* Plain SQL: refuses a file without pg_dump's last line, and psql's commands (anything behind a
 * backslash that stands in no string, comment or COPY data), but for one pair \restrict TOKEN ...
 * \unrestrict TOKEN. The psql that reads the dump would obey them. */
int pgdump_scan_sql(const char *path, struct err *err);
/* Appends the command that loads the dump into a database, as new strings to a new argv
 * (argv_free()). */
char **pgdump_load_argv(const char *path, const char *bin, const char *conninfo, struct err *err);

#endif
