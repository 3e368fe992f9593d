/* Children that are waited for. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/child_pipe.h"
#include "lib/child_tree.h"
#include "lib/clock.h"
#include "lib/text.h"

/* Between TERM and KILL, and for a killed process to be gone (one in the kernel's hands may never
 * be; then it is left behind). */
static const int64_t grace_us = 2 * CLOCK_US, patience_us = 5 * CLOCK_US;

enum { OUTPUT_MAX = 64 << 20, ERROR_MAX = 64 << 10, TICK_MS = 100 };

struct run {
	struct child_tree tree;
	int asked;     /* a signalfd of CHILD_END_SIGNAL; -1: the caller has its own use of that */
	sigset_t mask; /* the caller's */
	struct child_pipe out, err;
	int pidfd;
	int64_t start;
	struct child_end *end;
	const struct child_spec *spec;
};

static int64_t now(void)
{
	return clock_mono(&clock_system);
}

/* While this runs, the end that somebody asks of this process waits for the tree's. */
static int asked_open(sigset_t *before)
{
	struct sigaction action;
	sigset_t signal;

	sigemptyset(&signal);
	sigaddset(&signal, CHILD_END_SIGNAL);
	if (sigaction(CHILD_END_SIGNAL, NULL, &action) != 0 || action.sa_handler != SIG_DFL ||
	    sigprocmask(SIG_BLOCK, &signal, before) != 0)
		return -1;
	return signalfd(-1, &signal, SFD_CLOEXEC);
}

/* The signal that came meanwhile is still pending: it ends this process here. */
static void asked_close(struct run *run)
{
	if (run->asked >= 0)
		close(run->asked);
	sigprocmask(SIG_SETMASK, &run->mask, NULL);
}

static bool is_asked(const struct run *run)
{
	struct pollfd asked = { .fd = run->asked, .events = POLLIN };

	return run->asked >= 0 && poll(&asked, 1, 0) > 0;
}

/* Captures output until the child has ended (1), or `until` is reached or this process is asked to
 * end (0); `until` 0 waits for ever. */
static int run_wait(struct run *run, int64_t until)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = run->pidfd, .events = POLLIN },
			{ .fd = run->out.ends[0], .events = POLLIN },
			{ .fd = run->err.ends[0], .events = POLLIN },
			{ .fd = run->asked, .events = POLLIN },
		};
		int64_t left = until ? (until - now() + 999) / 1000 : TICK_MS;

		if (left <= 0)
			return 0;
		if (run->spec->tick)
			run->spec->tick(run->spec->tick_data);
		/* Dead orphans take numbers from the host, and each other time from an end. */
		child_tree_reap(&run->tree);
		if (poll(fds, 4, left > TICK_MS ? TICK_MS : (int)left) < 0)
			continue;
		child_pipe_read(&run->out);
		child_pipe_read(&run->err);
		/* What the child wrote last may have come between the reads and its end. */
		if (fds[0].revents) {
			child_pipe_read(&run->out);
			child_pipe_read(&run->err);
			return 1;
		}
		if (fds[3].revents)
			return 0;
	}
}

/* Until nothing of the tree lives; the root stays a zombie for its status. */
static void run_kill(struct run *run)
{
	int64_t term = now() + (is_asked(run) ? 0 : grace_us), give_up = term + patience_us;
	size_t left = child_tree_signal(&run->tree, SIGTERM);

	while (left > 0 && now() < term && !is_asked(run)) {
		/* The root's end is no news any more, then this is the pace. */
		if (run_wait(run, now() + 5000))
			usleep(2000);
		left = child_tree_signal(&run->tree, 0);
	}
	if (left > 0)
		child_tree_kill(&run->tree, give_up);
	child_pipe_read(&run->out);
	child_pipe_read(&run->err);
	child_tree_reap(&run->tree);
}

static void run_reap(struct run *run)
{
	pid_t got;

	do
		got = waitpid(run->tree.root, &run->end->status, run->end->timed_out ? WNOHANG : 0);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		run->end->status = SIGKILL;
}

static int run_prepare(struct run *run, struct child_spec *spec, const char *input, size_t max,
		       struct buf *out, struct buf *errout, int *in, struct err *err)
{
	if (input && (*in = spec->in = child_input(input, err)) < 0)
		return -1;
	if (out && child_pipe_open(&run->out, out, max, err) < 0)
		return -1;
	if (errout && child_pipe_open(&run->err, errout, max, err) < 0)
		return -1;
	run->out.enough = run->err.enough = spec->enough;
	if (out)
		spec->out = run->out.ends[1];
	if (errout)
		spec->err = run->err.ends[1];
	return 0;
}

int child_run(const struct child_spec *spec, const char *input, int64_t timeout_us, size_t max,
	      struct buf *out, struct buf *errout, struct child_end *end, struct err *err)
{
	struct child_end unwanted;
	struct child_spec mine = *spec;
	struct run run = { .out = CHILD_PIPE_INIT,
			   .err = CHILD_PIPE_INIT,
			   .pidfd = -1,
			   .asked = -1,
			   .start = now(),
			   .end = end ? end : &unwanted,
			   .spec = &mine };
	int result = -1, in = -1, reaper = 0;

	*run.end = (struct child_end){ .timed_out = false };
	sigprocmask(SIG_SETMASK, NULL, &run.mask);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	child_tree_init(&run.tree, prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	if (run_prepare(&run, &mine, input, max, out, errout, &in, err) < 0)
		goto out;
	run.asked = asked_open(&run.mask);
	run.tree.root = child_start(&mine, err);
	if (run.tree.root < 0)
		goto out;
	child_pipe_close(&run.out, 1);
	child_pipe_close(&run.err, 1);
	run.pidfd = pidfd_open(run.tree.root, 0);
	if (run.pidfd < 0) {
		err_sys(err, "%s: can't be watched", spec->argv[0]);
		kill(run.tree.root, SIGKILL);
		waitpid(run.tree.root, NULL, 0);
		goto out;
	}
	if (!run_wait(&run, timeout_us != 0 ? run.start + timeout_us : 0)) {
		run.end->timed_out = true;
		run_kill(&run);
	}
	run_reap(&run);
	run.end->lost = run.out.lost + run.err.lost;
	run.end->elapsed_us = now() - run.start;
	result = 0;
out:
	prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)reaper);
	for (int i = 0; i < 2; i++) {
		child_pipe_close(&run.out, i);
		child_pipe_close(&run.err, i);
	}
	if (run.pidfd >= 0)
		close(run.pidfd);
	if (in >= 0)
		close(in);
	child_tree_release(&run.tree);
	asked_close(&run);
	return result;
}

/* Cuts to the last line that holds more than blanks. */
static const char *last_line(struct buf *text)
{
	const char *start;

	while (text->len > 0 && strchr(" \t\r\n", text->data[text->len - 1]))
		buf_cut(text, text->len - 1);
	start = strrchr(buf_str(text), '\n');
	return start ? start + 1 : buf_str(text);
}

int child_ok(const struct child_spec *spec, const char *input, int64_t timeout_us, struct buf *out,
	     struct err *err)
{
	struct buf errout = BUF_INIT;
	struct child_end end;
	char how[96], shown[400];
	const char *line;
	int result = -1;

	if (child_run(spec, input, timeout_us, out ? OUTPUT_MAX : ERROR_MAX, out, &errout, &end,
		      err) < 0)
		goto out;
	if (!end.timed_out && end.status == 0) {
		result = 0;
		goto out;
	}
	line = last_line(&errout);
	text_clean_to(shown, sizeof(shown), line, strlen(line));
	err_set(err, "%s: %s%s%s", spec->argv[0], child_end_text(&end, how, sizeof(how)),
		*shown ? ": " : "", shown);
out:
	buf_release(&errout);
	return result;
}
