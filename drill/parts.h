/*
 * Every part and fault type, for the registries in drill/parts.c.
 */
#ifndef DRILL_PARTS_H
#define DRILL_PARTS_H

#include "drill/env.h"

extern const struct drill_type part_cluster;	/* the files of a PostgreSQL cluster */
extern const struct drill_type part_database;	/* a database with its owner */
extern const struct drill_type part_sql;	/* a file of SQL, run as a source's role */
extern const struct drill_type part_repository; /* a git repository, commit by commit */
extern const struct drill_type part_folder;	/* a folder of the sandbox's user */
extern const struct drill_type part_action;	/* any action of the vocabulary */
extern const struct drill_type fault_release;	/* deploys a commit and restarts a service */
extern const struct drill_type fault_lost;	/* folders and databases are gone */

extern const struct drill_type fault_damaged;	  /* bytes of backups are not what they were */
extern const struct drill_type fault_overwritten; /* blocks of a file are not what they were */

#endif
