/* Puts a folder from an archive into the place of the present one, which is kept beside it. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions/action.h"
#include "actions/keep.h"
#include "actions/types.h"
#include "lib/archive.h"
#include "lib/argv.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/size.h"
#include "lib/timefmt.h"

static const struct field fields[] = {
	{ "archive_restore", FIELD_PATH, true, "the folder to replace", NULL, NULL },
	{ "from", FIELD_PATH, true,
	  "the archive; when all of it lies in one folder, that one takes the place", NULL, NULL },
	{ 0 },
};

/* The names that one restore uses, all beside the folder. */
struct swap {
	const char *from;		    /* borrowed */
	char *to, *beside, *aside, *undone; /* owned */
};

static void swap_init(struct swap *swap, const struct action_env *env, const json_t *args)
{
	char *mark = keep_mark(env->intent ? env->intent : "MARK");
	const char *to = json_str(args, "archive_restore", "");
	size_t len = strlen(to);

	while (len > 1 && to[len - 1] == '/')
		len--;
	swap->from = json_str(args, "from", "");
	swap->to = xstrndup(to, len);
	swap->beside = xasprintf("%s.restoring-%s", swap->to, mark);
	swap->aside = xasprintf("%s.before-%s", swap->to, mark);
	swap->undone = xasprintf("%s.undone-%s", swap->to, mark);
	free(mark);
}

/* The names on record are those of the run, also when another intent undoes it. */
static void swap_recorded(struct swap *swap, const struct action_env *env, const json_t *args,
			  const json_t *before)
{
	swap_init(swap, env, args);
	free(swap->beside);
	free(swap->aside);
	swap->beside = xstrdup(json_str(before, "beside", ""));
	swap->aside = xstrdup(json_str(before, "aside", ""));
}

static void swap_release(struct swap *swap)
{
	free(swap->to);
	free(swap->beside);
	free(swap->aside);
	free(swap->undone);
}

static int64_t time_left(const struct action_env *env)
{
	int64_t left = env->deadline - clock_mono(env->clock);

	return left > CLOCK_US ? left : CLOCK_US;
}

/* ---- Plan ---- */

static bool time_after(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Files of the folder that changed after the archive was made, the newest by name: they are what
 * the restore sets back. */
static void loss_measure(const struct swap *swap, int64_t made_at, struct buf *loss)
{
	char *paths[] = { swap->to, NULL }, when[TIME_RFC3339_MAX];
	struct timespec newest = { 0 };
	char *last = NULL;
	size_t count = 0;
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_XDEV, NULL);
	const FTSENT *entry;

	while (walk && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_info != FTS_F ||
		    entry->fts_statp->st_mtim.tv_sec * CLOCK_US <= made_at)
			continue;
		count++;
		if (!last || time_after(&entry->fts_statp->st_mtim, &newest)) {
			free(last);
			last = xstrdup(entry->fts_path);
			newest = entry->fts_statp->st_mtim;
		}
	}
	if (walk)
		fts_close(walk);
	else
		buf_printf(loss, "not measured: %s can't be walked through\n", swap->to);
	if (count > 0)
		buf_printf(loss,
			   "%zu %s of %s changed after the archive was made (%s UTC), such as %s: "
			   "%s in %s\n",
			   count, count == 1 ? "file" : "files", swap->to,
			   time_datetime(made_at, when), last,
			   count == 1 ? "it stays" : "they stay", swap->aside);
	free(last);
}

static char **tar_argv(const struct swap *swap)
{
	const char *const words[] = { "tar",	       "--extract",  "--same-permissions",
				      "--force-local", "--file",     swap->from,
				      "--directory",   swap->beside, NULL };
	char **argv = xcalloc(sizeof(words) / sizeof(words[0]), sizeof(*argv));

	for (size_t i = 0; words[i]; i++)
		argv[i] = xstrdup(words[i]);
	return argv;
}

static int restore_plan(const struct action_env *env, const json_t *args, struct plan *plan,
			struct err *err)
{
	struct archive archive = { 0 };
	struct swap swap;
	char **argv, size[32], content[32], when[TIME_RFC3339_MAX];
	int rc = -1;

	swap_init(&swap, env, args);
	argv = tar_argv(&swap);
	if (archive_look(swap.from, time_left(env), &archive, err) < 0)
		goto out;
	buf_printf(&plan->lines,
		   "archive made %s UTC, %s, %lld members, %s unpacked; its SHA-256 holds\n",
		   time_datetime(archive.made_at, when),
		   size_text(archive.size, size, sizeof(size)), (long long)archive.members,
		   size_text(archive.content, content, sizeof(content)));
	buf_puts(&plan->lines, "$ ");
	argv_text(&plan->lines, (const char *const *)argv);
	buf_puts(&plan->lines, "\n");
	if (file_exists(swap.to)) {
		buf_printf(&plan->lines,
			   "%s takes the place of %s in one rename; the former one stays as %s\n",
			   archive.top ? archive.top : "what it holds", swap.to, swap.aside);
		loss_measure(&swap, archive.made_at, &plan->loss);
	} else {
		buf_printf(&plan->lines, "%s becomes %s\n",
			   archive.top ? archive.top : "what it holds", swap.to);
	}
	buf_puts(&plan->undo, "the former folder takes its place again");
	rc = 0;
out:
	argv_free(argv);
	archive_release(&archive);
	swap_release(&swap);
	return rc;
}

/* ---- Run ---- */

/* The folder to replace: a folder of its own file system's, or nothing yet. */
static int place_check(const struct swap *swap, struct err *err)
{
	struct stat st, up;
	char *folder = path_folder(swap->to);
	int rc = 0;

	if (stat(folder, &up) < 0 || access(folder, W_OK) < 0)
		rc = err_sys(err, "%s can't be written to", folder);
	else if (lstat(swap->to, &st) < 0)
		rc = errno == ENOENT ? 0 : err_sys(err, "%s", swap->to);
	else if (!S_ISDIR(st.st_mode))
		rc = err_set(err, "%s is no folder: it is not replaced", swap->to);
	else if (st.st_dev != up.st_dev)
		rc = err_set(err, "%s is a mount point: it can't be renamed", swap->to);
	free(folder);
	return rc;
}

static int restore_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct archive archive = { 0 };
	struct swap swap;
	char *folder, need[32], has[32];
	int64_t space;
	int rc = -1;

	swap_init(&swap, env, args);
	folder = path_folder(swap.to);
	if (keep_within(swap.to, NULL, err) < 0 || place_check(&swap, err) < 0 ||
	    archive_look(swap.from, time_left(env), &archive, err) < 0)
		goto out;
	space = file_space(folder, err);
	if (space >= 0 && space < archive.content) {
		err_set(err, "%s has %s free, the archive needs %s", folder,
			size_text(space, has, sizeof(has)),
			size_text(archive.content, need, sizeof(need)));
		err_hint(err, "make room: both the old and the new folder must fit");
	} else if (space >= 0) {
		rc = 0;
	}
out:
	free(folder);
	archive_release(&archive);
	swap_release(&swap);
	return rc;
}

static json_t *restore_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct archive archive = { 0 };
	struct stat st = { 0 };
	struct swap swap;
	json_t *before = NULL;

	swap_init(&swap, env, args);
	if (archive_look(swap.from, time_left(env), &archive, err) < 0)
		goto out;
	if (lstat(swap.to, &st) < 0 && errno != ENOENT) {
		err_sys(err, "%s", swap.to);
		goto out;
	}
	/* The inode tells the old folder from the new one, whatever their names are by then. */
	before = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "to", swap.to, "beside", swap.beside,
			   "aside", swap.aside, "old_inode", (json_int_t)st.st_ino, "mode",
			   (json_int_t)(st.st_mode & 07777), "top", archive.top ? archive.top : "");
out:
	archive_release(&archive);
	swap_release(&swap);
	return before;
}

static int unpack(const struct action_env *env, const struct swap *swap, struct err *err)
{
	char **argv = tar_argv(swap);
	struct child_spec spec = { .argv = (const char *const *)argv,
				   .in = -1,
				   .keep_umask = true };
	struct stat st;
	int fd, rc = -1;

	if (mkdir(swap->beside, 0700) < 0) {
		err_sys(err, "%s can't be made", swap->beside);
		goto out;
	}
	/* Without a member of its own ("./") the new folder looks like the old one. */
	if (stat(swap->to, &st) == 0) {
		(void)chmod(swap->beside, st.st_mode & 07777);
		(void)!lchown(swap->beside, st.st_uid, st.st_gid);
	} else {
		(void)chmod(swap->beside, 0755);
	}
	if (argv_run(&spec, time_left(env), env->log, 0, err) < 0)
		goto out;
	fd = open(swap->beside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		err_sys(err, "%s can't be synced", swap->beside);
	else
		rc = 0;
	if (fd >= 0)
		close(fd);
out:
	argv_free(argv);
	return rc;
}

/* `fresh` takes the place of `to`; what was there is named `aside` (when there was anything). */
static int exchange(const char *fresh, const char *to, const char *aside, struct err *err)
{
	if (!file_exists(to)) {
		if (renameat2(AT_FDCWD, fresh, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
			return err_sys(err, "%s can't be put in place", to);
		return 0;
	}
	if (file_exists(aside))
		return err_set(err, "%s is there already", aside);
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
		return rename(fresh, aside) < 0 ? err_sys(err, "%s can't be named %s", fresh, aside)
						: 0;
	if (errno != EINVAL && errno != ENOSYS)
		return err_sys(err, "%s can't be put in place", to);
	/* A file system that can't exchange: two renames, the old one first. */
	if (rename(to, aside) < 0)
		return err_sys(err, "%s can't be moved aside", to);
	if (rename(fresh, to) < 0) {
		err_sys(err, "%s can't be put in place", to);
		return rename(aside, to) < 0 ? err_wrap(err, "%s is now %s", to, aside) : -1;
	}
	return 0;
}

static int restore_run(const struct action_env *env, const json_t *args, const json_t *before,
		       json_t **facts, struct err *err)
{
	const char *top = json_str(before, "top", "");
	struct swap swap;
	char *fresh, *folder;
	int rc = -1;

	swap_recorded(&swap, env, args, before);
	fresh = *top ? path_join(swap.beside, top) : xstrdup(swap.beside);
	folder = path_folder(swap.to);
	if (place_check(&swap, err) < 0)
		goto out;
	if (unpack(env, &swap, err) < 0) {
		file_remove_tree(swap.beside, NULL);
		goto out;
	}
	if (exchange(fresh, swap.to, swap.aside, err) < 0 || file_sync_folder(folder, err) < 0)
		goto out;
	if (*top && rmdir(swap.beside) < 0) {
		err_sys(err, "%s can't be removed", swap.beside);
		goto out;
	}
	*facts =
	    json_pack("{s:s, s:s}", "restored", swap.to, "former",
		      json_integer_value(json_object_get(before, "old_inode")) ? swap.aside : "");
	rc = 0;
out:
	free(folder);
	free(fresh);
	swap_release(&swap);
	return rc;
}

/* ---- Judging and undo ---- */

static ino_t inode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

/* New: where the former folder is now; NULL: nowhere that is known. */
static char *old_find(const struct swap *swap, const json_t *before)
{
	ino_t old = (ino_t)json_integer_value(json_object_get(before, "old_inode"));
	char *inside = path_join(swap->beside, json_str(before, "top", ""));
	const char *const places[] = { swap->to, swap->aside, swap->beside, inside };
	char *found = NULL;

	for (size_t i = 0; old && !found && i < sizeof(places) / sizeof(places[0]); i++)
		if (inode_of(places[i]) == old)
			found = xstrdup(places[i]);
	free(inside);
	return found;
}

static enum settled restore_settled(const struct action_env *env, const json_t *args,
				    const json_t *before, struct buf *why)
{
	ino_t old = (ino_t)json_integer_value(json_object_get(before, "old_inode")), now;
	enum settled settled = SETTLED_UNKNOWN;
	struct swap swap;
	char *where;

	swap_recorded(&swap, env, args, before);
	where = old_find(&swap, before);
	now = inode_of(swap.to);
	if (old == 0) {
		settled = now ? SETTLED_YES : SETTLED_NO;
		buf_printf(why, "%s %s", swap.to, now ? "is there" : "is not there");
	} else if (now == old || !now) {
		settled = SETTLED_NO;
		buf_printf(why, now ? "%s is still the former folder" : "%s is not there", swap.to);
	} else if (!where) {
		buf_printf(why, "%s is another folder, and the former one is nowhere to be found",
			   swap.to);
	} else {
		settled = SETTLED_YES;
		buf_printf(why, "%s was replaced, the former one is %s", swap.to, where);
	}
	free(where);
	swap_release(&swap);
	return settled;
}

static int restore_undo(const struct action_env *env, const json_t *args, const json_t *before,
			struct err *err)
{
	bool had = json_integer_value(json_object_get(before, "old_inode")) != 0;
	struct swap swap;
	char *old;
	int rc = -1;

	swap_recorded(&swap, env, args, before);
	old = old_find(&swap, before);
	if (!had) {
		rc = 0;
		if (file_exists(swap.to) && rename(swap.to, swap.undone) < 0)
			rc = err_sys(err, "%s can't be moved aside", swap.to);
	} else if (!old) {
		err_set(err, "the former %s is not to be found", swap.to);
		err_hint(err, "it was kept as %s", swap.aside);
	} else if (strcmp(old, swap.to) == 0) {
		rc = 0;
	} else {
		rc = exchange(old, swap.to, swap.undone, err);
	}
	free(old);
	swap_release(&swap);
	return rc;
}

static enum settled restore_undone(const struct action_env *env, const json_t *args,
				   const json_t *before, struct buf *why)
{
	ino_t old = (ino_t)json_integer_value(json_object_get(before, "old_inode"));
	struct swap swap;
	bool back;

	swap_recorded(&swap, env, args, before);
	back = inode_of(swap.to) == old;
	buf_printf(why, "%s %s", swap.to,
		   back ? "is what it was before" : "is not what it was before");
	swap_release(&swap);
	return back ? SETTLED_YES : SETTLED_NO;
}

/* What a dead run left: the half-unpacked folder, or a former one that has not its name yet. */
static int restore_clean(const struct action_env *env, const json_t *args, const json_t *before,
			 struct err *err)
{
	struct swap swap;
	char *old;
	int rc = 0;

	swap_recorded(&swap, env, args, before);
	old = old_find(&swap, before);
	if (old && strcmp(old, swap.aside) == 0 && !file_exists(swap.to)) {
		if (rename(swap.aside, swap.to) < 0)
			rc = err_sys(err, "%s can't be named %s again", swap.aside, swap.to);
	} else if (old && strncmp(old, swap.beside, strlen(swap.beside)) == 0) {
		if (rename(old, swap.aside) < 0)
			rc = err_sys(err, "%s can't be named %s", old, swap.aside);
	}
	if (rc == 0)
		rc = file_remove_tree(swap.beside, err);
	free(old);
	swap_release(&swap);
	return rc;
}

static const char *restore_replaces(const json_t *args)
{
	return json_str(args, "archive_restore", NULL);
}

const struct action_type action_archive_restore = {
	.type = { .name = "archive_restore",
		  .help = "replaces a folder by an archive's content",
		  .fields = fields,
		  .examples = "{\"archive_restore\": \"${root}/models\", \"from\": "
			      "\"${backups}/models-20261101.tar.gz\"}" },
	.risk = risk_destructive,
	.plan = restore_plan,
	.ready = restore_ready,
	.before = restore_before,
	.run = restore_run,
	.settled = restore_settled,
	.undo = restore_undo,
	.undone = restore_undone,
	.clean = restore_clean,
	.replaces = restore_replaces,
};
