/*
 * What a sample of a PostgreSQL server asks, and how its answer becomes figures and readings. Pure
 * but for the PGresult; used by sources/postgres.c only.
 */
#ifndef SOURCES_POSTGRES_READ_H
#define SOURCES_POSTGRES_READ_H

#include <libpq-fe.h>

#include "sources/postgres.h"

extern const struct read_def postgres_reads[];

/* One row. $1 (boolean): also size and identity, which cost more. */
extern const char postgres_sql[];

/* Takes over the figures of that row; what was not asked for stays. `identity`: the declared one or
 * NULL. -1 when the row is none. */
int postgres_row(struct postgres_info *info, const PGresult *result, const char *identity);
/* The figure called `read`; unknown when the server is not answering or the figures are older than
 * `since` (0: any age). `now` is the wall time. */
void postgres_figure(const struct postgres_info *info, const char *read, int64_t now, int64_t since,
		     struct reading *out);

/* ---- postgres_sql.c: a statement of a metric's own ---- */

extern const struct field postgres_metric_fields[];
bool postgres_slow(const char *read);
/* Blocking, on a connection of its own. */
void postgres_scalar(const struct pg_params *params, const json_t *metric,
		     const struct clock *clock, struct reading *out);

#endif
