#include "drill/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"

/* Exit statuses of `status`, as systemctl is-active has them; 1 while it waits to start anew. */
enum { SUPERVISED_ACTIVE = 0, SUPERVISED_RESTARTING = 1, SUPERVISED_STOPPED = 3 };

/* How long `stop` waits for the program after TERM, then after KILL. */
#define STOP_GRACE_MS 5000
#define STOP_KILL_MS  2000

struct supervised {
	const char *folder, *name;
	const char *cwd;
	uid_t uid;
	gid_t gid;
	long delay_ms;
	int stop_signal;
	char **argv; /* borrowed, NULL-terminated */
	char *lock;  /* held by the supervisor as long as it lives: who holds it is the truth */
	char *child; /* the program's pid; missing between two starts */
	char *count; /* how often it was started again */
};

/* What the signal handler needs. */
static volatile sig_atomic_t asked_to_stop;

static void on_term(int signal)
{
	(void)signal;
	asked_to_stop = 1;
}

static void sleep_ms(long ms)
{
	struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&wait, NULL);
}

static int complain(const struct supervised *s, const char *what)
{
	fprintf(stderr, "supervise %s: %s: %s\n", s->name, what, strerror(errno));
	return 1;
}

/* The supervisor's pid, 0 when none runs, -1 when that can't be told. */
static pid_t supervisor_pid(const struct supervised *s)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(s->lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int got;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	got = fcntl(fd, F_GETLK, &lock);
	close(fd);
	if (got < 0)
		return -1;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static void number_write(const char *path, long number)
{
	char *temporary = xasprintf("%s.new", path);
	FILE *file = fopen(temporary, "we");

	if (file) {
		fprintf(file, "%ld\n", number);
		if (fclose(file) == 0)
			rename(temporary, path);
	}
	free(temporary);
}

/* 0 when there is none. */
static long number_read(const char *path)
{
	FILE *file = fopen(path, "re");
	long number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%ld", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static pid_t program_start(const struct supervised *s)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	execvp(s->argv[0], s->argv);
	_exit(127);
}

/* Waits for the program; when we are asked to stop, it is asked with its signal, and after the
 * grace killed. */
static int program_wait(const struct supervised *s, pid_t pid)
{
	int status = 0;
	long waited = -1;

	for (long round = 1; waitpid(pid, &status, WNOHANG) == 0; round++) {
		/* Its folder is gone: so is whoever could stop it. */
		if (round % 100 == 0 && access(s->lock, F_OK) < 0 && errno == ENOENT)
			asked_to_stop = 1;
		if (asked_to_stop && waited < 0) {
			kill(pid, s->stop_signal);
			waited = 0;
		}
		if (waited >= STOP_GRACE_MS)
			kill(pid, SIGKILL);
		sleep_ms(10);
		if (waited >= 0)
			waited += 10;
	}
	return status;
}

static int supervise(const struct supervised *s)
{
	/* Its folder may go while the program does not live long enough to be looked at. */
	for (long starts = 0; !asked_to_stop && access(s->lock, F_OK) == 0; starts++) {
		pid_t pid = program_start(s);
		int status;

		if (pid < 0)
			return 1;
		number_write(s->child, pid);
		number_write(s->count, starts);
		status = program_wait(s, pid);
		unlink(s->child);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			break; /* it ended by itself and well: not started again, as on-failure says
				*/
		for (long waited = 0; waited < s->delay_ms && !asked_to_stop; waited += 10)
			sleep_ms(10);
	}
	return 0;
}

static int drop_privileges(const struct supervised *s)
{
	if (!s->uid || geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setgid(s->gid) < 0 || setuid(s->uid) < 0)
		return -1;
	return 0;
}

/* The daemon itself: takes the lock, says through `ready` that it has it, and supervises. */
static int supervisor_main(const struct supervised *s, int ready)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct sigaction action = { .sa_handler = on_term };
	int fd, null;

	setsid();
	umask(022);
	if (drop_privileges(s) < 0)
		return complain(s, "dropping privileges");
	fd = open(s->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return complain(s, s->lock);
	if (fcntl(fd, F_SETLK, &lock) < 0)
		return errno == EAGAIN || errno == EACCES ? 0 : complain(s, s->lock);
	if (s->cwd && chdir(s->cwd) < 0)
		return complain(s, s->cwd);
	sigaction(SIGTERM, &action, NULL);
	null = open("/dev/null", O_RDWR);
	if (null < 0)
		return complain(s, "/dev/null");
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	if (null > 2)
		close(null);
	if (write(ready, "1", 1) != 1)
		return 1;
	close(ready);
	return supervise(s);
}

static int do_start(const struct supervised *s)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	if (supervisor_pid(s) > 0)
		return 0;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return complain(s, "pipe");
	pid = fork();
	if (pid < 0)
		return complain(s, "fork");
	if (pid == 0) {
		close(ready[0]);
		_exit(supervisor_main(s, ready[1]));
	}
	close(ready[1]);
	/* End of file without the byte: it ended before it held the lock. */
	if (read(ready[0], &byte, 1) == 1) {
		close(ready[0]);
		return 0;
	}
	close(ready[0]);
	waitpid(pid, NULL, 0);
	return supervisor_pid(s) > 0 ? 0 : 1;
}

static int do_stop(const struct supervised *s)
{
	pid_t pid = supervisor_pid(s);

	if (pid == 0)
		return 0;
	if (pid < 0 || kill(pid, SIGTERM) < 0)
		return complain(s, "stopping it");
	for (long waited = 0; waited < STOP_GRACE_MS + STOP_KILL_MS; waited += 10) {
		if (supervisor_pid(s) != pid)
			return 0;
		sleep_ms(10);
	}
	fprintf(stderr, "supervise %s: process %d did not end\n", s->name, (int)pid);
	return 1;
}

static int do_status(const struct supervised *s)
{
	pid_t pid = supervisor_pid(s);

	if (pid < 0)
		return complain(s, s->lock);
	if (pid == 0) {
		puts("stopped");
		return SUPERVISED_STOPPED;
	}
	printf("NRestarts=%ld\n", number_read(s->count));
	if (number_read(s->child) == 0) {
		puts("ended, waits to be started again");
		return SUPERVISED_RESTARTING;
	}
	printf("MainPID=%ld\nactive, supervisor %d\n", number_read(s->child), (int)pid);
	return SUPERVISED_ACTIVE;
}

static bool parse_ids(const char *text, uid_t *uid, gid_t *gid)
{
	unsigned long u, g;

	if (sscanf(text, "%lu:%lu", &u, &g) != 2)
		return false;
	*uid = (uid_t)u;
	*gid = (gid_t)g;
	return true;
}

/* Fills in what stands between the name and "--". */
static bool parse_options(struct supervised *s, int argc, char **argv)
{
	for (int i = 4; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			s->argv = argv + i + 1;
			return i + 1 < argc;
		}
		if (i + 1 == argc)
			return false;
		if (!strcmp(argv[i], "--user")) {
			if (!parse_ids(argv[++i], &s->uid, &s->gid))
				return false;
		} else if (!strcmp(argv[i], "--cwd")) {
			s->cwd = argv[++i];
		} else if (!strcmp(argv[i], "--delay")) {
			s->delay_ms = strtol(argv[++i], NULL, 10);
		} else if (!strcmp(argv[i], "--signal")) {
			s->stop_signal = !strcmp(argv[++i], "INT") ? SIGINT : SIGTERM;
		} else if (!strcmp(argv[i], "--env")) {
			if (!strchr(argv[++i], '='))
				return false;
			putenv(argv[i]);
		} else {
			return false;
		}
	}
	return strcmp(argv[1], "start") != 0; /* stop and status need no program */
}

int supervise_main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(const struct supervised *s);
	} verbs[] = { { "start", do_start }, { "stop", do_stop }, { "status", do_status } };
	struct supervised s = { .delay_ms = 1000, .stop_signal = SIGTERM };
	int status = 2;

	if (argc < 4)
		goto usage;
	s.folder = argv[2];
	s.name = argv[3];
	if (!parse_options(&s, argc, argv))
		goto usage;
	s.lock = xasprintf("%s/%s.lock", s.folder, s.name);
	s.child = xasprintf("%s/%s.pid", s.folder, s.name);
	s.count = xasprintf("%s/%s.restarts", s.folder, s.name);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(argv[1], verbs[i].word)) {
			status = verbs[i].run(&s);
			free(s.lock);
			free(s.child);
			free(s.count);
			return status;
		}
	}
usage:
	fputs("usage: backout __supervise start|stop|status FOLDER NAME [--user UID:GID] [--cwd "
	      "DIR] "
	      "[--env N=V]... [--delay MS] [--signal TERM|INT] -- ARGV...\n",
	      stderr);
	return status;
}
