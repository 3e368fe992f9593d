/*
 * The types that the tables in sources/registry.c list: one line here and one row there for each.
 */
#ifndef SOURCES_TYPES_H
#define SOURCES_TYPES_H

#include "sources/probe.h"
#include "sources/source.h"

extern const struct source_type source_backups;
extern const struct source_type source_command;
extern const struct source_type source_file;
extern const struct source_type source_flags;
extern const struct source_type source_git;
extern const struct source_type source_host;
extern const struct source_type source_http;
extern const struct source_type source_log;
extern const struct source_type source_messenger;
extern const struct source_type source_postgres;
extern const struct source_type source_process;
extern const struct source_type source_prometheus;
extern const struct source_type source_service;
extern const struct source_type source_sqlite;
extern const struct source_type source_tcp;

extern const struct probe_type probe_backup;
extern const struct probe_type probe_command;
extern const struct probe_type probe_disk;
extern const struct probe_type probe_file;
extern const struct probe_type probe_flag;
extern const struct probe_type probe_git;
extern const struct probe_type probe_host;
extern const struct probe_type probe_http;
extern const struct probe_type probe_log;
extern const struct probe_type probe_metric;
extern const struct probe_type probe_phase;
extern const struct probe_type probe_postgres;
extern const struct probe_type probe_process;
extern const struct probe_type probe_proven;
extern const struct probe_type probe_routine;
extern const struct probe_type probe_service;
extern const struct probe_type probe_sqlite;
extern const struct probe_type probe_tcp;

#endif
