#include "actions/retention.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/backup.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

#define DAY_US (24 * 3600 * CLOCK_US)
/* The time behind a name, as a glob: "db" must not let the backups of "db_2" go. */
#define DIGITS_2 "[0-9][0-9]"
#define DIGITS_6 DIGITS_2 DIGITS_2 DIGITS_2
#define STAMP	 "_" DIGITS_6 DIGITS_2 "_" DIGITS_6

typedef int retention_fn(const char *path, void *data, struct err *err);

/* Calls `fn` for each that may go. With `verify` the ones that stay are hashed; `coming`: one more
 * sound one is about to be made. */
static int each(const struct action_env *env, const json_t *args, const char *pattern, bool verify,
		int coming, retention_fn *fn, void *data, struct err *err)
{
	int64_t days = (int64_t)json_num(args, "keep_days", 0);
	int64_t keep = (int64_t)json_num(args, "keep", days > 0 ? 1 : 0), sound = coming;
	int64_t limit = clock_wall(env->clock) - days * DAY_US;
	struct backups list = { 0 };
	int rc = 0;

	if (keep < 1 || !file_exists(json_str(args, "to", "")))
		return 0;
	if (backups_list(&list, json_str(args, "to", ""), pattern, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		const struct backup *one = &list.list[i];

		if (!one->sidecar)
			continue;
		if (sound < keep)
			sound += !verify || sidecar_check_hash(one->path, one->sidecar, NULL) == 0;
		else if (days == 0 || one->made_at < limit)
			rc = fn(one->path, data, err);
	}
	backups_release(&list);
	return rc;
}

static int note_one(const char *path, void *data, struct err *err)
{
	(void)err;
	buf_printf(data, "retention removes %s\n", path);
	return 0;
}

static int remove_one(const char *path, void *data, struct err *err)
{
	char *side = sidecar_path(path);
	int rc = 0;

	/* The sidecar last: a file without one is never taken for a sound backup. */
	if (unlink(path) < 0 || (unlink(side) < 0 && errno != ENOENT))
		rc = err_sys(err, "%s can't be removed", path);
	else
		(*(int *)data)++;
	free(side);
	return rc;
}

int retention_plan(const struct action_env *env, const json_t *args, const char *name,
		   const char *suffix, struct buf *lines, struct err *err)
{
	char *pattern = xasprintf("%s" STAMP "%s", name, suffix);
	int rc = each(env, args, pattern, false, 1, note_one, lines, err);

	free(pattern);
	return rc;
}

int retention_run(const struct action_env *env, const json_t *args, const char *name,
		  const char *suffix, struct err *err)
{
	char *pattern = xasprintf("%s" STAMP "%s", name, suffix);
	int removed = 0, rc = each(env, args, pattern, true, 0, remove_one, &removed, err);

	free(pattern);
	return rc < 0 ? -1 : removed;
}

void retention_undo(const json_t *args, struct buf *undo)
{
	bool asked = json_object_get(args, "keep") || json_object_get(args, "keep_days");

	buf_puts(undo,
		 asked ? "not possible: what goes is gone" : "not needed: it only adds a file");
}
