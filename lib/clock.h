/*
 * Time, replaceable.
 *
 * Nothing but this file asks the system for the time: whoever needs it is handed a clock, so that
 * tests and deployment drills can set it. All times are int64_t microseconds: wall times since
 * 1970-01-01T00:00:00Z, monotonic times since some fixed point of this boot.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>

#define CLOCK_US 1000000LL /* microseconds in a second */

struct clock {
	int64_t (*wall)(const struct clock *clock);
	int64_t (*mono)(const struct clock *clock);
};

/* The system's clocks: CLOCK_REALTIME and CLOCK_MONOTONIC. */
extern const struct clock clock_system;

/* A clock that stands still until it is moved. */
struct clock_manual {
	struct clock clock; /* hand out &manual.clock */
	int64_t wall_us;
	int64_t mono_us;
};

void clock_manual_init(struct clock_manual *manual, int64_t wall_us);
/* Moves both times on. */
void clock_manual_advance(struct clock_manual *manual, int64_t us);

int64_t clock_wall(const struct clock *clock);
int64_t clock_mono(const struct clock *clock);

#endif
