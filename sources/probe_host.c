/* Probe type "host": processor, memory, swap, load and disk are below what is given. */
#include <math.h>
#include <stdio.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "sources/host.h"
#include "sources/types.h"

static const struct field fields[] = {
	{ "host", FIELD_SOURCE, true, "a declared host", "host", NULL },
	{ "cpu_below", FIELD_NUMBER, false, "processor time in use, percent", NULL, NULL },
	{ "memory_below", FIELD_NUMBER, false, "memory in use, percent", NULL, NULL },
	{ "swap_below", FIELD_NUMBER, false, "swap in use, percent", NULL, NULL },
	{ "disk_below", FIELD_NUMBER, false, "file system in use, percent", NULL, NULL },
	{ "load_below", FIELD_NUMBER, false, "load average of the latest minute", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	struct source *source = env->source(env->data, json_str(args, "host", ""));
	struct host_seen seen;
	struct err err = ERR_INIT;
	char text[READING_TEXT] = "";
	size_t len = 0, asked = 0;
	bool known = true, below = true;
	struct host_disk disk = { 0 };

	if (!host_is(source) || host_look(source, &seen, &err) < 0) {
		reading_unknown(out, clock_wall(env->clock), "%s",
				err.set ? err.msg : "the host is not being watched");
		return;
	}
	(void)host_disk(source, 0, &disk);
	const struct {
		const char *field, *name;
		double value;
	} table[] = {
		{ "cpu_below", "cpu", seen.cpu_percent },
		{ "memory_below", "memory", seen.memory_percent },
		{ "swap_below", "swap", seen.swap_percent },
		{ "disk_below", "disk", disk.at != 0 ? disk.percent : NAN },
		{ "load_below", "load", seen.load },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		double limit = json_num(args, table[i].field, NAN);

		if (json_object_get(args, table[i].field) == NULL)
			continue;
		asked++;
		known = known && !isnan(table[i].value) && !isnan(limit);
		below = below && table[i].value < limit;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s ",
					len > 0 ? ", " : "", table[i].name);
		len += isnan(table[i].value)
			   ? (size_t)snprintf(text + len, sizeof(text) - len, "not measured yet")
			   : (size_t)snprintf(text + len, sizeof(text) - len, "%.1f (below %.6g)",
					      table[i].value, limit);
	}
	if (asked == 0 || !known)
		reading_unknown(out, seen.at, "%s",
				asked == 0 ? "nothing is asked about the host" : text);
	else
		reading_judge(out, below, seen.at, "%s", text);
}

const struct probe_type probe_host = {
	.type = { .name = "host", .help = "the host has room left", .fields = fields },
	.eval = eval,
};
