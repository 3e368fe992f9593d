/*
 * Follows one log file by its path: through rotation by rename or copytruncate, truncation,
 * deletion, re-creation and late appearance.
 *
 * With a loop: inotify on file and folder, and a look once a second in any case. Without one, or at
 * any time: logfollow_look(). What is appended to a renamed file is still read for some seconds,
 * and what a cut file held that had not been read yet is read from the copy that was made of it.
 * Reading is cut into slices of a few milliseconds, so that a flood doesn't hold up the loop.
 */
#ifndef SOURCES_LOGFOLLOW_H
#define SOURCES_LOGFOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/loop.h"
#include "sources/logtail.h"

struct logfollow;

enum logfollow_state { LOGFOLLOW_FOLLOWING, LOGFOLLOW_MISSING, LOGFOLLOW_FAILED };

/* New. Begins `tail` bytes before the file's end. `loop` may be NULL. `looked` (or NULL) is called
 * after something was read or the state changed. Opens even if there is no file. */
struct logfollow *logfollow_new(struct loop *loop, const struct clock *clock, const char *path,
				size_t tail, logtail_fn *line, void (*looked)(void *data),
				void *data);
void logfollow_free(struct logfollow *follow);
/* Reads what is there, at most for `budget_us` (0: to the end). */
void logfollow_look(struct logfollow *follow, int64_t budget_us);

enum logfollow_state logfollow_state(const struct logfollow *follow);
/* Why it is missing or failed, clean; "" while following. */
const char *logfollow_why(const struct logfollow *follow);
/* Everything that was there at the beginning has been read. */
bool logfollow_caught_up(const struct logfollow *follow);
/* The beginning of the file was skipped. */
bool logfollow_skipped(const struct logfollow *follow);
/* Borrowed: the files that its lines came from. */
struct logparts *logfollow_parts(struct logfollow *follow);

#endif
