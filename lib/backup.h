/*
 * A backup is a file with a sidecar beside it, FILE.json: a JSON object with at least
 *
 *     "sha256"   of the file, 64 lower-case hexadecimal characters
 *     "size"     in bytes
 *     "made_at"  RFC 3339, when its content was taken
 *
 * recorded when the backup is made. A backup whose bytes are not those of its sidecar is damaged,
 * whatever its format says about it: bit flips in uncompressed dumps restore "successfully" with
 * wrong rows. Kinds add members of their own (lib/pgdump.h).
 *
 *     "seal"     SHA-256 of all other members, as one line with sorted keys
 *
 * is written by us: a sidecar that has one and does not match it was changed since. It finds slips
 * and rot; whoever means harm can write a new one. A sidecar that a person writes for a dump made
 * by hand needs none.
 */
#ifndef LIB_BACKUP_H
#define LIB_BACKUP_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/* New: the sidecar's path. */
char *sidecar_path(const char *file);
/* Hashes the file (blocks as long as that takes) and writes its sidecar durably, mode 0600.
 * `made_at` is a wall time; `more` (borrowed, may be NULL) holds further members. */
int sidecar_write(const char *file, int64_t made_at, const json_t *more, struct err *err);
/* New: the sidecar's object, its three required members checked. NULL when it is missing or broken.
 */
json_t *sidecar_read(const char *file, struct err *err);
/* When the backup was made (wall time), from a sidecar that was read; 0 when it isn't said. */
int64_t sidecar_made_at(const json_t *sidecar);
/* Compares the size of the file with its sidecar: what needs no time. */
int sidecar_check_size(const char *file, const json_t *sidecar, struct err *err);
/* Compares size, then SHA-256 of the file with its sidecar. 0 when both are equal. Blocks. */
int sidecar_check_hash(const char *file, const json_t *sidecar, struct err *err);

struct backup {
	char *path;	 /* owned */
	int64_t made_at; /* wall time: from the sidecar, else the file's modification time */
	int64_t size;	 /* of the file, in bytes */
	json_t *sidecar; /* owned; NULL when it is missing or broken: such a backup is not sound */
};

struct backups {
	struct backup *list; /* owned; newest first */
	size_t n;
};

/* The regular files of a folder that match a glob pattern (NULL: all), but for sidecars, hidden
 * files and what is still being made (.part). 0 also when there is none; -1 when the folder can't
 * be read. */
int backups_list(struct backups *backups, const char *folder, const char *pattern, struct err *err);
void backups_release(struct backups *backups);

#endif
