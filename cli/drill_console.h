/*
 * A drill in the console.
 */
#ifndef CLI_DRILL_CONSOLE_H
#define CLI_DRILL_CONSOLE_H

#include <stdbool.h>

#include "drill/drill.h"

/* Runs the console on a drill that was begun or taken over, scores it when it is resolved, and
 * releases it. `briefing`: shows the briefing first. Gives the exit code. */
int drill_console(struct drill *drill, bool briefing, bool keep, bool plain);

#endif
