/*
 * Pre-states of files: copies under the incident's folder, so that an undo can put them back.
 *
 * A kept file is a JSON object for the intent's record: {"path", "kept" (the copy), "mode", "uid",
 * "gid", "sha256"}, or {"path", "absent": true} where there was none.
 */
#ifndef ACTIONS_KEEP_H
#define ACTIONS_KEEP_H

#include "actions/action.h"

/* New: `text` with what can't be part of a file's name replaced by "-". */
char *keep_mark(const char *text);
/* New: the copy is made, synced, and described. Anything but a regular file is refused, and what
 * lies outside of `roots` (keep_within()) by now. */
json_t *keep_file(const struct action_env *env, const char *path, const json_t *roots,
		  struct err *err);
/* Puts it back: content, mode, and as root the owner; what was absent is removed. */
int keep_put_back(const json_t *kept, const json_t *roots, struct err *err);
/* Whether the file is now as it was kept. 1, 0 (`why` says what differs; may be NULL) or -1. */
int keep_is_back(const json_t *kept, struct buf *why, struct err *err);
/* Whether the backup that this step was to make is there: before["path"], whole as its sidecar
 * says, and with before["mark"] in it. */
enum settled keep_is_made(const json_t *before, struct buf *why);
/* -1 (with the reason) unless `path` is absolute, free of "..", lies below one of `roots` (a list;
 * NULL: anywhere), and the folder that it really lies in, symbolic links followed, does so, too. */
int keep_within(const char *path, const json_t *roots, struct err *err);
/* New: the list as the files' drivers take it; the strings stay `roots`'. NULL when there is none.
 */
const char **keep_roots(const json_t *roots);

#endif
