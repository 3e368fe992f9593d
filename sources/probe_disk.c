/* Asks how much space is free where a path lies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "lib/jdoc.h"
#include "lib/size.h"
#include "sources/probe.h"
#include "sources/types.h"

static const struct field fields[] = {
	{ "disk", FIELD_PATH, true, "any path on the file system", NULL, NULL },
	{ "free_above", FIELD_SCALAR, true, "more than this must be free: \"10%\", \"5GB\", bytes",
	  NULL, NULL },
	{ 0 },
};

/* A share in percent, or bytes. */
static int limit_parse(const json_t *value, double *percent, int64_t *bytes)
{
	const char *text = json_string_value(value);
	char *end;

	*percent = -1;
	if (text) {
		*percent = strtod(text, &end);
		while (*end == ' ')
			end++;
		if (end != text && strcmp(end, "%") == 0)
			return *percent >= 0 && *percent <= 100 ? 0 : -1;
		*percent = -1;
	}
	return size_of(value, bytes);
}

static void disk_eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *path = json_str(args, "disk", "");
	int64_t now = clock_wall(env->clock), limit = 0, left;
	double percent, share;
	struct statvfs fs;
	char text[32], most[32];

	if (limit_parse(json_object_get(args, "free_above"), &percent, &limit) < 0) {
		reading_unknown(out, now,
				"free_above is neither a size nor a share such as \"10%%\"");
		return;
	}
	if (statvfs(path, &fs) < 0 || fs.f_blocks == 0) {
		reading_unknown(out, now, "%s: %s", path,
				errno ? strerror(errno) : "no such figures");
		return;
	}
	left = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	/* As df(1): root's reserve belongs to neither side. */
	share = 100.0 * (double)fs.f_bavail / (double)(fs.f_blocks - fs.f_bfree + fs.f_bavail);
	if (percent >= 0)
		snprintf(most, sizeof(most), "%.0f%%", percent);
	else
		size_text(limit, most, sizeof(most));
	reading_judge(out, percent >= 0 ? share > percent : left > limit, now,
		      "%s (%.0f%%) free at %s, above %s is asked",
		      size_text(left, text, sizeof(text)), share, path, most);
	out->has_value = true;
	out->value = percent >= 0 ? share : (double)left;
	snprintf(out->unit, sizeof(out->unit), "%s", percent >= 0 ? "%" : "B");
}

const struct probe_type probe_disk = {
	.type = { .name = "disk", .help = "free space of a file system", .fields = fields },
	.blocks = true,
	.eval = disk_eval,
};
