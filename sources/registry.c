/* The vocabulary of sources and probes: one row a type. */
#include <string.h>

#include "sources/probe.h"
#include "sources/source.h"
#include "sources/types.h"

const struct source_type *const source_types[] = {
	&source_backups,   &source_command,  &source_file,    &source_flags,
	&source_git,	   &source_host,     &source_http,    &source_log,
	&source_messenger, &source_postgres, &source_process, &source_prometheus,
	&source_service,   &source_sqlite,   &source_tcp,     NULL,
};

const struct probe_type *const probe_types[] = {
	&probe_backup,	&probe_command,	 &probe_disk,	 &probe_file,	&probe_flag,
	&probe_git,	&probe_host,	 &probe_http,	 &probe_log,	&probe_metric,
	&probe_phase,	&probe_postgres, &probe_process, &probe_proven, &probe_routine,
	&probe_service, &probe_sqlite,	 &probe_tcp,	 NULL,
};

const struct source_type *source_type(const char *name)
{
	for (const struct source_type *const *type = source_types; *type; type++)
		if (strcmp((*type)->type.name, name) == 0)
			return *type;
	return NULL;
}

const struct probe_type *probe_type(const char *name)
{
	for (const struct probe_type *const *type = probe_types; *type; type++)
		if (strcmp((*type)->type.name, name) == 0)
			return *type;
	return NULL;
}
