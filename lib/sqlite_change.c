#include "lib/sqlite_change.h"

#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/sqlite_copy.h"
#include "lib/sqlite_private.h"

/* ---- A digest of the content ---- */

/* Type, length and bytes, so that no two rows look alike. */
static void digest_value(struct sha256 *sha, sqlite3_stmt *statement, int column)
{
	unsigned char type = (unsigned char)sqlite3_column_type(statement, column);
	uint64_t len = 8;

	sha256_add(sha, &type, 1);
	if (type == SQLITE_INTEGER) {
		int64_t value = sqlite3_column_int64(statement, column);

		sha256_add(sha, &value, sizeof(value));
	} else if (type == SQLITE_FLOAT) {
		double value = sqlite3_column_double(statement, column);

		sha256_add(sha, &value, sizeof(value));
	} else if (type != SQLITE_NULL) {
		const void *bytes = sqlite3_column_blob(statement, column);

		len = (uint64_t)sqlite3_column_bytes(statement, column);
		sha256_add(sha, &len, sizeof(len));
		sha256_add(sha, bytes, len);
	}
}

static int digest_rows(struct sqlite *sqlite, struct sha256 *sha, const char *sql, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int step = SQLITE_ERROR, columns;

	if (sqlite3_prepare_v2(sqlite->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return sqlite_fail(sqlite, err);
	columns = sqlite3_column_count(statement);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < columns; i++)
			digest_value(sha, statement, i);
		sha256_add(sha, "\n", 1);
	}
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? 0 : sqlite_fail(sqlite, err);
}

/* A virtual table's rows lie in others; only those are read. */
static const char tables_sql[] =
    "SELECT name, EXISTS (SELECT 1 FROM pragma_table_list t WHERE t.schema = 'main' AND t.name = "
    "s.name AND t.wr = 0) FROM sqlite_schema s WHERE type = 'table' AND name NOT IN "
    "('sqlite_stat1', 'sqlite_stat4') AND name IN (SELECT name FROM pragma_table_list WHERE schema "
    "= 'main' AND type IN ('table', 'shadow')) ORDER BY name";

static int digest_tables(struct sqlite *sqlite, struct sha256 *sha, struct err *err)
{
	sqlite3_stmt *tables = NULL;
	int step = SQLITE_ERROR, rc = 0;

	if (sqlite3_prepare_v2(sqlite->db, tables_sql, -1, &tables, NULL) != SQLITE_OK)
		return sqlite_fail(sqlite, err);
	while (rc == 0 && (step = sqlite3_step(tables)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(tables, 0);
		/* Without a rowid the table itself is in the order of its key. */
		char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"%s", name ? name : "",
					    sqlite3_column_int(tables, 1) ? " ORDER BY rowid" : "");

		sha256_add(sha, name, strlen(name ? name : "") + 1);
		rc = digest_rows(sqlite, sha, sql, err);
		sqlite3_free(sql);
	}
	if (rc == 0 && step != SQLITE_DONE)
		rc = sqlite_fail(sqlite, err);
	sqlite3_finalize(tables);
	return rc;
}

int sqlite_digest(struct sqlite *sqlite, char hex[SHA256_HEX], struct err *err)
{
	struct sha256 *sha = sha256_new();
	int rc = -1;

	if (digest_rows(sqlite, sha,
			"SELECT type, name, sql FROM sqlite_schema ORDER BY type, name",
			err) == 0 &&
	    digest_rows(sqlite, sha, "PRAGMA user_version", err) == 0 &&
	    digest_tables(sqlite, sha, err) == 0)
		rc = 0;
	sha256_end(sha, rc == 0 ? hex : NULL);
	return rc;
}

/* Closes it. */
static int digest_and_close(struct sqlite *sqlite, char hex[SHA256_HEX], struct err *err)
{
	/* One transaction: what is read is from one moment. */
	int rc =
	    sqlite && sqlite_exec(sqlite, "BEGIN", err) == 0 ? sqlite_digest(sqlite, hex, err) : -1;

	sqlite_close(sqlite);
	return rc;
}

int sqlite_digest_of(const char *path, const struct clock *clock, int64_t deadline,
		     char hex[SHA256_HEX], struct err *err)
{
	/* For writing, so that a transaction that a dead process left half done is rolled back. */
	return digest_and_close(sqlite_open_flags(path, SQLITE_OPEN_READWRITE, false, clock,
						  deadline, err),
				hex, err);
}

int sqlite_digest_at_rest(const char *path, const struct clock *clock, int64_t deadline,
			  char hex[SHA256_HEX], struct err *err)
{
	return digest_and_close(sqlite_open_at_rest(path, clock, deadline, err), hex, err);
}

/* ---- SQL in one transaction ---- */

static int run_statement(struct sqlite *sqlite, sqlite3_stmt *statement, const json_t *with,
			 int64_t *rows, struct err *err)
{
	bool reads = sqlite3_stmt_readonly(statement) != 0;
	int64_t given = 0;
	int step;

	if (sqlite_bind(sqlite, statement, with, err) < 0)
		return -1;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW)
		given++;
	if (step != SQLITE_DONE)
		return sqlite_fail(sqlite, err);
	if (sqlite3_get_autocommit(sqlite->db))
		return err_set(err, "the SQL ended its transaction itself: what it did until then "
				    "may have happened");
	*rows = reads ? given : sqlite3_changes64(sqlite->db);
	return 0;
}

static int run_all(struct sqlite *sqlite, const struct sqlite_change *change, int64_t *rows,
		   struct err *err)
{
	const char *sql = change->sql;
	size_t n = 0;

	*rows = 0;
	while (*sql) {
		sqlite3_stmt *statement = NULL;
		int rc;

		if (sqlite3_prepare_v2(sqlite->db, sql, -1, &statement, &sql) != SQLITE_OK)
			return sqlite_fail(sqlite, err);
		if (!statement) /* blanks, a comment */
			continue;
		rc = n++ > 0 && change->with
			 ? err_set(err, "with values exactly one statement is expected")
			 : run_statement(sqlite, statement, change->with, rows, err);
		sqlite3_finalize(statement);
		if (rc < 0)
			return -1;
	}
	return n > 0 ? 0 : err_set(err, "there is no statement in the SQL");
}

/* Others may have written since the copy was made. They can't while this transaction is open: so
 * that an undo, which puts the copy back, never takes their rows with it. */
static int keep_again(struct sqlite *sqlite, const struct sqlite_change *change, struct err *err)
{
	char now[SHA256_HEX], then[SHA256_HEX];

	if (!change->kept)
		return 0;
	if (sqlite_digest(sqlite, now, err) < 0 ||
	    sqlite_digest_at_rest(change->kept, sqlite->clock, sqlite->deadline, then, err) < 0)
		return -1;
	return strcmp(now, then) == 0
		   ? 0
		   : sqlite_copy(sqlite->path, change->kept, sqlite->clock, sqlite->deadline, err);
}

static int note_digest(struct sqlite *sqlite, const char *note, struct err *err)
{
	char hex[SHA256_HEX];

	if (!note)
		return 0;
	return sqlite_digest(sqlite, hex, err) == 0
		   ? file_replace(note, hex, strlen(hex), 0600, err)
		   : -1;
}

static int transaction(struct sqlite *sqlite, const struct sqlite_change *change, int64_t *rows,
		       struct err *err)
{
	if (sqlite_exec(sqlite, "BEGIN IMMEDIATE", err) < 0 ||
	    keep_again(sqlite, change, err) < 0 || run_all(sqlite, change, rows, err) < 0)
		return -1;
	if (change->expect_rows >= 0 && *rows != change->expect_rows)
		return err_set(err,
			       "the last statement touched %lld rows, expected %lld: rolled back",
			       (long long)*rows, (long long)change->expect_rows);
	if (note_digest(sqlite, change->note, err) < 0)
		return -1;
	return sqlite_exec(sqlite, "COMMIT", err);
}

int sqlite_change(const char *path, const struct sqlite_change *change, const struct clock *clock,
		  int64_t deadline, int64_t *rows, struct err *err)
{
	struct sqlite *sqlite =
	    sqlite_open_flags(path, SQLITE_OPEN_READWRITE, false, clock, deadline, err);
	int rc = -1;

	/* The application's own triggers are to do what they do for it, such as to fill a table of
	 * FTS5; without extensions there is little that they could do otherwise. */
	if (sqlite)
		sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
	/* A commit is on the disk when it is reported. An open transaction ends with its
	 * connection. */
	if (sqlite && sqlite_exec(sqlite, "PRAGMA synchronous = FULL", err) == 0 &&
	    sqlite_exec(sqlite,
			change->foreign_keys ? "PRAGMA foreign_keys = ON"
					     : "PRAGMA foreign_keys = OFF",
			err) == 0)
		rc = transaction(sqlite, change, rows, err);
	sqlite_close(sqlite);
	return rc;
}

/* ---- Putting it back ---- */

/* What every commit changes: with a rollback journal the counter in the file's header, which can be
 * read while another connection has it locked; with a write-ahead log SQLite's own number, which
 * needs no more than a reader's place. https://www.sqlite.org/fileformat2.html */
static int last_commit(struct sqlite *sqlite, int64_t *number, struct err *err)
{
	struct sqlite_answer answer;
	sqlite3_file *file = NULL;
	unsigned char head[28];

	if (sqlite3_file_control(sqlite->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) !=
		SQLITE_OK ||
	    file->pMethods->xRead(file, head, sizeof(head), 0) != SQLITE_OK)
		return err_set(err, "the header of %s can't be read", sqlite->path);
	*number = (int64_t)head[24] << 24 | head[25] << 16 | head[26] << 8 | head[27];
	if (head[18] != 2)
		return 0;
	if (sqlite_ask(sqlite, "PRAGMA data_version", NULL, &answer, err) < 0)
		return -1;
	*number = answer.value ? atoll(answer.value) : -1;
	sqlite_answer_release(&answer);
	return 0;
}

/* 0 when the content is `expected`; *number is its last commit. */
static int is_expected(struct sqlite *sqlite, const char *expected, int64_t *number,
		       struct err *err)
{
	char hex[SHA256_HEX];

	if (sqlite_exec(sqlite, "BEGIN", err) < 0 || sqlite_digest(sqlite, hex, err) < 0 ||
	    last_commit(sqlite, number, err) < 0 || sqlite_exec(sqlite, "COMMIT", err) < 0)
		return -1;
	return strcmp(hex, expected) == 0
		   ? 0
		   : err_set(err, "%s was written by others since", sqlite->path);
}

static int backup_step(sqlite3_backup *backup, int pages, struct sqlite *to)
{
	int step;

	while (
	    ((step = sqlite3_backup_step(backup, pages)) == SQLITE_BUSY || step == SQLITE_LOCKED) &&
	    !sqlite_is_late(to))
		sqlite_pause();
	return step;
}

/* `watch`: another connection to the same database as `to`. No page at first, which only takes the
 * lock: after that nobody else can write, and what was written before is seen. */
static int put_back(struct sqlite *to, struct sqlite *source, struct sqlite *watch,
		    const char *expected, struct err *err)
{
	sqlite3_backup *backup;
	int64_t then, now;
	int step, rc = -1;

	if (is_expected(watch, expected, &then, err) < 0)
		return -1;
	backup = sqlite3_backup_init(to->db, "main", source->db, "main");
	if (!backup)
		return sqlite_fail(to, err);
	step = backup_step(backup, 0, to);
	if (step == SQLITE_OK && last_commit(watch, &now, err) == 0) {
		if (now != then)
			err_set(err, "%s was written by others since", to->path);
		else
			step = backup_step(backup, -1, to);
	}
	sqlite3_backup_finish(backup);
	if (step == SQLITE_DONE)
		rc = 0;
	else if (!err->set)
		err_set(err, "%s can't be put back: %s", to->path, sqlite3_errstr(step));
	return rc;
}

int sqlite_put_back(const char *path, const char *from, const char *expected,
		    const struct clock *clock, int64_t deadline, struct err *err)
{
	struct sqlite *to =
	    sqlite_open_flags(path, SQLITE_OPEN_READWRITE, false, clock, deadline, err);
	struct sqlite *source = to ? sqlite_open_at_rest(from, clock, deadline, err) : NULL;
	struct sqlite *watch =
	    source ? sqlite_open_flags(path, SQLITE_OPEN_READWRITE, false, clock, deadline, err)
		   : NULL;
	int rc = watch && sqlite_exec(to, "PRAGMA synchronous = FULL", err) == 0
		     ? put_back(to, source, watch, expected, err)
		     : -1;

	sqlite_close(watch);
	sqlite_close(source);
	sqlite_close(to);
	return rc;
}
