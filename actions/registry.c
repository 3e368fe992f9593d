/* The vocabulary of actions: one row a type. */
#include <string.h>

#include "actions/action.h"
#include "actions/types.h"

const struct action_type *const action_types[] = {
	&action_archive,
	&action_archive_restore,
	&action_command,
	&action_file_copy,
	&action_file_remove,
	&action_file_restore,
	&action_flags,
	&action_git,
	&action_manual,
	&action_message,
	&action_page,
	&action_pg_drop,
	&action_pg_dump,
	&action_pg_export,
	&action_pg_migrate,
	&action_pg_restore,
	&action_pg_restore_plain,
	&action_pg_sql,
	&action_pg_terminate_idle,
	&action_process_stop,
	&action_service,
	&action_shell,
	&action_sqlite_copy,
	&action_sqlite_new,
	&action_sqlite_restore,
	&action_sqlite_sql,
	&action_wait,
	NULL,
};

const struct action_type *action_type(const char *name)
{
	for (const struct action_type *const *type = action_types; *type; type++)
		if (strcmp((*type)->type.name, name) == 0)
			return *type;
	return NULL;
}
