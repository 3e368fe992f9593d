#include "lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/text.h"

#define COMMAND_MAX 4096

/* Reads a small file of /proc whole; its length, or -1 with errno. NUL-terminated. */
static ssize_t slurp(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int saved;

	if (fd < 0)
		return -1;
	n = read(fd, out, size - 1);
	saved = errno;
	close(fd);
	errno = saved;
	if (n >= 0)
		out[n] = '\0';
	return n;
}

int proc_stat_parse(const char *text, struct proc_stat *out)
{
	const char *rest;
	int pid, parent;
	uint64_t user, system, start;
	int64_t pages;

	/* The name stands in brackets and may hold anything, brackets too: fields count from the
	 * last. */
	rest = strrchr(text, ')');
	if (rest == NULL || sscanf(text, "%d", &pid) != 1 ||
	    sscanf(rest + 1,
		   " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		   " %*d %*d %*d %*d %d %*d %" SCNu64 " %*u %" SCNd64,
		   &out->state, &parent, &user, &system, &out->threads, &start, &pages) != 7) {
		errno = EINVAL;
		return -1;
	}
	out->id = (struct proc_id){ .pid = pid, .start = start };
	out->parent = parent;
	out->cpu_ticks = user + system;
	out->rss = pages * sysconf(_SC_PAGESIZE);
	return 0;
}

int proc_stat(pid_t pid, struct proc_stat *out)
{
	char path[64], text[1024];

	*out = (struct proc_stat){ .id.pid = pid };
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return slurp(path, text, sizeof(text)) < 0 ? -1 : proc_stat_parse(text, out);
}

int64_t proc_read_bytes(pid_t pid)
{
	char path[64], text[512];
	int64_t bytes;

	snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	if (slurp(path, text, sizeof(text)) < 0 || sscanf(text, "rchar: %" SCNd64, &bytes) != 1)
		return -1;
	return bytes;
}

bool proc_alive(struct proc_id id)
{
	struct proc_stat now;

	return proc_stat(id.pid, &now) == 0 && now.id.start == id.start && now.state != 'Z' &&
	       now.state != 'X';
}

int64_t proc_started(struct proc_id id)
{
	struct timespec boot;
	int64_t since_boot, age, ticks = sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &boot);
	since_boot = boot.tv_sec * CLOCK_US + boot.tv_nsec / 1000;
	age = since_boot - (int64_t)id.start * CLOCK_US / ticks;
	return clock_wall(&clock_system) - age;
}

/* ---- ending ---- */

static int pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int proc_signal(struct proc_id id, int signal, struct err *err)
{
	int fd = pidfd(id.pid);
	int rc = 0;

	if (fd < 0)
		return errno == ESRCH ? 0 : err_sys(err, "pid %d", (int)id.pid);
	/* With the descriptor open the pid can't be reused: the look and the signal mean the same
	 * one. */
	if (proc_alive(id) && syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 &&
	    errno != ESRCH)
		rc = err_sys(err, "signal %d to pid %d", signal, (int)id.pid);
	close(fd);
	return rc;
}

bool proc_wait_gone(struct proc_id id, int64_t timeout_us)
{
	int64_t deadline = clock_mono(&clock_system) + timeout_us;
	int fd = pidfd(id.pid);
	bool gone = !proc_alive(id);

	while (!gone && fd >= 0) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - clock_mono(&clock_system);

		if (left <= 0)
			break;
		if (poll(&wait, 1, (int)((left + 999) / 1000)) < 0 && errno != EINTR)
			break;
		gone = !proc_alive(id);
	}
	if (fd >= 0)
		close(fd);
	return gone;
}

int proc_end(const struct proc_id *ids, size_t n, int64_t grace_us, struct err *err)
{
	int64_t deadline = clock_mono(&clock_system) + grace_us;
	int killed = 0;

	for (size_t i = 0; i < n; i++)
		if (proc_signal(ids[i], SIGTERM, err) < 0)
			return -1;
	for (size_t i = 0; i < n; i++) {
		int64_t left = deadline - clock_mono(&clock_system);

		if (proc_wait_gone(ids[i], left > 0 ? left : 0))
			continue;
		killed++;
		if (proc_signal(ids[i], SIGKILL, err) < 0)
			return -1;
		if (!proc_wait_gone(ids[i], 2 * CLOCK_US))
			return err_set(err, "pid %d does not end, even by KILL", (int)ids[i].pid);
	}
	return killed;
}

char *proc_command(pid_t pid)
{
	char path[64], text[COMMAND_MAX];
	struct buf clean = BUF_INIT;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	n = slurp(path, text, sizeof(text));
	while (n > 0 && text[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	if (n > 0) {
		text_clean(&clean, text, (size_t)n);
	} else if (n == 0) {
		snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
		n = slurp(path, text, sizeof(text));
		buf_putc(&clean, '[');
		text_clean(&clean, text, n > 0 ? (size_t)n - 1 : 0);
		buf_putc(&clean, ']');
	}
	return clean.data != NULL ? buf_detach(&clean) : xstrdup("");
}
