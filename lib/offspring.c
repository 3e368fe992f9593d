#include "lib/offspring.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/child_tree.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

struct task {
	struct loop *loop;
	pid_t pid;
	int fd;
	struct watch *readable, *timeout;
	struct buf text;
	task_done *done;
	void *data;
};

static void become_offspring(pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	/* The terminal's keys are the parent's business. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t offspring_start(void (*body)(int fd, void *data), void *data, int *fd, struct err *err)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(err, "pipe");
	pid = fork();
	if (pid < 0) {
		err_sys(err, "fork");
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (pid == 0) {
		close(ends[0]);
		become_offspring(parent);
		body(ends[1], data);
		_exit(0);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*fd = ends[0];
	return pid;
}

static void bury(struct loop *loop, pid_t pid)
{
	if (loop) {
		child_bury(loop, pid);
		return;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void offspring_kill(struct loop *loop, pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	bury(loop, pid);
}

void offspring_end(struct loop *loop, pid_t pid)
{
	if (pid <= 0)
		return;
	child_tree_ask(pid);
	bury(loop, pid);
}

struct task_call {
	task_body *body;
	void *data;
};

static void task_main(int fd, void *data)
{
	const struct task_call *call = data;
	json_t *result = call->body(call->data);
	char *text = json_line(result);

	if (text)
		file_write(fd, text, strlen(text));
}

static void task_free(struct task *task, bool whole)
{
	watch_free(task->readable);
	watch_free(task->timeout);
	close(task->fd);
	(whole ? offspring_kill : offspring_end)(task->loop, task->pid);
	buf_release(&task->text);
	free(task);
}

static void task_finish(struct task *task, bool whole)
{
	json_t *result = NULL;
	task_done *done = task->done;
	void *data = task->data;

	if (whole)
		result = json_loadb(buf_str(&task->text), task->text.len, JSON_DECODE_ANY, NULL);
	task_free(task, whole);
	done(result, data);
	json_decref(result);
}

static void task_readable(struct watch *watch, uint32_t what, void *data)
{
	struct task *task = data;
	char bytes[16384];
	ssize_t n;

	(void)watch;
	(void)what;
	while ((n = read(task->fd, bytes, sizeof(bytes))) > 0)
		buf_add(&task->text, bytes, (size_t)n);
	if (n == 0)
		task_finish(task, true);
}

static void task_late(struct watch *watch, uint32_t what, void *data)
{
	(void)watch;
	(void)what;
	task_finish(data, false);
}

struct task *task_start(struct loop *loop, int64_t timeout_us, task_body *body, task_done *done,
			void *data, struct err *err)
{
	struct task_call call = { .body = body, .data = data };
	struct task *task = xcalloc(1, sizeof(*task));

	*task = (struct task){ .loop = loop, .done = done, .data = data, .fd = -1 };
	task->pid = offspring_start(task_main, &call, &task->fd, err);
	if (task->pid < 0) {
		free(task);
		return NULL;
	}
	task->readable = loop_fd(loop, task->fd, EPOLLIN, task_readable, task, err);
	task->timeout = loop_timer(loop, timeout_us, 0, task_late, task);
	if (!task->readable) {
		task_free(task, false);
		return NULL;
	}
	return task;
}

void task_cancel(struct task *task)
{
	if (task)
		task_free(task, false);
}

json_t *err_to_json(const struct err *err)
{
	return json_pack("{s:o, s:o}", "error", json_text(err->msg, strlen(err->msg)), "hint",
			 json_text(err->hint, strlen(err->hint)));
}

bool err_from_json(const json_t *value, struct err *err)
{
	const char *msg = json_str(value, "error", NULL);

	if (!msg)
		return false;
	err_set(err, "%s", msg);
	if (*json_str(value, "hint", ""))
		err_hint(err, "%s", json_str(value, "hint", ""));
	return true;
}
