/*
 * Databases that a restore by swap has set aside (lib/pgswap.h): NAME_before_MARK, the old one, and
 * NAME_undone_MARK, the restored one after an undo. Each is the only copy of something, until a
 * person has it dropped.
 */
#ifndef LIB_PGASIDE_H
#define LIB_PGASIDE_H

#include <jansson.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/pg.h"
#include "lib/pgswap.h"

/* New: a session on the maintenance database of the declared, writable server. */
struct pg *pgaside_open(const struct pgswap *swap, const char *mark, struct err *err);
/* Whether it is such a database of swap->live, which itself must be there and open: else what is
 * asked for could be all that is left. `*row` (new) gets its row of pg_database; NULL with 0: there
 * is none of that name. -1 for any other database. */
int pgaside_find(const struct pgswap *swap, struct pg *pg, const char *name, json_t **row,
		 struct err *err);
/* 0 when nobody is connected to it; else the error names somebody. */
int pgaside_unused(struct pg *pg, const char *name, struct err *err);
/* Appends the statements that pgaside_drop() executes. */
void pgaside_drop_show(const char *name, struct buf *lines);
/* Closes it, and drops it when nobody is connected then; ends nobody's session. On failure it is
 * open again, where it was. */
int pgaside_drop(struct pg *pg, const json_t *row, int log, struct err *err);
int pgaside_reopen(struct pg *pg, const char *name, int log, struct err *err);

#endif
