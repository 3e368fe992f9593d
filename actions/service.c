/* Action "service": starts, stops or restarts a declared service. */
#include "lib/service.h"

#include <stdio.h>
#include <string.h>

#include "actions/types.h"
#include "lib/argv.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/proc.h"
#include "lib/timefmt.h"

#define QUERY_US (5 * CLOCK_US)
/* Of the undo, which has a deadline only when the environment gives one. */
#define UNDO_US (60 * CLOCK_US)

static const char *const acts[] = { "start", "stop", "restart", NULL };

static const struct field fields[] = {
	{ "service", FIELD_SOURCE, true, "a declared service", "service", NULL },
	{ "do", FIELD_CHOICE, true, "what is done to it", NULL, acts },
	{ "mode", FIELD_MODE, false, "start, restart: the mode to start it in (normal)", "service",
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static int declared_init(const struct action_env *env, const json_t *args, struct service *service,
			 struct err *err)
{
	const char *name = json_str(args, "service", "");
	const json_t *declaration = env->declared(env->data, name);

	*service = (struct service){ 0 };
	if (declaration == NULL)
		return err_set(err,
			       "the service \"%s\" is not declared, or a parameter of it is "
			       "missing",
			       name);
	if (service_init(service, declaration, err) < 0 ||
	    service_choose(service, json_str(args, "mode", NULL), err) < 0)
		return err_wrap(err, "service %s", name);
	return 0;
}

static enum service_act act_of(const json_t *args)
{
	enum service_act act = SERVICE_START;

	service_act_parse(json_str(args, "do", "start"), &act);
	return act;
}

/* "active: pid 77 is alive"; the evidence alone when it begins with the state. */
static void status_say(struct buf *out, const struct service_status *now)
{
	const char *state = service_state_name(now->state);

	if (strncmp(now->evidence, state, strlen(state)) != 0)
		buf_printf(out, "%s%s", state, now->evidence[0] != '\0' ? ": " : "");
	buf_puts(out, now->evidence);
}

static int64_t time_left(const struct action_env *env)
{
	int64_t left = env->deadline - clock_mono(env->clock);

	return env->deadline == 0 ? UNDO_US : left > 0 ? left : 0;
}

static int plan(const struct action_env *env, const json_t *args, struct plan *plan,
		struct err *err)
{
	enum service_act act = act_of(args);
	struct service_status now;
	struct service service;

	if (declared_init(env, args, &service, err) < 0) {
		service_release(&service);
		return -1;
	}
	service_plan(&service, act, &plan->lines);
	service_state(&service, QUERY_US, &now);
	buf_puts(&plan->lines, "now: ");
	status_say(&plan->lines, &now);
	buf_putc(&plan->lines, '\n');
	if (act == SERVICE_STOP)
		buf_puts(&plan->undo, "It is started again, if it was active");
	else if (act == SERVICE_START)
		buf_puts(&plan->undo, "It is stopped again, if it was stopped");
	else
		buf_puts(&plan->undo, "It is put back to the state it had: started or stopped");
	buf_puts(&plan->undo, service.modes != NULL ? ", in the mode it ran in." : ".");
	service_release(&service);
	return 0;
}

/* What would keep it from being done, as far as the state tells. */
static int hurdles(const struct service *service, enum service_act act,
		   const struct service_status *now, struct err *err)
{
	if (act == SERVICE_STOP)
		return 0;
	if (now->hurdle[0] != '\0')
		return err_set(err, "it can't be started: %s", now->hurdle);
	if (act == SERVICE_START && now->state == SERVICE_ACTIVE &&
	    !service_in_mode(service, now)) {
		err_set(err, "it runs already, in another mode: %s", now->evidence);
		return err_hint(err, "\"do\": \"restart\" changes the mode");
	}
	return 0;
}

static int ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct service_status now;
	struct service service;
	int rc = declared_init(env, args, &service, err);

	if (rc == 0) {
		service_state(&service, QUERY_US, &now);
		if (now.state == SERVICE_UNKNOWN)
			rc = err_set(err, "the state of service %s can't be read: %s",
				     json_str(args, "service", ""), now.evidence);
		else if (hurdles(&service, act_of(args), &now, err) < 0)
			rc = err_wrap(err, "service %s", json_str(args, "service", ""));
	}
	service_release(&service);
	return rc;
}

/* The main process, with its start time: a restart has happened when it is another one. */
static json_t *status_json(const struct service_status *status)
{
	json_t *state = json_pack("{s:s}", "state", service_state_name(status->state));
	struct proc_stat main_process;

	if (status->mode[0] != '\0')
		json_object_set_new(state, "mode", json_string(status->mode));
	if (status->pid > 0 && proc_stat(status->pid, &main_process) == 0) {
		json_object_set_new(state, "pid", json_integer(status->pid));
		json_object_set_new(state, "start",
				    json_integer((json_int_t)main_process.id.start));
	}
	return state;
}

static json_t *before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct service_status now;
	struct service service;
	json_t *state = NULL;

	if (declared_init(env, args, &service, err) == 0) {
		service_state(&service, QUERY_US, &now);
		if (now.state == SERVICE_UNKNOWN)
			err_set(err, "the state of service %s can't be read: %s",
				json_str(args, "service", ""), now.evidence);
		else
			state = status_json(&now);
	}
	service_release(&service);
	return state;
}

/* From when on the started service could log: the start of its process; where that isn't known, the
 * moment before it was told to start. A restart has an old one before that whose lines don't count.
 */
static void shown_since(json_t *facts, const struct service_status *now, enum service_act act,
			int64_t begun)
{
	struct proc_stat main_process;
	char from[TIME_RFC3339_MAX];

	if (now->pid > 0 && proc_stat(now->pid, &main_process) == 0)
		begun = proc_started(main_process.id) - PROC_STARTED_ERROR_US;
	else if (act != SERVICE_START)
		return;
	json_object_set_new(facts, FACT_SHOWN_SINCE, json_string(time_rfc3339(begun, from)));
}

static int run(const struct action_env *env, const json_t *args, const json_t *before_state,
	       json_t **facts, struct err *err)
{
	int64_t begun = clock_wall(env->clock);
	enum service_act act = act_of(args);
	struct service_status now;
	struct service service;
	int rc = declared_init(env, args, &service, err);

	(void)before_state;
	if (rc == 0)
		rc = service_do(&service, act, time_left(env), env->log, err);
	if (rc == 0) {
		service_state(&service, QUERY_US, &now);
		*facts = status_json(&now);
		if (act != SERVICE_STOP)
			shown_since(*facts, &now, act, begun);
	}
	service_release(&service);
	return rc;
}

static bool same_process(const json_t *before_state, const struct service_status *now)
{
	struct proc_stat main_process;

	return now->pid > 0 && proc_stat(now->pid, &main_process) == 0 &&
	       (json_int_t)main_process.id.start ==
		   json_integer_value(json_object_get(before_state, "start")) &&
	       now->pid == (pid_t)json_integer_value(json_object_get(before_state, "pid"));
}

static enum settled restart_settled(const json_t *before_state, const struct service_status *now)
{
	if (now->state != SERVICE_ACTIVE)
		return SETTLED_NO;
	if (strcmp(json_str(before_state, "state", ""), "active") != 0)
		return SETTLED_YES;
	/* Without both processes nobody can tell the old one from a new one. */
	if (now->pid == 0 || json_object_get(before_state, "pid") == NULL)
		return SETTLED_UNKNOWN;
	return same_process(before_state, now) ? SETTLED_NO : SETTLED_YES;
}

/* What a look found. `service` is released by the caller in any case. */
static bool look(const struct action_env *env, const json_t *args, struct service *service,
		 struct service_status *now, struct buf *why)
{
	struct err err = ERR_INIT;

	if (declared_init(env, args, service, &err) < 0) {
		buf_puts(why, err.msg);
		return false;
	}
	service_state(service, QUERY_US, now);
	status_say(why, now);
	return now->state != SERVICE_UNKNOWN;
}

static enum settled act_settled(const json_t *args, const json_t *before_state,
				const struct service_status *now)
{
	bool stopped = now->state == SERVICE_STOPPED || now->state == SERVICE_FAILED;

	switch (act_of(args)) {
	case SERVICE_START:
		return now->state == SERVICE_ACTIVE ? SETTLED_YES : SETTLED_NO;
	case SERVICE_STOP:
		return stopped ? SETTLED_YES : SETTLED_NO;
	case SERVICE_RESTART:
		return restart_settled(before_state, now);
	}
	return SETTLED_UNKNOWN;
}

static enum settled settled(const struct action_env *env, const json_t *args,
			    const json_t *before_state, struct buf *why)
{
	enum settled result = SETTLED_UNKNOWN;
	struct service_status now;
	struct service service;

	if (look(env, args, &service, &now, why))
		result = act_settled(args, before_state, &now);
	if (result != SETTLED_UNKNOWN && now.state == SERVICE_ACTIVE &&
	    act_of(args) != SERVICE_STOP && !service_in_mode(&service, &now))
		result = now.mode[0] == '\0' ? SETTLED_UNKNOWN : SETTLED_NO;
	service_release(&service);
	return result;
}

/* Whether it ran, or was meant to, before. */
static bool was_up(const json_t *before_state)
{
	const char *state = json_str(before_state, "state", "");

	return strcmp(state, "active") == 0 || strcmp(state, "changing") == 0;
}

static int undo(const struct action_env *env, const json_t *args, const json_t *before_state,
		struct err *err)
{
	const char *mode = json_str(before_state, "mode", NULL);
	enum service_act act = was_up(before_state) ? SERVICE_START : SERVICE_STOP;
	struct service_status now;
	struct service service;
	int rc = declared_init(env, args, &service, err);

	if (rc == 0 && act == SERVICE_START && service.modes != NULL) {
		if (mode == NULL)
			rc = err_set(err, "which mode it ran in before is not on record");
		else
			rc = service_choose(&service, mode, err);
		service_state(&service, QUERY_US, &now);
		if (now.state == SERVICE_ACTIVE && !service_in_mode(&service, &now))
			act = SERVICE_RESTART;
	}
	if (rc == 0)
		rc = service_do(&service, act, time_left(env), env->log, err);
	service_release(&service);
	return rc;
}

static enum settled undone(const struct action_env *env, const json_t *args,
			   const json_t *before_state, struct buf *why)
{
	enum settled result = SETTLED_UNKNOWN;
	struct service_status now;
	struct service service;

	if (look(env, args, &service, &now, why))
		result = (now.state == SERVICE_ACTIVE) == was_up(before_state) ? SETTLED_YES
									       : SETTLED_NO;
	if (result == SETTLED_YES && was_up(before_state) && service.modes != NULL &&
	    strcmp(now.mode, json_str(before_state, "mode", "")) != 0)
		result = SETTLED_NO;
	service_release(&service);
	return result;
}

const struct action_type action_service = {
	.type = { .name = "service",
		  .help = "starts, stops or restarts a service",
		  .fields = fields,
		  .examples = "{\"service\": \"bot\", \"do\": \"restart\"}\n"
			      "{\"service\": \"bot\", \"do\": \"restart\", \"mode\": \"safe\"}" },
	.risk = risk_caution,
	.plan = plan,
	.ready = ready,
	.before = before,
	.run = run,
	.settled = settled,
	.undo = undo,
	.undone = undone,
};
