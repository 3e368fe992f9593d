/*
 * The seal: the hashes of everything in a closed incident's folder. Used by core/incident.c alone.
 */
#ifndef CORE_SEAL_H
#define CORE_SEAL_H

#include <jansson.h>

#include "lib/err.h"

/* New: relative file name -> SHA-256, for every regular file below `folder` but the ledger's
 * segments and locks. NULL when one can't be read. Blocks as long as the reading takes. */
json_t *seal_make(const char *folder, struct err *err);

#endif
