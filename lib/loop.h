/*
 * The event loop: epoll, with timers by a clock, signals by signalfd, children by pidfd.
 *
 * One thread, one loop. A watch belongs to its loop until watch_free(); it may be freed from inside
 * any callback, its own too. Callbacks must not block. Timers follow the loop's clock, so that a
 * test with a manual clock moves it and calls loop_turn().
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/clock.h"
#include "lib/err.h"

struct loop;
struct watch;

/* `what`: EPOLLIN... for descriptors, how many intervals passed for timers, the signal's number,
 * the wait status of a child (as waitpid() gives it). */
typedef void watch_fn(struct watch *watch, uint32_t what, void *data);

/* New. The clock is borrowed and must outlive the loop. */
struct loop *loop_new(const struct clock *clock, struct err *err);
void loop_free(struct loop *loop);
/* Borrowed: the one it was made with. */
const struct clock *loop_clock(const struct loop *loop);

/* Watches are borrowed: the loop owns them. NULL (with err) when the system refuses. */
struct watch *loop_fd(struct loop *loop, int fd, uint32_t events, watch_fn *fn, void *data,
		      struct err *err);
/* Microseconds; `every_us` 0 fires once (and stays, to be armed again, until freed). */
struct watch *loop_timer(struct loop *loop, int64_t after_us, int64_t every_us, watch_fn *fn,
			 void *data);
/* Blocks the signal for the process and delivers it here. Several watches on one signal are fine.
 */
struct watch *loop_signal(struct loop *loop, int signal, watch_fn *fn, void *data, struct err *err);
/* Reaps `pid` when it ends. */
struct watch *loop_child(struct loop *loop, pid_t pid, watch_fn *fn, void *data, struct err *err);

/* Waits for other events; 0: for none. */
void watch_events(struct watch *watch, uint32_t events);
/* Sets a timer anew, as loop_timer() does. */
void watch_arm(struct watch *timer, int64_t after_us, int64_t every_us);
void watch_free(struct watch *watch);

/* Waits at most `max_ms` (-1: until something happens, 0: doesn't wait) and runs what is due. */
int loop_turn(struct loop *loop, int max_ms, struct err *err);
/* Turns until loop_stop(). */
int loop_run(struct loop *loop, struct err *err);
/* The turn that is under way is finished. */
void loop_stop(struct loop *loop);

/* The signal mask that a child must get back before exec: what the program started with. */
const sigset_t *loop_child_mask(const struct loop *loop);

#endif
