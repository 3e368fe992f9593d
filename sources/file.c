/* A file: its size and its age. Its growth is a metric over the size. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/size.h"
#include "lib/timefmt.h"
#include "sources/types.h"

#define MB (1024.0 * 1024.0)

static const struct field fields[] = {
	{ "path", FIELD_PATH, true, "the file", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "size_mb", "MB", "its size, 1 MB being 1,048,576 bytes" },
	{ "bytes", "B", "its size" },
	{ "age", "s", "time since it was changed" },
	{ "exists", "", "1 when it is there, else 0" },
	{ NULL, NULL, NULL },
};

struct file_source {
	struct source source; /* first */
	char *path;
};

static void file_close(struct source *source)
{
	free(((struct file_source *)source)->path);
	free(source);
}

static struct source *file_open(const struct source_env *env, const char *name, const json_t *args,
				struct err *err)
{
	struct file_source *file = xcalloc(1, sizeof(*file));

	(void)err;
	source_init(&file->source, &source_file, env, name);
	file->path = xstrdup(json_str(args, "path", ""));
	return &file->source;
}

static void file_source_read(struct source *source, const json_t *metric, int64_t since,
			     struct reading *out)
{
	const char *path = ((const struct file_source *)source)->path;
	const char *read = json_str(metric, "read", "");
	int64_t now = clock_wall(source->env->clock), changed;
	bool exists = strcmp(read, "exists") == 0;
	char size[32], age[48];
	struct stat st;

	(void)since;
	if (stat(path, &st) < 0) {
		/* A missing file is an answer; one that can't be looked at is none. */
		if (exists && (errno == ENOENT || errno == ENOTDIR))
			reading_value(out, now, 0, "");
		else
			reading_unknown(out, now, "%s: %s", path, strerror(errno));
		return;
	}
	/* The kernel dates files by the system's clock. */
	changed = st.st_mtim.tv_sec * CLOCK_US + st.st_mtim.tv_nsec / 1000 + clock_ahead();
	if (exists)
		reading_value(out, now, 1, "");
	else if (strcmp(read, "age") == 0)
		reading_value(out, now, changed < now ? (double)(now - changed) / CLOCK_US : 0,
			      "s");
	else if (!S_ISREG(st.st_mode))
		reading_unknown(out, now, "%s is no regular file", path);
	else if (strcmp(read, "bytes") == 0)
		reading_value(out, now, (double)st.st_size, "B");
	else
		reading_value(out, now, (double)st.st_size / MB, "MB");
	if (out->verdict == VERDICT_PASS)
		snprintf(out->evidence, sizeof(out->evidence), "%s, changed %s ago",
			 size_text(st.st_size, size, sizeof(size)),
			 duration_text(changed < now ? now - changed : 0, age, sizeof(age)));
}

const struct source_type source_file = {
	.type = { .name = "file",
		  .help = "a file's size and age",
		  .fields = fields,
		  .reads = reads },
	.slow = source_all_slow, /* a file system that hangs must not hang the console */
	.open = file_open,
	.close = file_close,
	.read = file_source_read,
};
