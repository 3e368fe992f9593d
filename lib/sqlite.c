#include "lib/sqlite.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/sqlite_private.h"
#include "lib/text.h"

#define STEPS_BETWEEN 10000 /* instructions between two looks at the clock */
#define RETRY_MS      10

/* Bytes of the database file: PENDING is held by who waits for readers, RESERVED by who will write.
 */
#define LOCK_PENDING 0x40000000
#define LOCK_BYTES   2
/* Byte of the shared-memory file that a writer in WAL mode holds. */
#define LOCK_WAL_WRITE 120

bool sqlite_is_late(struct sqlite *sqlite)
{
	sqlite->late = sqlite->late || clock_mono(sqlite->clock) >= sqlite->deadline;
	return sqlite->late;
}

void sqlite_pause(void)
{
	struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };

	nanosleep(&pause, NULL);
}

static int on_progress(void *data)
{
	return sqlite_is_late(data);
}

static int on_busy(void *data, int times)
{
	(void)times;
	if (sqlite_is_late(data))
		return 0;
	sqlite_pause();
	return 1;
}

/* Whether an error says something about the file, not about the question. */
int sqlite_fail(struct sqlite *sqlite, struct err *err)
{
	int code = sqlite3_errcode(sqlite->db) & 0xff;

	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return err_set(err, "%s is locked by somebody else", sqlite->path);
	if (sqlite3_extended_errcode(sqlite->db) == SQLITE_READONLY_ROLLBACK) {
		err_set(err,
			"%s was left in the middle of a transaction, which is not rolled back yet",
			sqlite->path);
		return err_hint(err, "whoever writes to it next does that: start its service");
	}
	if (code == SQLITE_INTERRUPT || sqlite->late)
		return err_set(err, "%s did not answer in time", sqlite->path);
	return err_set(err, "%s: %s", sqlite->path, sqlite3_errmsg(sqlite->db));
}

/* New: "file:PATH?immutable=1", as https://www.sqlite.org/uri.html has it. */
static char *uri_at_rest(const char *path)
{
	struct buf uri = BUF_INIT;
	char *text;

	buf_puts(&uri, "file:");
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (isalnum(*p) || strchr("/._-", *p))
			buf_putc(&uri, (char)*p);
		else
			buf_printf(&uri, "%%%02x", *p);
	}
	buf_puts(&uri, "?immutable=1");
	text = xstrdup(buf_str(&uri));
	buf_release(&uri);
	return text;
}

struct sqlite *sqlite_open_flags(const char *path, int flags, bool at_rest,
				 const struct clock *clock, int64_t deadline, struct err *err)
{
	struct sqlite *sqlite = xcalloc(1, sizeof(*sqlite));
	char *name = at_rest ? uri_at_rest(path) : xstrdup(path);

	sqlite->path = xstrdup(path);
	sqlite->clock = clock;
	sqlite->deadline = deadline;
	if (!(flags & SQLITE_OPEN_CREATE) && access(path, R_OK) < 0) {
		err_sys(err, "%s", path);
		goto fail;
	}
	if (sqlite3_open_v2(name, &sqlite->db,
			    flags | SQLITE_OPEN_NOMUTEX | (at_rest ? SQLITE_OPEN_URI : 0),
			    NULL) != SQLITE_OK) {
		err_set(err, "%s: %s", path,
			sqlite->db != NULL ? sqlite3_errmsg(sqlite->db) : "no memory");
		goto fail;
	}
	free(name);
	sqlite3_busy_handler(sqlite->db, on_busy, sqlite);
	sqlite3_progress_handler(sqlite->db, STEPS_BETWEEN, on_progress, sqlite);
	/* A database may come from anywhere: its own functions and triggers are not trusted. */
	sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return sqlite;
fail:
	free(name);
	sqlite_close(sqlite);
	return NULL;
}

struct sqlite *sqlite_open(const char *path, const struct clock *clock, int64_t deadline,
			   struct err *err)
{
	return sqlite_open_flags(path, SQLITE_OPEN_READONLY, false, clock, deadline, err);
}

struct sqlite *sqlite_open_at_rest(const char *path, const struct clock *clock, int64_t deadline,
				   struct err *err)
{
	return sqlite_open_flags(path, SQLITE_OPEN_READONLY, true, clock, deadline, err);
}

void sqlite_close(struct sqlite *sqlite)
{
	if (sqlite == NULL)
		return;
	sqlite3_close(sqlite->db);
	free((char *)sqlite->path);
	free(sqlite);
}

static int bind_one(sqlite3_stmt *statement, int place, const json_t *value)
{
	char *text;
	int rc;

	if (json_is_integer(value))
		return sqlite3_bind_int64(statement, place, json_integer_value(value));
	if (json_is_real(value))
		return sqlite3_bind_double(statement, place, json_real_value(value));
	if (json_is_boolean(value))
		return sqlite3_bind_int(statement, place, json_is_true(value));
	text = argv_scalar(value);
	rc = sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
	free(text);
	return rc;
}

int sqlite_bind(struct sqlite *sqlite, sqlite3_stmt *statement, const json_t *with, struct err *err)
{
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)with, i, value) {
		if (bind_one(statement, (int)i + 1, value) != SQLITE_OK)
			return sqlite_fail(sqlite, err);
	}
	return 0;
}

int sqlite_exec(struct sqlite *sqlite, const char *sql, struct err *err)
{
	return sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL) == SQLITE_OK
		   ? 0
		   : sqlite_fail(sqlite, err);
}

static int prepare(struct sqlite *sqlite, const char *sql, const json_t *with,
		   sqlite3_stmt **statement, struct err *err)
{
	const char *rest = NULL;

	if (sqlite3_prepare_v2(sqlite->db, sql, -1, statement, &rest) != SQLITE_OK)
		return sqlite_fail(sqlite, err);
	if (*statement == NULL || rest[strspn(rest, " \t\r\n;")] != '\0')
		return err_set(err, "%s: exactly one statement is expected", sqlite->path);
	if (!sqlite3_stmt_readonly(*statement))
		return err_set(err, "%s: the statement does not only read", sqlite->path);
	return sqlite_bind(sqlite, *statement, with, err);
}

int sqlite_ask(struct sqlite *sqlite, const char *sql, const json_t *with,
	       struct sqlite_answer *answer, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int rc = -1, step = SQLITE_DONE;

	*answer = (struct sqlite_answer){ 0 };
	if (prepare(sqlite, sql, with, &statement, err) < 0)
		goto out;
	while (answer->rows < SQLITE_ROWS_MAX && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		if (answer->rows++ == 0) {
			answer->column = xstrdup(sqlite3_column_name(statement, 0));
			answer->value = text != NULL ? xstrdup(text) : NULL;
		}
	}
	rc = step == SQLITE_DONE || step == SQLITE_ROW ? 0 : sqlite_fail(sqlite, err);
out:
	sqlite3_finalize(statement);
	return rc;
}

void sqlite_answer_release(struct sqlite_answer *answer)
{
	free(answer->column);
	free(answer->value);
	*answer = (struct sqlite_answer){ 0 };
}

bool sqlite_is_damaged(const struct sqlite *sqlite)
{
	int code = sqlite3_errcode(sqlite->db) & 0xff;

	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

int sqlite_integrity(struct sqlite *sqlite, bool quick, char *said, size_t size, struct err *err)
{
	struct sqlite_answer answer;
	struct err why = ERR_INIT;
	int result = -1;

	if (sqlite_ask(sqlite, quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", NULL,
		       &answer, &why) == 0 &&
	    answer.value != NULL) {
		const char *first = answer.value;

		/* A heading tells only which of the attached databases it is: there is one. */
		if (strncmp(first, "***", 3) == 0 && strchr(first, '\n'))
			first = strchr(first, '\n') + 1;
		result = strcmp(answer.value, "ok") == 0;
		text_clean_to(said, size, first, strcspn(first, "\n"));
	} else if (sqlite_is_damaged(sqlite)) { /* any question is answered by that */
		result = 0;
		text_clean_to(said, size, why.msg, strlen(why.msg));
	} else {
		err_set(err, "%s", why.set ? why.msg : "the check said nothing");
	}
	sqlite_answer_release(&answer);
	return result;
}

int sqlite_size(const char *path, int64_t *bytes, int64_t *wal, struct err *err)
{
	char *log = xasprintf("%s-wal", path);
	struct stat st;
	int rc = 0;

	*wal = stat(log, &st) == 0 ? st.st_size : 0;
	if (stat(path, &st) == 0)
		*bytes = st.st_size;
	else
		rc = err_sys(err, "%s", path);
	free(log);
	return rc;
}

/* 1: somebody else holds a lock on one of these bytes. */
static int is_held(int fd, off_t from, off_t len, pid_t *holder)
{
	/* An open file description's own lock conflicts with everybody's, also with this process's.
	 */
	struct flock lock = {
		.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = len
	};

	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return -1;
	if (lock.l_type != F_WRLCK)
		return 0;
	*holder = lock.l_pid > 0 ? lock.l_pid : 0;
	return 1;
}

int sqlite_locked(const char *path, int64_t within_us, const struct clock *clock, pid_t *holder,
		  struct err *err)
{
	char *shm = xasprintf("%s-shm", path);
	int64_t end = clock_mono(clock) + within_us;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), wal = -1, held = -1;

	*holder = 0;
	if (file < 0) {
		err_sys(err, "%s", path);
		goto out;
	}
	wal = open(shm, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	for (;;) {
		held = is_held(file, LOCK_PENDING, LOCK_BYTES, holder);
		if (held == 0 && wal >= 0)
			held = is_held(wal, LOCK_WAL_WRITE, 1, holder);
		if (held <= 0 || clock_mono(clock) >= end)
			break;
		sqlite_pause();
	}
	if (held < 0)
		err_sys(err, "%s: its locks can't be read", path);
out:
	if (file >= 0)
		close(file);
	if (wal >= 0)
		close(wal);
	free(shm);
	return held;
}
