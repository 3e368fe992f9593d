/* Executing: starting runners and watching them, answers, and what goes on by itself. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/authority.h"
#include "core/session_parts.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/text.h"

#define OUTPUT_TAIL    16384
#define JUDGE_AGAIN_US (3 * CLOCK_US)

/* ---- What runs ---- */

bool session_runner_works(const struct session *session)
{
	return session->runner || runner_alive(&session->incident);
}

static bool is_running(const struct session *session, enum step_status status)
{
	/* Between its outcome and its verify a step runs as long as somebody is at it. */
	return status == STEP_RUNNING || (status == STEP_RAN && session_runner_works(session));
}

const struct step *session_running(const struct session *session)
{
	const struct attempt *attempt = session_attempt(session);

	if (!attempt)
		return NULL;
	for (size_t i = 0; i < attempt->procedure.procedure->nsteps; i++) {
		if (is_running(session, attempt->procedure.steps[i].status))
			return &attempt->procedure.procedure->steps[i];
	}
	return session->runner ? session->runner_step : NULL;
}

/* The latest intent of the current attempt's steps; borrowed. */
static const json_t *intent_last(const struct session *session, const char *step)
{
	const struct incident_state *state = &session->incident.state;

	for (size_t i = session->open ? state->ntimeline : 0; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_CHOSEN)
			return NULL;
		if (entry->event == EV_INTENT &&
		    (!step || strcmp(json_str(entry_json(entry), "step", ""), step) == 0))
			return entry_json(entry);
	}
	return NULL;
}

static void clean_lines(struct buf *out, const char *bytes, size_t len)
{
	while (len > 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t line = end ? (size_t)(end - bytes) : len;

		text_clean(out, bytes, line && bytes[line - 1] == '\r' ? line - 1 : line);
		buf_putc(out, '\n');
		line += end != NULL;
		bytes += line;
		len -= line;
	}
}

const char *session_output(const struct session *session)
{
	struct session *mine = (struct session *)session;
	const char *rel = json_str(intent_last(session, NULL), "out", NULL);
	struct buf clean = BUF_INIT, bytes = BUF_INIT;
	const char *tail;
	char *path;

	free(mine->output);
	mine->output = NULL;
	if (!rel || strstr(rel, ".."))
		return "";
	path = path_join(session->incident.folder, rel);
	/* It may be large, and this is asked for at every drawing. */
	if (file_read_end(path, &bytes, OUTPUT_TAIL, NULL) == 0 && bytes.len) {
		tail = bytes.len < OUTPUT_TAIL ? bytes.data : memchr(bytes.data, '\n', bytes.len);
		tail = tail ? tail : bytes.data;
		clean_lines(&clean, tail, bytes.len - (size_t)(tail - bytes.data));
	}
	mine->output = buf_detach(&clean);
	buf_release(&bytes);
	free(path);
	return mine->output ? mine->output : "";
}

/* ---- Runners ---- */

static void runner_forget(struct session *session)
{
	watch_free(session->runner_watch);
	if (session->runner_err >= 0)
		close(session->runner_err);
	session->runner_watch = NULL;
	session->runner_err = -1;
	session->runner = 0;
	session->runner_step = NULL;
}

static void runner_ended(struct watch *watch, uint32_t what, void *data)
{
	struct session *session = data;
	int status = (int)what;
	bool judging = session->runner_act == RUNNER_JUDGE;
	struct err err = ERR_INIT;
	char why[600] = "";
	ssize_t n;

	(void)watch;
	n = pread(session->runner_err, why, sizeof(why) - 1, 0);
	why[n > 0 ? n : 0] = '\0';
	while (n > 0 && why[n - 1] == '\n')
		why[--n] = '\0';
	for (char *c = why; (c = strchr(c, '\n'));)
		*c = ' ';
	runner_forget(session);
	session_refresh(session);
	/* Who could not write it may have been the runner alone. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == RUNNER_NO_LEDGER)
		session->incident.unwritten = true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == RUNNER_DONE) {
		session->incident.unwritten = false;
		session_execute_tick(session);
	} else if (WIFEXITED(status) && !judging) {
		session->through = false;
		/* Without a ledger nobody can say that nothing was run: its end may be what is
		 * missing. */
		err_set(&err, "%s%s",
			WEXITSTATUS(status) == RUNNER_NO_LEDGER ? "" : "nothing was run: ",
			why[0] ? why : "the runner did not say why");
		session_trouble(session, &err);
	} else if (WIFSIGNALED(status)) {
		session->through = false;
		err_set(&err, "the runner was killed (signal %d)", WTERMSIG(status));
		session_trouble(session, &err);
	}
	session_say(session, SESSION_LEDGER);
}

static int runner_begin(struct session *session, const struct step *step, enum runner_act act,
			struct err *err)
{
	if (session_runner_works(session))
		return err_set(err, "a step is running already");
	session->runner_err = memfd_create("runner", MFD_CLOEXEC);
	session->runner = runner_start(&session->incident, step ? step->id : "", act,
				       session->incident.state.last_act, session->runner_err, err);
	session->runner_act = act;
	session->runner_step = step;
	if (session->runner > 0)
		session->runner_watch =
		    loop_child(session->loop, session->runner, runner_ended, session, err);
	if (session->runner <= 0 || !session->runner_watch) {
		runner_forget(session);
		return -1;
	}
	session_say(session, SESSION_LEDGER);
	return 0;
}

/* ---- Acts on steps ---- */

static int need_steps(const struct session *session, struct err *err)
{
	const struct attempt *attempt = session_attempt(session);

	if (session_need_open(session, err) != 0)
		return -1;
	if (!attempt)
		return err_set(err, "no procedure is chosen");
	/* Asked anew: it may have expired since the last tick. */
	return authority_holds(&session->incident.state, attempt, attempt->digest,
			       clock_wall(session->clock), err);
}

static const struct step *step_find(const struct session *session, const char *id,
				    struct step_state *now, struct err *err)
{
	const struct attempt *attempt;
	const struct step *step;

	if (need_steps(session, err) != 0)
		return NULL;
	attempt = session_attempt(session);
	step = procedure_step(attempt->procedure.procedure, id);
	if (!step)
		err_set(err, "%s has no step %s", attempt->procedure.procedure->name, id);
	else
		*now = attempt->procedure.steps[step - attempt->procedure.procedure->steps];
	return step;
}

static const struct step *step_next(const struct session *session, struct step_state *now)
{
	const struct attempt *attempt = session_attempt(session);
	int next = attempt ? procedure_next(&attempt->procedure) : -1;

	if (next < 0)
		return NULL;
	*now = attempt->procedure.steps[next];
	return &attempt->procedure.procedure->steps[next];
}

static bool by_machine(const struct session *session, const struct step *step)
{
	return step_action(step, session_attempt(session)->procedure.procedure,
			   session->loaded->target) != NULL;
}

/* Whether the last run of a step died: its leftovers are cleared before it runs again. Another
 * procedure may have a step of the same name. */
static bool died(const struct session *session, const char *step)
{
	const struct incident_state *state = &session->incident.state;
	const char *procedure = session_attempt(session)->procedure.procedure->name;

	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event != EV_DIED && entry->event != EV_INTENT)
			continue;
		if (strcmp(json_str(entry_json(entry), "step", ""), step) == 0 &&
		    strcmp(json_str(entry_json(entry), "procedure", ""), procedure) == 0)
			return entry->event == EV_DIED;
	}
	return false;
}

int session_run_step(struct session *session, struct err *err)
{
	const struct step *step;
	struct step_state now;

	if (need_steps(session, err) != 0)
		return -1;
	step = step_next(session, &now);
	if (!step || session_attempt(session)->ended_at)
		return err_set(err, "no step is left to run");
	if (step->kind != STEP_ACTION)
		return err_set(err, "step %s is a question: answer it", step->id);
	if (!by_machine(session, step)) {
		err_set(err, "step %s is done by a person", step->id);
		return err_hint(err, "do it, then say that it is done");
	}
	if (now.status != STEP_WAITING && now.status != STEP_UNDONE)
		return err_set(err, "step %s is %s: decide about it first", step->id,
			       step_status_name(now.status));
	return runner_begin(session, step,
			    died(session, step->id) ? RUNNER_CLEAN_AND_RUN : RUNNER_RUN, err);
}

static bool answer_fits(const struct step *step, const char *answer)
{
	if (step->kind == STEP_QUESTION)
		return strcmp(answer, "yes") == 0 || strcmp(answer, "no") == 0;
	for (size_t i = 0; step->kind == STEP_CHOICE && i < step->noptions; i++) {
		if (strcmp(step->options[i].id, answer) == 0)
			return true;
	}
	return false;
}

int session_answer_step(struct session *session, const char *step, const char *answer,
			const char *reason, struct err *err)
{
	struct proposal proposal;
	struct step_state now;
	const struct step *found = step_find(session, step, &now, err), *next;

	if (!found)
		return -1;
	if (!answer_fits(found, answer))
		return err_set(err, "\"%s\" is no answer to step %s", answer, step);
	next = step_next(session, &now);
	if (next != found || now.status != STEP_WAITING)
		return err_set(err, "step %s is not the one that is next", step);
	session_step_proposal(session, found, &proposal);
	if (found->kind == STEP_QUESTION && proposal.verdict != VERDICT_UNKNOWN &&
	    (strcmp(answer, "yes") == 0) != (proposal.verdict == VERDICT_PASS) &&
	    (!reason || !*reason))
		return err_set(err, "the proposed answer is %s: another one needs a reason",
			       proposal.verdict == VERDICT_PASS ? "yes" : "no");
	return session_append(session, true, EV_STEP_ANSWERED,
			      json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "procedure",
					session_attempt(session)->procedure.procedure->name, "step",
					step, "answer", answer, "proposed",
					verdict_name(proposal.verdict), "evidence",
					session_text(proposal.evidence), "reason",
					session_text(reason)),
			      err);
}

static json_t *step_fields(const struct session *session, const char *step, int attempt)
{
	return json_pack("{s:s, s:s, s:i}", "procedure",
			 session_attempt(session)->procedure.procedure->name, "step", step,
			 "attempt", attempt);
}

int session_step_done(struct session *session, const char *step, const char *note, struct err *err)
{
	struct step_state now;
	const struct step *found = step_find(session, step, &now, err);
	const struct attempt *attempt;
	bool bound;
	json_t *fields;

	if (!found)
		return -1;
	attempt = session_attempt(session);
	bound = step_bound_probe(found, attempt->procedure.procedure, session->loaded->target);
	if (found->kind != STEP_ACTION || by_machine(session, found))
		return err_set(err, "step %s is not done by hand", step);
	if (attempt->ended_at || attempt->procedure.stopped)
		return err_set(err, "%s has ended", attempt->procedure.procedure->name);
	if (now.status != STEP_WAITING || step_next(session, &now) != found)
		return err_set(err, "step %s is not the one that is next", step);
	fields = step_fields(session, step, now.attempt + 1);
	json_object_set_new(fields, "act", json_string("run"));
	json_object_set_new(fields, "plan", json_pack("[s]", found->say));
	if (session_append(session, true, EV_INTENT, fields, err) != 0)
		return -1;
	fields = step_fields(session, step, now.attempt + 1);
	json_object_set_new(fields, "act", json_string("run"));
	json_object_set_new(fields, "result", json_string("done"));
	json_object_set_new(fields, "detail", session_text(note && *note ? note : "done by hand"));
	if (session_append(session, true, EV_OUTCOME, fields, err) != 0)
		return -1;
	if (found->nverify || bound)
		return runner_begin(session, found, RUNNER_VERIFY, err);
	fields = step_fields(session, step, now.attempt + 1);
	json_object_set_new(fields, "verdict", json_string("pass"));
	return session_append(session, true, EV_VERIFY, fields, err);
}

int session_check_again(struct session *session, const char *step, struct err *err)
{
	struct step_state now;
	const struct step *found = step_find(session, step, &now, err);

	return found ? runner_begin(session, found, RUNNER_VERIFY, err) : -1;
}

int session_run_again(struct session *session, const char *step, struct err *err)
{
	struct step_state now;
	const struct step *found = step_find(session, step, &now, err);

	if (!found)
		return -1;
	if (now.status == STEP_UNKNOWN) {
		err_set(err, "nobody knows yet what became of step %s", step);
		return err_hint(err, "check again first, or skip it with a reason");
	}
	/* What failed may not have been able to clear what it had left. */
	return runner_begin(session, found,
			    now.status == STEP_FAILED || died(session, step) ? RUNNER_CLEAN_AND_RUN
									     : RUNNER_RUN,
			    err);
}

bool session_can_undo(const struct session *session, const struct step *step)
{
	const struct attempt *attempt = session_attempt(session);
	const struct procedure_plan *plan = session_plan(session, NULL);
	const struct typed *action;
	const struct action_type *type;
	enum step_status status;
	size_t i;

	if (!attempt || session_running(session))
		return false;
	i = (size_t)(step - attempt->procedure.procedure->steps);
	action = step_action(step, attempt->procedure.procedure, session->loaded->target);
	type = action ? action_type(action->type->name) : NULL;
	if (!type || !type->undo)
		return false;
	/* A command may have no way back: only its plan says. */
	if (session->planning || (plan && i < plan->nsteps && !plan->steps[i].problem &&
				  !(plan->steps[i].undo && *plan->steps[i].undo)))
		return false;
	status = attempt->procedure.steps[i].status;
	return attempt->procedure.steps[i].attempt > 0 &&
	       (status == STEP_DONE || status == STEP_RAN || status == STEP_NOT_VERIFIED ||
		status == STEP_FAILED);
}

int session_undo(struct session *session, const char *step, struct err *err)
{
	struct step_state now;
	const struct step *found = step_find(session, step, &now, err);

	return found ? runner_begin(session, found, RUNNER_UNDO, err) : -1;
}

int session_skip(struct session *session, const char *step, const char *reason, struct err *err)
{
	struct step_state now;
	const struct step *found = step_find(session, step, &now, err);

	if (!found)
		return -1;
	if (!reason || !*reason)
		return err_set(err, "skipping a step needs a reason");
	if (session_running(session) == found)
		return err_set(err, "step %s is running", step);
	return session_append(session, true, EV_SKIPPED,
			      json_pack("{s:s, s:s, s:o}", "procedure",
					session_attempt(session)->procedure.procedure->name, "step",
					step, "reason", session_text(reason)),
			      err);
}

int session_alternative(struct session *session, const char *step, struct err *err)
{
	struct step_state now;
	const struct step *found = step_find(session, step, &now, err);

	if (!found)
		return -1;
	if (!found->alternative)
		return err_set(err, "the runbook gives no alternative to step %s", step);
	return session_append(session, true, EV_ALTERNATIVE,
			      json_pack("{s:s, s:s}", "procedure",
					session_attempt(session)->procedure.procedure->name, "step",
					step),
			      err);
}

int session_stop(struct session *session, const char *reason, struct err *err)
{
	const struct attempt *attempt = session_attempt(session);
	int status = 0;

	if (session_need_open(session, err) != 0)
		return -1;
	if (!attempt || (attempt->ended_at && !session_running(session)))
		return err_set(err, "no procedure is under way");
	session->through = false;
	if (session_running(session) && runner_alive(&session->incident))
		status = runner_stop(&session->incident, err);
	/* Stop always stops, no matter who did what meanwhile: where the runner is another user's,
	 * which only that one can end, it is the last step that runs. */
	if (!attempt->procedure.stopped && !attempt->ended_at &&
	    session_append(session, false, EV_STOPPED,
			   json_pack("{s:s, s:o}", "procedure", attempt->procedure.procedure->name,
				     "reason", session_text(reason)),
			   err) != 0)
		status = -1;
	/* With nothing running it ends now, not with the next tick: nobody shall see its plan
	 * still. */
	session_execute_tick(session);
	return status;
}

void session_straight_through(struct session *session, bool on)
{
	session->through = on;
	if (on)
		session_execute_tick(session);
	session_say(session, SESSION_LEDGER);
}

bool session_is_straight_through(const struct session *session)
{
	return session->through;
}

/* ---- What goes on by itself ---- */

static bool orphaned(const struct session *session)
{
	const struct attempt *attempt = session_attempt(session);

	for (size_t i = 0; attempt && i < attempt->procedure.procedure->nsteps; i++) {
		enum step_status status = attempt->procedure.steps[i].status;

		if (status == STEP_RUNNING || status == STEP_RAN)
			return true;
	}
	return false;
}

/* A step whose runner is gone is judged, once for each state of the record; again after a while
 * when nothing came of it: a disk was full, or no process was left. */
static void orphans_judge(struct session *session)
{
	int64_t now = clock_mono(session->clock);

	if (!orphaned(session) || session_runner_works(session))
		return;
	/* Its last words may have come since we read. */
	session_refresh(session);
	if (!orphaned(session) || (session->judged == session->incident.state.last_act &&
				   now - session->judged_at < JUDGE_AGAIN_US))
		return;
	session->judged = session->incident.state.last_act;
	session->judged_at = now;
	runner_begin(session, NULL, RUNNER_JUDGE, NULL);
}

/* A question that does not apply is passed over, as the runner does with an action. */
static void question_pass_over(struct session *session)
{
	struct step_state now;
	const struct step *step = step_next(session, &now);
	const struct sensed *sensed;

	if (!step || step->kind == STEP_ACTION || !step->when || now.status != STEP_WAITING)
		return;
	sensed = sense_probe(session->sense, step->when);
	if (sensed->reading.verdict != VERDICT_FAIL || !sensed->reading.at)
		return;
	session_append(session, true, EV_NOT_APPLICABLE,
		       json_pack("{s:s, s:s, s:s}", "procedure",
				 session_attempt(session)->procedure.procedure->name, "step",
				 step->id, "evidence", sensed->reading.evidence),
		       NULL);
}

static void procedure_end(struct session *session)
{
	const struct attempt *attempt = session_attempt(session);
	const struct procedure_state *state = &attempt->procedure;
	const char *result;
	json_t *fields;

	if (session->runner || session_running(session))
		return;
	if (state->stopped)
		result = "stopped";
	else if (procedure_finished(state))
		result = "done";
	else if (state->approved && procedure_next(state) < 0)
		result = "failed";
	else
		return;
	fields = json_pack("{s:s, s:s}", "procedure", state->procedure->name, "result", result);
	if (state->started)
		json_object_set_new(fields, "elapsed",
				    json_real(
					(double)(clock_wall(session->clock) - state->started) /
					(double)CLOCK_US));
	session->through = false;
	if (session_append(session, true, EV_PROCEDURE_ENDED, fields, NULL) == 0)
		sense_now(session->sense);
}

static void through_go_on(struct session *session)
{
	struct step_state now;
	const struct step *step = step_next(session, &now);

	if (!session->through || session->runner || session_running(session))
		return;
	if (!step || now.status != STEP_WAITING || step->kind != STEP_ACTION ||
	    !by_machine(session, step) || session_run_step(session, NULL) != 0) {
		session->through = false;
		session_say(session, SESSION_LEDGER);
	}
}

void session_execute_tick(struct session *session)
{
	const struct attempt *attempt = session_attempt(session);

	if (!attempt || session->incident.damage[0] ||
	    session->incident.state.phase != INCIDENT_OPEN)
		return;
	orphans_judge(session);
	/* What others did is folded in there: their procedure may be the current one now. */
	attempt = session_attempt(session);
	if (attempt->ended_at)
		return;
	if (session->sensing_lock >= 0) {
		if (attempt->procedure.approved && !attempt->procedure.stopped)
			question_pass_over(session);
		procedure_end(session);
	}
	through_go_on(session);
}
