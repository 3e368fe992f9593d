/*
 * What panels say of processes and of the host: findings first, then the figures.
 */
#ifndef TUI_HOSTTEXT_H
#define TUI_HOSTTEXT_H

#include "lib/trend.h"
#include "sources/source.h"
#include "tui/remarks.h"

/* What is not as it should be, in STYLE_WARNING or worse, one row each; `now` is a wall time. */
void process_findings(struct source *source, int64_t now, struct remarks *out);
void host_findings(struct source *source, int64_t now, struct remarks *out);
/* Short rows for a panel of 34 columns: one of a process, two of a host. */
void process_brief(struct source *source, int64_t now, struct remarks *out);
void host_brief(struct source *source, struct remarks *out);
/* Everything: a table of the processes; the host's figures and a table of its disks. */
void process_table(struct source *source, int64_t now, struct remarks *out);
void host_table(struct source *source, int64_t now, struct remarks *out);

/* "+12 MB/h", "steady", "-3 MB/h"; "" when there is too little history. */
char *trend_short(const struct trend *trend, const char *unit, char *out, size_t size);
/* "growing by 12 MB an hour over 40 min: at 250 MB in 3 h"; `limit` NAN: none. */
char *trend_long(const struct trend *trend, const char *unit, double limit, char *out, size_t size);

#endif
