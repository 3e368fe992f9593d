/*
 * A SQLite database that somebody looks at: size, journal, who holds it and since when, integrity.
 *
 * Everything is looked at in forked copies, since any file may lie on a disk that hangs; every two
 * seconds, and only while it is asked for. Used by sources/sqlite.c only.
 */
#ifndef SOURCES_SQLITE_LOOK_H
#define SOURCES_SQLITE_LOOK_H

#include "sources/sqlite.h"

struct sqlite_look;

/* New. `path` and `env` (with a loop) are borrowed. `check_us`: how often the whole file is
 * checked; 0: hourly, when that disturbs nobody (see sqlite_info.checked); negative: never. */
struct sqlite_look *sqlite_look_new(const struct source_env *env, const char *path,
				    int64_t check_us);
/* Accepts NULL. */
void sqlite_look_free(struct sqlite_look *look);
/* Begins what is due; called about once a second. */
void sqlite_look_tick(struct sqlite_look *look);
/* Borrowed. It is kept up to date for as long as this is called. */
const struct sqlite_info *sqlite_look_info(struct sqlite_look *look);

#endif
