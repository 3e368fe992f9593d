/*
 * One look at a backup: whether it is sound, and what exactly was looked at.
 */
#ifndef SOURCES_BACKUPLOOK_H
#define SOURCES_BACKUPLOOK_H

#include <jansson.h>
#include <stdint.h>

#include "lib/err.h"

/* New: the sidecar of a sound backup of the declared kind: its recorded hash holds, it decodes to
 * its end, an archive is fit to be unpacked, what a declared "smoke" asks of it is true. NULL with
 * err. Blocks: the hash as long as that takes, the decoding at most `timeout_us`. */
json_t *backup_look(const json_t *declared, const char *path, int64_t timeout_us, struct err *err);
/* New: what a verdict holds for, to be compared with json_equal(): path, device, inode, size, times
 * of modification and change in nanoseconds, everything that is recorded, and how it is decoded.
 * The time of change can't be set back by who changes a byte. NULL with err when the file is gone.
 */
json_t *backup_key(const json_t *declared, const char *path, const json_t *sidecar,
		   struct err *err);

#endif
