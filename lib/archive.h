/*
 * Archives of files: tar, through the `tar` command, with a sidecar beside each (lib/backup.h).
 */
#ifndef LIB_ARCHIVE_H
#define LIB_ARCHIVE_H

#include <stdint.h>

#include "lib/err.h"

struct archive {
	int64_t made_at; /* wall time, from the sidecar */
	int64_t size;	 /* of the file, in bytes */
	int64_t content; /* bytes of its files, unpacked */
	int64_t members;
	char *top; /* owned: the one folder that everything lies in; NULL: there is none */
};

/* Whether the archive is sound: its bytes are those of its sidecar, it decodes to its end, and no
 * member leaves the folder it is unpacked into. Blocks. Release also after a failure. */
int archive_look(const char *file, int64_t timeout_us, struct archive *archive, struct err *err);
void archive_release(struct archive *archive);

#endif
