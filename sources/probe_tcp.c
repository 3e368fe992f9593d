/* Probe type "tcp": a port accepts connections. */
#include <stdio.h>

#include "lib/jdoc.h"
#include "lib/tcp.h"
#include "sources/types.h"

#define WITHIN_US (5 * CLOCK_US)

static const struct field fields[] = {
	{ "tcp", FIELD_STRING, true, "HOST:PORT; a numeric IPv6 address in brackets", NULL, NULL },
	{ "within", FIELD_DURATION, false, "the connection stands within this time (5s)", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *address = json_str(args, "tcp", "");
	int64_t now = clock_wall(env->clock), within = json_us(args, "within", WITHIN_US);
	int64_t left = env->deadline - clock_mono(env->clock);
	struct err err = ERR_INIT;
	struct tcp_look look;

	if (tcp_look(address, within < left ? within : left, env->clock, &look, &err) < 0) {
		reading_unknown(out, now, "%s", err.msg);
		return;
	}
	if (look.open)
		reading_pass(out, now, "%s accepts connections, %.0f ms", address,
			     (double)look.took_us / 1000);
	else if (look.timed_out && clock_mono(env->clock) >= env->deadline)
		reading_unknown(out, now, "%s: no answer while there was time to wait", address);
	else
		reading_fail(out, now, "%s: %s", address, look.why);
	out->has_value = look.open;
	out->value = (double)look.took_us / 1000;
	if (look.open)
		snprintf(out->unit, sizeof(out->unit), "ms");
}

const struct probe_type probe_tcp = {
	.type = { .name = "tcp", .help = "a port accepts connections", .fields = fields },
	.blocks = true,
	.eval = eval,
};
