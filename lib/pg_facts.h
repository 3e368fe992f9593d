/*
 * What a database holds, table by table: the facts that a dump's sidecar records and that a
 * restored copy must equal.
 */
#ifndef LIB_PG_FACTS_H
#define LIB_PG_FACTS_H

#include <jansson.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/pg.h"

/*
 * New: {"public.rounds": {"rows": 120000, "checksum": "...", "newest": "...", "newest_of":
 * "played_at"}, ...} for every ordinary table that pg_dump dumps with its data. The checksum is the
 * sum of hashtextextended(row::text, 0) over all rows: it does not depend on their order. `newest`
 * is max(column)::text, for the tables that `loss` (an object: table -> column; or NULL) names.
 * Where there are large objects, "large objects" counts them, without a checksum.
 *
 * The session's settings that the text of values depends on are fixed first, so run it on a session
 * of its own; it sees one snapshot when the caller began a repeatable read transaction.
 */
json_t *pg_facts(struct pg *pg, const json_t *loss, struct err *err);

/* 0 when both have the same tables with the same rows and checksums; else the error names the first
 * differences. */
int pg_facts_compare(const json_t *recorded, const json_t *found, struct err *err);

/* Fixes the settings that the text form of values depends on. pg_facts() does it itself. */
int pg_facts_settings(struct pg *pg, struct err *err);

/*
 * What would be lost if `recorded` (a sidecar's "tables") took the place of the database that `pg`
 * is connected to: one line a finding into `out`. Rows newer than the backup are counted by `loss`;
 * other tables by their numbers of rows. `made_at` (RFC 3339) stands in where the sidecar has no
 * newest value.
 */
int pg_loss(struct pg *pg, const json_t *recorded, const char *made_at, const json_t *loss,
	    struct buf *out, struct err *err);

#endif
