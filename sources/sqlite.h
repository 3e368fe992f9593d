/*
 * What the source and the probe of SQLite share.
 */
#ifndef SOURCES_SQLITE_H
#define SOURCES_SQLITE_H

#include "lib/sqlite.h"
#include "sources/sqlanswer.h"

/* "games.db is locked by process 4711 (python bot.py)", or that nobody writes. Returns `out`. */
char *sqlite_holder_text(const char *path, int locked, pid_t holder, char *out, size_t size);

#endif
