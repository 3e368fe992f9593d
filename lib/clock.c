#include "lib/clock.h"

#include <time.h>

static int64_t time_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * CLOCK_US + ts.tv_nsec / 1000;
}

static int64_t system_wall(const struct clock *clock)
{
	(void)clock;
	return time_of(CLOCK_REALTIME);
}

static int64_t system_mono(const struct clock *clock)
{
	(void)clock;
	return time_of(CLOCK_MONOTONIC);
}

const struct clock clock_system = { .wall = system_wall, .mono = system_mono };

static int64_t manual_wall(const struct clock *clock)
{
	return ((const struct clock_manual *)(const void *)clock)->wall_us;
}

static int64_t manual_mono(const struct clock *clock)
{
	return ((const struct clock_manual *)(const void *)clock)->mono_us;
}

void clock_manual_init(struct clock_manual *manual, int64_t wall_us)
{
	manual->clock.wall = manual_wall;
	manual->clock.mono = manual_mono;
	manual->wall_us = wall_us;
	manual->mono_us = CLOCK_US;
}

void clock_manual_advance(struct clock_manual *manual, int64_t us)
{
	manual->wall_us += us;
	manual->mono_us += us;
}

int64_t clock_wall(const struct clock *clock)
{
	return clock->wall(clock);
}

int64_t clock_mono(const struct clock *clock)
{
	return clock->mono(clock);
}
