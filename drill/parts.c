/*
 * The registries of what sandboxes are made of and what breaks them.
 */
#include "drill/parts.h"

const struct drill_type *const part_types[] = {
	&part_cluster, &part_database, &part_sql, &part_repository,
	&part_folder,  &part_action,   NULL,
};

const struct drill_type *const fault_types[] = {
	&part_sql,	&part_action,	    &fault_release, &fault_lost,
	&fault_damaged, &fault_overwritten, NULL,
};
