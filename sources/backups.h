/*
 * A folder of backups.
 *
 * Hashing and decoding a dump of some gigabytes takes minutes, a round of probes has seconds. So a
 * source that is asked in rounds looks at what it is asked for in a copy of its own beside the loop
 * (niced, one backup at a time, ended with the process), and keeps the verdicts in memory: what was
 * found stays true for a file that is the same to the nanosecond (backup_key()). A copy that is
 * ended in the middle leaves no verdict. Without rounds (the command line, a runner) nothing is
 * kept, and whoever asks looks himself.
 *
 * Bytes can rot on a disk without a trace in these times: what was found sound is therefore read
 * again after `again` (6 hours, so within a night; niced, it is no load that anybody feels). It
 * stands meanwhile, but not beyond twice that time. What was found damaged is looked at again
 * after ten times as long as the look took, at least half a minute: a missing program or a
 * permission may have been the cause. Verdicts are not written to disk: a file that says "sound"
 * would be one more thing to trust. Actions never ask here: they look themselves.
 */
#ifndef SOURCES_BACKUPS_H
#define SOURCES_BACKUPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "sources/source.h"

enum backup_verdict { BACKUP_UNKNOWN, BACKUP_SOUND, BACKUP_DAMAGED };

/* Whether it is of that type, and asked in rounds (backups_want() was called): accepts NULL. */
bool backups_keeps(const struct source *source);
/* In the process that owns the loop: this is asked for; `path` NULL: the newest sound one made
 * before `before` (wall time; 0: any). What was not asked for within a minute is forgotten. */
void backups_want(struct source *source, const json_t *declared, const char *path, int64_t before);
/* What is known of a backup whose sidecar was read. `*at`: of a sound one the monotonic time of the
 * look, else 0. `why`: of a damaged one what is wrong, of an unknown one how far the look is.
 */
enum backup_verdict backups_recall(const struct source *source, const json_t *declared,
				   const char *path, const json_t *sidecar, int64_t *at,
				   struct err *why);
/* Whether more will be known by itself: that question was asked, and a backup of that many bytes is
 * none that the round itself looks at meanwhile. */
bool backups_waits(const struct source *source, const char *path, int64_t before, int64_t size);

#endif
