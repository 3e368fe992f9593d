#include "drill/drill.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drill/well.h"
#include "lib/child.h"
#include "lib/datadir.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* How often an injector looks whether its time has come. */
#define LOOK_NS 50000000

/* drill.json in the incident's folder: what another console needs to take over. */
static int write_link(const struct drill *drill, struct err *err)
{
	json_t *link = json_pack("{s:s, s:s, s:s}", "sandbox", drill->sandbox.folder, "runbook",
				 drill->scenario.runbook, "scenario", drill->scenario.name);
	char *path = path_join(drill->incident, "drill.json");
	char *text = json_line(link);
	int result = file_replace(path, text, strlen(text), 0600, err);

	free(text);
	free(path);
	json_decref(link);
	return result;
}

/* T goes on record, and the clock is not moved past the faults before they have happened. */
static int plan_deployment(struct drill *drill, struct incident *incident, struct err *err)
{
	const struct scenario *scenario = &drill->scenario;
	int64_t t0 = clock_wall(drill->clock) + scenario->in_us;
	char at[TIME_RFC3339_MAX];

	if (!scenario->deployment)
		return 0;
	if (!runbook_deployment(drill->sandbox.loaded.runbook, scenario->deployment))
		return err_set(err, "%s: the runbook has no deployment \"%s\"", scenario->doc.name,
			       scenario->deployment);
	if (scenario->timed)
		clock_stop(t0 + scenario->faults_us);
	return incident_append(incident, EV_PLANNED,
			       json_pack("{s:s, s:s}", "deployment", scenario->deployment, "t0",
					 time_rfc3339(t0, at)),
			       err);
}

static int open_incident(struct drill *drill, struct err *err)
{
	struct incident incident = { 0 };
	char *title = xasprintf("Drill: %s", drill->sandbox.loaded.runbook->title);
	int result = incident_create(&incident, &drill->sandbox.loaded, INCIDENT_DRILL,
				     SEVERITY_LOW, title, drill->clock, err);

	if (result == 0) {
		drill->incident = xstrdup(incident.folder);
		result = plan_deployment(drill, &incident, err);
	}
	incident_close(&incident);
	free(title);
	return result;
}

int drill_begin(struct drill *drill, const char *runbook, const char *scenario,
		const struct clock *clock, sandbox_progress_fn *progress, void *data,
		struct err *err)
{
	*drill = (struct drill){ .clock = clock, .sandbox.lock = -1, .sandbox.env.log = -1 };
	drill_sweep(false, clock, progress, data);
	if (scenario_load(&drill->scenario, runbook, scenario, err) < 0)
		return -1;
	if (scenario_check(&drill->scenario, err) < 0) {
		scenario_release(&drill->scenario);
		return -1;
	}
	if (sandbox_build(&drill->sandbox, &drill->scenario, clock, progress, data, err) < 0 ||
	    open_incident(drill, err) < 0 || write_link(drill, err) < 0 ||
	    sandbox_belongs(&drill->sandbox, drill->incident, err) < 0) {
		drill_release(drill, false);
		return -1;
	}
	return 0;
}

int drill_resume(struct drill *drill, const char *incident, bool hold, const struct clock *clock,
		 struct err *err)
{
	char *path = path_join(incident, "drill.json");
	struct jdoc link = { 0 };
	const char *sandbox;
	int result = -1;

	*drill = (struct drill){ .clock = clock,
				 .sandbox.lock = -1,
				 .sandbox.env.log = -1,
				 .incident = xstrdup(incident) };
	if (jdoc_load(&link, path, err) < 0)
		goto out;
	sandbox = json_str(link.root, "sandbox", "");
	if (!file_exists(sandbox)) {
		if (hold)
			drill_close(incident, "the drill was abandoned: ", "its sandbox is gone",
				    clock, err);
		err_set(err, "the drill's sandbox %s is gone", sandbox);
		err_hint(err, "begin another one with: backout drill");
		goto out;
	}
	if (scenario_load(&drill->scenario, json_str(link.root, "runbook", ""),
			  json_str(link.root, "scenario", ""), err) < 0 ||
	    sandbox_open(&drill->sandbox, sandbox, &drill->scenario, hold, clock, err) < 0)
		goto out;
	result = 0;
out:
	jdoc_release(&link);
	free(path);
	if (result < 0)
		drill_release(drill, true);
	return result;
}

void drill_release(struct drill *drill, bool keep)
{
	if (drill->injector > 0)
		waitpid(drill->injector, NULL, WNOHANG);
	sandbox_close(&drill->sandbox, keep);
	scenario_release(&drill->scenario);
	free(drill->incident);
	drill->incident = NULL;
	drill->injector = 0;
}

static bool on_record(const struct incident_state *state, enum event_id event)
{
	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == event)
			return true;
	}
	return false;
}

bool drill_is_scored(const struct incident_state *state)
{
	return state->scored != NULL;
}

int drill_inject(struct drill *drill, struct err *err)
{
	struct incident incident = { 0 };
	char *self;
	bool done;

	if (json_array_size(json_object_get(drill->scenario.doc.root, "faults")) == 0)
		return 0;
	if (incident_open(&incident, drill->incident, drill->clock, err) < 0)
		return -1;
	done = on_record(&incident.state, EV_INJECTED);
	incident_close(&incident);
	if (done)
		return 0;
	self = self_program();
	drill->injector =
	    child_start(&(struct child_spec){ .argv = (const char *[]){ self, "__inject",
									drill->incident, NULL },
					      .env =
						  (const char *[]){ drill->sandbox.env.mark, NULL },
					      .in = -1,
					      .detached = true },
			err);
	free(self);
	return drill->injector > 0 ? 0 : -1;
}

/* What the injector leaves for those who wait for it. */
static char *complaint_path(const struct drill *drill)
{
	return path_join(drill->sandbox.folder, "inject.error");
}

int drill_not_injected(const struct drill *drill, struct err *err)
{
	char *path = complaint_path(drill);
	struct buf text = BUF_INIT;

	if (file_read(path, &text, 4096, NULL) < 0)
		buf_puts(&text, "its process died");
	err_set(err, "the fault could not be injected: %s", buf_str(&text));
	buf_release(&text);
	free(path);
	return -1;
}

/* One at a time: a console that died may have left its injector at work. -1 (with err), or a
 * descriptor. */
static int inject_lock(const char *incident, struct err *err)
{
	char *path = path_join(incident, "drill.json");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		err_sys(err, "locking %s", path);
	free(path);
	return err->set ? -1 : fd;
}

/* Until the faults' time has come; false when the affair is over before. */
static bool await_time(const struct drill *drill, struct incident *incident)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	int64_t at = incident->state.deployment.t0 + drill->scenario.faults_us;

	while (drill->scenario.timed && clock_wall(drill->clock) < at) {
		nanosleep(&pause, NULL);
		if (incident_refresh(incident, NULL) < 0 ||
		    incident->state.phase != INCIDENT_OPEN || !file_exists(drill->sandbox.folder))
			return false;
	}
	return true;
}

/* The console holds the sandbox meanwhile: the injector works beside it. */
static int inject(struct drill *drill, struct err *err)
{
	struct incident incident = { 0 };
	int lock = inject_lock(drill->incident, err);
	int result = -1;

	if (lock < 0 || incident_open(&incident, drill->incident, drill->clock, err) < 0)
		goto out;
	if (on_record(&incident.state, EV_INJECTED)) {
		result = 0;
		goto out;
	}
	if (!await_time(drill, &incident)) {
		result = 0;
		goto out;
	}
	if (incident_append(&incident, EV_INJECTING,
			    json_pack("{s:s}", "scenario", drill->scenario.name), err) < 0 ||
	    sandbox_inject(&drill->sandbox, &drill->scenario, err) < 0)
		goto out;
	result = incident_append(&incident, EV_INJECTED,
				 json_pack("{s:s}", "scenario", drill->scenario.name), err);
	clock_stop(0);
out:
	incident_close(&incident);
	if (lock >= 0)
		close(lock);
	return result;
}

int inject_main(int argc, char **argv)
{
	struct drill drill;
	struct err err = ERR_INIT;
	int result;

	if (argc != 2)
		return 2;
	if (drill_resume(&drill, argv[1], false, &clock_system, &err) < 0)
		return 1;
	result = inject(&drill, &err);
	if (result < 0) {
		char *path = complaint_path(&drill);

		file_replace(path, err.msg, strlen(err.msg), 0600, NULL);
		free(path);
	}
	drill_release(&drill, true);
	return result < 0;
}

int drill_score(struct drill *drill, struct score *score, struct err *err)
{
	struct incident incident = { 0 };
	json_t *fields;
	int result = -1;

	if (incident_open(&incident, drill->incident, drill->clock, err) < 0)
		return -1;
	if (score_make(score, &incident, &drill->sandbox, &drill->scenario, err) < 0)
		goto out;
	fields = json_pack("{s:o}", "score", score_json(score, &incident, &drill->scenario));
	result = drill_is_scored(&incident.state) || incident.state.phase == INCIDENT_CLOSED
		     ? 0
		     : incident_append(&incident, EV_SCORED, json_incref(fields), err);
	json_decref(fields);
out:
	incident_close(&incident);
	return result;
}

int drill_close(const char *folder, const char *how, const char *more, const struct clock *clock,
		struct err *err)
{
	struct incident incident = { 0 };
	int result = -1;

	if (incident_open(&incident, folder, clock, err) < 0)
		return -1;
	if (incident.state.phase == INCIDENT_OPEN &&
	    incident_append(&incident, EV_RESOLVED, json_pack("{s:s+}", "how", how, more), err) < 0)
		goto out;
	result = incident.state.phase == INCIDENT_CLOSED
		     ? 0
		     : incident_append(&incident, EV_CLOSED, json_object(), err);
out:
	incident_close(&incident);
	return result;
}

static void close_abandoned(const char *incident, void *data)
{
	struct err err = ERR_INIT;

	drill_close(incident,
		    "the drill was abandoned: ", "nobody held its sandbox, which was removed", data,
		    &err);
}

int drill_sweep(bool kept_too, const struct clock *clock, sandbox_progress_fn *progress, void *data)
{
	return sandbox_sweep(kept_too, progress, data, close_abandoned, (void *)clock);
}

char **drill_briefing(const struct drill *drill)
{
	const struct runbook *runbook = drill->sandbox.loaded.runbook;
	const json_t *lines = json_object_get(drill->scenario.doc.root, "briefing"), *line;
	char **out = xcalloc(json_array_size(lines) + 16, sizeof(*out));
	size_t n = 0, i;

	out[n++] = xasprintf("DRILL: %s", runbook->title);
	out[n++] = xstrdup("");
	out[n++] = xasprintf("You are %s.",
			     json_str(drill->scenario.doc.root, "role", "the on-call admin"));
	out[n++] = xstrdup(runbook->about ? runbook->about : "");
	out[n++] = xstrdup("");
	json_array_foreach(lines, i, line)
		out[n++] = xstrdup(json_string_value(line) ? json_string_value(line) : "");
	out[n++] = xstrdup("");
	out[n++] = xstrdup(
	    "1 shows the panels, 2 decides, 4 executes, 5 is the log, ? explains every key.");
	if (drill->scenario.deployment)
		out[n++] = xstrdup(
		    "3 is the checklist with its gate; \":forward\" moves the drill's clock on.");
	out[n++] = xstrdup("The line below the header always says what to do now.");
	out[n++] = xstrdup("Everything here is a sandbox: nothing you do can hurt.");
	return out;
}

void drill_briefing_free(char **lines)
{
	for (char **line = lines; line && *line; line++)
		free(*line);
	free(lines);
}
