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
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/proc.h"
#include "lib/text.h"

#define OUTPUT_MAX 16384
#define QUERY_US   (5 * CLOCK_US)
#define POLL_US	   50000

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
	{ "env", FIELD_MAP, false, "additions to the commands' environment", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const char *const drivers[] = { "systemd", "status", "pid_file", NULL };
const char *const *const service_one_of[] = { drivers, NULL };

static const char *const state_names[] = {
	[SERVICE_UNKNOWN] = "unknown",	 [SERVICE_ACTIVE] = "active",
	[SERVICE_STOPPED] = "stopped",	 [SERVICE_FAILED] = "failed",
	[SERVICE_CHANGING] = "changing",
};

static const char *const act_names[] = {
	[SERVICE_START] = "start",
	[SERVICE_STOP] = "stop",
	[SERVICE_RESTART] = "restart",
};

const char *service_state_name(enum service_state state)
{
	return state_names[state];
}

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

static void says(struct service_status *out, enum service_state state, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void says(struct service_status *out, enum service_state state, const char *fmt, ...)
{
	char raw[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	out->state = state;
	text_clean_to(out->evidence, sizeof(out->evidence), raw, strlen(raw));
}

/* ---- life cycle ---- */

/* An argv of systemctl; the last arguments end at NULL. */
static char **systemctl(const struct service *service, const char *verb, const char *option)
{
	char **argv = xcalloc(7, sizeof(*argv));
	size_t n = 0;

	argv[n++] = xstrdup("systemctl");
	if (service->user)
		argv[n++] = xstrdup("--user");
	argv[n++] = xstrdup(verb);
	if (option != NULL)
		argv[n++] = xstrdup(option);
	argv[n++] = xstrdup("--");
	argv[n++] = xstrdup(service->unit);
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

int service_init(struct service *service, const json_t *declaration, struct err *err)
{
	*service = (struct service){ 0 };
	service->unit = json_str(declaration, "systemd", NULL);
	service->pid_file = json_str(declaration, "pid_file", NULL);
	service->cwd = json_str(declaration, "cwd", NULL);
	service->user = json_bool(declaration, "user", 0);
	service->env = argv_env(json_object_get(declaration, "env"));
	if (service->unit == NULL)
		return commands_init(service, declaration, err);
	if (service->unit[0] == '\0' || strpbrk(service->unit, "*?[ \n") != NULL)
		return err_set(err, "\"%s\" does not name one systemd unit", service->unit);
	service->start = systemctl(service, "start", NULL);
	service->stop = systemctl(service, "stop", NULL);
	service->status =
	    systemctl(service, "show",
		      "--property=LoadState,ActiveState,SubState,MainPID,NRestarts,Result");
	return 0;
}

void service_release(struct service *service)
{
	argv_free(service->start);
	argv_free(service->stop);
	argv_free(service->status);
	argv_free(service->env);
	*service = (struct service){ 0 };
}

/* ---- state ---- */

static void pid_file_state(const struct service *service, struct service_status *out)
{
	json_t *declaration = json_pack("{s:s}", "pid_file", service->pid_file);
	struct proc_decl decl;
	struct proc_list found = { 0 };
	struct err err = ERR_INIT;

	if (proc_decl_init(&decl, declaration, &err) < 0 || proc_find(&decl, &found, &err) < 0) {
		says(out, SERVICE_UNKNOWN, "%s", err.msg);
	} else if (found.n == 0) {
		says(out, SERVICE_STOPPED, "%s", found.why);
	} else {
		out->pid = found.list[0].id.pid;
		says(out, SERVICE_ACTIVE, "pid %d is alive", (int)out->pid);
	}
	proc_list_release(&found);
	proc_decl_release(&decl);
	json_decref(declaration);
}

/* The value of a line "NAME=value" of the output, into a fixed array; false when there is none. */
static bool property(const struct buf *output, const char *name, char *out, size_t size)
{
	const char *line = buf_str(output);
	size_t len = strlen(name);

	while (line != NULL && *line != '\0') {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, name, len) == 0 && line[len] == '=') {
			snprintf(out, size, "%.*s", (int)(end - line - (ptrdiff_t)len - 1),
				 line + len + 1);
			return true;
		}
		line = *end != '\0' ? end + 1 : NULL;
	}
	return false;
}

static void counters_read(const struct buf *output, struct service_status *out)
{
	char text[32];

	if (property(output, "MainPID", text, sizeof(text)))
		out->pid = (pid_t)strtol(text, NULL, 10);
	if (property(output, "NRestarts", text, sizeof(text)) && text[0] != '\0')
		out->restarts = (int)strtol(text, NULL, 10);
}

static void unit_interpret(const struct service *service, const struct buf *output,
			   struct service_status *out)
{
	char load[64] = "", active[64] = "", sub[64] = "", result[64] = "";

	property(output, "LoadState", load, sizeof(load));
	property(output, "SubState", sub, sizeof(sub));
	property(output, "Result", result, sizeof(result));
	if (!property(output, "ActiveState", active, sizeof(active))) {
		says(out, SERVICE_UNKNOWN, "systemctl show said nothing about %s", service->unit);
		return;
	}
	if (strcmp(load, "loaded") != 0 && strcmp(active, "active") != 0) {
		says(out, SERVICE_UNKNOWN, "unit %s: %s", service->unit, load);
		return;
	}
	if (strcmp(active, "active") == 0 || strcmp(active, "reloading") == 0)
		says(out, SERVICE_ACTIVE, "%s is %s (%s), pid %d", service->unit, active, sub,
		     (int)out->pid);
	else if (strcmp(active, "inactive") == 0)
		says(out, SERVICE_STOPPED, "%s is inactive (%s)", service->unit, sub);
	else if (strcmp(active, "failed") == 0)
		says(out, SERVICE_FAILED, "%s has failed (%s)", service->unit, result);
	else
		says(out, SERVICE_CHANGING, "%s is %s (%s)", service->unit, active, sub);
}

/* The last line that is no property. */
static void last_sentence(const struct buf *output, char *out, size_t size)
{
	const char *line = buf_str(output);

	out[0] = '\0';
	while (line != NULL && *line != '\0') {
		const char *end = strchrnul(line, '\n');
		size_t len = (size_t)(end - line);
		bool known =
		    strncmp(line, "MainPID=", 8) == 0 || strncmp(line, "NRestarts=", 10) == 0;

		if (len > 0 && !known)
			snprintf(out, size, "%.*s", (int)len, line);
		line = *end != '\0' ? end + 1 : NULL;
	}
}

static void command_interpret(const struct service *service, int code, const struct buf *output,
			      struct service_status *out)
{
	char said[160];
	static const enum service_state states[] = { SERVICE_ACTIVE, SERVICE_CHANGING,
						     SERVICE_UNKNOWN, SERVICE_STOPPED };
	enum service_state state = code >= 0 && code <= 3 ? states[code] : SERVICE_UNKNOWN;

	last_sentence(output, said, sizeof(said));
	if (state == SERVICE_UNKNOWN)
		says(out, state, "%s: exit status %d%s%s", service->status[0], code,
		     said[0] != '\0' ? ": " : "", said);
	else
		says(out, state, "%s", said[0] != '\0' ? said : state_names[state]);
}

void service_interpret(const struct service *service, const struct child_end *end,
		       const struct buf *output, struct service_status *out)
{
	char how[96];

	*out = (struct service_status){ .restarts = -1 };
	if (end->timed_out || !WIFEXITED(end->status)) {
		says(out, SERVICE_UNKNOWN, "%s: %s", service->status[0],
		     child_end_text(end, how, sizeof(how)));
		return;
	}
	counters_read(output, out);
	if (service->unit == NULL)
		command_interpret(service, WEXITSTATUS(end->status), output, out);
	else if (WEXITSTATUS(end->status) != 0)
		says(out, SERVICE_UNKNOWN,
		     "systemctl can't reach the service manager (exit status %d)",
		     WEXITSTATUS(end->status));
	else
		unit_interpret(service, output, out);
}

const char *const *service_query(const struct service *service)
{
	return (const char *const *)service->status;
}

static struct child_spec spec_of(const struct service *service, char **argv)
{
	return (struct child_spec){
		.argv = (const char *const *)argv,
		.env = (const char *const *)service->env,
		.cwd = service->cwd,
		.in = -1,
		.out = -1,
		.err = -1,
	};
}

void service_state(const struct service *service, int64_t timeout_us, struct service_status *out)
{
	struct buf output = BUF_INIT;
	struct child_end end = { 0 };
	struct child_spec spec;
	struct err err = ERR_INIT;

	*out = (struct service_status){ .restarts = -1 };
	if (service->status == NULL) {
		pid_file_state(service, out);
		return;
	}
	spec = spec_of(service, service->status);
	if (child_run(&spec, NULL, timeout_us, OUTPUT_MAX, &output, NULL, &end, &err) < 0)
		says(out, SERVICE_UNKNOWN, "%s", err.msg);
	else
		service_interpret(service, &end, &output, out);
	buf_release(&output);
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

/* Waits until it is stopped (`stopped`) or active. A failed service is a stopped one; for a start
 * it is the end of waiting. */
static int state_await(const struct service *service, bool stopped, int64_t deadline,
		       struct err *err)
{
	struct service_status now;

	for (;;) {
		service_state(service, query_time(deadline), &now);
		if (stopped && (now.state == SERVICE_STOPPED || now.state == SERVICE_FAILED))
			return 0;
		if (!stopped && now.state == SERVICE_ACTIVE)
			return 0;
		if (!stopped && now.state == SERVICE_FAILED)
			return err_set(err, "it failed to start: %s", now.evidence);
		if (left_of(deadline) == 0)
			return err_set(err, "still not %s: %s", stopped ? "stopped" : "active",
				       now.evidence);
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

static int start(const struct service *service, int64_t deadline, int log, struct err *err)
{
	struct service_status now;

	service_state(service, query_time(deadline), &now);
	if (now.state == SERVICE_ACTIVE)
		return 0;
	if (service->pid_file != NULL)
		return pid_file_start(service, deadline, log, err);
	if (command_run(service, service->start, deadline, log, err) < 0)
		return -1;
	return state_await(service, false, deadline, err);
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
		return -1;
	return state_await(service, true, deadline, err);
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

void service_plan(const struct service *service, enum service_act act, struct buf *lines)
{
	if (act != SERVICE_START && service->stop != NULL) {
		plan_line(service->stop, lines);
	} else if (act != SERVICE_START) {
		buf_puts(lines, "end the process of ");
		text_clean(lines, service->pid_file, strlen(service->pid_file));
		buf_puts(lines, " (TERM, then KILL)\n");
	}
	if (act != SERVICE_STOP)
		plan_line(service->start, lines);
}
