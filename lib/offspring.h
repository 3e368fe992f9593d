/*
 * A forked copy of this process that computes something beside it, with what is known as of the
 * fork.
 *
 * The copy has stdin and both outputs on /dev/null, default signals, and dies with its parent. It
 * must neither touch the parent's event loop nor its connections, and it never returns: it ends
 * with _exit().
 */
#ifndef LIB_OFFSPRING_H
#define LIB_OFFSPRING_H

#include <jansson.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"

/* Forks. `body` writes its result to `fd`; *fd is the (non-blocking) end to read from. The pid, or
 * -1. */
pid_t offspring_start(void (*body)(int fd, void *data), void *data, int *fd, struct err *err);
/* Ends one that has given its result: KILL, and reaped when it is gone. One that the kernel holds
 * (a dead disk or file server) is waited for, or left to `loop` if there is one. */
void offspring_kill(struct loop *loop, pid_t pid);
/* Ends one in the middle of its work, with all that it has started. */
void offspring_end(struct loop *loop, pid_t pid);

/* Beside a loop: `body` gives a JSON value (new), `done` gets it; NULL when the copy died or took
 * longer than `timeout_us`. task_cancel() ends it without a call. */
struct task;
typedef json_t *task_body(void *data);
typedef void task_done(const json_t *result, void *data);
struct task *task_start(struct loop *loop, int64_t timeout_us, task_body *body, task_done *done,
			void *data, struct err *err);
void task_cancel(struct task *task);

/* An error as {"error", "hint"}, and back: true when the value was one. */
json_t *err_to_json(const struct err *err);
bool err_from_json(const json_t *value, struct err *err);

#endif
