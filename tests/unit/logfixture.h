/* A log source on a file of its own, blocking or with a loop. */
#ifndef TESTS_UNIT_LOGFIXTURE_H
#define TESTS_UNIT_LOGFIXTURE_H

#include "tests/unit/scratch.h"

#include "lib/clock.h"
#include "lib/loop.h"
#include "sources/log.h"
#include "sources/probe.h"

/* No test waits so long for what must happen; only a failing one does. */
#define PATIENCE_US (20 * CLOCK_US)

struct fixture {
	char *folder, *path;
	struct loop *loop; /* NULL: blocking */
	struct source_env env;
	struct source *source;
};

static inline void begin(struct fixture *f, void **state, bool live, const struct clock *clock)
{
	*f = (struct fixture){ .folder = *state };
	f->path = path_join(f->folder, "bot.log");
	f->env.clock = clock;
	if (live) {
		f->loop = loop_new(clock, NULL);
		assert_non_null(f->loop);
		f->env.loop = f->loop;
	}
}

static inline void follow(struct fixture *f, int max_lines)
{
	json_t *args =
	    json_pack("{s:s, s:i, s:b}", "path", f->path, "max_lines", max_lines, "utc", 1);

	f->source = source_type("log")->open(&f->env, "bot-log", args, NULL);
	assert_non_null(f->source);
	json_decref(args);
}

static inline void end(struct fixture *f)
{
	source_close(f->source);
	loop_free(f->loop);
	free(f->path);
}

static inline void sample(struct fixture *f)
{
	f->source->type->sample(f->source);
}

/* How many lines have come. */
static inline uint64_t newest(struct fixture *f)
{
	struct log_status status;

	log_status(f->source, &status);
	return status.newest == 0 ? 0 : status.newest - LOG_FIRST + 1;
}

/* Turns the loop until so many lines have come. */
static inline void turn_until(struct fixture *f, uint64_t lines)
{
	int64_t give_up = clock_mono(&clock_system) + PATIENCE_US;

	while (newest(f) < lines && clock_mono(&clock_system) < give_up)
		loop_turn(f->loop, 100, NULL);
	assert_int_equal(newest(f), lines);
}

static inline enum log_state turn_until_state(struct fixture *f, enum log_state wanted)
{
	int64_t give_up = clock_mono(&clock_system) + PATIENCE_US;
	struct log_status status;

	do {
		loop_turn(f->loop, 100, NULL);
		log_status(f->source, &status);
	} while (status.state != wanted && clock_mono(&clock_system) < give_up);
	return status.state;
}

/* The n-th line, from 1. */
static inline const char *line_text(struct fixture *f, uint64_t n)
{
	static struct log_line line; /* of one process, one test */

	assert_true(log_line_at(f->source, LOG_FIRST + n - 1, &line));
	return line.text;
}

static inline struct reading read_metric(struct fixture *f, const char *json, int64_t since)
{
	json_t *metric = json_loads(json, 0, NULL);
	struct reading reading = { 0 };

	assert_non_null(metric);
	f->source->type->read(f->source, metric, since, &reading);
	json_decref(metric);
	return reading;
}

#endif
