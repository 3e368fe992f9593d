/*
 * The types that the tables in sources/registry.c list: one line here and one row there for each.
 */
#ifndef SOURCES_TYPES_H
#define SOURCES_TYPES_H

#include "sources/probe.h"
#include "sources/source.h"

extern const struct source_type backups_source;
extern const struct source_type postgres_source;

extern const struct probe_type probe_backup;
extern const struct probe_type probe_postgres;

#endif
