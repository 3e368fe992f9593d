/* Removes files below declared roots, and keeps a copy of each. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions/keep.h"
#include "actions/types.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/size.h"
#include "lib/way.h"

enum { FILES_MAX = 1000, FILES_SHOWN = 20 };

static const struct field fields[] = {
	{ "file_remove", FIELD_STRINGS, true, "files, or patterns such as /srv/cache/*.tmp", NULL,
	  NULL },
	{ "roots", FIELD_STRINGS, true, "folders that it may remove files below", NULL, NULL },
	{ 0 },
};

static int pattern_add(json_t *list, const char *pattern, const json_t *roots, struct err *err)
{
	glob_t found = { 0 };
	int rc = 0, got = glob(pattern, GLOB_ERR, NULL, &found);

	if (got != 0 && got != GLOB_NOMATCH)
		rc = err_set(err, "%s can't be looked up: %s", pattern,
			     got == GLOB_ABORTED ? strerror(errno) : "out of memory");
	for (size_t i = 0; got == 0 && rc == 0 && i < found.gl_pathc; i++) {
		struct stat st;

		rc = keep_within(found.gl_pathv[i], roots, err);
		if (rc == 0 && (lstat(found.gl_pathv[i], &st) < 0 || !S_ISREG(st.st_mode)))
			rc = err_set(err, "%s is no regular file: it is not removed",
				     found.gl_pathv[i]);
		if (rc == 0 && json_array_append_new(list, json_string(found.gl_pathv[i])) < 0)
			rc = err_set(err, "a file that %s matches has a name that is no UTF-8",
				     pattern);
	}
	if (rc == 0 && json_array_size(list) > FILES_MAX)
		rc = err_set(err, "%s matches more than %d files", pattern, FILES_MAX);
	globfree(&found);
	return rc;
}

/* New: the paths that are there now. */
static json_t *expand(const json_t *args, struct err *err)
{
	const json_t *patterns = json_object_get(args, "file_remove");
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(patterns); i++) {
		const char *pattern = json_string_value(json_array_get(patterns, i));

		if (!pattern ||
		    pattern_add(list, pattern, json_object_get(args, "roots"), err) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int remove_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		       struct err *err)
{
	json_t *list = expand(args, err);
	size_t n = json_array_size(list);
	char size[32];

	(void)env;
	if (!list)
		return -1;
	if (n == 0)
		buf_puts(&plan->lines, "nothing matches: there is nothing to remove\n");
	for (size_t i = 0; i < n && i < FILES_SHOWN; i++) {
		const char *path = json_string_value(json_array_get(list, i));
		struct stat st = { 0 };

		(void)lstat(path, &st);
		buf_printf(&plan->lines, "removes %s (%s)\n", path,
			   size_text(st.st_size, size, sizeof(size)));
	}
	if (n > FILES_SHOWN)
		buf_printf(&plan->lines, "... and %zu more\n", n - FILES_SHOWN);
	buf_puts(&plan->undo, "the removed files come back from their kept copies");
	json_decref(list);
	return 0;
}

static int remove_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	json_t *list = expand(args, err);

	(void)env;
	if (!list)
		return -1;
	json_decref(list);
	return 0;
}

static json_t *remove_before(const struct action_env *env, const json_t *args, struct err *err)
{
	json_t *list = expand(args, err), *kept = json_array();

	for (size_t i = 0; list && i < json_array_size(list); i++) {
		json_t *one = keep_file(env, json_string_value(json_array_get(list, i)),
					json_object_get(args, "roots"), err);

		if (!one) {
			json_decref(list);
			list = NULL;
			break;
		}
		json_array_append_new(kept, one);
	}
	if (!list) {
		json_decref(kept);
		return NULL;
	}
	json_decref(list);
	return json_pack("{s:o}", "kept", kept);
}

/* 1, 0, or -1 when it can't be said. */
static int is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? 1 : errno == ENOENT || errno == ENOTDIR ? 0 : -1;
}

static int remove_one(const char *path, const json_t *declared, struct err *err)
{
	const char **roots = keep_roots(declared);
	struct way way = { .dir = -1 };
	int rc = way_walk(&way, path, false, roots, err);

	if (rc == 0)
		rc = way_unlink(&way, err);
	way_release(&way);
	free(roots);
	return rc;
}

static int remove_run(const struct action_env *env, const json_t *args, const json_t *before,
		      json_t **facts, struct err *err)
{
	const json_t *kept = json_object_get(before, "kept");
	size_t n = json_array_size(kept);

	(void)env;
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(kept, i);
		const char *path = json_str(one, "path", "");
		int there = is_there(path);

		if (there < 0)
			return err_sys(err, "%s can't be looked at", path);
		if (keep_within(path, json_object_get(args, "roots"), err) < 0)
			return -1;
		if (!there)
			continue;
		if (keep_is_back(one, NULL, err) != 1)
			return err_set(err, "%s changed since it was kept: it is not removed",
				       path);
		if (remove_one(path, json_object_get(args, "roots"), err) < 0)
			return -1;
	}
	*facts = json_pack("{s:i}", "removed", (int)n);
	return 0;
}

static enum settled remove_settled(const struct action_env *env, const json_t *args,
				   const json_t *before, struct buf *why)
{
	const json_t *kept = json_object_get(before, "kept");
	size_t n = json_array_size(kept), gone = 0;

	(void)env, (void)args;
	for (size_t i = 0; i < n; i++) {
		const char *path = json_str(json_array_get(kept, i), "path", "");
		int there = is_there(path);

		if (there < 0) {
			buf_printf(why, "%s can't be looked at: %s", path, strerror(errno));
			return SETTLED_UNKNOWN;
		}
		gone += !there;
	}
	buf_printf(why, "%zu of %zu files are gone", gone, n);
	return gone == n ? SETTLED_YES : SETTLED_NO;
}

static int remove_undo(const struct action_env *env, const json_t *args, const json_t *before,
		       struct err *err)
{
	const json_t *kept = json_object_get(before, "kept");

	(void)env, (void)args;
	for (size_t i = 0; i < json_array_size(kept); i++) {
		const json_t *one = json_array_get(kept, i);
		const char *path = json_str(one, "path", "");

		if (is_there(path) != 0 && keep_is_back(one, NULL, NULL) != 1) {
			err_set(err, "%s is there again, with other content", path);
			return err_hint(err, "its former content is kept at %s",
					json_str(one, "kept", "?"));
		}
		if (keep_put_back(one, json_object_get(args, "roots"), err) < 0)
			return -1;
	}
	return 0;
}

static enum settled remove_undone(const struct action_env *env, const json_t *args,
				  const json_t *before, struct buf *why)
{
	const json_t *kept = json_object_get(before, "kept");
	size_t n = json_array_size(kept), back = 0;

	(void)env, (void)args;
	for (size_t i = 0; i < n; i++)
		back += keep_is_back(json_array_get(kept, i), NULL, NULL) == 1;
	buf_printf(why, "%zu of %zu files are back", back, n);
	return back == n ? SETTLED_YES : SETTLED_NO;
}

const struct action_type action_file_remove = {
	.type = { .name = "file_remove",
		  .help = "removes files below declared roots",
		  .fields = fields,
		  .examples = "{\"file_remove\": [\"${root}/cache/*.tmp\"], \"roots\": "
			      "[\"${root}/cache\"]}" },
	.risk = risk_destructive,
	.plan = remove_plan,
	.ready = remove_ready,
	.before = remove_before,
	.run = remove_run,
	.settled = remove_settled,
	.undo = remove_undo,
	.undone = remove_undone,
};
