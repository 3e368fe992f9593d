#include "lib/sqliteswap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/sqlite_private.h"
#include "lib/sqlite_users.h"

static const char *const logs[] = { "-wal", "-journal" };
#define NLOGS (sizeof(logs) / sizeof(logs[0]))
/* How often whoever has the file open is looked for again, a hundredth of a second apart. */
#define LOOKS 50

void sqliteswap_init(struct sqliteswap *swap, const char *path, const char *mark,
		     const struct clock *clock, int64_t deadline, int log)
{
	*swap = (struct sqliteswap){ .path = xstrdup(path),
				     .fresh = xasprintf("%s.new-%s", path, mark),
				     .aside = xasprintf("%s.before-%s", path, mark),
				     .undone = xasprintf("%s.undone-%s", path, mark),
				     .clock = clock,
				     .deadline = deadline,
				     .log = log };
}

void sqliteswap_release(struct sqliteswap *swap)
{
	free(swap->path);
	free(swap->fresh);
	free(swap->aside);
	free(swap->undone);
	*swap = (struct sqliteswap){ .log = -1 };
}

static int unused(const char *path, struct err *err)
{
	struct buf who = BUF_INIT;
	int used = sqlite_used(path, &who, err);

	/* A console, or whoever else only looks at it, is through in a moment. */
	for (int i = 0; used == 1 && i < LOOKS; i++) {
		sqlite_pause();
		buf_cut(&who, 0);
		used = sqlite_used(path, &who, err);
	}
	if (used == 1) {
		err_set(err, "%s is in use: %s", path, buf_str(&who));
		err_hint(err, "stop what uses it first: it would go on writing to the old file");
	}
	buf_release(&who);
	return used == 0 ? 0 : -1;
}

int sqliteswap_ready(const struct sqliteswap *swap, struct err *err)
{
	char *folder = path_folder(swap->path);
	struct stat st;
	int rc = 0;

	if (lstat(swap->path, &st) == 0 && !S_ISREG(st.st_mode)) {
		err_set(err, "%s is no regular file: it is not replaced", swap->path);
		rc = err_hint(err, "name the file itself, not a link to it");
	} else if (access(folder, W_OK) < 0) {
		rc = err_sys(err, "%s can't be written to", folder);
	} else {
		rc = unused(swap->path, err);
	}
	free(folder);
	return rc;
}

/* When a file was made, in nanoseconds; 0: the file system doesn't say. */
static json_int_t born(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &st) < 0 ||
	    !(st.stx_mask & STATX_BTIME))
		return 0;
	return (json_int_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
}

json_t *sqliteswap_before(const struct sqliteswap *swap, struct err *err)
{
	json_t *before = json_pack("{s:s, s:s, s:s}", "path", swap->path, "fresh", swap->fresh,
				   "aside", swap->aside);
	struct stat st;

	if (!before) {
		err_set(err, "the name of %s is no UTF-8: it can't be kept on record", swap->path);
		return NULL;
	}
	if (lstat(swap->path, &st) == 0) {
		json_object_set_new(before, "device", json_integer((json_int_t)st.st_dev));
		json_object_set_new(before, "inode", json_integer((json_int_t)st.st_ino));
		json_object_set_new(before, "born", json_integer(born(swap->path)));
	} else if (errno != ENOENT) {
		err_sys(err, "%s", swap->path);
		json_decref(before);
		return NULL;
	}
	return before;
}

/* ---- Which file is which ---- */

static bool was_there(const json_t *before)
{
	return json_object_get(before, "inode") != NULL;
}

/* A file system may have another device number after a restart of the host: then a file is known by
 * when it was made. */
static bool is_file(const char *path, json_int_t device, json_int_t inode, json_int_t made)
{
	struct stat st;

	return lstat(path, &st) == 0 && (json_int_t)st.st_ino == inode &&
	       ((json_int_t)st.st_dev == device || (made != 0 && born(path) == made));
}

/* Whether the file at `path` is the one that was at PATH before. */
static bool is_old(const char *path, const json_t *before)
{
	return was_there(before) &&
	       is_file(path, json_integer_value(json_object_get(before, "device")),
		       json_integer_value(json_object_get(before, "inode")),
		       json_integer_value(json_object_get(before, "born")));
}

/* Whether the file at `path` is the one that was put there: which one that was is noted before it
 * is, so that nobody else's can be taken for it. */
static bool is_placed(const char *path, const json_t *before)
{
	const char *note = json_str(before, "note", "");
	long long device, inode, made;
	struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	bool placed = file_exists(note) && file_read(note, &text, 100, &ignored) == 0 &&
		      sscanf(buf_str(&text), "%lld:%lld:%lld", &device, &inode, &made) == 3 &&
		      is_file(path, device, inode, made);

	buf_release(&text);
	return placed;
}

int sqliteswap_settled(const struct sqliteswap *swap, const json_t *before, struct buf *why)
{
	const char *aside = json_str(before, "aside", swap->aside);
	bool noted = file_exists(json_str(before, "note", ""));

	if (is_old(swap->path, before)) {
		buf_printf(why, "%s is the file that it was", swap->path);
		return 0;
	}
	if (!file_exists(swap->path)) {
		buf_printf(why, "%s is not there", swap->path);
		return was_there(before) ? -1 : 0;
	}
	if (is_placed(swap->path, before) && (!was_there(before) || is_old(aside, before))) {
		buf_printf(why, "%s is the new file%s%s", swap->path,
			   was_there(before) ? "; the old one is " : "",
			   was_there(before) ? aside : "");
		return 1;
	}
	if (!noted && !was_there(before)) {
		buf_printf(why, "%s was made by somebody else: nothing was put there", swap->path);
		return 0;
	}
	buf_printf(why, "%s is another file, %s %s%s", swap->path,
		   was_there(before) ? "and the old one is" : "not the one that was put there",
		   !was_there(before)	   ? ""
		   : is_old(aside, before) ? ""
					   : "not at ",
		   was_there(before) ? aside : "");
	return -1;
}

int sqliteswap_undone(const struct sqliteswap *swap, const json_t *before, struct buf *why)
{
	bool back = was_there(before) ? is_old(swap->path, before) : !file_exists(swap->path);

	buf_printf(why, back ? "%s is as it was before" : "%s is still the new one", swap->path);
	return back;
}

/* ---- Moving ---- */

static bool has_log(const char *path)
{
	bool has = false;

	for (size_t i = 0; i < NLOGS && !has; i++) {
		char *log = xasprintf("%s%s", path, logs[i]);
		struct stat st;

		has = lstat(log, &st) == 0 && st.st_size > 0;
		free(log);
	}
	return has;
}

/* Opened once for writing and closed: its log is written back, and gone. Where that fails because
 * it is damaged, its log stays. One without a log is not touched. */
static int write_log_back(const struct sqliteswap *swap, const char *path, struct err *err)
{
	struct err why = ERR_INIT;
	struct sqlite *sqlite;
	bool busy, damaged;
	int rc;

	if (!has_log(path))
		return 0;
	sqlite = sqlite_open_flags(path, SQLITE_OPEN_READWRITE, false, swap->clock, swap->deadline,
				   &why);
	if (!sqlite)
		return err_set(err, "%s", why.msg);
	/* Any read rolls an unfinished transaction back. */
	rc = sqlite_exec(sqlite, "SELECT count(*) FROM sqlite_schema", &why);
	if (rc == 0)
		rc = sqlite_exec(sqlite, "PRAGMA wal_checkpoint(TRUNCATE)", &why);
	busy = (sqlite3_errcode(sqlite->db) & 0xff) == SQLITE_BUSY;
	damaged = sqlite_is_damaged(sqlite);
	sqlite_close(sqlite);
	if (rc == 0 || (damaged && !busy))
		return 0;
	return err_set(err, "%s", why.msg);
}

/* From and to are databases; what is moved are the logs that still hold something. */
static int move_logs(const char *from, const char *to, struct err *err)
{
	char *shm = xasprintf("%s-shm", from);
	int rc = 0;

	for (size_t i = 0; i < NLOGS && rc == 0; i++) {
		char *log = xasprintf("%s%s", from, logs[i]);
		char *there = xasprintf("%s%s", to, logs[i]);
		struct stat st;

		if (lstat(log, &st) == 0)
			rc = st.st_size > 0 ? rename(log, there) : unlink(log);
		if (rc < 0)
			err_sys(err, "%s can't be moved", log);
		free(there);
		free(log);
	}
	/* The index of the log, made anew by whoever opens the database next. */
	if (rc == 0 && unlink(shm) < 0 && errno != ENOENT)
		rc = err_sys(err, "%s can't be removed", shm);
	free(shm);
	return rc;
}

/* The log of the old database comes back to it, unless that has another one by now. */
static int logs_back(const char *aside, const char *path, struct err *err)
{
	if (!has_log(aside))
		return 0;
	if (unused(path, err) < 0)
		return -1;
	if (has_log(path)) {
		err_set(err, "%s has a log of its own: somebody wrote to it without the one at %s",
			path, aside);
		return err_hint(err, "check the database; then move %s-wal or %s-journal away",
				aside, aside);
	}
	return move_logs(aside, path, err);
}

/* Owner first: a change of it takes set-id bits away. */
static int own_as(const char *path, const char *like, struct err *err)
{
	static const char list[] = "system.posix_acl_access";
	struct stat st;
	char *value;
	ssize_t len;
	int rc = 0;

	if (lstat(like, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "%s", like);
	if ((geteuid() == 0 || st.st_uid != geteuid() || st.st_gid != getegid()) &&
	    lchown(path, st.st_uid, st.st_gid) < 0)
		return err_sys(err, "%s can't be given to the owner of %s", path, like);
	if (chmod(path, st.st_mode & 07777) < 0)
		return err_sys(err, "the mode of %s can't be set", path);
	len = lgetxattr(like, list, NULL, 0);
	if (len <= 0)
		return 0;
	value = xmalloc((size_t)len);
	len = lgetxattr(like, list, value, (size_t)len);
	if (len < 0 || lsetxattr(path, list, value, (size_t)len, 0) < 0)
		rc = err_sys(err, "the access list of %s can't be kept", like);
	free(value);
	return rc;
}

static int sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd) < 0)
		rc = err_sys(err, "%s can't be synced", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* The file at `path` gets `aside` as another name, or, on file systems without such names, as its
 * name. What else stands there is never replaced: it may be all that is left of something. */
static int keep_as(const char *path, const char *aside, struct err *err)
{
	struct stat mine, there;

	if (link(path, aside) == 0)
		return 0;
	if (errno == EEXIST && lstat(path, &mine) == 0 && lstat(aside, &there) == 0 &&
	    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino)
		return 0; /* an earlier attempt came so far */
	if (file_exists(aside)) {
		err_set(err, "%s can't be kept as %s: that is there already", path, aside);
		return err_hint(err, "move it away, if it is not needed");
	}
	if ((errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK) && rename(path, aside) == 0)
		return 0;
	return err_sys(err, "%s can't be kept as %s", path, aside);
}

/* `from` takes the name of `path`, whose file gets `aside` as another name before: at no moment
 * is there nothing at `path`, but on file systems without such names. */
static int exchange(const char *from, const char *path, const char *aside, struct err *err)
{
	char *folder = path_folder(path);
	int rc = 0;

	if (file_exists(path))
		rc = keep_as(path, aside, err);
	if (rc == 0)
		rc = file_sync_folder(folder, err);
	if (rc == 0 && rename(from, path) < 0)
		rc = err_sys(err, "%s can't be put in place", from);
	if (rc == 0)
		rc = file_sync_folder(folder, err);
	free(folder);
	return rc;
}

static void note(const struct sqliteswap *swap, const char *what, const char *path)
{
	if (swap->log >= 0)
		dprintf(swap->log, "%s %s\n", what, path);
}

/* Which file is about to be put in place, for is_placed(). */
static int note_fresh(const struct sqliteswap *swap, const json_t *before, struct err *err)
{
	const char *path = json_str(before, "note", NULL);
	char text[100], *folder;
	struct stat st;
	int rc;

	if (!path)
		return err_set(err, "it is not on record where the new file is noted");
	if (lstat(swap->fresh, &st) < 0)
		return err_sys(err, "%s", swap->fresh);
	snprintf(text, sizeof(text), "%lld:%lld:%lld", (long long)st.st_dev, (long long)st.st_ino,
		 (long long)born(swap->fresh));
	folder = path_folder(path);
	rc = file_mkdirs(folder, 0700, err);
	free(folder);
	return rc < 0 ? -1 : file_replace(path, text, strlen(text), 0600, err);
}

/* What stands in the way of the old one being kept. */
static int can_keep(const struct sqliteswap *swap, const json_t *before, struct err *err)
{
	if (!is_old(swap->path, before))
		return err_set(err, "%s is not the file any more that it was when this began",
			       swap->path);
	/* Looked at before a log is moved there. */
	if (!file_exists(swap->aside) || is_old(swap->aside, before))
		return 0;
	err_set(err, "%s can't be kept as %s: that is there already", swap->path, swap->aside);
	return err_hint(err, "move it away, if it is not needed");
}

int sqliteswap_put(const struct sqliteswap *swap, const json_t *before, struct err *err)
{
	if (unused(swap->path, err) < 0)
		return -1;
	if (was_there(before) &&
	    (can_keep(swap, before, err) < 0 || write_log_back(swap, swap->path, err) < 0 ||
	     own_as(swap->fresh, swap->path, err) < 0))
		return -1;
	/* Writing the log back may have taken long. */
	if (sync_file(swap->fresh, err) < 0 || note_fresh(swap, before, err) < 0 ||
	    unused(swap->path, err) < 0 || move_logs(swap->path, swap->aside, err) < 0)
		return -1;
	if (was_there(before))
		note(swap, "the old database is kept as", swap->aside);
	if (exchange(swap->fresh, swap->path, swap->aside, err) < 0)
		return -1;
	note(swap, "in place:", swap->path);
	return 0;
}

int sqliteswap_undo(const struct sqliteswap *swap, const json_t *before, struct err *err)
{
	const char *aside = json_str(before, "aside", swap->aside);

	if (unused(swap->path, err) < 0)
		return -1;
	if (was_there(before) && !is_old(aside, before) && !is_old(swap->path, before))
		return err_set(err, "the old database is not at %s any more", aside);
	if (file_exists(swap->path) && !is_old(swap->path, before)) {
		if (write_log_back(swap, swap->path, err) < 0 ||
		    move_logs(swap->path, swap->undone, err) < 0)
			return -1;
		if (was_there(before)) {
			if (exchange(aside, swap->path, swap->undone, err) < 0)
				return -1;
		} else if (rename(swap->path, swap->undone) < 0) {
			return err_sys(err, "%s can't be moved away", swap->path);
		}
		note(swap, "the new database is kept as", swap->undone);
	}
	if (was_there(before) && !file_exists(swap->path) && rename(aside, swap->path) < 0)
		return err_sys(err, "%s can't be brought back", swap->path);
	return was_there(before) ? logs_back(aside, swap->path, err) : 0;
}

int sqliteswap_clean(const struct sqliteswap *swap, const json_t *before, struct err *err)
{
	const char *fresh = json_str(before, "fresh", swap->fresh),
		   *aside = json_str(before, "aside", swap->aside);
	struct buf why = BUF_INIT;
	int rc = 0;

	if (unlink(fresh) < 0 && errno != ENOENT)
		return err_sys(err, "%s can't be removed", fresh);
	/* Only while PATH is still the old one is its log missed there. */
	if (sqliteswap_settled(swap, before, &why) == 0 && was_there(before)) {
		rc = logs_back(aside, swap->path, err);
		if (rc == 0 && is_old(aside, before) && unlink(aside) < 0)
			rc = err_sys(err, "%s can't be removed", aside);
	} else if (!file_exists(swap->path) && is_old(aside, before)) {
		rc = rename(aside, swap->path) < 0
			 ? err_sys(err, "%s can't be brought back", swap->path)
			 : logs_back(aside, swap->path, err);
	}
	buf_release(&why);
	return rc;
}
