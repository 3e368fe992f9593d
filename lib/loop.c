#include "lib/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/mem.h"

enum watch_kind { WATCH_FD, WATCH_TIMER, WATCH_SIGNAL, WATCH_CHILD, WATCH_SIGNALFD };

struct watch {
	struct loop *loop;
	struct watch *next;
	enum watch_kind kind;
	bool dead; /* freed; its memory goes at the end of the turn */
	int fd;	   /* descriptor, or a child's pidfd; -1 */
	pid_t pid;
	int signal;
	bool armed; /* timer */
	int64_t due, every;
	uint64_t turn; /* timer: the last turn that ran it */
	watch_fn *fn;
	void *data;
};

struct loop {
	const struct clock *clock;
	int epoll;
	struct watch *watches;
	struct watch *signals; /* the watch of the signalfd, when there is one */
	sigset_t mask;	       /* of the signalfd */
	sigset_t before;       /* what the process had when the loop was made */
	uint64_t turn;
	int depth; /* turns inside turns */
	bool buried, stopped;
};

struct loop *loop_new(const struct clock *clock, struct err *err)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	loop->clock = clock;
	sigemptyset(&loop->mask);
	sigprocmask(SIG_SETMASK, NULL, &loop->before);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		err_sys(err, "no event loop can be made");
		free(loop);
		return NULL;
	}
	return loop;
}

const struct clock *loop_clock(const struct loop *loop)
{
	return loop->clock;
}

const sigset_t *loop_child_mask(const struct loop *loop)
{
	return &loop->before;
}

static struct watch *watch_new(struct loop *loop, enum watch_kind kind, watch_fn *fn, void *data)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	*watch = (struct watch){
		.loop = loop, .next = loop->watches, .kind = kind, .fd = -1, .fn = fn, .data = data
	};
	loop->watches = watch;
	return watch;
}

static int watch_poll(struct watch *watch, uint32_t events, struct err *err)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (epoll_ctl(watch->loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0)
		return err_sys(err, "descriptor %d can't be watched", watch->fd);
	return 0;
}

struct watch *loop_fd(struct loop *loop, int fd, uint32_t events, watch_fn *fn, void *data,
		      struct err *err)
{
	struct watch *watch = watch_new(loop, WATCH_FD, fn, data);

	/* A copy of its own: what the caller closes first could not be taken out of epoll any more,
	 * and would go on to report as long as a forked child has it open. */
	watch->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (watch->fd < 0) {
		err_sys(err, "descriptor %d can't be watched", fd);
		watch_free(watch);
		return NULL;
	}
	if (watch_poll(watch, events, err) < 0) {
		watch_free(watch);
		return NULL;
	}
	return watch;
}

struct watch *loop_timer(struct loop *loop, int64_t after_us, int64_t every_us, watch_fn *fn,
			 void *data)
{
	struct watch *watch = watch_new(loop, WATCH_TIMER, fn, data);

	watch_arm(watch, after_us, every_us);
	return watch;
}

void watch_arm(struct watch *timer, int64_t after_us, int64_t every_us)
{
	timer->due = clock_mono(timer->loop->clock) + (after_us > 0 ? after_us : 0);
	timer->every = every_us;
	timer->armed = true;
}

void watch_events(struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

/* Makes the signalfd, or tells it of a changed mask. */
static int signals_update(struct loop *loop, struct err *err)
{
	int fd = signalfd(loop->signals ? loop->signals->fd : -1, &loop->mask,
			  SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return err_sys(err, "signals can't be watched");
	if (!loop->signals) {
		loop->signals = watch_new(loop, WATCH_SIGNALFD, NULL, NULL);
		loop->signals->fd = fd;
		return watch_poll(loop->signals, EPOLLIN, err);
	}
	return 0;
}

struct watch *loop_signal(struct loop *loop, int signal, watch_fn *fn, void *data, struct err *err)
{
	struct watch *watch = watch_new(loop, WATCH_SIGNAL, fn, data);
	sigset_t one;

	watch->signal = signal;
	sigemptyset(&one);
	sigaddset(&one, signal);
	sigaddset(&loop->mask, signal);
	if (sigprocmask(SIG_BLOCK, &one, NULL) < 0 || signals_update(loop, err) < 0) {
		watch_free(watch);
		return NULL;
	}
	return watch;
}

struct watch *loop_child(struct loop *loop, pid_t pid, watch_fn *fn, void *data, struct err *err)
{
	struct watch *watch = watch_new(loop, WATCH_CHILD, fn, data);

	watch->pid = pid;
	watch->fd = pidfd_open(pid, 0);
	if (watch->fd < 0 || watch_poll(watch, EPOLLIN, err) < 0) {
		err_sys(err, "process %d can't be watched", (int)pid);
		watch_free(watch);
		return NULL;
	}
	return watch;
}

/* The last watch of a signal gives it back to whatever the process did with it before. */
static void signal_unwatch(struct watch *watch)
{
	struct loop *loop = watch->loop;
	sigset_t one;

	for (struct watch *w = loop->watches; w; w = w->next)
		if (w != watch && !w->dead && w->kind == WATCH_SIGNAL && w->signal == watch->signal)
			return;
	sigdelset(&loop->mask, watch->signal);
	if (loop->signals)
		signals_update(loop, NULL);
	if (sigismember(&loop->before, watch->signal))
		return;
	sigemptyset(&one);
	sigaddset(&one, watch->signal);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
}

static void loop_bury(struct loop *loop)
{
	struct watch **link = &loop->watches;

	loop->buried = false;
	while (*link) {
		struct watch *watch = *link;

		if (watch->dead) {
			*link = watch->next;
			free(watch);
		} else {
			link = &watch->next;
		}
	}
}

void watch_free(struct watch *watch)
{
	struct loop *loop;

	if (!watch || watch->dead)
		return;
	loop = watch->loop;
	if (watch->kind == WATCH_SIGNAL)
		signal_unwatch(watch);
	if (watch->fd >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	if (watch->fd >= 0)
		close(watch->fd);
	watch->dead = true;
	loop->buried = true;
	/* Inside a turn a pointer to it may still lie among the events that epoll gave. */
	if (loop->depth == 0)
		loop_bury(loop);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	loop->depth++;
	for (struct watch *w = loop->watches; w; w = w->next)
		watch_free(w);
	loop_bury(loop);
	close(loop->epoll);
	free(loop);
}

static void run_signals(struct watch *signals)
{
	struct loop *loop = signals->loop;
	struct signalfd_siginfo info;

	while (!signals->dead && read(signals->fd, &info, sizeof(info)) == sizeof(info))
		for (struct watch *w = loop->watches; w; w = w->next)
			if (!w->dead && w->kind == WATCH_SIGNAL && w->signal == (int)info.ssi_signo)
				w->fn(w, info.ssi_signo, w->data);
}

static void run_child(struct watch *watch)
{
	int status = 0;
	pid_t got;

	do
		got = waitpid(watch->pid, &status, WNOHANG);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return;
	/* Reaped by somebody else: it ended, nobody knows how. */
	if (got < 0)
		status = 0xff00;
	epoll_ctl(watch->loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	close(watch->fd);
	watch->fd = -1;
	watch->fn(watch, (uint32_t)status, watch->data);
}

static struct watch *timer_first(const struct loop *loop, bool not_run)
{
	struct watch *first = NULL;

	for (struct watch *w = loop->watches; w; w = w->next)
		if (w->kind == WATCH_TIMER && w->armed && !w->dead &&
		    !(not_run && w->turn == loop->turn) && (!first || w->due < first->due))
			first = w;
	return first;
}

static void run_timers(struct loop *loop)
{
	int64_t now = clock_mono(loop->clock), passed;
	uint64_t turn = ++loop->turn;
	struct watch *timer;

	/* Each timer once a turn, so that one armed for "at once" starves no other; a turn inside
	 * a callback has done the work of this one. */
	while (turn == loop->turn && (timer = timer_first(loop, true)) && timer->due <= now) {
		passed = 1;
		timer->turn = loop->turn;
		if (timer->every > 0) {
			passed += (now - timer->due) / timer->every;
			timer->due += passed * timer->every;
		} else {
			timer->armed = false;
		}
		timer->fn(timer, passed > UINT32_MAX ? UINT32_MAX : (uint32_t)passed, timer->data);
	}
}

/* Milliseconds to wait: until the first timer, rounded up, at most `max_ms`. */
static int loop_patience(const struct loop *loop, int max_ms)
{
	const struct watch *timer = timer_first(loop, false);
	int64_t left;

	if (!timer)
		return max_ms;
	left = (timer->due - clock_mono(loop->clock) + 999) / 1000;
	if (left < 0)
		left = 0;
	if (left > INT_MAX)
		left = INT_MAX;
	return max_ms < 0 || left < max_ms ? (int)left : max_ms;
}

int loop_turn(struct loop *loop, int max_ms, struct err *err)
{
	struct epoll_event events[64];
	int count = epoll_wait(loop->epoll, events, 64, loop_patience(loop, max_ms));

	if (count < 0 && errno != EINTR)
		return err_sys(err, "waiting for events");
	loop->depth++;
	for (int i = 0; i < count; i++) {
		struct watch *watch = events[i].data.ptr;

		if (watch->dead)
			continue;
		if (watch->kind == WATCH_SIGNALFD)
			run_signals(watch);
		else if (watch->kind == WATCH_CHILD)
			run_child(watch);
		else
			watch->fn(watch, events[i].events, watch->data);
	}
	run_timers(loop);
	if (--loop->depth == 0 && loop->buried)
		loop_bury(loop);
	return 0;
}

int loop_run(struct loop *loop, struct err *err)
{
	loop->stopped = false;
	while (!loop->stopped)
		if (loop_turn(loop, -1, err) < 0)
			return -1;
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
