/*
 * The types that the table in actions/registry.c lists: one line here and one row there for each.
 */
#ifndef ACTIONS_TYPES_H
#define ACTIONS_TYPES_H

#include "actions/action.h"

extern const struct action_type action_archive;
extern const struct action_type action_archive_restore;
extern const struct action_type action_command;
extern const struct action_type action_file_copy;
extern const struct action_type action_file_remove;
extern const struct action_type action_file_restore;
extern const struct action_type action_flags;
extern const struct action_type action_git;
extern const struct action_type action_manual;
extern const struct action_type action_message;
extern const struct action_type action_page;
extern const struct action_type action_pg_drop;
extern const struct action_type action_pg_dump;
extern const struct action_type action_pg_export;
extern const struct action_type action_pg_migrate;
extern const struct action_type action_pg_restore;
extern const struct action_type action_pg_restore_plain;
extern const struct action_type action_pg_sql;
extern const struct action_type action_pg_terminate_idle;
extern const struct action_type action_process_stop;
extern const struct action_type action_service;
extern const struct action_type action_shell;
extern const struct action_type action_sqlite_copy;
extern const struct action_type action_sqlite_new;
extern const struct action_type action_sqlite_restore;
extern const struct action_type action_sqlite_sql;
extern const struct action_type action_wait;

#endif
