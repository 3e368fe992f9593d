/* A TCP port: whether it accepts connections, and how fast. */
#include "lib/tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "sources/types.h"

#define TIMEOUT_US (5 * CLOCK_US)

static const struct field fields[] = {
	{ "address", FIELD_STRING, true, "HOST:PORT; a numeric IPv6 address in brackets", NULL,
	  NULL },
	{ "timeout", FIELD_DURATION, false, "no connection within this time is none (5s)", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "ms", "ms", "time until the connection stood" },
	{ "up", "", "1 when it accepts connections, else 0" },
	{ NULL, NULL, NULL },
};

struct tcp_source {
	struct source source; /* first */
	char *address;
	int64_t timeout_us;
};

static void tcp_close(struct source *source)
{
	free(((struct tcp_source *)source)->address);
	free(source);
}

static struct source *tcp_open(const struct source_env *env, const char *name, const json_t *args,
			       struct err *err)
{
	struct tcp_source *tcp = xcalloc(1, sizeof(*tcp));

	(void)err;
	source_init(&tcp->source, &source_tcp, env, name);
	tcp->address = xstrdup(json_str(args, "address", ""));
	tcp->timeout_us = json_us(args, "timeout", TIMEOUT_US);
	return &tcp->source;
}

/* With what came of it. */
static void up_read(const struct tcp_source *tcp, const struct tcp_look *look, struct reading *out)
{
	reading_value(out, clock_wall(tcp->source.env->clock), look->open ? 1 : 0, "");
	if (look->open)
		snprintf(out->evidence, sizeof(out->evidence), "%.150s: open after %.1f ms",
			 tcp->address, (double)look->took_us / 1000);
	else
		snprintf(out->evidence, sizeof(out->evidence), "%.120s: %.120s", tcp->address,
			 look->why);
}

static void tcp_read(struct source *source, const json_t *metric, int64_t since,
		     struct reading *out)
{
	const struct tcp_source *tcp = (const struct tcp_source *)source;
	const struct clock *clock = source->env->clock;
	bool up = strcmp(json_str(metric, "read", ""), "up") == 0;
	struct err err = ERR_INIT;
	struct tcp_look look;

	(void)since;
	if (tcp_look(tcp->address, tcp->timeout_us, clock, &look, &err) < 0)
		reading_unknown(out, clock_wall(clock), "%s", err.msg);
	else if (up)
		up_read(tcp, &look, out);
	else if (look.open)
		reading_value(out, clock_wall(clock), (double)look.took_us / 1000, "ms");
	else
		reading_unknown(out, clock_wall(clock), "%s: %s", tcp->address, look.why);
}

const struct source_type source_tcp = {
	.type = { .name = "tcp", .help = "a TCP port", .fields = fields, .reads = reads },
	.slow = source_all_slow,
	.open = tcp_open,
	.close = tcp_close,
	.read = tcp_read,
};
