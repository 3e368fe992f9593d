/*
 * Loading for subcommands: prints what is wrong and says how to exit.
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "core/load.h"

/* EXIT_HOLDS; EXIT_USAGE when a file can't be read, EXIT_INVALID with the findings on stderr.
 * `loaded` is released on failure. */
int cli_load(struct loaded *loaded, const char *runbook, const char *target);

#endif
