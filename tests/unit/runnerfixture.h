/*
 * For tests of the runner: an incident on the lamp, and runs of its steps. The test program is its
 * own runner (LAMP_RUNNER).
 */
#ifndef TESTS_UNIT_RUNNERFIXTURE_H
#define TESTS_UNIT_RUNNERFIXTURE_H

#include "tests/unit/lamp.h"

static inline void incident_begin(struct lamp *lamp, struct incident *incident)
{
	struct err err = ERR_INIT;

	if (incident_create(incident, &lamp->loaded, INCIDENT_INCIDENT, SEVERITY_HIGH, "Test",
			    &clock_system, &err) != 0)
		fail_msg("%s", err.msg);
}

static inline void append(struct incident *incident, enum event_id event, json_t *fields)
{
	struct err err = ERR_INIT;

	assert_non_null(fields);
	if (incident_append(incident, event, fields, &err) != 0)
		fail_msg("%s", err.msg);
	assert_false(incident->state.timeline[incident->state.ntimeline - 1].misfit);
}

/* Chooses and approves a procedure as it is. */
static inline void approve(struct incident *incident, const char *name)
{
	const struct loaded *loaded = &incident->loaded;
	json_t *params = json_pack("{s:s}", "colour", "green");
	struct sense *sense =
	    sense_new(NULL, &clock_system, loaded->runbook, loaded->target, params, NULL, NULL);
	const struct procedure *procedure = runbook_procedure(loaded->runbook, name);
	char digest[SHA256_HEX];

	assert_non_null(procedure);
	assert_int_equal(plan_digest(sense, loaded, procedure, params, digest, NULL), 0);
	append(incident, EV_CHOSEN,
	       json_pack("{s:s, s:s}", "procedure", name, "source", "operator"));
	append(incident, EV_APPROVED,
	       json_pack("{s:s, s:s, s:o}", "procedure", name, "digest", digest, "params", params));
	sense_free(sense);
}

static inline pid_t start(struct incident *incident, const char *step, enum runner_act act)
{
	struct err err = ERR_INIT;
	pid_t pid = runner_start(incident, step, act, incident->state.last_act, -1, &err);

	if (pid < 0)
		fail_msg("%s", err.msg);
	return pid;
}

/* Its exit status. */
static inline int wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline int run(struct incident *incident, const char *step, enum runner_act act)
{
	int status = wait_for(start(incident, step, act));

	assert_int_equal(incident_refresh(incident, NULL), 0);
	return status;
}

static inline enum step_status status_of(const struct incident *incident, const char *step)
{
	const struct procedure_state *state = &state_attempt(&incident->state)->procedure;

	return state->steps[procedure_step(state->procedure, step) - state->procedure->steps]
	    .status;
}

static inline size_t count(const struct incident *incident, enum event_id event)
{
	size_t n = 0;

	for (size_t i = 0; i < incident->state.ntimeline; i++)
		n += incident->state.timeline[i].event == event;
	return n;
}

static inline const json_t *last(const struct incident *incident, enum event_id event)
{
	for (size_t i = incident->state.ntimeline; i-- > 0;) {
		if (incident->state.timeline[i].event == event)
			return entry_json(&incident->state.timeline[i]);
	}
	fail_msg("there is no %s", event_defs[event].name);
	return NULL;
}

static inline bool is_gone(pid_t pid)
{
	char *path = xasprintf("/proc/%d/stat", (int)pid);
	struct buf stat = BUF_INIT;
	bool gone = file_read(path, &stat, 0, NULL) != 0 || strstr(buf_str(&stat), ") Z ");

	buf_release(&stat);
	free(path);
	return gone;
}

static inline pid_t pid_in(const struct lamp *lamp, const char *name)
{
	char *text = lamp_get(lamp, name);
	pid_t pid = (pid_t)atoi(text);

	free(text);
	assert_true(pid > 1);
	return pid;
}

#define LAMP_TEST(name) cmocka_unit_test_setup_teardown(name, lamp_setup, lamp_teardown)

#endif
