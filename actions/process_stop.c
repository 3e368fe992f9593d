/* Action "process_stop": ends the processes that a source declares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions/types.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/proc.h"
#include "lib/service.h"

#define GRACE_US  (10 * CLOCK_US)
#define QUERY_US  (5 * CLOCK_US)
#define SHOWN_MAX 20

static const struct field fields[] = {
	{ "process_stop", FIELD_SOURCE, true, "a declared process", "process", NULL },
	{ "grace", FIELD_DURATION, false, "time between TERM and KILL (10s)", NULL, NULL },
	{ "except", FIELD_SOURCE, false,
	  "a declared service: its main process, and what that started, is left alone", "service",
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

/* The pid to spare; 0: none. -1 (with err) when it can't be said which that is. */
static int spared_pid(const struct action_env *env, const json_t *args, pid_t *pid, struct err *err)
{
	const char *name = json_str(args, "except", NULL);
	const json_t *declaration = name != NULL ? env->declared(env->data, name) : NULL;
	struct service_status now;
	struct service service = { 0 };
	int rc = -1;

	*pid = 0;
	if (name == NULL)
		return 0;
	if (declaration == NULL) {
		err_set(err, "the service \"%s\" is not declared", name);
		goto out;
	}
	if (service_init(&service, declaration, err) < 0)
		goto out;
	service_state(&service, QUERY_US, &now);
	if (now.state == SERVICE_UNKNOWN || (now.state == SERVICE_ACTIVE && now.pid == 0)) {
		err_set(err, "which process is the one of service %s can't be said: %s", name,
			now.evidence);
		goto out;
	}
	*pid = now.pid;
	rc = 0;
out:
	service_release(&service);
	return rc;
}

/* Whether it is the process `root` or one that it started: workers often have the same arguments.
 */
static bool is_below(const struct proc_stat *process, pid_t root)
{
	struct proc_stat at = *process;

	while (root != 0 && at.id.pid != root && at.parent > 1)
		if (proc_stat(at.parent, &at) < 0)
			return false;
	return root != 0 && at.id.pid == root;
}

static int found(const struct action_env *env, const json_t *args, struct proc_list *list,
		 struct err *err)
{
	const char *name = json_str(args, "process_stop", "");
	const json_t *declaration = env->declared(env->data, name);
	struct proc_decl decl = { 0 };
	size_t kept = 0;
	pid_t spared;
	int rc = -1;

	if (declaration == NULL)
		return err_set(err,
			       "the process \"%s\" is not declared, or a parameter of it is "
			       "missing",
			       name);
	if (proc_decl_init(&decl, declaration, err) < 0 ||
	    spared_pid(env, args, &spared, err) < 0 || proc_find(&decl, list, err) < 0)
		goto out;
	for (size_t i = 0; i < list->n; i++)
		if (!is_below(&list->list[i], spared))
			list->list[kept++] = list->list[i];
	list->n = kept;
	rc = 0;
out:
	if (rc < 0)
		proc_list_release(list);
	proc_decl_release(&decl);
	return rc;
}

static int plan(const struct action_env *env, const json_t *args, struct plan *plan,
		struct err *err)
{
	struct proc_list list = { 0 };

	if (found(env, args, &list, err) < 0)
		return -1;
	buf_printf(&plan->lines, "end %zu processes (TERM, then KILL)\n", list.n);
	for (size_t i = 0; i < list.n && i < SHOWN_MAX; i++) {
		char *command = proc_command(list.list[i].id.pid);

		buf_printf(&plan->lines, "pid %d: %s\n", (int)list.list[i].id.pid, command);
		free(command);
	}
	buf_puts(&plan->undo, "not possible: what starts them has to do it again");
	proc_list_release(&list);
	return 0;
}

static int ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct proc_list list = { 0 };
	int rc = found(env, args, &list, err);

	proc_list_release(&list);
	return rc;
}

static json_t *before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct proc_list list = { 0 };
	json_t *processes, *state = NULL;

	if (found(env, args, &list, err) == 0) {
		processes = json_array();
		for (size_t i = 0; i < list.n; i++)
			json_array_append_new(processes,
					      json_pack("{s:i, s:I}", "pid",
							(int)list.list[i].id.pid, "start",
							(json_int_t)list.list[i].id.start));
		state = json_pack("{s:o}", "processes", processes);
	}
	proc_list_release(&list);
	return state;
}

/* New: the ids in a pre-state. */
static struct proc_id *ids_of(const json_t *before_state, size_t *n)
{
	const json_t *processes = json_object_get(before_state, "processes");
	struct proc_id *ids;

	*n = json_array_size(processes);
	ids = xcalloc(*n + 1, sizeof(*ids));
	for (size_t i = 0; i < *n; i++) {
		const json_t *one = json_array_get(processes, i);

		ids[i].pid = (pid_t)json_integer_value(json_object_get(one, "pid"));
		ids[i].start = (uint64_t)json_integer_value(json_object_get(one, "start"));
	}
	return ids;
}

static int run(const struct action_env *env, const json_t *args, const json_t *before_state,
	       json_t **facts, struct err *err)
{
	int64_t grace = json_us(args, "grace", GRACE_US),
		left = env->deadline - clock_mono(env->clock);
	size_t n;
	struct proc_id *ids = ids_of(before_state, &n);
	int killed = proc_end(ids, n, grace < left ? grace : left > 0 ? left : 0, err);

	free(ids);
	if (killed < 0)
		return -1;
	*facts = json_pack("{s:I, s:i}", "ended", (json_int_t)n, "killed", killed);
	return 0;
}

static enum settled settled(const struct action_env *env, const json_t *args,
			    const json_t *before_state, struct buf *why)
{
	size_t n, alive = 0;
	struct proc_id *ids = ids_of(before_state, &n);

	(void)env;
	(void)args;
	for (size_t i = 0; i < n; i++)
		alive += proc_alive(ids[i]) ? 1 : 0;
	free(ids);
	buf_printf(why, "%zu of %zu processes are gone", n - alive, n);
	return alive == 0 ? SETTLED_YES : SETTLED_NO;
}

const struct action_type action_process_stop = {
	.type = { .name = "process_stop",
		  .help = "ends declared processes",
		  .fields = fields,
		  .examples = "{\"process_stop\": \"stray-bots\", \"grace\": \"10s\", \"except\": "
			      "\"bot\"}" },
	.risk = risk_caution,
	.plan = plan,
	.ready = ready,
	.before = before,
	.run = run,
	.settled = settled,
};
