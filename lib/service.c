#include "lib/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/clock.h"
#include "lib/cmdout.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/proc.h"
#include "lib/text.h"

#define QUERY_US  (5 * CLOCK_US)
#define POLL_US	  50000
#define STEADY_US 300000
/* How long a program that has just been started may keep its mode to itself: in the middle of an
 * execve() it has no words yet. */
#define MODE_US (2 * CLOCK_US)

const struct field service_fields[] = {
	{ "systemd", FIELD_STRING, false, "name of a systemd unit", NULL, NULL },
	{ "user", FIELD_BOOL, false, "the unit belongs to the user's own systemd", NULL, NULL },
	{ "status", FIELD_STRINGS, false, "command that exits with 0 when active, 3 when stopped",
	  NULL, NULL },
	{ "pid_file", FIELD_PATH, false, "file that holds the main process's pid", NULL, NULL },
	{ "start", FIELD_STRINGS, false, "command that starts it (with status or pid_file)", NULL,
	  NULL },
	{ "stop", FIELD_STRINGS, false, "command that stops it (with status)", NULL, NULL },
	{ "cwd", FIELD_PATH, false, "folder in which the commands run", NULL, NULL },
	{ "env", FIELD_MAP, false, "additions to the commands' environment", "secret", NULL },
	{ "modes", FIELD_OBJECT_MAP, false, "other ways in which it may be started", "mode", NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const drivers[] = { "systemd", "status", "pid_file", NULL };
const char *const *const service_one_of[] = { drivers, NULL };

static const char *const act_names[] = {
	[SERVICE_START] = "start",
	[SERVICE_STOP] = "stop",
	[SERVICE_RESTART] = "restart",
};

int service_act_parse(const char *name, enum service_act *act)
{
	for (size_t i = 0; i < sizeof(act_names) / sizeof(act_names[0]); i++) {
		if (strcmp(name, act_names[i]) == 0) {
			*act = (enum service_act)i;
			return 0;
		}
	}
	return -1;
}

/* ---- life cycle ---- */

/* The unit of one of its modes, or the service's own one. */
static const char *unit_of(const struct service *service, const char *mode)
{
	const json_t *one = mode != NULL ? json_object_get(service->modes, mode) : NULL;

	return json_str(one, "systemd", service->unit);
}

/* An argv of systemctl on `unit`, or on all units of the service when it is NULL. It asks nobody
 * for a password, since no terminal is its standard input. */
static char **systemctl(const struct service *service, const char *verb, const char *option,
			const char *unit)
{
	char **argv = xcalloc(7 + json_object_size(service->modes), sizeof(*argv));
	const char *name;
	json_t *mode;
	size_t n = 0;

	argv[n++] = xstrdup("systemctl");
	if (service->user)
		argv[n++] = xstrdup("--user");
	argv[n++] = xstrdup(verb);
	if (option != NULL)
		argv[n++] = xstrdup(option);
	argv[n++] = xstrdup("--");
	argv[n++] = xstrdup(unit != NULL ? unit : service->unit);
	if (unit == NULL)
		json_object_foreach((json_t *)service->modes, name, mode)
			argv[n++] = xstrdup(unit_of(service, name));
	return argv;
}

static int commands_init(struct service *service, const json_t *declaration, struct err *err)
{
	static const char *const names[] = { "start", "stop", "status" };
	char ***const fields[] = { &service->start, &service->stop, &service->status };

	for (size_t i = 0; i < 3; i++) {
		const json_t *list = json_object_get(declaration, names[i]);

		if (list == NULL)
			continue;
		*fields[i] = argv_new(list, names[i], err);
		if (*fields[i] == NULL)
			return -1;
	}
	if (service->pid_file != NULL)
		return service->start
			   ? 0
			   : err_set(err, "a service with a pid_file needs a start command");
	if (service->start == NULL || service->stop == NULL || service->status == NULL)
		return err_set(err, "a service by commands needs start, stop and status");
	return 0;
}

static int unit_check(const char *unit, struct err *err)
{
	size_t stem = strcspn(unit, ".");

	if (unit[0] == '\0' || strpbrk(unit, "*?[ \n") != NULL)
		return err_set(err, "\"%s\" does not name one systemd unit", unit);
	if (stem > 0 && unit[stem - 1] == '@')
		return err_set(err, "\"%s\" is a template: name an instance, %.*sNAME%s", unit,
			       (int)stem, unit, unit + stem);
	return 0;
}

static int modes_check(const struct service *service, struct err *err)
{
	const char *name, *unit;
	json_t *mode;

	json_object_foreach((json_t *)service->modes, name, mode) {
		bool words = json_object_size(json_object_get(mode, "env")) > 0 ||
			     json_array_size(json_object_get(mode, "args")) > 0;

		unit = json_str(mode, "systemd", NULL);
		if (strcmp(name, SERVICE_NORMAL) == 0)
			return err_set(err, "\"%s\" is the mode without a mode", name);
		if (service->unit != NULL && (unit == NULL || words))
			return err_set(err,
				       "mode %s of a systemd unit is another unit: \"systemd\", "
				       "and "
				       "nothing else",
				       name);
		if (service->unit == NULL && (unit != NULL || !words))
			return err_set(err, "mode %s needs \"args\" or \"env\", and no unit", name);
		if (unit != NULL && unit_check(unit, err) < 0)
			return -1;
	}
	return 0;
}

/* Where systemctl looks for the user's manager, also from cron and after su. */
static void runtime_folder(struct service *service)
{
	char *path = xasprintf("/run/user/%u", (unsigned)geteuid());
	size_t n = 0;

	if (getenv("XDG_RUNTIME_DIR") == NULL && file_exists(path)) {
		while (service->env[n] != NULL)
			n++;
		service->env = xrealloc(service->env, (n + 2) * sizeof(*service->env));
		service->env[n] = xasprintf("XDG_RUNTIME_DIR=%s", path);
		service->env[n + 1] = NULL;
	}
	free(path);
}

int service_init(struct service *service, const json_t *declaration, struct err *err)
{
	*service = (struct service){ .declaration = declaration };
	service->unit = json_str(declaration, "systemd", NULL);
	service->pid_file = json_str(declaration, "pid_file", NULL);
	service->cwd = json_str(declaration, "cwd", NULL);
	service->user = json_bool(declaration, "user", 0);
	service->env = argv_env(json_object_get(declaration, "env"));
	service->modes = json_object_get(declaration, "modes");
	if (modes_check(service, err) < 0)
		return -1;
	if (service->unit == NULL)
		return commands_init(service, declaration, err);
	if (unit_check(service->unit, err) < 0)
		return -1;
	if (service->user)
		runtime_folder(service);
	service->start = systemctl(service, "start", NULL, service->unit);
	service->stop = systemctl(service, "stop", NULL, NULL);
	service->status =
	    systemctl(service, "show",
		      "--property=LoadState,ActiveState,SubState,MainPID,NRestarts,Result,"
		      "NeedDaemonReload",
		      NULL);
	return 0;
}

/* The array `first` with the strings of `second` behind its own; both are consumed. */
static char **words_join(char **first, char **second)
{
	size_t n = 0;

	while (first[n] != NULL)
		n++;
	for (size_t i = 0; second != NULL && second[i] != NULL; i++) {
		first = xrealloc(first, (n + 2) * sizeof(*first));
		first[n++] = second[i];
		first[n] = NULL;
	}
	free(second);
	return first;
}

/* New: the declaration's environment with the mode's in its place. */
static char **env_join(const json_t *declaration, const json_t *mode)
{
	json_t *env = json_object();
	char **list;

	json_object_update(env, json_object_get(declaration, "env"));
	json_object_update(env, json_object_get(mode, "env"));
	list = argv_env(env);
	json_decref(env);
	return list;
}

static int mode_start(struct service *service, const json_t *mode, struct err *err)
{
	const json_t *words = json_object_get(mode, "args");
	char **args = NULL, **start;

	if (json_array_size(words) > 0 && (args = argv_new(words, "args", err)) == NULL)
		return -1;
	start = argv_new(json_object_get(service->declaration, "start"), "start", err);
	argv_free(service->start);
	argv_free(service->start_env);
	service->start = words_join(start, args);
	service->start_env = env_join(service->declaration, mode);
	return 0;
}

int service_choose(struct service *service, const char *mode, struct err *err)
{
	const json_t *one;

	if (mode != NULL && strcmp(mode, SERVICE_NORMAL) == 0)
		mode = NULL;
	one = mode != NULL ? json_object_get(service->modes, mode) : NULL;
	if (mode != NULL && one == NULL)
		return err_set(err, "the service has no mode \"%s\"", mode);
	if (service->unit == NULL && mode_start(service, one, err) < 0)
		return -1;
	if (service->unit != NULL) {
		argv_free(service->start);
		service->start = systemctl(service, "start", NULL, unit_of(service, mode));
	}
	service->mode = mode;
	return 0;
}

bool service_in_mode(const struct service *service, const struct service_status *now)
{
	const char *wanted = service->mode != NULL ? service->mode : SERVICE_NORMAL;

	return service->modes == NULL || strcmp(now->mode, wanted) == 0;
}

void service_release(struct service *service)
{
	argv_free(service->start);
	argv_free(service->stop);
	argv_free(service->status);
	argv_free(service->env);
	argv_free(service->start_env);
	*service = (struct service){ 0 };
}

/* ---- acting ---- */

static void pause_a_moment(void)
{
	struct timespec pause = { .tv_nsec = POLL_US * 1000 };

	nanosleep(&pause, NULL);
}

static int64_t left_of(int64_t deadline)
{
	int64_t left = deadline - clock_mono(&clock_system);

	return left > 0 ? left : 0;
}

static int64_t query_time(int64_t deadline)
{
	int64_t left = left_of(deadline);

	return left > QUERY_US ? QUERY_US : left < POLL_US ? POLL_US : left;
}

static struct child_spec spec_of(const struct service *service, char **argv)
{
	bool own = argv == service->start && service->start_env != NULL;

	return (struct child_spec){
		.argv = (const char *const *)argv,
		.env = (const char *const *)(own ? service->start_env : service->env),
		.cwd = service->cwd,
		.in = -1,
		.out = -1,
		.err = -1,
		.usual_umask = true,
	};
}

static int state_await_stop(const struct service *service, int64_t deadline, struct err *err)
{
	struct service_status now;

	for (;;) {
		service_state(service, query_time(deadline), &now);
		if (now.state == SERVICE_STOPPED || now.state == SERVICE_FAILED)
			return 0;
		if (left_of(deadline) == 0)
			return err_set(err, "still not stopped: %s", now.evidence);
		pause_a_moment();
	}
}

/* A unit of type simple is active from its fork on, whatever comes of it: so it is looked at for a
 * while. What its start job left stopped has ended, and will not come up. */
static int state_await_start(const struct service *service, int64_t deadline, struct err *err)
{
	int64_t steady_us = service->unit != NULL ? STEADY_US : 0, since = 0;
	struct service_status now;
	pid_t pid = 0;

	for (;;) {
		service_state(service, query_time(deadline), &now);
		if (now.state == SERVICE_ACTIVE && (since == 0 || now.pid != pid)) {
			since = clock_mono(&clock_system);
			pid = now.pid;
		}
		if (now.state != SERVICE_ACTIVE)
			since = 0;
		else if (clock_mono(&clock_system) - since >= steady_us) {
			if (service_in_mode(service, &now))
				return 0;
			if (now.mode[0] != '\0' ||
			    clock_mono(&clock_system) - since >= steady_us + MODE_US)
				return err_set(err, "it came up in another mode: %s", now.evidence);
		}
		if (now.state == SERVICE_FAILED)
			return err_set(err, "it failed to start: %s", now.evidence);
		if (now.state == SERVICE_STOPPED && service->unit != NULL)
			return err_set(err, "it started, and ended at once: %s", now.evidence);
		if (left_of(deadline) == 0)
			return err_set(err, "still not active: %s", now.evidence);
		pause_a_moment();
	}
}

/* Start commands of the pid file driver may go to the background or stay in front: whichever comes
 * first counts, the living pid or a bad exit. */
static int pid_file_await(const struct service *service, pid_t pid, const struct cmdout *out,
			  int64_t deadline, struct err *err)
{
	struct service_status now;
	bool running = true;

	for (;;) {
		struct child_end end = { 0 };
		char how[96], last[300];

		if (running && waitpid(pid, &end.status, WNOHANG) == pid) {
			running = false;
			if (!WIFEXITED(end.status) || WEXITSTATUS(end.status) != 0) {
				cmdout_last(out, last, sizeof(last));
				return err_set(err, "%s: %s%s%s", service->start[0],
					       child_end_text(&end, how, sizeof(how)),
					       last[0] != '\0' ? ": " : "", last);
			}
		}
		service_state(service, query_time(deadline), &now);
		if (now.state == SERVICE_ACTIVE)
			return 0;
		if (left_of(deadline) == 0)
			return err_set(err, "still not active: %s", now.evidence);
		pause_a_moment();
	}
}

static int pid_file_start(const struct service *service, int64_t deadline, int log, struct err *err)
{
	struct child_spec spec = spec_of(service, service->start);
	struct cmdout out;
	pid_t pid;
	int rc = -1;

	if (cmdout_open(&out, log, err) < 0)
		return -1;
	spec.out = spec.err = out.fd;
	spec.detached = true;
	pid = child_start(&spec, err);
	if (pid >= 0)
		rc = pid_file_await(service, pid, &out, deadline, err);
	cmdout_close(&out);
	return rc;
}

static int pid_file_stop(const struct service *service, int64_t deadline, struct err *err)
{
	struct service_status now;
	struct proc_stat main_process;

	service_state(service, QUERY_US, &now);
	if (now.state == SERVICE_UNKNOWN)
		return err_set(err, "%s", now.evidence);
	if (now.state == SERVICE_STOPPED || proc_stat(now.pid, &main_process) < 0)
		return 0;
	return proc_end(&main_process.id, 1, left_of(deadline) * 2 / 3, err) < 0 ? -1 : 0;
}

/* A command that gets no time at all had better not begin. */
static int command_run(const struct service *service, char **argv, int64_t deadline, int log,
		       struct err *err)
{
	struct child_spec spec = spec_of(service, argv);
	int64_t left = left_of(deadline);

	return left > 0 ? argv_run(&spec, left, log, 0, err)
			: err_set(err, "no time is left to run %s", argv[0]);
}

/* systemctl names the unit and the manual where the reason is wanted: what the state tells is
 * added, and what to do about it. */
static int unit_failed(const struct service *service, struct err *err)
{
	const char *unit = unit_of(service, service->mode);
	struct service_status now;

	service_state(service, QUERY_US, &now);
	if (err == NULL)
		return -1;
	if (strstr(err->msg, "uthentication") != NULL || strstr(err->msg, "ccess denied") != NULL ||
	    strstr(err->msg, "not permitted") != NULL)
		return err_hint(err, "user %u may not: run as root, or let polkit allow it",
				(unsigned)geteuid());
	if (now.hurdle[0] != '\0')
		return err_hint(err, "%s", now.hurdle);
	return err_hint(err, "now %s; see: journalctl %s-u %s", now.evidence,
			service->user ? "--user " : "", unit);
}

/* A unit that failed too often is refused until it is told that this is another try. */
static int unit_start(const struct service *service, const struct service_status *now,
		      int64_t deadline, int log, struct err *err)
{
	char **reset = systemctl(service, "reset-failed", NULL, unit_of(service, service->mode));
	int rc;

	if (now->state == SERVICE_FAILED)
		(void)command_run(service, reset, deadline, log, NULL);
	argv_free(reset);
	rc = command_run(service, service->start, deadline, log, err);
	return rc < 0 ? unit_failed(service, err) : state_await_start(service, deadline, err);
}

static int start(const struct service *service, int64_t deadline, int log, struct err *err)
{
	struct service_status now;

	service_state(service, query_time(deadline), &now);
	if (now.state == SERVICE_ACTIVE && service_in_mode(service, &now))
		return 0;
	if (now.state == SERVICE_ACTIVE ||
	    (now.mode[0] != '\0' && !service_in_mode(service, &now))) {
		err_set(err, "it runs already, in another mode: %s", now.evidence);
		return err_hint(err, "\"do\": \"restart\" changes the mode");
	}
	if (service->pid_file != NULL)
		return pid_file_start(service, deadline, log, err);
	if (service->unit != NULL)
		return unit_start(service, &now, deadline, log, err);
	if (command_run(service, service->start, deadline, log, err) < 0)
		return -1;
	return state_await_start(service, deadline, err);
}

/* Many stop commands fail when nothing runs: what is stopped is not told again. */
static int stop(const struct service *service, int64_t deadline, int log, struct err *err)
{
	struct service_status now;

	if (service->stop == NULL)
		return pid_file_stop(service, deadline, err);
	service_state(service, query_time(deadline), &now);
	if (now.state == SERVICE_STOPPED)
		return 0;
	if (command_run(service, service->stop, deadline, log, err) < 0)
		return service->unit != NULL ? unit_failed(service, err) : -1;
	return state_await_stop(service, deadline, err);
}

int service_do(const struct service *service, enum service_act act, int64_t timeout_us, int log,
	       struct err *err)
{
	int64_t deadline = clock_mono(&clock_system) + timeout_us;
	int rc = 0;

	if (act != SERVICE_START)
		rc = stop(service, deadline, log, err);
	if (rc == 0 && act != SERVICE_STOP)
		rc = start(service, deadline, log, err);
	return rc < 0 ? err_wrap(err, "%s the service", act_names[act]) : 0;
}

static void plan_line(char **argv, struct buf *lines)
{
	buf_puts(lines, "$ ");
	argv_text(lines, (const char *const *)argv);
	buf_putc(lines, '\n');
}

static void plan_env(const json_t *mode, struct buf *lines)
{
	char **env = argv_env(json_object_get(mode, "env"));

	for (size_t i = 0; env[i] != NULL; i++) {
		buf_puts(lines, "  with ");
		text_clean(lines, env[i], strlen(env[i]));
		buf_putc(lines, '\n');
	}
	argv_free(env);
}

void service_plan(const struct service *service, enum service_act act, struct buf *lines)
{
	if (act != SERVICE_START && service->stop != NULL) {
		plan_line(service->stop, lines);
	} else if (act != SERVICE_START) {
		buf_puts(lines, "end the process of ");
		text_clean(lines, service->pid_file, strlen(service->pid_file));
		buf_puts(lines, " (TERM, then KILL)\n");
	}
	if (act == SERVICE_STOP)
		return;
	plan_line(service->start, lines);
	if (service->start_env != NULL && service->mode != NULL)
		plan_env(json_object_get(service->modes, service->mode), lines);
}
