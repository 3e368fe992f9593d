/*
 * Copies of SQLite databases, as backups: made while others write, judged, compared.
 */
#ifndef LIB_SQLITE_COPY_H
#define LIB_SQLITE_COPY_H

#include "lib/buf.h"
#include "lib/sqlite.h"

/* Copies the database as it is at one moment, through SQLite's own backup
 * (https://www.sqlite.org/backup.html), which others may write beside. The copy appears at `to`
 * only when it is whole, checked and synced, with mode 0600; until then it is `to`.part, which does
 * not stay on failure. What stands at `to` is replaced. Blocking until the deadline. */
int sqlite_copy(const char *from, const char *to, const struct clock *clock, int64_t deadline,
		struct err *err);
/* Makes an empty database, mode 0600; what stands there is removed. */
int sqlite_create(const char *path, const struct clock *clock, int64_t deadline, struct err *err);
/* Whether a file that nobody writes to is a whole database: size, header, integrity_check of all of
 * it, and no log beside it (such a copy was taken while somebody wrote). 0, or -1 with the reason.
 * Reads the whole file. */
int sqlite_check_copy(const char *path, const struct clock *clock, int64_t deadline,
		      struct err *err);
/* New: {TABLE: rows} of all tables but SQLite's own and virtual ones, whose module may be the
 * application's. NULL with err. */
json_t *sqlite_tables(struct sqlite *sqlite, struct err *err);
/* Appends what `live` holds and the backup does not, a line a table. `columns`: table -> a column
 * that grows with time (or NULL); of such a table the rows that are newer than the backup's newest
 * are counted, of others the difference of their rows. */
int sqlite_loss(struct sqlite *live, struct sqlite *backup, const json_t *columns, struct buf *loss,
		struct err *err);

#endif
