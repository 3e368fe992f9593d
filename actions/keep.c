#include "actions/keep.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backup.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/sha256.h"
#include "lib/way.h"

char *keep_mark(const char *text)
{
	char *mark = xstrdup(text);

	for (char *c = mark; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			*c = '-';
	return mark;
}

const char **keep_roots(const json_t *roots)
{
	const char **list = roots ? xcalloc(json_array_size(roots) + 1, sizeof(*list)) : NULL;

	for (size_t i = 0; i < json_array_size(roots); i++)
		list[i] = json_string_value(json_array_get(roots, i));
	return list;
}

static int copy_out(const struct action_env *env, const char *path, const struct stat *st,
		    const json_t *roots, json_t *kept, struct err *err)
{
	const char **list = keep_roots(roots);
	const char *slash = strrchr(path, '/');
	char *mark = keep_mark(env->intent), *folder = xasprintf("%s/kept/%s", env->out, mark);
	char *name = keep_mark(slash ? slash + 1 : path), *copy = NULL;
	char hex[SHA256_HEX];
	int rc = -1;

	if (file_mkdirs(folder, 0700, err) < 0)
		goto out;
	for (int i = 0; !copy || file_exists(copy); i++) {
		free(copy);
		copy = xasprintf("%s/%d-%s", folder, i, name);
	}
	if (file_copying(&(struct file_copying){ .from = path, .to = copy, .from_roots = list },
			 err) < 0 ||
	    sha256_file(copy, hex, err) < 0)
		goto out;
	json_object_set_new(kept, "kept", json_text(copy, strlen(copy)));
	json_object_set_new(kept, "mode", json_integer(st->st_mode & 07777));
	json_object_set_new(kept, "uid", json_integer(st->st_uid));
	json_object_set_new(kept, "gid", json_integer(st->st_gid));
	json_object_set_new(kept, "sha256", json_string(hex));
	rc = 0;
out:
	free(copy);
	free(name);
	free(folder);
	free(mark);
	free(list);
	return rc;
}

json_t *keep_file(const struct action_env *env, const char *path, const json_t *roots,
		  struct err *err)
{
	json_t *kept = json_pack("{s:s}", "path", path);
	struct stat st;
	int rc = 0;

	if (!kept) {
		err_set(err, "the name of %s is no UTF-8: it can't be kept on record", path);
		return NULL;
	}
	if (lstat(path, &st) < 0 && errno == ENOENT)
		json_object_set_new(kept, "absent", json_true());
	else if (lstat(path, &st) < 0)
		rc = err_sys(err, "%s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(err, "%s is no regular file", path);
	else
		rc = copy_out(env, path, &st, roots, kept, err);
	if (rc < 0) {
		json_decref(kept);
		return NULL;
	}
	return kept;
}

int keep_put_back(const json_t *kept, const json_t *roots, struct err *err)
{
	const char *path = json_str(kept, "path", ""), *copy = json_str(kept, "kept", NULL);
	struct stat as = { .st_mode = (mode_t)json_num(kept, "mode", 0600),
			   .st_uid = (uid_t)json_num(kept, "uid", 0),
			   .st_gid = (gid_t)json_num(kept, "gid", 0) };
	struct way way = { .dir = -1 };
	const char **list = keep_roots(roots);
	int rc = -1;

	if (copy)
		rc = file_copying(&(struct file_copying){ .from = copy,
							  .to = path,
							  .roots = list,
							  .sha256 = json_str(kept, "sha256", NULL),
							  .keep = true,
							  .as = &as },
				  err);
	else if (way_walk(&way, path, false, list, err) == 0)
		rc = way_unlink(&way, err);
	way_release(&way);
	free(list);
	return rc;
}

int keep_is_back(const json_t *kept, struct buf *why, struct err *err)
{
	const char *path = json_str(kept, "path", ""), *wanted = json_str(kept, "sha256", NULL);
	char hex[SHA256_HEX];
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno != ENOENT)
			return err_sys(err, "%s", path);
		if (wanted && why)
			buf_printf(why, "%s is not there", path);
		return !wanted;
	}
	if (!wanted) {
		if (why)
			buf_printf(why, "%s is there", path);
		return 0;
	}
	if (!S_ISREG(st.st_mode) || sha256_file(path, hex, err) < 0)
		return err_set(err, "%s is no regular file", path);
	if (strcmp(hex, wanted) == 0)
		return 1;
	if (why)
		buf_printf(why, "%s differs from what was kept", path);
	return 0;
}

static bool below_any(const char *path, const json_t *roots, bool resolve)
{
	char real[PATH_MAX];

	for (size_t i = 0; i < json_array_size(roots); i++) {
		const char *root = json_string_value(json_array_get(roots, i));

		if (root && resolve)
			root = realpath(root, real);
		if (root && path_below(path, root))
			return true;
	}
	return false;
}

int keep_within(const char *path, const json_t *roots, struct err *err)
{
	char real[PATH_MAX], *folder = NULL, *where = NULL;
	size_t len = strlen(path);
	int rc = 0;

	if (path[0] != '/' || strstr(path, "/../") ||
	    (len >= 3 && strcmp(path + len - 3, "/..") == 0))
		return err_set(err, "%s is no plain absolute path", path);
	if (!roots)
		return 0;
	folder = path_folder(path);
	where = realpath(folder, real) ? path_join(real, strrchr(path, '/') + 1) : xstrdup(path);
	if (!below_any(path, roots, false) || !below_any(where, roots, true)) {
		rc = err_set(err, "%s lies outside the declared roots", path);
		err_hint(err, "add its folder to \"roots\" if it is meant");
	}
	free(where);
	free(folder);
	return rc;
}

enum settled keep_is_made(const json_t *before, struct buf *why)
{
	const char *path = json_str(before, "path", "");
	struct err err = ERR_INIT;
	json_t *sidecar;
	enum settled settled = SETTLED_NO;

	if (!file_exists(path)) {
		buf_printf(why, "%s is not there", path);
		return SETTLED_NO;
	}
	sidecar = sidecar_read(path, &err);
	if (sidecar && strcmp(json_str(sidecar, "mark", ""), json_str(before, "mark", "-")) != 0)
		err_set(&err, "%s was made by another step", path);
	else if (sidecar && sidecar_check_hash(path, sidecar, &err) == 0)
		settled = SETTLED_YES;
	if (settled == SETTLED_YES)
		buf_printf(why, "%s is there, as recorded", path);
	else
		buf_puts(why, err.msg);
	json_decref(sidecar);
	return settled;
}
