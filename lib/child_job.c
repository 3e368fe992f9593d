/* Children beside the event loop. */
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/child_pipe.h"
#include "lib/child_tree.h"
#include "lib/clock.h"
#include "lib/mem.h"

static const int64_t grace_us = 2 * CLOCK_US, again_us = CLOCK_US / 10;
/* From TERM on; what is still there then is left behind. */
static const int64_t give_up_us = 7 * CLOCK_US;

enum { PATIENCE_MS = 30 };

struct job {
	struct loop *loop;
	struct child_tree tree;
	bool kept; /* the tree's root is a keeper */
	struct child_pipe pipe;
	struct buf out;
	struct child_end end;
	int64_t start;
	int64_t term;			      /* when TERM was sent; 0: not yet */
	struct watch *child, *output, *timer; /* of the loop; NULL: not wanted */
	job_fn *done;
	void *data;
};

static void job_free(struct job *job)
{
	watch_free(job->child);
	watch_free(job->output);
	watch_free(job->timer);
	child_pipe_close(&job->pipe, 0);
	child_pipe_close(&job->pipe, 1);
	child_tree_release(&job->tree);
	buf_release(&job->out);
	free(job);
}

static void job_finish(struct job *job)
{
	child_pipe_read(&job->pipe);
	job->end.lost = job->pipe.lost;
	job->end.elapsed_us = clock_mono(loop_clock(job->loop)) - job->start;
	/* Its watches go first, so that a turn inside `done` can't come back to it. */
	watch_free(job->child);
	watch_free(job->output);
	watch_free(job->timer);
	job->child = job->output = job->timer = NULL;
	job->done(&job->end, &job->out, job->data);
	job_free(job);
}

static void on_output(struct watch *watch, uint32_t what, void *data)
{
	struct job *job = data;
	int fd = job->pipe.ends[0];

	(void)what;
	child_pipe_read(&job->pipe);
	if (job->pipe.ends[0] >= 0 || fd < 0)
		return;
	job->output = NULL;
	watch_free(watch);
}

static void on_end(struct watch *watch, uint32_t what, void *data)
{
	struct job *job = data;

	(void)watch;
	job->end.status = (int)what;
	/* Of a timed-out tree nothing may be left when the caller hears of it. */
	if (job->end.timed_out)
		child_tree_signal(&job->tree, SIGKILL);
	job_finish(job);
}

static void on_late_end(struct watch *watch, uint32_t what, void *data)
{
	(void)what, (void)data;
	watch_free(watch);
}

static void on_timer(struct watch *watch, uint32_t what, void *data)
{
	struct job *job = data;
	int64_t now = clock_mono(loop_clock(job->loop));

	(void)what;
	job->end.timed_out = true;
	if (job->term == 0) {
		job->term = now;
		child_tree_signal(&job->tree, SIGTERM);
		watch_arm(watch, grace_us, again_us);
		return;
	}
	child_tree_finish(&job->tree, job->kept);
	if (now - job->term < give_up_us)
		return;
	job->end.status = SIGKILL;
	(void)loop_child(job->loop, job->tree.root, on_late_end, NULL, NULL);
	job_finish(job);
}

struct job *job_start(struct loop *loop, const struct child_spec *spec, const char *input,
		      int64_t timeout_us, size_t max, job_fn *done, void *data, struct err *err)
{
	struct child_spec mine = *spec;
	struct job *job = xcalloc(1, sizeof(*job));
	int in = -1;

	*job = (struct job){ .loop = loop,
			     .pipe = CHILD_PIPE_INIT,
			     .kept = spec->kept,
			     .done = done,
			     .data = data,
			     .start = clock_mono(loop_clock(loop)) };
	if (child_pipe_open(&job->pipe, &job->out, max, err) < 0)
		goto fail;
	job->pipe.enough = spec->enough;
	mine.out = job->pipe.ends[1];
	if (input && (in = mine.in = child_input(input, err)) < 0)
		goto fail;
	child_tree_init(&job->tree, false);
	job->tree.root = child_start(&mine, err);
	if (job->tree.root < 0)
		goto fail;
	child_pipe_close(&job->pipe, 1);
	job->child = loop_child(loop, job->tree.root, on_end, job, err);
	job->output = loop_fd(loop, job->pipe.ends[0], EPOLLIN, on_output, job, err);
	if (timeout_us != 0)
		job->timer = loop_timer(loop, timeout_us, 0, on_timer, job);
	if (in >= 0)
		close(in);
	if (!job->child || !job->output) {
		job_cancel(job);
		return NULL;
	}
	return job;
fail:
	if (in >= 0)
		close(in);
	job_free(job);
	return NULL;
}

void child_bury(struct loop *loop, pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		usleep(1000);
	}
	(void)loop_child(loop, pid, on_late_end, NULL, NULL);
}

void job_cancel(struct job *job)
{
	if (!job)
		return;
	child_tree_finish(&job->tree, job->kept);
	child_bury(job->loop, job->tree.root);
	job_free(job);
}
