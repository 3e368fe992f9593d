/* Makes an archive of files and folders with a recorded hash, and lets old ones go. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions/action.h"
#include "actions/retention.h"
#include "actions/types.h"
#include "lib/argv.h"
#include "lib/backup.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/size.h"
#include "lib/timefmt.h"

#define SUFFIX ".tar.gz"

static const struct field fields[] = {
	{ "archive", FIELD_STRING, true, "name of the archives; a time is put behind it", NULL,
	  NULL },
	{ "of", FIELD_STRINGS, true, "files and folders (absolute paths)", NULL, NULL },
	{ "to", FIELD_PATH, true, "folder of the archives", NULL, NULL },
	RETENTION_FIELDS,
	{ 0 },
};

static int name_check(const json_t *args, struct err *err)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *name = json_str(args, "archive", "");

	if (*name == '\0' || *name == '.' || *name == '-' || strspn(name, plain) != strlen(name)) {
		err_set(err, "\"%s\" can't be the name of archives", name);
		return err_hint(err, "letters, digits, dots, underscores and dashes");
	}
	return 0;
}

/* New: FOLDER/NAME_YYYYMMDD_HHMMSS.tar.gz */
static char *file_name(const struct action_env *env, const json_t *args)
{
	char at[TIME_RFC3339_MAX];
	char *name = xasprintf("%s_%s" SUFFIX, json_str(args, "archive", ""),
			       time_stamp(clock_wall(env->clock), at));
	char *path = path_join(json_str(args, "to", ""), name);

	free(name);
	return path;
}

/* New: the command that writes `file`. Each path is stored by its last component. */
static char **tar_argv(const json_t *args, const char *file)
{
	const json_t *of = json_object_get(args, "of");
	size_t n = 0;
	char **argv = xcalloc(json_array_size(of) * 3 + 8, sizeof(*argv));

	argv[n++] = xstrdup("tar");
	argv[n++] = xstrdup("--create");
	argv[n++] = xstrdup("--gzip");
	argv[n++] = xstrdup("--force-local");
	argv[n++] = xstrdup("--file");
	argv[n++] = xstrdup(file);
	for (size_t i = 0; i < json_array_size(of); i++) {
		const char *path = json_string_value(json_array_get(of, i));
		size_t len = strlen(path);
		const char *base;

		while (len > 1 && path[len - 1] == '/')
			len--;
		for (base = path + len; base > path && base[-1] != '/'; base--)
			;
		argv[n++] = xstrdup("-C");
		argv[n++] = path_folder(path);
		argv[n++] = xasprintf("./%.*s", (int)(len - (size_t)(base - path)), base);
	}
	return argv;
}

static int archive_plan(const struct action_env *env, const json_t *args, struct plan *plan,
			struct err *err)
{
	char *file, **argv;

	if (name_check(args, err) < 0)
		return -1;
	file = file_name(env, args);
	argv = tar_argv(args, file);
	buf_puts(&plan->lines, "$ ");
	argv_text(&plan->lines, (const char *const *)argv);
	buf_printf(&plan->lines, "\n%s.json records its SHA-256, size and time\n", file);
	argv_free(argv);
	free(file);
	retention_undo(args, &plan->undo);
	return retention_plan(env, args, json_str(args, "archive", ""), SUFFIX, &plan->lines, err);
}

static int archive_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	const json_t *of = json_object_get(args, "of");
	const char *to = json_str(args, "to", "");
	size_t len = strlen(to);

	(void)env;
	if (name_check(args, err) < 0)
		return -1;
	if (json_array_size(of) == 0)
		return err_set(err, "there is nothing to archive: \"of\" is empty");
	for (size_t i = 0; i < json_array_size(of); i++) {
		const char *path = json_string_value(json_array_get(of, i));
		size_t n = path ? strlen(path) : 0;

		if (!path || *path != '/' || n < 2)
			return err_set(err, "\"of\" must list absolute paths, and not /");
		if (access(path, R_OK) < 0)
			return err_sys(err, "%s", path);
		while (n > 1 && path[n - 1] == '/')
			n--;
		if (len >= n && strncmp(to, path, n) == 0 && (to[n] == '/' || to[n] == '\0'))
			return err_set(err, "%s lies inside %s: the archive would hold itself", to,
				       path);
	}
	return 0;
}

static json_t *archive_before(const struct action_env *env, const json_t *args, struct err *err)
{
	char *file = file_name(env, args), *part;
	json_t *before;

	if (file_exists(file)) {
		err_set(err, "%s is there already", file);
		free(file);
		return NULL;
	}
	/* Hidden until it is whole: what lists backups passes hidden files over. */
	part = xasprintf("%s/.%s.part", json_str(args, "to", ""), strrchr(file, '/') + 1);
	before = json_pack("{s:s, s:s}", "file", file, "part", part);
	free(part);
	free(file);
	return before;
}

static int tar_run(const struct action_env *env, char **argv, bool *changed, struct err *err)
{
	struct child_spec spec = { .argv = (const char *const *)argv, .in = -1, .out = env->log };
	struct buf errors = BUF_INIT;
	struct child_end end;
	char text[80];
	int rc = child_run(&spec, NULL, env->deadline - clock_mono(env->clock), 1 << 16, NULL,
			   &errors, &end, err);

	if (rc == 0 && errors.len > 0 && env->log > 0 &&
	    write(env->log, errors.data, errors.len) < 0)
		rc = err_sys(err, "the step's output can't be written");
	/* 1: some files changed while they were read, as logs do. What was read is in the archive.
	 */
	*changed =
	    rc == 0 && !end.timed_out && WIFEXITED(end.status) && WEXITSTATUS(end.status) == 1;
	if (rc == 0 && !*changed && (end.timed_out || end.status != 0))
		rc = err_set(err, "tar: %s: %.300s", child_end_text(&end, text, sizeof(text)),
			     buf_str(&errors));
	buf_release(&errors);
	return rc;
}

static int sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd) < 0)
		rc = err_sys(err, "%s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int archive_run(const struct action_env *env, const json_t *args, const json_t *before,
		       json_t **facts, struct err *err)
{
	const char *file = json_str(before, "file", ""), *part = json_str(before, "part", "");
	char **argv = tar_argv(args, part), text[32];
	int64_t made_at = clock_wall(env->clock);
	struct stat st = { 0 };
	bool changed = false;
	int removed = -1;

	if (file_mkdirs(json_str(args, "to", ""), 0700, err) < 0 ||
	    tar_run(env, argv, &changed, err) < 0 || sync_file(part, err) < 0)
		goto out;
	if (rename(part, file) < 0 || stat(file, &st) < 0) {
		err_sys(err, "%s", file);
		goto out;
	}
	if (sidecar_write(file, made_at, NULL, err) < 0 ||
	    file_sync_folder(json_str(args, "to", ""), err) < 0)
		goto out;
	removed = retention_run(env, args, json_str(args, "archive", ""), SUFFIX, err);
	*facts =
	    json_pack("{s:s, s:I, s:s, s:b, s:i}", "file", file, "size", (json_int_t)st.st_size,
		      "size_text", size_text(st.st_size, text, sizeof(text)), "changed_while_read",
		      (int)changed, "removed", removed < 0 ? 0 : removed);
out:
	if (removed < 0)
		unlink(part);
	argv_free(argv);
	return removed < 0 ? -1 : 0;
}

static enum settled archive_settled(const struct action_env *env, const json_t *args,
				    const json_t *before, struct buf *why)
{
	const char *file = json_str(before, "file", "");
	struct err err = ERR_INIT;
	json_t *sidecar;
	int rc;

	(void)env, (void)args;
	if (!file_exists(file)) {
		buf_printf(why, "%s is not there", file);
		return SETTLED_NO;
	}
	sidecar = sidecar_read(file, &err);
	rc = sidecar ? sidecar_check_hash(file, sidecar, &err) : -1;
	json_decref(sidecar);
	if (rc < 0)
		buf_puts(why, err.msg);
	else
		buf_printf(why, "%s is there, its SHA-256 is the recorded one", file);
	return rc < 0 ? SETTLED_NO : SETTLED_YES;
}

static int archive_clean(const struct action_env *env, const json_t *args, const json_t *before,
			 struct err *err)
{
	const char *file = json_str(before, "file", ""), *part = json_str(before, "part", "");
	char *side = sidecar_path(file);
	int rc = 0;

	(void)env, (void)args;
	if ((unlink(part) < 0 && errno != ENOENT) ||
	    (!file_exists(side) && unlink(file) < 0 && errno != ENOENT))
		rc = err_sys(err, "what is left of %s can't be removed", file);
	free(side);
	return rc;
}

const struct action_type action_archive = {
	.type = { .name = "archive",
		  .help = "archives files and folders, with a recorded hash",
		  .fields = fields,
		  .examples = "{\"archive\": \"config\", \"of\": [\"${root}/config\", "
			      "\"${root}/.env\"], \"to\": \"${backups}\", \"keep\": 7}" },
	.risk = risk_safe,
	.plan = archive_plan,
	.ready = archive_ready,
	.before = archive_before,
	.run = archive_run,
	.settled = archive_settled,
	.clean = archive_clean,
};
