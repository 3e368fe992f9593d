/*
 * What a sample of a PostgreSQL server asks, and how its answer becomes figures and readings. Pure
 * but for the PGresult; used by sources/postgres.c only.
 */
#ifndef SOURCES_POSTGRES_READ_H
#define SOURCES_POSTGRES_READ_H

#include <jansson.h>
#include <libpq-fe.h>

#include "sources/postgres.h"
#include "sources/postgres_link.h"

extern const struct read_def postgres_reads[];

/* Rows, one a group of sessions. $1: the database's oid. */
extern const struct link_statement postgres_figures;
/* One row. $1: whether somebody waits; $2: who has the oldest transaction, or 0; $3: whether the
 * size is asked for, which costs more than the rest. */
extern const struct link_statement postgres_extras;
/* One row, or an error where that is nobody's business: some hosted servers forbid it. */
extern const struct link_statement postgres_identity;

/* The value of a column; borrowed, NULL for an SQL NULL and for no such column. */
const char *postgres_column(const PGresult *result, int row, const char *name);
/* Take over what they say; -1 when it is nothing. `limits` (owned, or NULL): user -> sessions that
 * it may have. The extras come first. */
int postgres_figures_take(struct postgres_info *info, const PGresult *result, const json_t *limits);
int postgres_extras_take(struct postgres_info *info, const PGresult *result, json_t **limits);
/* The tree of waits out of its JSON (NULL: nobody waits). */
void postgres_waits_take(struct postgres_info *info, const char *json);
/* The figure called `read`; unknown when the server is not answering or the figures are older than
 * `since` (0: any age). `now` is the wall time. */
void postgres_figure(const struct postgres_info *info, const char *read, int64_t now, int64_t since,
		     struct reading *out);

/* ---- postgres_table.c: the sessions ---- */

/* Rows of that table. */
extern const struct link_statement postgres_sessions;
/* One row, or none: the statement of the session with the pid $1. */
extern const struct link_statement postgres_whole;
/* New; takes `result` over. */
struct postgres_table *postgres_table_new(PGresult *result, int64_t at);
/* Accepts NULL. */
void postgres_table_free(struct postgres_table *table);

/* ---- postgres_sql.c: a statement of a metric's own ---- */

extern const struct field postgres_metric_fields[];
bool postgres_slow(const char *read);
/* Blocking, on a connection of its own. */
void postgres_scalar(const struct pg_params *params, const json_t *metric,
		     const struct clock *clock, struct reading *out);

#endif
