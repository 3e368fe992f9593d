/*
 * Where incidents lie, and how their names are made. Used by core's record side alone.
 */
#ifndef CORE_STATEFOLDER_H
#define CORE_STATEFOLDER_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

/* New: the folder "incidents" of the state folder; made if need be. */
char *incidents_folder(struct err *err);
/* New: where it is or would be; nothing is made. NULL when nothing says where. */
char *incidents_path(void);
/* Makes a folder that nobody else has, "YYYY-MM-DD-NN" by the UTC date of `wall_us`, with mode 0700
 * (02770 where the state folder is the group's, 2770). Both results are new. */
int incident_folder_make(int64_t wall_us, char **id, char **folder, struct err *err);
/* New: the ids below `folder`, newest first, NULL-terminated; NULL when it can't be read (err). */
char **incident_ids(const char *folder, struct err *err);
void incident_ids_free(char **ids);
/* Makes a folder below the state folder with those above it, each a group's if the one above it is;
 * fine if it is there. */
int state_mkdirs(const char *path, struct err *err);
/* The mode that a file in an incident's folder gets: 0600, in a group's folder 0660. */
mode_t incident_file_mode(const char *folder);
/* Opens a file of the incident's folder (or another of the state folder), made with that mode
 * (whatever the umask) if need be. A descriptor, or -1 and errno. */
int incident_file_open(const char *folder, const char *path, int flags);
/* Makes a folder in the incident's folder, with mode 0700 or, in a group's, 02770; fine when it is
 * there. */
int incident_subfolder(const char *folder, const char *path, struct err *err);

#endif
