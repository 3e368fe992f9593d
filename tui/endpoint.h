/*
 * One row of the endpoints panel: what a metric or a probe says of something that answers, or does
 * not.
 */
#ifndef TUI_ENDPOINT_H
#define TUI_ENDPOINT_H

#include "lib/uptime.h"
#include "sources/source.h"
#include "tui/ui.h"

struct endpoint {
	const struct metric *metric; /* borrowed; NULL: it is a probe */
	const struct probe *probe;   /* borrowed, or NULL */
	const char *name;	     /* borrowed */
	char state[16];		     /* "up", "DOWN", "ok", "CRITICAL", "pass", "unknown", ... */
	enum style style;
	char value[48];		/* "12 ms"; "": it has none */
	char why[READING_TEXT]; /* what is wrong, or what a probe saw; "" */
	int64_t at;		/* wall time of the reading; 0: none yet */
	bool old;		/* that is too long ago to be trusted */
	struct uptime uptime;	/* of the latest two hours; of a probe only known, up, since */
};

/* Whether a source of that type is shown so where the runbook doesn't say. */
bool endpoint_is(const struct source *source);
void endpoint_of_metric(struct ui *ui, const struct metric *metric, struct endpoint *out);
void endpoint_of_probe(struct ui *ui, const struct probe *probe, struct endpoint *out);
/* "12 min", "> 2 h": how long it has been as it is; "". */
char *endpoint_since(const struct endpoint *row, int64_t now, char *out, size_t size);
/* Adds everything about it. */
void endpoint_print(struct ui *ui, const struct endpoint *row, struct buf *text);

#endif
