#include "core/runner_work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/authority.h"
#include "core/identity.h"
#include "core/outgoing.h"
#include "core/plan.h"
#include "core/secrets.h"
#include "core/statefolder.h"
#include "core/steplock.h"
#include "lib/argv.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/offspring.h"
#include "lib/params.h"
#include "lib/timefmt.h"

#define SWEEP_US       (2 * CLOCK_US)
#define LINE_MAX_BYTES 65536
#define OUTPUT_MAX     (64UL << 20)

static const char *const act_names[] = {
	[RUNNER_RUN] = "run",	    [RUNNER_UNDO] = "undo",
	[RUNNER_VERIFY] = "verify", [RUNNER_CLEAN_AND_RUN] = "clean-and-run",
	[RUNNER_JUDGE] = "judge",
};

const char *runner_act_name(enum runner_act act)
{
	return act_names[act];
}

/* ---- Life ---- */

static int step_index(const struct procedure *procedure, const char *id)
{
	for (size_t i = 0; i < procedure->nsteps; i++) {
		if (strcmp(procedure->steps[i].id, id) == 0)
			return (int)i;
	}
	return -1;
}

static int work_action(struct work *work, struct err *err)
{
	const struct typed *action =
	    step_action(work->step, work->procedure, work->incident->loaded.target);

	if (!action)
		return 0;
	work->type = action_type(action->type->name);
	work->args = sense_fill(work->sense, action->args, err);
	return work->args ? 0 : err_wrap(err, "step %s", work->step->id);
}

static int work_paths(struct work *work, struct err *err)
{
	char *name;

	work->out_path = incident_out(work->incident, work->step->id, work->number, work->undo);
	name = xasprintf("steps/%s", strrchr(work->out_path, '/') + 1);
	name[strlen(name) - strlen(".log")] = '\0';
	work->keep = path_join(work->incident->folder, name);
	work->intent = xasprintf("%s.%s", work->incident->id, name + strlen("steps/"));
	free(name);
	return incident_subfolder(work->incident->folder, work->keep, err);
}

const struct attempt *work_attempt(const struct work *work)
{
	return &work->incident->state.attempts[work->attempt];
}

const struct step_state *work_state(const struct work *work)
{
	return &work_attempt(work)->procedure.steps[work->step - work->procedure->steps];
}

int work_begin(struct work *work, struct incident *incident, const char *step, bool undo,
	       int number, int stop_fd, struct err *err)
{
	const struct loaded *loaded = &incident->loaded;
	int index;

	*work = (struct work){ .incident = incident, .undo = undo, .stop_fd = stop_fd };
	if (!state_attempt(&incident->state))
		return err_set(err, "no procedure is chosen");
	work->attempt = incident->state.nattempts - 1;
	work->procedure = work_attempt(work)->procedure.procedure;
	index = step_index(work->procedure, step);
	if (index < 0)
		return err_set(err, "%s has no step %s", work->procedure->name, step);
	work->step = &work->procedure->steps[index];
	work->number = number ? number : work_state(work)->attempt + !undo;
	work->sense = sense_new(NULL, incident->clock, loaded->runbook, loaded->target,
				work_attempt(work)->params, NULL, err);
	if (!work->sense)
		return -1;
	sense_trouble(work->sense, state_trouble(&incident->state));
	if (work_action(work, err) || work_paths(work, err))
		return -1;
	work->shell = secrets_shell(loaded->runbook, sense_values(work->sense), work->args);
	return 0;
}

void work_release(struct work *work)
{
	if (work->shell)
		argv_free(work->shell);
	json_decref(work->args);
	json_decref(work->before);
	json_decref(work->identity);
	json_decref(work->runs);
	sense_free(work->sense);
	free(work->out_path);
	free(work->keep);
	free(work->intent);
	*work = (struct work){ .stop_fd = -1 };
}

/* ---- Calling a stage ---- */

struct call {
	struct work *work;
	work_stage *stage;
	int64_t timeout_us;
	int log[2]; /* pipe: the stage's output */
};

/* The step's file, written redacted and line by line, whatever comes. */
struct output {
	const struct redactor *redactor;
	int from, to;
	int refused; /* errno: why there is no file to write to */
	int unkept;  /* errno of the first bytes that could not be written; 0: all were */
	struct buf line;
	size_t written;
};

static const json_t *env_declared(void *data, const char *name)
{
	const struct work *work = data;

	return sense_declared(work->sense, name);
}

static int env_outgoing(void *data, const char *message, const char *contact, struct outgoing *out,
			struct err *err)
{
	const struct work *work = data;

	return outgoing_make(out, work->sense, work->incident, message, contact, err);
}

static int env_await(void *data, const json_t *probe, int64_t timeout_us, struct err *err)
{
	const struct work *work = data;

	return sense_await(work->sense, probe, timeout_us, err);
}

static void stage_main(int fd, void *data)
{
	struct call *call = data;
	struct work *work = call->work;
	struct action_env env = {
		.clock = work->incident->clock,
		.deadline = clock_mono(work->incident->clock) + call->timeout_us,
		.out = work->keep,
		.log = call->log[1],
		.intent = work->intent,
		.declared = env_declared,
		.await = env_await,
		.outgoing = env_outgoing,
		.shell_env = (const char *const *)work->shell,
		.data = work,
	};
	json_t *result;
	char *text;

	close(call->log[0]);
	/* Held as long as this process is there: whoever judges what became of it waits for that.
	 * Where it can't even be made (a full disk) nobody else holds it. */
	if (incident_lock(work->incident, LOCK_STAGE, NULL) < 0 &&
	    incident_lock_holder(work->incident, LOCK_STAGE))
		return;
	signal(SIGTERM, SIG_DFL);
	dup2(call->log[1], STDOUT_FILENO);
	dup2(call->log[1], STDERR_FILENO);
	result = call->stage(work, &env);
	text = json_line(result);
	if (text)
		file_write(fd, text, strlen(text));
}

/* The step goes on without what can't be written; its outcome says so. */
static void output_put(struct output *output, const char *bytes, size_t len)
{
	int why = output->to < 0			    ? output->refused
		  : file_write(output->to, bytes, len) != 0 ? errno
							    : 0;

	if (!output->unkept)
		output->unkept = why;
}

static void output_flush(struct output *output, size_t len)
{
	struct buf clean = BUF_INIT;

	if (output->written < OUTPUT_MAX) {
		redact(output->redactor, &clean, output->line.data, len);
		output->written += clean.len;
		output_put(output, clean.data, clean.len);
		if (output->written >= OUTPUT_MAX)
			output_put(output, "[more output was dropped]\n", 26);
	}
	buf_drop(&output->line, len);
	buf_release(&clean);
}

/* False at the end. */
static bool output_take(struct output *output)
{
	char bytes[16384];
	ssize_t n = read(output->from, bytes, sizeof(bytes));
	const char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	buf_add(&output->line, bytes, (size_t)n);
	end = memrchr(output->line.data, '\n', output->line.len);
	if (end)
		output_flush(output, (size_t)(end - output->line.data) + 1);
	else if (output->line.len > LINE_MAX_BYTES)
		output_flush(output,
			     output->line.len - redact_pending(output->redactor, output->line.data,
							       output->line.len));
	return true;
}

/* What is still in the pipe; a service that was started may hold its other end for ever. */
static void output_end(struct output *output)
{
	struct pollfd pipe_fd = { .fd = output->from, .events = POLLIN };

	while (poll(&pipe_fd, 1, 0) > 0 && output_take(output))
		;
	if (output->line.len)
		output_flush(output, output->line.len);
	buf_release(&output->line);
}

static bool pipe_take(int fd, struct buf *text)
{
	char bytes[16384];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n > 0)
		buf_add(text, bytes, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Waits until the stage has given its result; pumps its output meanwhile, and reaps the dead
 * orphans of what it starts. */
static enum work_end stage_wait(struct work *work, pid_t pid, int fd, int64_t timeout_us,
				struct output *output, const struct child_tree *known,
				struct buf *text)
{
	const struct clock *clock = work->incident->clock;
	int64_t end = clock_mono(clock) + timeout_us;
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = output->from, .events = POLLIN },
		{ .fd = work->stop_fd, .events = POLLIN },
	};

	for (;;) {
		int64_t left = end - clock_mono(clock);

		if (left <= 0)
			return WORK_LATE;
		child_reap(known, pid);
		if (poll(fds, 3, left < CLOCK_US / 5 ? (int)(left / 1000 + 1) : 200) < 0 &&
		    errno != EINTR)
			return WORK_DIED;
		if (fds[1].revents && !output_take(output))
			fds[1].fd = -1;
		if (fds[2].revents)
			return WORK_STOPPED;
		if (fds[0].revents && !pipe_take(fd, text))
			return WORK_DONE;
	}
}

const char *work_end_reason(enum work_end end)
{
	switch (end) {
	case WORK_LATE:
		return "it took too long; everything that it had started was ended";
	case WORK_STOPPED:
		return "stopped by the operator; everything that it had started was ended";
	default:
		return "its process died";
	}
}

enum work_end work_call(struct work *work, work_stage *stage, int64_t timeout_us, json_t **result)
{
	struct call call = {
		.work = work, .stage = stage, .timeout_us = timeout_us, .log = { -1, -1 }
	};
	struct output output = { .redactor = work->incident->redactor, .from = -1, .to = -1 };
	enum work_end end = WORK_DIED;
	struct buf text = BUF_INIT;
	struct child_tree *known;
	int fd = -1;
	pid_t pid;

	*result = NULL;
	if (pipe2(call.log, O_CLOEXEC) != 0)
		return WORK_DIED;
	fcntl(call.log[0], F_SETFL, O_NONBLOCK);
	output.from = call.log[0];
	output.to = incident_file_open(work->incident->folder, work->out_path, O_WRONLY | O_APPEND);
	output.refused = output.to < 0 ? errno : 0;
	known = child_known();
	pid = offspring_start(stage_main, &call, &fd, NULL);
	close(call.log[1]);
	if (pid > 0) {
		/* The action knows its deadline; this is for one that hangs. */
		end = stage_wait(work, pid, fd, timeout_us + 3 * CLOCK_US, &output, known, &text);
		offspring_kill(NULL, pid);
		close(fd);
	}
	if (end == WORK_DONE)
		*result = json_loadb(buf_str(&text), text.len, JSON_DECODE_ANY, NULL);
	if (end == WORK_DONE && !*result)
		end = WORK_DIED;
	if (end == WORK_DONE)
		child_known_free(known);
	else
		child_sweep(known, SWEEP_US);
	output_end(&output);
	work->unkept = work->unkept ? work->unkept : output.unkept;
	work->stopped = work->stopped || end == WORK_STOPPED;
	if (output.to >= 0)
		close(output.to);
	close(call.log[0]);
	buf_release(&text);
	return end;
}

/* ---- The record ---- */

json_t *work_fields(const struct work *work)
{
	json_t *fields = json_object();

	json_object_set_new(fields, "procedure", json_string(work->procedure->name));
	json_object_set_new(fields, "step", json_string(work->step->id));
	json_object_set_new(fields, "attempt", json_integer(work->number));
	return fields;
}

int work_append(struct work *work, enum event_id event, json_t *more, struct err *err)
{
	json_t *fields = work_fields(work);

	json_object_update(fields, more);
	json_decref(more);
	return incident_append(work->incident, event, fields, err);
}

static bool is_about(const struct timeline_entry *entry, const char *procedure, const char *step,
		     enum event_id event, bool undo)
{
	const json_t *line;

	if (entry->event != event)
		return false;
	line = entry_json(entry);
	return strcmp(json_str(line, "step", ""), step) == 0 &&
	       strcmp(json_str(line, "procedure", ""), procedure) == 0 &&
	       (strcmp(json_str(line, "act", "run"), "undo") == 0) == undo;
}

const json_t *work_last(const struct incident *incident, const char *procedure, const char *step,
			enum event_id event, bool undo, int64_t *at)
{
	const struct incident_state *state = &incident->state;

	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (!is_about(entry, procedure, step, event, undo))
			continue;
		if (at)
			*at = entry->at;
		return entry_json(entry);
	}
	return NULL;
}

const json_t *work_last_run(const struct incident *incident, const char *procedure,
			    const char *step)
{
	const struct incident_state *state = &incident->state;

	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (is_about(entry, procedure, step, EV_INTENT, false) &&
		    json_object_get(entry_json(entry), "before"))
			return entry_json(entry);
	}
	return NULL;
}

json_t *work_runs(const struct incident *incident, const char *procedure, const char *step)
{
	const struct incident_state *state = &incident->state;
	json_t *runs = json_array(), *before;

	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_CHOSEN ||
		    (is_about(entry, procedure, step, EV_OUTCOME, true) &&
		     strcmp(json_str(entry_json(entry), "result", ""), "done") == 0))
			break;
		before = json_object_get(entry_json(entry), "before");
		if (before && is_about(entry, procedure, step, EV_INTENT, false))
			json_array_append(runs, before);
	}
	return runs;
}

/* Whether the line is an approval that counts, or the broken glass; what was said of another plan,
 * or has expired, was perhaps shown another place. */
static bool is_counted(const struct incident *incident, const struct authority *authority,
		       const struct timeline_entry *entry)
{
	const struct attempt *attempt = state_attempt(&incident->state);
	const char *digest = attempt->digest;

	if (entry->event == EV_BROKEN)
		return attempt->broken.at == entry->at &&
		       strcmp(attempt->broken.digest, digest) == 0;
	for (size_t i = 0; i < attempt->nwords; i++) {
		if (attempt->words[i].at == entry->at &&
		    authority_counts(attempt, digest, &attempt->words[i], authority,
				     clock_wall(incident->clock)))
			return true;
	}
	return false;
}

/* Adds what `found` says: of what is in `sources` already the former holds, unless `anew`. */
static void take_sources(json_t *sources, const json_t *found, bool anew)
{
	json_t *more = json_object_get(found, "sources");

	if (anew)
		json_object_update(sources, more);
	else
		json_object_update_missing(sources, more);
}

/* New: whom the current attempt may change: what the approvals that count recorded; besides that,
 * what the first step that came across it did; and what a step has put in a replaced one's place.
 */
static json_t *expected_identity(const struct incident *incident)
{
	const struct incident_state *state = &incident->state;
	const struct attempt *attempt = state_attempt(state);
	json_t *expected = json_object(), *sources = json_object();
	struct authority authority;
	size_t first = state->ntimeline;

	authority_judge(state, attempt, attempt->digest, clock_wall(incident->clock), &authority);
	while (first > 0 && state->timeline[first - 1].event != EV_CHOSEN)
		first--;
	for (size_t i = first; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];
		bool replaced = entry->event == EV_OUTCOME || entry->event == EV_SETTLED;
		json_t *seen;

		if (entry->event != EV_INTENT && !replaced &&
		    ((entry->event != EV_APPROVED && entry->event != EV_BROKEN) ||
		     !is_counted(incident, &authority, entry)))
			continue;
		seen = json_object_get(entry_json(entry), "identity");
		take_sources(sources, seen, replaced);
		json_object_update_missing(expected, seen);
	}
	json_object_set_new(expected, "sources", sources);
	return expected;
}

enum work_end work_prove(struct work *work, json_t **refusal)
{
	json_t *expected = expected_identity(work->incident), *result = NULL, *found;
	enum work_end end = work_call(work, stage_identity, WORK_LOOK_US, &result);
	struct err why = ERR_INIT;

	found = json_object_get(result, "identity");
	if (found && identity_compare(expected, found, &why) == 0) {
		json_decref(work->identity);
		work->identity = json_incref(found);
	} else if (found) {
		*refusal = err_to_json(&why);
	} else {
		*refusal = result ? json_incref(result) : json_object();
	}
	json_decref(expected);
	json_decref(result);
	return end;
}

int work_clean(struct work *work, struct err *err)
{
	json_t *result = NULL;
	enum work_end end = work_call(work, stage_clean, WORK_LOOK_US, &result);
	int status = 0;

	if (end != WORK_DONE || json_object_get(result, "error"))
		status = err_set(err, "what the dead run left can't be cleaned: %s",
				 json_str(result, "error", work_end_reason(end)));
	json_decref(result);
	return status;
}

void work_shown_since(struct work *work, const json_t *facts)
{
	work->window.shown_since = 0;
	time_parse_rfc3339(json_str(facts, FACT_SHOWN_SINCE, ""), &work->window.shown_since);
}

int work_verify(struct work *work, struct err *err)
{
	int64_t within = sense_duration(work->sense, work->step->within, 30 * CLOCK_US);
	json_t *result = NULL, *fields = json_object();
	enum work_end end = work_call(work, stage_verify, within + 30 * CLOCK_US, &result);

	if (end == WORK_DONE && !json_object_get(result, "error")) {
		json_object_update(fields, result);
	} else {
		const char *why = end == WORK_STOPPED ? "stopped"
				  : end == WORK_LATE  ? "it took too long to look"
						      : json_str(result, "error", "it died");

		json_object_set_new(fields, "verdict", json_string("unknown"));
		json_object_set_new(fields, "probes",
				    json_pack("[{s:s, s:s, s:o}]", "probe", "settled", "verdict",
					      "unknown", "evidence", json_text(why, strlen(why))));
	}
	json_decref(result);
	return work_append(work, EV_VERIFY, fields, err);
}
