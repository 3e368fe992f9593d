/*
 * A drill that is told to end. INT, TERM and HUP wait until somebody asks for them (here, or an
 * event loop), so that what was being made is always removed first. Children start with the
 * ordinary signals.
 */
#ifndef DRILL_STOP_H
#define DRILL_STOP_H

#include <stdbool.h>

/* The signals that tell a drill to end; the list ends with 0. */
extern const int stop_signals[];

/* From here on they wait; one that was ignored stays ignored. */
void stop_hold(void);
/* One of them waits. */
bool stop_asked(void);

#endif
