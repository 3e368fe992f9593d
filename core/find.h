/*
 * Where runbooks and targets are looked for.
 */
#ifndef CORE_FIND_H
#define CORE_FIND_H

#include <stddef.h>

#include "lib/err.h"

/* New: the path of a runbook (a file or a folder) by path or name, or NULL. */
char *find_runbook(const char *name, struct err *err);
/* Calls `fn` with the name of each runbook folder below the places that names are looked for in; a
 * name that stands in several places is given once. */
void find_each(void (*fn)(const char *name, void *data), void *data);
/* New: the path of a target of `system`, by path or name, or NULL. */
char *find_target(const char *name, const char *system, struct err *err);
/* New: the runbook's files, sorted, "runbook.json" first: the path itself when it is a file. The
 * strings and the array are new. NULL with err when it can't be read. */
char **find_documents(const char *path, size_t *n, struct err *err);
void find_release(char **paths, size_t n);
#endif
