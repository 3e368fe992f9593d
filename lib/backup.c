#include "lib/backup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/sha256.h"
#include "lib/timefmt.h"

#define SIDECAR_MAX (16u << 20)

char *sidecar_path(const char *file)
{
	return xasprintf("%s.json", file);
}

/* The hash of all members but the seal itself. */
static void seal_of(const json_t *object, char out[SHA256_HEX])
{
	json_t *rest = json_copy((json_t *)object);

	json_object_del(rest, "seal");
	char *text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
	sha256_hex(text ? text : "", text ? strlen(text) : 0, out);
	free(text);
	json_decref(rest);
}

int sidecar_write(const char *file, int64_t made_at, const json_t *more, struct err *err)
{
	char hash[SHA256_HEX], at[TIME_RFC3339_MAX];
	struct stat st;

	if (stat(file, &st) < 0)
		return err_sys(err, "backup %s", file);
	if (sha256_file(file, hash, err) < 0)
		return -1;
	json_t *object = json_pack("{s:s, s:s, s:I, s:s}", "seal", "", "sha256", hash, "size",
				   (json_int_t)st.st_size, "made_at", time_rfc3339(made_at, at));
	if (more)
		json_object_update_missing(object, (json_t *)more);
	seal_of(object, hash);
	json_object_set_new(object, "seal", json_string(hash));
	char *text = json_dumps(object, JSON_INDENT(1));
	char *path = sidecar_path(file);
	int result =
	    text ? file_replace(path, text, strlen(text), 0600, err)
		 : err_set(err, "sidecar of %s: its members can't be written as JSON", file);
	free(path);
	free(text);
	json_decref(object);
	return result;
}

static bool hash_valid(const char *text)
{
	if (!text || strlen(text) != SHA256_HEX - 1)
		return false;
	for (const char *p = text; *p; p++)
		if (!isxdigit((unsigned char)*p) || isupper((unsigned char)*p))
			return false;
	return true;
}

static int sidecar_valid(const char *path, const json_t *root, struct err *err)
{
	const char *seal = json_str(root, "seal", NULL);
	char hash[SHA256_HEX];
	int64_t at;

	if (!json_is_object(root))
		return err_set(err, "%s: expected an object", path);
	if (!hash_valid(json_str(root, "sha256", NULL)))
		return err_set(err, "%s: \"sha256\" is missing or no SHA-256", path);
	if (!json_is_integer(json_object_get(root, "size")))
		return err_set(err, "%s: \"size\" is missing or no number of bytes", path);
	const char *made = json_str(root, "made_at", NULL);
	if (!made || time_parse_rfc3339(made, &at) < 0)
		return err_set(err, "%s: \"made_at\" is missing or no RFC 3339 time", path);
	seal_of(root, hash);
	if (seal && strcmp(seal, hash) != 0)
		return err_set(err, "%s was changed since it was written: its seal does not match",
			       path);
	return 0;
}

json_t *sidecar_read(const char *file, struct err *err)
{
	char *path = sidecar_path(file);
	struct buf text = BUF_INIT;
	struct jdoc doc = { 0 };
	json_t *root = NULL;

	if (!file_exists(path)) {
		err_set(err, "backup %s has no sidecar %s: what it should hold is not on record",
			file, path);
		err_hint(err, "take a backup that was made with a recorded SHA-256");
		goto out;
	}
	if (file_read(path, &text, SIDECAR_MAX, err) < 0 ||
	    jdoc_parse(&doc, path, buf_str(&text), text.len, err) < 0 ||
	    sidecar_valid(path, doc.root, err) < 0)
		goto out;
	root = json_incref(doc.root);
out:
	jdoc_release(&doc);
	buf_release(&text);
	free(path);
	return root;
}

int64_t sidecar_made_at(const json_t *sidecar)
{
	int64_t at;
	const char *made = json_str(sidecar, "made_at", NULL);

	return made && time_parse_rfc3339(made, &at) == 0 ? at : 0;
}

int sidecar_check_size(const char *file, const json_t *sidecar, struct err *err)
{
	json_int_t size = json_integer_value(json_object_get(sidecar, "size"));
	struct stat st;

	if (stat(file, &st) < 0)
		return err_sys(err, "backup %s", file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "backup %s is no regular file", file);
	if (st.st_size != size)
		return err_set(err,
			       "backup %s is damaged: it has %jd bytes, %" JSON_INTEGER_FORMAT
			       " were recorded when it was made",
			       file, (intmax_t)st.st_size, size);
	return 0;
}

int sidecar_check_hash(const char *file, const json_t *sidecar, struct err *err)
{
	const char *want = json_str(sidecar, "sha256", "");
	char hash[SHA256_HEX];

	if (sidecar_check_size(file, sidecar, err) < 0 || sha256_file(file, hash, err) < 0)
		return -1;
	if (strcmp(hash, want) != 0)
		return err_set(err,
			       "backup %s is damaged: its SHA-256 is %.12s..., recorded was "
			       "%.12s...",
			       file, hash, want);
	return 0;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len > tail && strcmp(name + len - tail, end) == 0;
}

static int backup_later(const void *a, const void *b)
{
	const struct backup *x = a, *y = b;

	if (x->made_at != y->made_at)
		return x->made_at < y->made_at ? 1 : -1;
	return strcmp(y->path, x->path);
}

static void backups_add(struct backups *backups, size_t *cap, char *path, const struct stat *st)
{
	struct err ignored = ERR_INIT;

	backups->list = xgrow(backups->list, cap, backups->n + 1, sizeof *backups->list);
	struct backup *backup = &backups->list[backups->n++];
	*backup = (struct backup){ .path = path,
				   .size = st->st_size,
				   .sidecar = sidecar_read(path, &ignored),
				   .made_at =
				       st->st_mtim.tv_sec * CLOCK_US + st->st_mtim.tv_nsec / 1000 };
	if (backup->sidecar)
		backup->made_at = sidecar_made_at(backup->sidecar);
}

int backups_list(struct backups *backups, const char *folder, const char *pattern, struct err *err)
{
	size_t cap = 0;
	struct dirent *entry;

	*backups = (struct backups){ 0 };
	DIR *dir = opendir(folder);
	if (!dir)
		return err_sys(err, "backup folder %s", folder);
	while ((entry = readdir(dir))) {
		struct stat st;
		if (entry->d_name[0] == '.' || ends_with(entry->d_name, ".json") ||
		    ends_with(entry->d_name, ".part") ||
		    (pattern && fnmatch(pattern, entry->d_name, 0) != 0))
			continue;
		char *path = path_join(folder, entry->d_name);
		if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
			backups_add(backups, &cap, path, &st);
		else
			free(path);
	}
	closedir(dir);
	if (backups->n > 1)
		qsort(backups->list, backups->n, sizeof *backups->list, backup_later);
	return 0;
}

void backups_release(struct backups *backups)
{
	for (size_t i = 0; i < backups->n; i++) {
		free(backups->list[i].path);
		json_decref(backups->list[i].sidecar);
	}
	free(backups->list);
	*backups = (struct backups){ 0 };
}
