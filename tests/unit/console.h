/*
 * A session on the lamp (lamp.h), operated by commands as a console does.
 */
#ifndef TESTS_UNIT_CONSOLE_H
#define TESTS_UNIT_CONSOLE_H

#include "tests/unit/lamp.h"

struct console {
	struct lamp *lamp;
	struct session *session;
};

static inline struct console console_begin(struct lamp *lamp, const char *incident)
{
	struct console console = { .lamp = lamp };
	struct session_spec spec = { .loop = lamp->loop,
				     .clock = &clock_system,
				     .loaded = incident ? NULL : &lamp->loaded,
				     .incident = incident };
	struct err err = ERR_INIT;

	console.session = session_new(&spec, &err);
	if (!console.session)
		fail_msg("%s", err.msg);
	return console;
}

static inline void open_incident(struct console *console)
{
	struct err err = ERR_INIT;

	if (session_open_incident(console->session, INCIDENT_INCIDENT, SEVERITY_HIGH, "Test",
				  &err) != 0)
		fail_msg("%s", err.msg);
}

static inline void command(struct console *console, const char *line)
{
	struct err err = ERR_INIT;

	if (session_command(console->session, line, &err) != 0)
		fail_msg("%s: %s", line, err.msg);
}

/* The command is refused, and the message says so. */
static inline void refused(struct console *console, const char *line, const char *because)
{
	struct err err = ERR_INIT;
	size_t lines =
	    session_state(console->session) ? session_state(console->session)->ntimeline : 0;

	assert_int_equal(session_command(console->session, line, &err), -1);
	if (!strstr(err.msg, because))
		fail_msg("%s: \"%s\" does not say \"%s\"", line, err.msg, because);
	if (session_state(console->session))
		assert_int_equal(session_state(console->session)->ntimeline, lines);
}

static inline const struct attempt *attempt(const struct console *console)
{
	return state_attempt(session_state(console->session));
}

static inline enum step_status status(const struct console *console, const char *step)
{
	const struct procedure *procedure = attempt(console)->procedure.procedure;

	return attempt(console)
	    ->procedure.steps[procedure_step(procedure, step) - procedure->steps]
	    .status;
}

static inline size_t count(const struct console *console, enum event_id event)
{
	const struct incident_state *state = session_state(console->session);
	size_t n = 0;

	for (size_t i = 0; i < state->ntimeline; i++)
		n += state->timeline[i].event == event;
	return n;
}

static inline const json_t *last(const struct console *console, enum event_id event)
{
	const struct incident_state *state = session_state(console->session);

	for (size_t i = state->ntimeline; i-- > 0;) {
		if (state->timeline[i].event == event)
			return entry_json(&state->timeline[i]);
	}
	fail_msg("there is no %s", event_defs[event].name);
	return NULL;
}

#define UNTIL(console, expression) LAMP_UNTIL((console)->lamp, expression)

static inline enum verdict proposed(const struct console *console)
{
	struct proposal proposal;

	session_proposal(console->session, &session_runbook(console->session)->tree.questions[0],
			 &proposal);
	return proposal.verdict;
}

/* Chooses, plans and approves. */
static inline void approve(struct console *console, const char *procedure)
{
	char *line = xasprintf("choose %s for the test", procedure);

	command(console, line);
	UNTIL(console, session_plan(console->session, NULL));
	command(console, "approve attic");
	free(line);
}

#endif
