/*
 * Who uses a SQLite database now.
 */
#ifndef LIB_SQLITE_USERS_H
#define LIB_SQLITE_USERS_H

#include "lib/buf.h"
#include "lib/err.h"

/* 1: some process has the file open or holds a lock on it; `who` gets one line that says which. 0:
 * nobody that can be seen: other users' processes show only by their locks, unless this one is
 * root. -1 with err. This process must have no connection to the database. */
int sqlite_used(const char *path, struct buf *who, struct err *err);

#endif
