#include "sources/logchild.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/argv.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define BACKOFF_US     CLOCK_US
#define BACKOFF_MAX_US (60 * CLOCK_US)
/* Whoever ran so long has not failed at once: it is started again soon. */
#define WELL_US (30 * CLOCK_US)
/* So long it must run to be taken for running. */
#define PROOF_US CLOCK_US
/* What was there before has come when nothing more does for so long, or at last after: */
#define QUIET_US  (CLOCK_US * 3 / 10)
#define SETTLE_US (10 * CLOCK_US)
#define LOOK_US	  (10 * CLOCK_US)

struct logchild {
	struct loop *loop; /* borrowed, or */
	struct loop *own;
	const struct clock *clock;
	struct logchild_calls calls;
	struct stream *stream; /* NULL: it isn't running */
	struct watch *timer;
	bool settled;	 /* what was there before has come */
	bool failed;	 /* it ended, and has not been seen to run since */
	int64_t started; /* monotonic, as are the following */
	int64_t latest;	 /* when something came */
	int64_t again;	 /* when it is started next */
	int64_t delay;
	struct buf partial; /* a line whose newline has not come yet */
	size_t true_len;
	char *name;	/* of the program */
	char said[160]; /* its latest line, or what it said of itself */
	char why[240];
};

static int64_t now(const struct logchild *child)
{
	return clock_mono(child->clock);
}

/* ---- lines ---- */

void logchild_said(struct logchild *child, const char *bytes, size_t len)
{
	text_clean_to(child->said, sizeof(child->said), bytes, len);
}

static void line_out(struct logchild *child, const char *bytes, size_t len, size_t true_len)
{
	child->calls.line(bytes, len < child->calls.line_max ? len : child->calls.line_max,
			  true_len, child->calls.data);
}

static void partial_add(struct logchild *child, const char *bytes, size_t len)
{
	size_t room = child->calls.line_max - child->partial.len;

	child->true_len += len;
	if (len > 0 && room > 0)
		buf_add(&child->partial, bytes, len < room ? len : room);
}

static void partial_out(struct logchild *child)
{
	line_out(child, buf_str(&child->partial), child->partial.len, child->true_len);
	child->true_len = 0;
	buf_cut(&child->partial, 0);
}

static void on_bytes(const char *bytes, size_t len, void *data)
{
	struct logchild *child = data;

	child->latest = now(child);
	while (len > 0) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl != NULL ? (size_t)(nl - bytes) : len;

		if (nl == NULL) {
			partial_add(child, bytes, n);
			break;
		}
		if (child->true_len == 0) {
			line_out(child, bytes, n, n);
		} else {
			partial_add(child, bytes, n);
			partial_out(child);
		}
		bytes += n + 1;
		len -= n + 1;
	}
	child->calls.looked(child->calls.data);
}

/* ---- starts and ends ---- */

static void start(struct logchild *child);

/* The timer waits for what is next, and not at all while there is nothing to wait for. */
static void timer_set(struct logchild *child)
{
	if (child->stream == NULL)
		watch_arm(child->timer, child->again - now(child), 0);
	else if (!child->settled && child->calls.settles)
		watch_arm(child->timer, QUIET_US, 0);
	else if (child->failed)
		watch_arm(child->timer, child->started + PROOF_US - now(child), 0);
}

static void retry_later(struct logchild *child, const char *why)
{
	child->failed = true;
	child->delay = child->delay == 0		   ? BACKOFF_US
		       : child->delay * 2 < BACKOFF_MAX_US ? child->delay * 2
							   : BACKOFF_MAX_US;
	child->again = now(child) + child->delay;
	snprintf(child->why, sizeof(child->why), "%s", why);
	timer_set(child);
	child->calls.looked(child->calls.data);
}

static void on_ended(const struct child_end *end, void *data)
{
	struct logchild *child = data;
	char how[96], why[512];

	child->stream = NULL;
	if (child->true_len > 0)
		partial_out(child);
	if (child->calls.done != NULL && child->calls.done(end, child->calls.data)) {
		start(child);
		return;
	}
	if (end->elapsed_us >= WELL_US)
		child->delay = 0;
	snprintf(why, sizeof(why), "%s %s %s%s%s", child->name,
		 WIFSIGNALED(end->status) ? "was" : "ended with",
		 child_end_text(end, how, sizeof(how)), child->said[0] != '\0' ? ": " : "",
		 child->said);
	retry_later(child, why);
}

static void start(struct logchild *child)
{
	char **argv = child->calls.argv(child->calls.data);
	struct child_spec spec = { .argv = (const char *const *)argv,
				   .in = -1,
				   .out = -1,
				   .err = -1,
				   .kept = child->calls.kept,
				   .ends_all = true };
	struct stream_calls calls = { .bytes = on_bytes, .ended = on_ended, .data = child };
	struct err err = ERR_INIT;
	char why[512];

	free(child->name);
	child->name = xstrdup(argv[0]);
	child->said[0] = '\0';
	child->started = child->latest = now(child);
	child->stream =
	    stream_start(child->own != NULL ? child->own : child->loop, &spec, true, &calls, &err);
	argv_free(argv);
	if (child->stream != NULL) {
		timer_set(child);
		return;
	}
	if (child->calls.package != NULL && strstr(err.msg, "no such program") != NULL)
		snprintf(err.hint, sizeof(err.hint), "install %s", child->calls.package);
	snprintf(why, sizeof(why), "%.240s%s%.200s", err.msg, err.hint[0] != '\0' ? ": " : "",
		 err.hint);
	retry_later(child, why);
}

static void proof_check(struct logchild *child)
{
	bool quiet = now(child) - child->latest >= QUIET_US;
	int64_t age = now(child) - child->started;

	if (child->failed && age >= PROOF_US) {
		child->failed = false;
		child->calls.looked(child->calls.data);
	}
	if (!child->settled && child->calls.settles && (quiet || age >= SETTLE_US))
		logchild_settled(child);
	timer_set(child);
}

static void on_timer(struct watch *watch, uint32_t what, void *data)
{
	struct logchild *child = data;

	(void)watch, (void)what;
	if (child->stream != NULL) {
		proof_check(child);
	} else if (now(child) >= child->again) {
		child->settled = child->settled && !child->calls.settles;
		start(child);
	}
}

/* ---- life cycle ---- */

struct logchild *logchild_new(struct loop *loop, const struct clock *clock,
			      const struct logchild_calls *calls, struct err *err)
{
	struct logchild *child = xcalloc(1, sizeof(*child));

	child->loop = loop;
	child->clock = clock;
	child->calls = *calls;
	if (loop == NULL && (child->own = loop_new(clock, err)) == NULL) {
		free(child);
		return NULL;
	}
	child->timer = loop_timer(loop != NULL ? loop : child->own, 1, 0, on_timer, child);
	start(child);
	return child;
}

void logchild_free(struct logchild *child)
{
	if (child == NULL)
		return;
	watch_free(child->timer);
	stream_cancel(child->stream);
	loop_free(child->own);
	buf_release(&child->partial);
	free(child->name);
	free(child);
}

void logchild_look(struct logchild *child)
{
	int64_t until = clock_mono(&clock_system) + LOOK_US;

	if (child->own == NULL)
		return;
	do
		(void)loop_turn(child->own, child->settled ? 0 : 50, NULL);
	while (!child->settled && !child->failed && clock_mono(&clock_system) < until);
}

enum logchild_state logchild_state(const struct logchild *child)
{
	if (child->failed)
		return LOGCHILD_ENDED;
	return child->settled ? LOGCHILD_FOLLOWING : LOGCHILD_READING;
}

void logchild_settled(struct logchild *child)
{
	child->settled = true;
	child->calls.looked(child->calls.data);
}

void logchild_why(const struct logchild *child, char *out, size_t size)
{
	int64_t left = child->again - now(child);
	char text[400], wait[40];

	out[0] = '\0';
	if (!child->failed)
		return;
	if (child->stream != NULL)
		snprintf(wait, sizeof(wait), "started again");
	else
		snprintf(wait, sizeof(wait), "again in %lld s",
			 (long long)(left > 0 ? (left + CLOCK_US - 1) / CLOCK_US : 0));
	snprintf(text, sizeof(text), "%s; %s", child->why, wait);
	text_clean_to(out, size, text, strlen(text));
}
