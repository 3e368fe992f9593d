#include "sources/backuplook.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/archive.h"
#include "lib/backup.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pgdump.h"
#include "lib/sha256.h"
#include "lib/sqlite.h"

/* Its recorded hash holds; an archive must also be readable to its end, and fit to be unpacked. */
static int whole(const char *path, const json_t *sidecar, bool tar, int64_t timeout_us,
		 struct err *err)
{
	struct archive archive;
	int rc;

	if (!tar)
		return sidecar_check_hash(path, sidecar, err);
	rc = archive_look(path, timeout_us, &archive, err);
	archive_release(&archive);
	return rc;
}

/* A whole file may hold the very damage that a restore is to mend. */
static int smoke(const char *path, const char *sql, int64_t timeout_us, struct err *err)
{
	int64_t deadline = clock_mono(&clock_system) + timeout_us;
	struct sqlite *db = sqlite_open_at_rest(path, &clock_system, deadline, err);
	struct sqlite_answer answer = { 0 };
	const char *value;
	int rc = -1;

	if (db && sqlite_ask(db, sql, NULL, &answer, err) == 0) {
		value = answer.value ? answer.value : "NULL";
		if (answer.value && strcmp(value, "0") != 0)
			rc = 0;
		else
			err_set(err, "%s is whole, but %s is %s in it", path, answer.column, value);
	}
	sqlite_answer_release(&answer);
	sqlite_close(db);
	return rc;
}

json_t *backup_look(const json_t *declared, const char *path, int64_t timeout_us, struct err *err)
{
	const char *kind = json_str(declared, "kind", "file");
	const char *holds = json_str(declared, "smoke", NULL);
	struct pgdump_check check = { .path = path,
				      .database = json_str(declared, "database", NULL),
				      .bin = json_str(declared, "bin", NULL),
				      .timeout_us = timeout_us };
	json_t *sidecar;

	if (holds && strcmp(kind, "file") != 0) {
		err_set(err, "\"smoke\" asks backups of kind file, not of kind %s", kind);
		return NULL;
	}
	if (strcmp(kind, "postgres") == 0)
		return pgdump_check(&check, err);
	sidecar = sidecar_read(path, err);
	if (sidecar && (whole(path, sidecar, strcmp(kind, "archive") == 0, timeout_us, err) < 0 ||
			(holds && smoke(path, holds, timeout_us, err) < 0))) {
		json_decref(sidecar);
		sidecar = NULL;
	}
	return sidecar;
}

static json_t *stamp(const struct timespec *at)
{
	return json_pack("[I, I]", (json_int_t)at->tv_sec, (json_int_t)at->tv_nsec);
}

json_t *backup_key(const json_t *declared, const char *path, const json_t *sidecar, struct err *err)
{
	char *recorded, record[SHA256_HEX];
	struct stat st;

	if (stat(path, &st) < 0) {
		err_sys(err, "backup %s", path);
		return NULL;
	}
	recorded = json_dumps(sidecar, JSON_COMPACT | JSON_SORT_KEYS);
	sha256_hex(recorded ? recorded : "", recorded ? strlen(recorded) : 0, record);
	free(recorded);
	return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:s, s:[s, s, s, s]}", "path",
			 json_text(path, strlen(path)), "device", (json_int_t)st.st_dev, "inode",
			 (json_int_t)st.st_ino, "size", (json_int_t)st.st_size, "modified",
			 stamp(&st.st_mtim), "changed", stamp(&st.st_ctim), "recorded", record,
			 "how", json_str(declared, "kind", "file"),
			 json_str(declared, "database", ""), json_str(declared, "bin", ""),
			 json_str(declared, "smoke", ""));
}
