#include "lib/sqlite_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mem.h"
#include "lib/sqlite_private.h"
#include "lib/text.h"

/* A copy in pieces lets writers in between and begins anew when one has written; after so many
 * beginnings all of it is copied in one go, which holds writers up. */
#define PAGES_A_PIECE  2000
#define BEGINNINGS_MAX 3

static const char magic[16] = "SQLite format 3";

static int copy_pages(struct sqlite *from, struct sqlite *to, struct err *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
	int step, left = 0, beginnings = 0;

	if (!backup)
		return sqlite_fail(to, err);
	do {
		int before = left;

		step =
		    sqlite3_backup_step(backup, beginnings < BEGINNINGS_MAX ? PAGES_A_PIECE : -1);
		left = sqlite3_backup_remaining(backup);
		beginnings += left > before;
		if (step == SQLITE_BUSY || step == SQLITE_LOCKED)
			sqlite_pause();
	} while ((step == SQLITE_OK || step == SQLITE_BUSY || step == SQLITE_LOCKED) &&
		 !sqlite_is_late(from));
	sqlite3_backup_finish(backup);
	if (step == SQLITE_DONE)
		return 0;
	if (sqlite_is_late(from))
		return err_set(err, "%s could not be copied in time: %s", from->path,
			       step == SQLITE_OK ? "it is too large" : "somebody holds it locked");
	return err_set(err, "%s can't be copied: %s", from->path, sqlite3_errstr(step));
}

static int sync_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0 || fsync(fd) < 0)
		rc = err_sys(err, "%s can't be synced", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A file of our own that SQLite may fill. */
static int make_empty(const char *path, struct err *err)
{
	int fd;

	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, "%s can't be removed", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "%s can't be made", path);
	close(fd);
	return 0;
}

static int copy_to(const char *from, const char *part, const struct clock *clock, int64_t deadline,
		   struct err *err)
{
	struct sqlite *source = sqlite_open(from, clock, deadline, err), *copy = NULL;
	int rc = -1;

	if (source && make_empty(part, err) == 0)
		copy = sqlite_open_flags(part, SQLITE_OPEN_READWRITE, false, clock, deadline, err);
	/* Nobody else sees it yet, and a half one is thrown away: it needs no journal. */
	if (copy && sqlite_exec(copy, "PRAGMA journal_mode = OFF", err) == 0)
		rc = copy_pages(source, copy, err);
	sqlite_close(copy);
	sqlite_close(source);
	return rc;
}

int sqlite_copy(const char *from, const char *to, const struct clock *clock, int64_t deadline,
		struct err *err)
{
	char *part = xasprintf("%s.part", to), *folder = path_folder(to);
	int rc = -1;

	if (copy_to(from, part, clock, deadline, err) < 0 ||
	    sqlite_check_copy(part, clock, deadline, err) < 0 || sync_file(part, err) < 0)
		goto out;
	if (rename(part, to) < 0)
		rc = err_sys(err, "%s can't be put in place", to);
	else
		rc = file_sync_folder(folder, err);
out:
	if (rc < 0)
		unlink(part);
	free(folder);
	free(part);
	return rc;
}

int sqlite_create(const char *path, const struct clock *clock, int64_t deadline, struct err *err)
{
	struct sqlite *sqlite;
	int rc = make_empty(path, err);

	if (rc < 0)
		return -1;
	sqlite = sqlite_open_flags(path, SQLITE_OPEN_READWRITE, false, clock, deadline, err);
	/* Nothing has a page before something is written. */
	rc = sqlite ? sqlite_exec(sqlite, "PRAGMA user_version = 0; VACUUM", err) : -1;
	sqlite_close(sqlite);
	if (rc < 0)
		unlink(path);
	return rc;
}

/* A log holds what is not in the file yet: without it rows are missing, or the file is torn. */
static int no_log_beside(const char *path, struct err *err)
{
	static const char *const logs[] = { "-wal", "-journal" };
	int rc = 0;

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]) && rc == 0; i++) {
		char *log = xasprintf("%s%s", path, logs[i]);
		struct stat st;

		if (stat(log, &st) == 0 && st.st_size > 0) {
			err_set(err, "%s has a log beside it (%s): it was copied while in use",
				path, log);
			rc = err_hint(err, "open it once with sqlite3, which writes the log back, "
					   "or take another backup");
		}
		free(log);
	}
	return rc;
}

static int check_header(const char *path, struct err *err)
{
	char head[sizeof(magic)] = "";
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		rc = err_sys(err, "%s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(err, "%s is no regular file", path);
	else if (st.st_size == 0)
		rc = err_set(err, "%s is empty", path);
	else if (pread(fd, head, sizeof(head), 0) < (ssize_t)sizeof(head) ||
		 memcmp(head, magic, sizeof(head)) != 0)
		rc = err_set(err, "%s is no SQLite database, or an encrypted one", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int sqlite_check_copy(const char *path, const struct clock *clock, int64_t deadline,
		      struct err *err)
{
	struct sqlite *sqlite;
	char said[200];
	int sound;

	if (check_header(path, err) < 0 || no_log_beside(path, err) < 0)
		return -1;
	sqlite = sqlite_open_at_rest(path, clock, deadline, err);
	sound = sqlite ? sqlite_integrity(sqlite, false, said, sizeof(said), err) : -1;
	sqlite_close(sqlite);
	if (sound == 0)
		err_set(err, "%s is damaged: %s", path, said);
	return sound == 1 ? 0 : -1;
}

/* ---- What is in it ---- */

/* New: a name as SQL writes it. */
static char *quoted(const char *name)
{
	char *sql = sqlite3_mprintf("\"%w\"", name), *copy = xstrdup(sql ? sql : "\"\"");

	sqlite3_free(sql);
	return copy;
}

/* The first value of a statement with one bound value (NULL: none). NULL without err: an SQL NULL.
 */
static int first_value(struct sqlite *sqlite, const char *sql, sqlite3_value *with,
		       sqlite3_value **value, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int rc = -1;

	*value = NULL;
	if (sqlite3_prepare_v2(sqlite->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    (!with || sqlite3_bind_value(statement, 1, with) == SQLITE_OK) &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		if (sqlite3_column_type(statement, 0) != SQLITE_NULL)
			*value = sqlite3_value_dup(sqlite3_column_value(statement, 0));
		rc = 0;
	} else {
		sqlite_fail(sqlite, err);
	}
	sqlite3_finalize(statement);
	return rc;
}

static int count(struct sqlite *sqlite, const char *sql, sqlite3_value *with, int64_t *n,
		 struct err *err)
{
	sqlite3_value *value;

	if (first_value(sqlite, sql, with, &value, err) < 0)
		return -1;
	*n = sqlite3_value_int64(value);
	sqlite3_value_free(value);
	return 0;
}

json_t *sqlite_tables(struct sqlite *sqlite, struct err *err)
{
	static const char sql[] =
	    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name "
	    "NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND rootpage > 0 ORDER BY name";
	sqlite3_stmt *statement = NULL;
	json_t *tables = json_object();
	int step = SQLITE_ERROR;

	if (sqlite3_prepare_v2(sqlite->db, sql, -1, &statement, NULL) != SQLITE_OK) {
		sqlite_fail(sqlite, err);
		goto fail;
	}
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(statement, 0);
		char *table = quoted(name ? name : ""),
		     *ask = xasprintf("SELECT count(*) FROM %s", table);
		int64_t rows;
		int rc = count(sqlite, ask, NULL, &rows, err);

		free(ask);
		free(table);
		if (rc < 0)
			goto fail;
		json_object_set_new(tables, name ? name : "", json_integer(rows));
	}
	if (step == SQLITE_DONE) {
		sqlite3_finalize(statement);
		return tables;
	}
	sqlite_fail(sqlite, err);
fail:
	sqlite3_finalize(statement);
	json_decref(tables);
	return NULL;
}

/* Rows of one table whose column is above the backup's highest; all rows where that one has none.
 */
static int loss_newer(struct sqlite *live, struct sqlite *backup, const char *name,
		      const char *column, struct buf *loss, struct err *err)
{
	char *table = quoted(name), *key = quoted(column);
	char *newest = xasprintf("SELECT max(%s) FROM %s", key, table);
	char *newer = xasprintf("SELECT count(*) FROM %s WHERE %s > ?1", table, key);
	char *all = xasprintf("SELECT count(*) FROM %s", table), text[80] = "(none)";
	sqlite3_value *last = NULL;
	int64_t rows = 0;
	int rc = first_value(backup, newest, NULL, &last, err);

	if (rc == 0)
		rc = count(live, last ? newer : all, last, &rows, err);
	if (rc == 0 && rows > 0) {
		const char *value = last ? (const char *)sqlite3_value_text(last) : NULL;

		if (value)
			text_clean_to(text, sizeof(text), value, strlen(value));
		buf_printf(loss, "%" PRId64 " %s of %s newer than the backup's newest (%s %s)\n",
			   rows, rows == 1 ? "row" : "rows", name, column, text);
	}
	sqlite3_value_free(last);
	free(all);
	free(newer);
	free(newest);
	free(key);
	free(table);
	return rc;
}

int sqlite_loss(struct sqlite *live, struct sqlite *backup, const json_t *columns, struct buf *loss,
		struct err *err)
{
	json_t *now = sqlite_tables(live, err), *then = now ? sqlite_tables(backup, err) : NULL;
	json_t *rows;
	const char *name;
	int rc = then ? 0 : -1;

	json_object_foreach(now, name, rows) {
		const char *column = json_string_value(json_object_get(columns, name));
		json_int_t here = json_integer_value(rows),
			   there = json_integer_value(json_object_get(then, name));

		if (rc < 0)
			break;
		if (column && json_object_get(then, name))
			rc = loss_newer(live, backup, name, column, loss, err);
		else if (here > there)
			buf_printf(loss,
				   "%" JSON_INTEGER_FORMAT " %s of %s more than the backup has "
				   "(%" JSON_INTEGER_FORMAT " against %" JSON_INTEGER_FORMAT ")\n",
				   here - there, here - there == 1 ? "row" : "rows", name, here,
				   there);
	}
	json_decref(now);
	json_decref(then);
	return rc;
}
