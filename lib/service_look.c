/* What state a service is in, and in which of its modes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/proc.h"
#include "lib/service.h"
#include "lib/text.h"

#define OUTPUT_MAX  16384
#define PROC_MAX    (1 << 20) /* of a process's words or environment */
#define SERVICE_CUT 100	      /* of a unit's name in a sentence */

static const char *const state_names[] = {
	[SERVICE_UNKNOWN] = "unknown",	 [SERVICE_ACTIVE] = "active",
	[SERVICE_STOPPED] = "stopped",	 [SERVICE_FAILED] = "failed",
	[SERVICE_CHANGING] = "changing",
};

const char *service_state_name(enum service_state state)
{
	return state_names[state];
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

static void also_says(struct service_status *out, const char *text)
{
	size_t len = strlen(out->evidence);

	snprintf(out->evidence + len, sizeof(out->evidence) - len, "; %s", text);
}

/* ---- modes by the main process ---- */

/* The NUL-separated words of a file of /proc; false when it can't be read. */
static bool proc_words(pid_t pid, const char *name, struct buf *out)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return file_read(path, out, PROC_MAX, NULL) == 0;
}

/* `word` at `at`, or anywhere when `at` is NULL; what stands behind it, or NULL. */
static const char *word_at(const struct buf *words, const char *at, const char *word)
{
	const char *end = buf_str(words) + words->len;

	if (at != NULL)
		return at < end && strcmp(at, word) == 0 ? at + strlen(at) + 1 : NULL;
	for (at = buf_str(words); at < end; at += strlen(at) + 1)
		if (strcmp(at, word) == 0)
			return at + strlen(at) + 1;
	return NULL;
}

/* Whether all `list` stand in `words`, one behind the other when `in_line`. */
static bool words_hold(const struct buf *words, char **list, bool in_line)
{
	const char *end = buf_str(words) + words->len;
	const char *from = buf_str(words);

	if (list == NULL || list[0] == NULL)
		return true;
	for (; in_line && from < end; from += strlen(from) + 1) {
		const char *at = from;
		size_t i = 0;

		while (list[i] != NULL && at != NULL && (at = word_at(words, at, list[i])) != NULL)
			i++;
		if (list[i] == NULL)
			return true;
	}
	if (in_line)
		return false;
	for (size_t i = 0; list[i] != NULL; i++)
		if (word_at(words, NULL, list[i]) == NULL)
			return false;
	return true;
}

/* How many words and variables of the mode the process has: all of them, or 0. */
static size_t mode_weight(const json_t *mode, const struct buf *cmdline,
			  const struct buf *variables)
{
	const json_t *words = json_object_get(mode, "args");
	char **args = json_array_size(words) > 0 ? argv_new(words, "args", NULL) : NULL;
	char **env = argv_env(json_object_get(mode, "env"));
	bool holds = words_hold(cmdline, args, true) && words_hold(variables, env, false);
	size_t weight = json_array_size(words) + json_object_size(json_object_get(mode, "env"));

	argv_free(args);
	argv_free(env);
	return holds ? weight : 0;
}

/* Of several that match the one that asks for most. */
static void mode_by_process(const struct service *service, struct service_status *out)
{
	struct buf cmdline = BUF_INIT, env = BUF_INIT;
	size_t best = 0;
	bool read = proc_words(out->pid, "cmdline", &cmdline) &&
		    proc_words(out->pid, "environ", &env) && cmdline.len > 0;
	const char *name;
	json_t *mode;

	if (read)
		snprintf(out->mode, sizeof(out->mode), SERVICE_NORMAL);
	json_object_foreach((json_t *)service->modes, name, mode) {
		size_t weight = read ? mode_weight(mode, &cmdline, &env) : 0;

		if (weight > best) {
			best = weight;
			snprintf(out->mode, sizeof(out->mode), "%s", name);
		}
	}
	buf_release(&cmdline);
	buf_release(&env);
}

static void mode_find(const struct service *service, struct service_status *out)
{
	char text[96];

	if (service->modes == NULL || out->state != SERVICE_ACTIVE)
		return;
	if (out->mode[0] == '\0' && out->pid > 0 && service->unit == NULL)
		mode_by_process(service, out);
	if (out->mode[0] == '\0') {
		also_says(out, "its mode can't be told");
	} else {
		snprintf(text, sizeof(text), "mode %s", out->mode);
		also_says(out, text);
	}
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

/* A unit that isn't loaded has no state, but a masked one is only kept from starting. */
static void unit_load(const char *unit, const char *load, const char *active,
		      struct service_status *out)
{
	if (strcmp(load, "loaded") == 0)
		return;
	if (strcmp(load, "masked") == 0)
		snprintf(out->hurdle, sizeof(out->hurdle),
			 "unit %.*s is masked (systemctl unmask %.*s)", SERVICE_CUT / 2, unit,
			 SERVICE_CUT / 2, unit);
	else
		snprintf(out->hurdle, sizeof(out->hurdle), "unit %.*s: %s", SERVICE_CUT, unit,
			 load);
	if (strcmp(load, "masked") == 0)
		also_says(out, "it is masked");
	else if (strcmp(active, "active") != 0)
		says(out, SERVICE_UNKNOWN, "%s", out->hurdle);
}

static void unit_interpret(const char *unit, const struct buf *output, struct service_status *out)
{
	char load[64] = "", active[64] = "", sub[64] = "", result[64] = "", reload[8] = "";

	*out = (struct service_status){ .restarts = -1 };
	counters_read(output, out);
	property(output, "LoadState", load, sizeof(load));
	property(output, "SubState", sub, sizeof(sub));
	property(output, "Result", result, sizeof(result));
	property(output, "NeedDaemonReload", reload, sizeof(reload));
	if (!property(output, "ActiveState", active, sizeof(active))) {
		says(out, SERVICE_UNKNOWN, "systemctl show said nothing about %s", unit);
		return;
	}
	if (strcmp(active, "active") == 0 || strcmp(active, "reloading") == 0)
		says(out, SERVICE_ACTIVE, "%s is %s (%s), pid %d", unit, active, sub,
		     (int)out->pid);
	else if (strcmp(active, "inactive") == 0)
		says(out, SERVICE_STOPPED, "%s is inactive (%s)", unit, sub);
	else if (strcmp(active, "failed") == 0)
		says(out, SERVICE_FAILED, "%s has failed (%s)", unit, result);
	else
		says(out, SERVICE_CHANGING, "%s is %s (%s)", unit, active, sub);
	unit_load(unit, load, active, out);
	if (strcmp(reload, "yes") == 0)
		also_says(out, "its file changed on disk (systemctl daemon-reload)");
}

/* Which of several units says more about the service: one that is up before one that isn't. */
static int telling(enum service_state state)
{
	static const int ranks[] = {
		[SERVICE_STOPPED] = 0,	[SERVICE_FAILED] = 1, [SERVICE_UNKNOWN] = 2,
		[SERVICE_CHANGING] = 3, [SERVICE_ACTIVE] = 4,
	};

	return ranks[state];
}

/* One unit's properties behind an empty line behind another's, in the order of the command line:
 * the service's own one, then those of its modes. */
static void units_interpret(const struct service *service, const struct buf *output,
			    struct service_status *out)
{
	const char *block = buf_str(output), *name = SERVICE_NORMAL;
	void *mode = json_object_iter((json_t *)service->modes);
	const char *unit = service->unit;
	int active = 0;

	for (;;) {
		const char *end = strstr(block, "\n\n");
		struct buf text = BUF_INIT;
		struct service_status one;

		buf_add(&text, block, end != NULL ? (size_t)(end + 1 - block) : strlen(block));
		unit_interpret(unit, &text, &one);
		buf_release(&text);
		active += one.state == SERVICE_ACTIVE;
		if (strcmp(name, SERVICE_NORMAL) == 0 || telling(one.state) > telling(out->state)) {
			*out = one;
			if (service->modes != NULL)
				snprintf(out->mode, sizeof(out->mode), "%s", name);
		}
		if (mode == NULL)
			break;
		name = json_object_iter_key(mode);
		unit = json_str(json_object_iter_value(mode), "systemd", "");
		mode = json_object_iter_next((json_t *)service->modes, mode);
		block = end != NULL ? end + 2 : "";
	}
	if (out->state != SERVICE_ACTIVE && out->state != SERVICE_CHANGING)
		out->mode[0] = '\0';
	if (active > 1) {
		out->mode[0] = '\0';
		also_says(out, "units of several of its modes are active");
	}
}

/* The last line that is no property. */
static void last_sentence(const struct buf *output, char *out, size_t size)
{
	static const char *const properties[] = { "MainPID=", "NRestarts=", "Mode=" };
	const char *line = buf_str(output);

	out[0] = '\0';
	while (line != NULL && *line != '\0') {
		const char *end = strchrnul(line, '\n');
		size_t len = (size_t)(end - line);
		bool known = false;

		for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
			known |= strncmp(line, properties[i], strlen(properties[i])) == 0;
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

	counters_read(output, out);
	last_sentence(output, said, sizeof(said));
	if (state == SERVICE_UNKNOWN)
		says(out, state, "%s: exit status %d%s%s", service->status[0], code,
		     said[0] != '\0' ? ": " : "", said);
	else
		says(out, state, "%s", said[0] != '\0' ? said : state_names[state]);
	if (service->modes != NULL && state == SERVICE_ACTIVE)
		property(output, "Mode", out->mode, sizeof(out->mode));
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
	if (service->unit == NULL)
		command_interpret(service, WEXITSTATUS(end->status), output, out);
	else if (WEXITSTATUS(end->status) != 0)
		says(out, SERVICE_UNKNOWN,
		     "systemctl can't reach %s service manager (exit status %d)",
		     service->user ? "the user's" : "the", WEXITSTATUS(end->status));
	else
		units_interpret(service, output, out);
	mode_find(service, out);
}

const char *const *service_query(const struct service *service)
{
	return (const char *const *)service->status;
}

void service_state(const struct service *service, int64_t timeout_us, struct service_status *out)
{
	struct buf output = BUF_INIT;
	struct child_end end = { 0 };
	struct child_spec spec = { .argv = service_query(service),
				   .env = (const char *const *)service->env,
				   .cwd = service->cwd,
				   .in = -1,
				   .out = -1,
				   .err = -1 };
	struct err err = ERR_INIT;

	*out = (struct service_status){ .restarts = -1 };
	if (service->status == NULL) {
		pid_file_state(service, out);
		mode_find(service, out);
		return;
	}
	if (child_run(&spec, NULL, timeout_us, OUTPUT_MAX, &output, NULL, &end, &err) < 0)
		says(out, SERVICE_UNKNOWN, "%s", err.msg);
	else
		service_interpret(service, &end, &output, out);
	buf_release(&output);
}
