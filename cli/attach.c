/* backout attach: goes on with an incident that another console began, with a person or without. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/drill_console.h"
#include "cli/load.h"
#include "core/robot.h"
#include "drill/stop.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tui/tui.h"

#define USAGE "attach [INCIDENT] [--auto] [--plain]"

static const struct option options[] = {
	{ "auto", no_argument, NULL, 'a' },
	{ "plain", no_argument, NULL, 'p' },
	{ 0 },
};

static int phase_exit(enum robot_result result)
{
	return result == ROBOT_RECOVERED ? EXIT_HOLDS
	       : result == ROBOT_STOPPED ? EXIT_STOPPED
					 : EXIT_FAILED;
}

static void progress(const char *line, void *data)
{
	(void)data;
	printf("%s\n", line);
	fflush(stdout);
}

static void robot_done(enum robot_result result, void *data)
{
	(void)result;
	loop_stop(data);
}

/* What was begun is finished, and nothing else: another way back is a person's decision. Where
 * nothing was chosen yet, in a drill, it is decided by what is sensed; so it is all through a
 * deployment. NULL then. Of a routine, too, only an action that was begun is finished: nobody has
 * approved the others. */
static const char *begun(const struct incident_state *state)
{
	const struct attempt *attempt = state_attempt(state);

	return attempt && state->kind != INCIDENT_DEPLOYMENT ? attempt->procedure.procedure->name
							     : NULL;
}

/* Whether a person has to decide before anything can be gone on with. In a drill nobody does: the
 * machine shows what the procedures are worth. */
static bool undecided(const struct incident *incident)
{
	const struct incident_state *state = &incident->state;
	const struct attempt *attempt = state_attempt(state);

	return incident->loaded.target->class != TARGET_DRILL && state->kind != INCIDENT_ROUTINE &&
	       (!attempt || (!attempt->procedure.approved && !attempt->asked_at));
}

/* Whether there is nothing to go on with; *status says how it ended. */
static bool nothing_left(const struct incident *incident, int *status)
{
	const struct incident_state *state = &incident->state;
	const struct attempt *attempt = state_attempt(state);
	struct err err = ERR_INIT;

	if (state->phase == INCIDENT_RESOLVED) {
		const char *result = attempt ? attempt->result : "";

		printf("incident %s is resolved%s%s\n", incident->id, *result ? ": " : "", result);
		*status = !*result || strcmp(result, "done") == 0 ? EXIT_HOLDS : EXIT_FAILED;
		return true;
	}
	if (undecided(incident)) {
		err_set(&err, "incident %s: %s%s: what is done on %s is a person's decision",
			incident->id, attempt ? attempt->procedure.procedure->name : "no procedure",
			attempt ? " is not approved" : " is chosen", incident->loaded.target->name);
		err_hint(&err, "decide there: backout attach %s", incident->id);
		cli_error(&err);
		*status = EXIT_FAILED;
		return true;
	}
	if (state->kind == INCIDENT_ROUTINE && !attempt) {
		err_set(&err,
			"incident %s: no procedure was chosen before its console died: "
			"nothing was run",
			incident->id);
		err_hint(&err, "begin it again with backout run; backout attach %s ends this one",
			 incident->id);
		cli_error(&err);
		*status = EXIT_FAILED;
		return true;
	}
	return false;
}

static int attach_auto(const char *folder)
{
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(&clock_system, &err);
	struct session_spec spec = { .loop = loop, .clock = &clock_system, .incident = folder };
	struct session *session = loop ? session_new(&spec, &err) : NULL;
	struct robot_spec robot_spec = { .session = session,
					 .loop = loop,
					 .progress = progress,
					 .done = robot_done,
					 .data = loop };
	struct robot *robot = NULL;
	int status = EXIT_FAILED;

	if (!session)
		goto out;
	if (nothing_left(session_incident(session), &status))
		goto out;
	robot_spec.procedure = begun(session_state(session));
	robot = robot_new(&robot_spec);
	if (loop_run(loop, &err) < 0)
		goto out;
	/* Another one that was at it may have been the first to resolve it. */
	if (incident_is_lost(session_incident(session)))
		status = EXIT_LEDGER;
	else if (robot_result(robot) != ROBOT_STOPPED ||
		 !nothing_left(session_incident(session), &status))
		status = phase_exit(robot_result(robot));
out:
	if (err.set)
		cli_error(&err);
	robot_free(robot);
	session_free(session);
	loop_free(loop);
	return status;
}

static int attach_console(const char *folder, bool plain)
{
	struct err err = ERR_INIT;
	struct tui_options tui = { .plain = plain, .view = TUI_EXECUTE };
	int rc;

	tui.spec.clock = &clock_system;
	tui.spec.loop = loop_new(&clock_system, &err);
	tui.spec.incident = folder;
	rc = tui.spec.loop ? tui_run(&tui, &err) : -1;
	if (rc < 0)
		cli_error(&err);
	loop_free(tui.spec.loop);
	return rc < 0 ? EXIT_FAILED : EXIT_HOLDS;
}

static int result_print(const struct score *score, const struct scenario *scenario,
			const char *folder)
{
	char *text = score_text(score, scenario);

	printf("%sincident %s\n", text, strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder);
	free(text);
	return score->recovered && score->verified ? EXIT_HOLDS : EXIT_FAILED;
}

static int attach_drill(const char *folder, bool automatic, bool plain)
{
	struct err err = ERR_INIT;
	struct score score = { 0 };
	struct drill drill;
	int status = EXIT_FAILED, walked;

	if (automatic)
		stop_hold();
	if (drill_resume(&drill, folder, true, &clock_system, &err) < 0) {
		cli_error(&err);
		return EXIT_FAILED;
	}
	if (!automatic)
		return drill_console(&drill, false, false, plain);
	walked = drill_walk(&drill, NULL, &score, progress, NULL, &err);
	if (walked < 0)
		cli_error(&err);
	else if (walked == DRILL_STOPPED)
		status = EXIT_STOPPED;
	else
		status = result_print(&score, &drill.scenario, folder);
	score_release(&score);
	drill_release(&drill, false);
	return status;
}

/* A person may look at it; nobody else has any use for it. */
static int damaged(const struct incident *incident)
{
	struct err err = ERR_INIT;

	err_set(&err, "incident %s: %s: nothing can be appended", incident->id, incident->damage);
	err_hint(&err, "see backout verify %s, and open a new incident", incident->id);
	cli_error(&err);
	return EXIT_LEDGER;
}

/* A closed incident takes nothing more: its result is all there is. */
static int closed(const struct incident *incident)
{
	const json_t *scored = incident->state.scored;
	struct err err = ERR_INIT;

	if (scored) {
		const char *result = json_str(scored, "result", "");

		printf("incident %s is closed: %s\n", incident->id, *result ? result : "scored");
		return !strcmp(result, "recovered") && json_bool(scored, "verified", 0)
			   ? EXIT_HOLDS
			   : EXIT_FAILED;
	}
	err_set(&err, "incident %s is closed: nothing can be added to it", incident->id);
	err_hint(&err, "backout report %s prints it", incident->id);
	cli_error(&err);
	return EXIT_FAILED;
}

int cmd_attach(int argc, char **argv)
{
	struct incident incident;
	bool automatic = false, plain = false;
	char *folder, *drill;
	int option, status;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'a' && option != 'p')
			return cli_usage(USAGE);
		automatic = automatic || option == 'a';
		plain = plain || option == 'p';
	}
	if (argc - optind > 1)
		return cli_usage(USAGE);
	status = cli_incident(&incident, argv[optind]);
	if (status != EXIT_HOLDS)
		return status;
	if (incident.state.phase == INCIDENT_CLOSED || (automatic && *incident.damage)) {
		status = *incident.damage ? damaged(&incident) : closed(&incident);
		incident_close(&incident);
		return status;
	}
	/* The session opens it for itself: two readers in one process would see it twice. */
	folder = xstrdup(incident.folder);
	incident_close(&incident);
	drill = path_join(folder, "drill.json");
	if (file_exists(drill))
		status = attach_drill(folder, automatic, plain);
	else
		status = automatic ? attach_auto(folder) : attach_console(folder, plain);
	free(drill);
	free(folder);
	return status;
}
