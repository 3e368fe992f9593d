/*
 * Watching without a screen: samples, alerts and conditions as JSON lines; alerts also handed to a
 * command or a webhook, in order, one at a time. What is muted is on the lines, and handed to
 * nobody.
 */
#ifndef CORE_MONITOR_H
#define CORE_MONITOR_H

#include "core/load.h"
#include "lib/loop.h"

struct monitor;

struct monitor_spec {
	struct loop *loop; /* borrowed, as all below */
	const struct clock *clock;
	const struct loaded *loaded; /* with a target */
	int64_t every_us;    /* between two samples of a metric on the lines; 0: none of them */
	const char *command; /* a program that gets each alert on its stdin, or NULL */
	const char *webhook; /* a URL that each alert is posted to, or NULL */
	/* Called with each line, without its newline. */
	void (*line)(const char *line, void *data);
	void *data;
};

/* New; NULL with err. */
struct monitor *monitor_new(const struct monitor_spec *spec, struct err *err);
/* What was not handed over yet is lost: a line says how much. */
void monitor_free(struct monitor *monitor);

#endif
