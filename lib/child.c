#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "lib/child_tree.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* ---- the environment ---- */

struct env {
	char **list; /* owned, NULL-terminated */
	size_t count, cap;
};

static void env_add(struct env *env, const char *entry)
{
	env->list = xgrow(env->list, &env->cap, env->count + 2, sizeof(*env->list));
	env->list[env->count++] = xstrdup(entry);
	env->list[env->count] = NULL;
}

static void env_set(struct env *env, const char *name, const char *value)
{
	char *entry = xasprintf("%s=%s", name, value);

	env_add(env, entry);
	free(entry);
}

static bool env_has(const struct env *env, const char *entry)
{
	size_t len = strcspn(entry, "=");

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->list[i], entry, len) == 0 && env->list[i][len] == '=')
			return true;
	return false;
}

static bool env_allowed(const char *entry)
{
	static const char *const names[] = {
		"HOME", "USER", "LOGNAME",	 "PATH",   "LANG",
		"TZ",	"TERM", "SSH_AUTH_SOCK", "TMPDIR", "SOURCE_DATE_EPOCH",
	};
	size_t len = strcspn(entry, "=");

	if (strncmp(entry, "LC_", 3) == 0 || strncmp(entry, "XDG_", 4) == 0)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && strncmp(entry, names[i], len) == 0)
			return true;
	return false;
}

/* What belongs to the person at the keyboard, and to no other user. */
static bool env_personal(const char *entry)
{
	return strncmp(entry, "XDG_", 4) == 0 || strncmp(entry, "SSH_AUTH_SOCK=", 14) == 0;
}

static struct env env_make(const struct child_spec *spec, const struct passwd *user)
{
	struct env env = { .list = NULL };

	for (const char *const *p = spec->env; p && *p; p++)
		env_add(&env, *p);
	if (user) {
		env_set(&env, "HOME", user->pw_dir);
		env_set(&env, "USER", user->pw_name);
		env_set(&env, "LOGNAME", user->pw_name);
	}
	for (char **p = environ; p && *p; p++)
		if (env_allowed(*p) && !env_has(&env, *p) && !(spec->uid && env_personal(*p)))
			env_add(&env, *p);
	if (clock_followed())
		env_set(&env, CLOCK_ENV, clock_followed());
	if (!env_has(&env, "PATH="))
		env_add(&env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	return env;
}

static void env_release(struct env *env)
{
	for (size_t i = 0; i < env->count; i++)
		free(env->list[i]);
	free(env->list);
}

/* ---- between fork and exec ---- */

enum stage { STAGE_SETUP, STAGE_FOLDER, STAGE_USER, STAGE_EXEC };

struct failure {
	enum stage stage;
	int error;
};

enum { GROUPS_MAX = 64, HIGH_FD = 10 };

/* All that the child needs, prepared while it is still safe to allocate. */
struct launch {
	const struct child_spec *spec;
	struct env env;
	gid_t groups[GROUPS_MAX];
	int ngroups;
	int report; /* where a failure is written */
	pid_t parent;
};

static _Noreturn void launch_fail(const struct launch *launch, enum stage stage)
{
	struct failure failure = { .stage = stage, .error = errno };

	if (write(launch->report, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

/* A zeroed struct asks for nothing: 0 counts only beside the standard output. */
static int given_in(const struct child_spec *spec)
{
	return spec->in > 0 || (spec->in == 0 && spec->out == STDOUT_FILENO) ? spec->in : -1;
}

static void launch_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void launch_stdio(const struct launch *launch)
{
	const struct child_spec *spec = launch->spec;
	int given[3] = { given_in(spec), spec->out > 0 ? spec->out : -1,
			 spec->err > 0 ? spec->err : -1 };

	for (int i = 0; i < 3; i++) {
		given[i] = given[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : given[i];
		if (given[i] >= 0)
			given[i] = fcntl(given[i], F_DUPFD_CLOEXEC, HIGH_FD);
		if (given[i] < 0)
			launch_fail(launch, STAGE_SETUP);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(given[i], i) < 0)
			launch_fail(launch, STAGE_SETUP);
	/* Close-on-exec instead of closing: a failing exec must still be reported. */
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		launch_fail(launch, STAGE_SETUP);
	for (const int *keep = spec->keep; keep && *keep >= 0; keep++)
		if (fcntl(*keep, F_SETFD, 0) < 0)
			launch_fail(launch, STAGE_SETUP);
}

/* ---- the keeper ---- */

/* Ends as its child did, so that whoever waits for it learns the same. */
static _Noreturn void end_as(int status)
{
	const struct rlimit none = { 0 };
	sigset_t all;

	if (WIFSIGNALED(status)) {
		setrlimit(RLIMIT_CORE, &none);
		sigfillset(&all);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
		raise(WTERMSIG(status));
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 127);
}

/* Between the parent and `child`: orphans of that one become its children. When the parent dies
 * nobody is left who would end them, and it does; so it does when it is asked to. */
static _Noreturn void keeper_run(pid_t parent, pid_t child, bool ends_all)
{
	sigset_t wanted;
	siginfo_t what;
	int status;

	close_range(0, ~0U, 0);
	prctl(PR_SET_NAME, "backout-keeper");
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, CHILD_END_SIGNAL);
	prctl(PR_SET_PDEATHSIG, CHILD_END_SIGNAL);
	while (getppid() == parent) {
		pid_t gone;

		while ((gone = waitpid(-1, &status, WNOHANG)) > 0) {
			if (gone != child)
				continue;
			if (ends_all)
				child_sweep(NULL, 0);
			end_as(status);
		}
		if (sigwaitinfo(&wanted, &what) == CHILD_END_SIGNAL)
			break;
	}
	child_sweep(NULL, 0);
	_exit(127);
}

/* Only the child that shall become the program comes back. */
static void launch_kept(struct launch *launch)
{
	pid_t parent = launch->parent, child;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	launch->parent = getpid();
	child = fork();
	if (child < 0)
		launch_fail(launch, STAGE_SETUP);
	if (child > 0)
		keeper_run(parent, child, launch->spec->ends_all);
}

static _Noreturn void launch_run(struct launch *launch)
{
	const struct child_spec *spec = launch->spec;
	bool terminal = given_in(spec) >= 0 && isatty(given_in(spec));

	launch_signals();
	if (spec->kept) {
		launch_kept(launch);
		launch_signals();
	}
	/* Without a terminal nothing can ask for a password across the screen. */
	if ((spec->detached || !terminal) && setsid() < 0)
		launch_fail(launch, STAGE_SETUP);
	if (!spec->keep_umask)
		umask(spec->usual_umask ? 022 : 077);
	launch_stdio(launch);
	if (spec->uid && (setgroups((size_t)launch->ngroups, launch->groups) < 0 ||
			  setgid(spec->gid) < 0 || setuid(spec->uid) < 0))
		launch_fail(launch, STAGE_USER);
	if (spec->cwd && chdir(spec->cwd) < 0)
		launch_fail(launch, STAGE_FOLDER);
	/* Behind setuid(), which clears it. */
	if (!spec->detached) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
			launch_fail(launch, STAGE_SETUP);
		if (getppid() != launch->parent)
			_exit(127);
	}
	environ = launch->env.list;
	execvp(spec->argv[0], (char *const *)(uintptr_t)spec->argv);
	launch_fail(launch, STAGE_EXEC);
}

static int failure_say(const struct child_spec *spec, const struct failure *failure,
		       struct err *err)
{
	const char *name = spec->argv[0];

	errno = failure->error;
	switch (failure->stage) {
	case STAGE_FOLDER:
		return err_sys(err, "%s: folder %s can't be entered", name, spec->cwd);
	case STAGE_USER:
		err_sys(err, "%s: can't be started as user %u", name, (unsigned)spec->uid);
		return err_hint(err, "only root may start a program as another user");
	case STAGE_SETUP:
		return err_sys(err, "%s: can't be prepared", name);
	case STAGE_EXEC:
		break;
	}
	if (failure->error == ENOENT)
		err_set(err, "%s: no such program", name);
	else
		err_sys(err, "%s: can't be started", name);
	return err_hint(err, strchr(name, '/') ? "check the path and that it is executable"
					       : "install it, or add its folder to PATH");
}

static void launch_user(struct launch *launch)
{
	const struct child_spec *spec = launch->spec;
	const struct passwd *user = spec->uid ? getpwuid(spec->uid) : NULL;

	launch->env = env_make(spec, user);
	launch->ngroups = GROUPS_MAX;
	launch->groups[0] = spec->gid;
	if (!user || getgrouplist(user->pw_name, spec->gid, launch->groups, &launch->ngroups) < 0)
		launch->ngroups = 1;
}

pid_t child_start(const struct child_spec *spec, struct err *err)
{
	struct launch launch = { .spec = spec, .parent = getpid() };
	struct failure failure;
	int pipefd[2] = { -1, -1 }, high;
	ssize_t got;
	pid_t pid = -1;

	launch_user(&launch);
	if (pipe2(pipefd, O_CLOEXEC) < 0 ||
	    (high = fcntl(pipefd[1], F_DUPFD_CLOEXEC, HIGH_FD)) < 0) {
		err_sys(err, "%s: can't be started", spec->argv[0]);
		goto out;
	}
	close(pipefd[1]);
	pipefd[1] = launch.report = high;
	pid = fork();
	if (pid < 0) {
		err_sys(err, "%s: can't be started", spec->argv[0]);
		goto out;
	}
	if (pid == 0)
		launch_run(&launch);
	close(pipefd[1]);
	pipefd[1] = -1;
	do
		got = read(pipefd[0], &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(failure)) {
		waitpid(pid, NULL, 0);
		pid = failure_say(spec, &failure, err);
	}
out:
	if (pipefd[0] >= 0)
		close(pipefd[0]);
	if (pipefd[1] >= 0)
		close(pipefd[1]);
	env_release(&launch.env);
	return pid;
}

char *child_end_text(const struct child_end *end, char *out, size_t size)
{
	char took[64];
	const char *name;

	if (end->timed_out) {
		snprintf(out, size, "timed out after %s",
			 duration_text(end->elapsed_us, took, sizeof(took)));
	} else if (WIFSIGNALED(end->status)) {
		name = sigabbrev_np(WTERMSIG(end->status));
		if (name)
			snprintf(out, size, "killed by SIG%s", name);
		else
			snprintf(out, size, "killed by signal %d", WTERMSIG(end->status));
	} else {
		snprintf(out, size, "exit status %d", WEXITSTATUS(end->status));
	}
	return out;
}
