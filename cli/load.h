/*
 * Loading runbooks and incidents for subcommands: prints what is wrong and says how to exit.
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "core/incident.h"
#include "core/load.h"

/* EXIT_HOLDS; EXIT_USAGE when a file can't be read, EXIT_INVALID with the findings on stderr.
 * `loaded` is released on failure. */
int cli_load(struct loaded *loaded, const char *runbook, const char *target);

/* Opens an incident (core/incident.h). EXIT_HOLDS, or, with the message printed, EXIT_USAGE when
 * there is none of that name, EXIT_LEDGER when its record can't be read. */
int cli_incident(struct incident *incident, const char *id);

#endif
