/*
 * Sources that are nothing but a declaration: probes and actions refer to them by name.
 */
#ifndef SOURCES_DECLARATION_H
#define SOURCES_DECLARATION_H

#include "sources/source.h"

/* New: a source without state; its type's `close` is NULL. */
struct source *declaration_new(const struct source_type *type, const struct source_env *env,
			       const char *name);

#endif
