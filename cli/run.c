/* backout run: one procedure or routine without a screen, as an incident of its own. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "core/authority.h"
#include "core/robot.h"
#include "core/who.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

#define USAGE                                                                                 \
	"run RUNBOOK PROCEDURE --target T --confirm T [--title TEXT] [--json] | run RUNBOOK " \
	"ROUTINE --target T --confirm T [--due] [--json]"

/* As what a run is recorded; the severity may have a rule of approval. */
#define RUN_KIND     INCIDENT_ROUTINE
#define RUN_SEVERITY SEVERITY_MEDIUM

struct run {
	struct loop *loop;
	struct session *session;
	struct robot *robot;
	bool json, interrupted;
};

static void on_progress(const char *line, void *data)
{
	const struct run *run = data;

	/* With --json stdout holds the result and nothing else. */
	fprintf(run->json ? stderr : stdout, "%s\n", line);
	fflush(run->json ? stderr : stdout);
}

static void on_done(enum robot_result result, void *data)
{
	struct run *run = data;

	(void)result;
	loop_stop(run->loop);
}

static void on_change(enum session_change what, void *data)
{
	struct run *run = data;

	if (what == SESSION_ERROR)
		on_progress(session_error(run->session), run);
}

static void on_signal(struct watch *watch, uint32_t what, void *data)
{
	struct run *run = data;
	struct err err = ERR_INIT;

	(void)watch;
	(void)what;
	/* The first one stops the procedure, on record; a second one leaves at once. */
	if (run->interrupted || session_stop(run->session, "interrupted", &err) != 0)
		loop_stop(run->loop);
	run->interrupted = true;
}

/* Of a routine: how it stands, and what is left of its checklist. */
static json_t *routine_json(const struct run *run)
{
	const struct incident_state *state = session_state(run->session);
	const json_t *left = NULL;

	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == EV_ROUTINE_ENDED)
			left = json_object_get(entry_json(&state->timeline[i]), "left");
	}
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "incident", state->id, "result",
			 *state->routine.result ? state->routine.result : "open", "routine",
			 state->routine.routine->name, "left",
			 left ? json_deep_copy(left) : json_array(), "why",
			 json_text(robot_why(run->robot), strlen(robot_why(run->robot))));
}

static json_t *procedure_json(const struct run *run)
{
	const struct attempt *attempt = state_attempt(session_state(run->session));

	return json_pack("{s:s, s:s, s:s, s:o}", "incident", session_incident(run->session)->id,
			 "result", robot_result(run->robot) == ROBOT_RECOVERED ? "done" : "failed",
			 "procedure", attempt ? attempt->procedure.procedure->name : "", "why",
			 json_text(robot_why(run->robot), strlen(robot_why(run->robot))));
}

static void print_result(const struct run *run)
{
	const struct incident *incident = session_incident(run->session);
	json_t *line =
	    session_state(run->session)->routine.routine ? routine_json(run) : procedure_json(run);
	char *text = json_ascii(line, 0);

	if (run->json)
		printf("%s\n", text);
	else
		printf("incident %s: %s\n", incident->id, robot_why(run->robot));
	free(text);
	json_decref(line);
}

/* `procedure` NULL: a routine is begun. */
static int run_to_end(struct run *run, const char *procedure, struct err *err)
{
	const struct attempt *attempt;

	run->robot = robot_new(&(struct robot_spec){ .session = run->session,
						     .loop = run->loop,
						     .procedure = procedure,
						     .progress = on_progress,
						     .done = on_done,
						     .data = run });
	if (!loop_signal(run->loop, SIGINT, on_signal, run, err) ||
	    !loop_signal(run->loop, SIGTERM, on_signal, run, err) || loop_run(run->loop, err) != 0)
		return EXIT_FAILED;
	print_result(run);
	if (incident_is_lost(session_incident(run->session)))
		return EXIT_LEDGER;
	attempt = state_attempt(session_state(run->session));
	if (run->interrupted)
		return EXIT_STOPPED;
	if (robot_result(run->robot) == ROBOT_RECOVERED)
		return EXIT_HOLDS;
	return robot_result(run->robot) == ROBOT_STOPPED && attempt ? EXIT_STOPPED : EXIT_FAILED;
}

static bool is_routine(const struct loaded *loaded, const char *name)
{
	return runbook_routine(loaded->runbook, name) != NULL;
}

/* Opens what is recorded. */
static int begin(struct run *run, const char *name, bool routine, const char *what, struct err *err)
{
	return routine ? session_routine(run->session, name, NULL, err)
		       : session_open_incident(run->session, RUN_KIND, RUN_SEVERITY, what, err);
}

static int run_one(struct loaded *loaded, const char *name, const char *title, bool json)
{
	bool routine = is_routine(loaded, name);
	struct run run = { .json = json };
	struct err err = ERR_INIT;
	struct session_spec spec = {
		.clock = &clock_system, .loaded = loaded, .changed = on_change, .data = &run
	};
	char *what = title ? xstrdup(title) : xasprintf("backout run %s", name);
	int status = EXIT_FAILED;

	run.loop = spec.loop = loop_new(&clock_system, &err);
	if (!run.loop)
		goto out;
	run.session = session_new(&spec, &err);
	if (!run.session)
		goto out;
	if (begin(&run, name, routine, what, &err) != 0) {
		status = EXIT_LEDGER;
		goto out;
	}
	status = run_to_end(&run, routine ? NULL : name, &err);
out:
	if (err.set)
		cli_error(&err);
	robot_free(run.robot);
	session_free(run.session);
	loop_free(run.loop);
	free(what);
	return status;
}

/* Whether a routine is due now, of any of its beginnings, and nobody is at it. */
static bool is_due(const struct loaded *loaded, const char *name)
{
	int64_t now = clock_wall(&clock_system);
	struct recorded recorded;
	bool found = false;

	recorded_read(loaded->runbook, loaded->target->name, now, &recorded);
	for (size_t i = 0; i < recorded.n && !found; i++) {
		const struct recorded_routine *one = &recorded.routines[i];
		struct due due;

		if (strcmp(one->routine->name, name) != 0)
			continue;
		schedule_due(&one->routine->schedule, one->start, one->done, now, &due);
		found = recorded_is_asked(one, &due);
	}
	recorded_release(&recorded);
	return found;
}

/* The target is named twice on purpose: what is confirmed must be what is meant. */
static int confirmed(const struct loaded *loaded, const char *name, const char *confirm)
{
	struct err err = ERR_INIT;

	if (strcmp(loaded->target->name, confirm) != 0) {
		err_set(&err, "the target is %s, but %s was confirmed", loaded->target->name,
			confirm);
		err_hint(&err, "nothing was done; write --confirm %s", loaded->target->name);
	} else if (!runbook_procedure(loaded->runbook, name) && !is_routine(loaded, name)) {
		err_set(&err, "the runbook has no procedure %s, and no routine", name);
	}
	if (err.set)
		cli_error(&err);
	return err.set ? EXIT_USAGE : EXIT_HOLDS;
}

/* Before anything is opened: what others have to approve can't be run without them. */
static int authorised(const struct loaded *loaded, const char *name)
{
	const struct procedure *procedure = runbook_procedure(loaded->runbook, name);
	struct incident_state state;
	struct attempt attempt = { .procedure = { .procedure = procedure } };
	int64_t now = clock_wall(&clock_system);
	struct err err = ERR_INIT;
	struct authority authority;
	char *login = who_login(), *rules;

	state_init(&state, loaded->runbook, loaded->target);
	state.kind = RUN_KIND;
	state.severity = RUN_SEVERITY;
	state.opened_at = now;
	if (!authority_completed_by(&state, &attempt, "", login, now)) {
		authority_ask(&state, procedure, &authority);
		rules = authority_words(&authority);
		err_set(&err, "%s can't run %s alone: it is approved by %s", login, name, rules);
		err_hint(&err, "nothing was done; open an incident (backout open), where they can "
			       "approve it");
		cli_error(&err);
		free(rules);
	}
	free(login);
	state_release(&state);
	return err.set ? EXIT_FAILED : EXIT_HOLDS;
}

struct wish {
	const char *runbook, *name, *target, *confirm, *title;
	bool json, due;
};

static int run_wish(const struct wish *wish)
{
	struct loaded loaded;
	int status = cli_load(&loaded, wish->runbook, wish->target);

	if (status != EXIT_HOLDS)
		return status;
	status = confirmed(&loaded, wish->name, wish->confirm);
	/* A routine is recorded under its own title, and a procedure is never due. */
	if (status == EXIT_HOLDS && is_routine(&loaded, wish->name))
		status = wish->title ? cli_usage(USAGE) : EXIT_HOLDS;
	else if (status == EXIT_HOLDS)
		status = wish->due ? cli_usage(USAGE) : authorised(&loaded, wish->name);
	if (status == EXIT_HOLDS && (!wish->due || is_due(&loaded, wish->name)))
		status = run_one(&loaded, wish->name, wish->title, wish->json);
	loaded_release(&loaded);
	return status;
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },
		{ "confirm", required_argument, NULL, 'c' },
		{ "title", required_argument, NULL, 'T' },
		{ "json", no_argument, NULL, 'j' },
		{ "due", no_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	struct wish wish = { 0 };
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "t:", options, NULL)) != -1) {
		switch (option) {
		case 't':
			wish.target = optarg;
			break;
		case 'c':
			wish.confirm = optarg;
			break;
		case 'T':
			wish.title = optarg;
			break;
		case 'j':
			wish.json = true;
			break;
		case 'd':
			wish.due = true;
			break;
		default:
			return cli_usage(USAGE);
		}
	}
	if (argc - optind != 2 || !wish.target || !wish.confirm)
		return cli_usage(USAGE);
	wish.runbook = argv[optind];
	wish.name = argv[optind + 1];
	return run_wish(&wish);
}
