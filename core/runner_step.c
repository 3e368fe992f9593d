/* The runner process: one step's run, undo or check. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/authority.h"
#include "core/claim.h"
#include "core/plan.h"
#include "core/runner_work.h"
#include "core/secrets.h"
#include "core/steplock.h"
#include "lib/child.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/offspring.h"

#define TIMEOUT_US (60 * CLOCK_US)

/* ---- May it? ---- */

static int may_act(const struct work *work, struct err *err)
{
	const struct incident *incident = work->incident;
	char digest[SHA256_HEX];

	if (incident->state.phase != INCIDENT_OPEN)
		return err_set(err, "the incident is not open any more");
	if (plan_digest(work->sense, &incident->loaded, work->procedure, work_attempt(work)->params,
			digest, err) != 0 ||
	    authority_holds(&incident->state, work_attempt(work), digest,
			    clock_wall(incident->clock), err) != 0)
		return -1;
	if (!work->type || work->type->manual)
		return err_set(err, "step %s is done by a person", work->step->id);
	return 0;
}

static int may_run(const struct work *work, struct err *err)
{
	const struct procedure_state *state = &work_attempt(work)->procedure;
	enum step_status status = work_state(work)->status;
	int next = procedure_next(state);

	if (may_act(work, err) != 0)
		return -1;
	if (state->stopped || work_attempt(work)->ended_at)
		return err_set(err, "%s has ended", work->procedure->name);
	if (next < 0 || &work->procedure->steps[next] != work->step)
		return err_set(err, "step %s is not the one that is next", work->step->id);
	if (status != STEP_WAITING && status != STEP_FAILED && status != STEP_NOT_VERIFIED &&
	    status != STEP_UNDONE)
		return err_set(err, "step %s is %s: it can't be run now", work->step->id,
			       step_status_name(status));
	return claim_take(work->incident, err);
}

static int may_undo(const struct work *work, struct err *err)
{
	enum step_status status = work_state(work)->status;

	if (may_act(work, err) != 0)
		return -1;
	if (!work->type->undo)
		return err_set(err, "step %s can't be undone", work->step->id);
	if (work_state(work)->attempt == 0 ||
	    (status != STEP_DONE && status != STEP_FAILED && status != STEP_NOT_VERIFIED &&
	     status != STEP_RAN && status != STEP_SKIPPED))
		return err_set(err, "step %s is %s: there is nothing to undo", work->step->id,
			       step_status_name(status));
	return claim_take(work->incident, err);
}

/* ---- The record of one act ---- */

static json_t *act_json(const struct work *work)
{
	return json_pack("{s:s}", "act", work->undo ? "undo" : "run");
}

static int append_intent(struct work *work, json_t *plan, struct err *err)
{
	json_t *fields = work_fields(work), *act = act_json(work);

	json_object_update(fields, act);
	json_decref(act);
	if (plan)
		json_object_set(fields, "plan", plan);
	if (work->before)
		json_object_set(fields, "before", work->before);
	if (work->identity)
		json_object_set(fields, "identity", work->identity);
	json_object_set_new(fields, "out",
			    json_string(work->out_path + strlen(work->incident->folder) + 1));
	json_object_set_new(fields, "pid", json_integer(getpid()));
	return incident_act(work->incident, EV_INTENT, fields, NULL, err);
}

/* `said` (what a stage gave, or NULL): its facts, and the identity of what it has replaced. */
static int append_outcome(struct work *work, const char *result, const char *detail,
			  const json_t *said, int64_t elapsed_us, struct err *err)
{
	json_t *facts = json_object_get(said, "facts");
	json_t *identity = json_object_get(said, "identity");
	json_t *fields = act_json(work);
	struct buf text = BUF_INIT;

	json_object_set_new(fields, "result", json_string(result));
	buf_puts(&text, detail ? detail : "");
	/* Once: who reads the outcome knows that the step's file is not the whole of it. */
	if (work->unkept)
		buf_printf(&text, "%ssome of its output could not be kept: %s",
			   text.len ? "; " : "", strerror(work->unkept));
	work->unkept = 0;
	if (text.len)
		json_object_set_new(fields, "detail", json_text(text.data, text.len));
	buf_release(&text);
	if (facts)
		json_object_set(fields, "facts", facts);
	if (identity)
		json_object_set(fields, "identity", identity);
	json_object_set_new(fields, "elapsed", json_real((double)elapsed_us / (double)CLOCK_US));
	return work_append(work, EV_OUTCOME, fields, err);
}

static const char *end_result(enum work_end end)
{
	return end == WORK_LATE ? "timeout" : end == WORK_STOPPED ? "stopped" : "failed";
}

/* A step that can't even begin is on record as refused, with nothing done. */
static int refuse(struct work *work, enum work_end end, const json_t *result, struct err *err)
{
	const char *why = json_str(result, "error", work_end_reason(end));
	const char *hint = json_str(result, "hint", "");
	const char *what = end == WORK_STOPPED ? "stopped" : "refused";
	char *detail;
	int status;

	if (append_intent(work, NULL, err) != 0)
		return -1;
	detail = xasprintf("%s%s%s", why, *hint ? "; " : "", hint);
	status = append_outcome(work, what, detail, NULL, 0, err);
	free(detail);
	return status;
}

/* Whether it would change what was approved. 0; 1: no, it is on record as refused; -1. */
static int prove_target(struct work *work, struct err *err)
{
	json_t *refusal = NULL;
	enum work_end end = work_prove(work, &refusal);
	int status = refusal ? (refuse(work, end, refusal, err) ? -1 : 1) : 0;

	json_decref(refusal);
	return status;
}

/* ---- Running ---- */

/* 1: not applicable (on record); 0: go on; -1. */
static int check_when(struct work *work, struct err *err)
{
	json_t *result = NULL, *fields;
	int skip = 0;

	if (!work->step->when)
		return 0;
	/* Unknown applies: a step is left out only for a reason that was seen. */
	if (work_call(work, stage_when, WORK_LOOK_US, &result) == WORK_DONE &&
	    strcmp(json_str(result, "verdict", ""), "fail") == 0) {
		fields = json_pack("{s:s, s:s, s:O}", "procedure", work->procedure->name, "step",
				   work->step->id, "evidence", json_object_get(result, "evidence"));
		skip = incident_act(work->incident, EV_NOT_APPLICABLE, fields, NULL, err) ? -1 : 1;
	}
	json_decref(result);
	return skip;
}

/* Whether it is undone is asked before its outcome is written: an undo has no verify of its own. */
static int finish_undo(struct work *work, int64_t elapsed, struct err *err)
{
	json_t *answer = NULL;
	enum work_end end = work_call(work, stage_undone, WORK_LOOK_US, &answer);
	bool undone = end == WORK_DONE &&
		      (!work->type->undone || strcmp(json_str(answer, "settled", ""), "yes") == 0);
	int result =
	    append_outcome(work, undone ? "done" : "failed",
			   json_str(answer, "evidence", undone ? "" : work_end_reason(end)), answer,
			   elapsed, err);

	json_decref(answer);
	return result;
}

/* It did not end by itself: a half-done action (a database closed for its restore) is not left so
 * until somebody runs it again. Being told to stop does not stop this. */
static int append_cut_short(struct work *work, enum work_end end, int64_t elapsed, struct err *err)
{
	struct buf detail = BUF_INIT;
	struct err left = ERR_INIT;
	int stop_fd = work->stop_fd, status;

	buf_puts(&detail, work_end_reason(end));
	work->stop_fd = -1;
	if (work->type->clean && work_clean(work, &left) == 0)
		buf_puts(&detail, "; what it left half done was cleaned");
	else if (left.set)
		buf_printf(&detail, "; %s", left.msg);
	work->stop_fd = stop_fd;
	status = append_outcome(work, end_result(end), buf_str(&detail), NULL, elapsed, err);
	buf_release(&detail);
	return status;
}

static int do_it(struct work *work, struct err *err)
{
	const struct clock *clock = work->incident->clock;
	int64_t timeout = sense_duration(work->sense, work->step->timeout, TIMEOUT_US);
	int64_t start = clock_mono(clock), elapsed;
	json_t *result = NULL;
	enum work_end end = work_call(work, work->undo ? stage_undo : stage_run, timeout, &result);
	const char *error = json_str(result, "error", NULL);
	int status;

	elapsed = clock_mono(clock) - start;
	if (end != WORK_DONE) {
		status = append_cut_short(work, end, elapsed, err);
	} else if (error) {
		status = append_outcome(work, elapsed >= timeout ? "timeout" : "failed", error,
					result, elapsed, err);
	} else if (work->undo) {
		status = finish_undo(work, elapsed, err);
	} else {
		/* Before its record is synced: a service says that it is ready meanwhile. */
		work->window.since = clock_wall(clock);
		work_shown_since(work, json_object_get(result, "facts"));
		status = append_outcome(work, "done", NULL, result, elapsed, err);
		if (status == 0)
			status = work_verify(work, err);
	}
	json_decref(result);
	return status;
}

/* The reserve would take its intent, but is kept for what runs already. */
static int has_room(const struct work *work, struct err *err)
{
	if (!work->type->risk || work->type->risk(work->args) != ACTION_DESTRUCTIVE)
		return 0;
	return incident_has_room(work->incident, err);
}

static int run_step(struct work *work, struct err *err)
{
	json_t *result = NULL;
	enum work_end end;
	int status = check_when(work, err);

	if (status == 0 && !work->identity)
		status = prove_target(work, err);
	if (status != 0)
		return status < 0 ? -1 : 0;
	end = work_call(work, stage_prepare, WORK_LOOK_US, &result);
	if (end != WORK_DONE || json_object_get(result, "error")) {
		status = refuse(work, end, result, err);
	} else {
		work->before = json_incref(json_object_get(result, "before"));
		status = has_room(work, err);
		if (status == 0)
			status = append_intent(work, json_object_get(result, "plan"), err);
		if (status == 0)
			status = do_it(work, err);
	}
	json_decref(result);
	return status;
}

static int clean_step(struct work *work, struct err *err)
{
	int status;

	work->before = runner_recorded_before(work);
	status = work_clean(work, err);
	json_decref(work->before);
	work->before = NULL;
	return status;
}

/* It goes back to the state before the first run. */
static int undo_step(struct work *work, struct err *err)
{
	int refused = prove_target(work, err);
	size_t n;

	if (refused)
		return refused < 0 ? -1 : 0;
	work->runs = work_runs(work->incident, work->procedure->name, work->step->id);
	n = json_array_size(work->runs);
	work->before = n ? json_incref(json_array_get(work->runs, n - 1)) : json_object();
	/* An undo that was begun before may have died, or left what it could not clear. */
	if (work_last(work->incident, work->procedure->name, work->step->id, EV_INTENT, true,
		      NULL) &&
	    work_clean(work, err) != 0)
		return -1;
	if (append_intent(work, NULL, err) != 0)
		return -1;
	return do_it(work, err);
}

static int clean_and_run(struct work *work, struct err *err)
{
	int refused = prove_target(work, err);

	if (refused)
		return refused < 0 ? -1 : 0;
	return clean_step(work, err) ? -1 : run_step(work, err);
}

static int act(struct work *work, enum runner_act what, struct err *err)
{
	if (what == RUNNER_UNDO)
		return may_undo(work, err) ? -1 : undo_step(work, err);
	if (may_run(work, err) != 0)
		return -1;
	return what == RUNNER_CLEAN_AND_RUN ? clean_and_run(work, err) : run_step(work, err);
}

static int check_step(struct work *work, struct err *err)
{
	enum step_status status = work_state(work)->status;
	const json_t *outcome;
	bool settled = true;

	if (status == STEP_UNKNOWN)
		return runner_judge_step(work, err);
	if (status != STEP_RAN && status != STEP_NOT_VERIFIED && status != STEP_FAILED &&
	    status != STEP_DONE)
		return err_set(err, "step %s is %s: there is nothing to check", work->step->id,
			       step_status_name(status));
	work->before = runner_recorded_before(work);
	/* The step's end, not that of an earlier check: `within` is not granted twice. */
	outcome = work_last(work->incident, work->procedure->name, work->step->id, EV_OUTCOME,
			    false, &work->window.since);
	work_shown_since(work, json_object_get(outcome, "facts"));
	/* What failed may have had its effect all the same. */
	if (status == STEP_FAILED && runner_ask_settled(work, &settled, err) != 0)
		return -1;
	return settled ? work_verify(work, err) : 0;
}

/* ---- The process ---- */

struct call {
	const char *folder, *step;
	enum runner_act act;
	uint64_t after;
};

static int call_parse(struct call *call, int argc, char **argv)
{
	char *end;

	if (argc != 5)
		return -1;
	call->folder = argv[1];
	call->step = argv[2];
	call->after = strtoumax(argv[4], &end, 10);
	if (*end || !*argv[4])
		return -1;
	for (int act = RUNNER_RUN; act <= RUNNER_JUDGE; act++) {
		if (strcmp(argv[3], runner_act_name((enum runner_act)act)) == 0) {
			call->act = (enum runner_act)act;
			return 0;
		}
	}
	return -1;
}

/* TERM comes through a descriptor; what a dying terminal sends is not for us. */
static int signals_prepare(void)
{
	static const int ignored[] = { SIGHUP,	SIGINT,	 SIGQUIT, SIGPIPE,
				       SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ };
	sigset_t set;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int act_on_step(struct incident *incident, const struct call *call, int stop_fd,
		       struct err *err)
{
	const struct attempt *attempt = state_attempt(&incident->state);
	bool undo = call->act == RUNNER_UNDO;
	bool look = call->act == RUNNER_VERIFY;
	struct work work;
	int status = -1, number = 0;

	if (look && attempt)
		number = (int)json_num(work_last(incident, attempt->procedure.procedure->name,
						 call->step, EV_INTENT, false, NULL),
				       "attempt", 1);
	else if (undo && attempt)
		number = (int)json_num(work_last_run(incident, attempt->procedure.procedure->name,
						     call->step),
				       "attempt", 1);
	if (work_begin(&work, incident, call->step, undo, number, stop_fd, err) != 0)
		goto out;
	status = look ? check_step(&work, err) : act(&work, call->act, err);
out:
	work_release(&work);
	return status;
}

static int runner_work(const struct call *call, int stop_fd, struct err *err)
{
	struct incident incident;
	int lock, exit_status = RUNNER_REFUSED;

	if (incident_open(&incident, call->folder, &clock_system, err) != 0)
		return RUNNER_NO_LEDGER;
	lock = incident_lock(&incident, LOCK_STEP, err);
	if (lock < 0) {
		err_hint(err, "a step is running already");
		goto out;
	}
	/* What came in before the lock was ours counts, too. */
	if (incident_refresh(&incident, err) != 0) {
		exit_status = RUNNER_NO_LEDGER;
		goto out;
	}
	if (incident.state.last_act != call->after) {
		err_set(err, "something was done to the incident meanwhile");
		err_hint(err, "look at it, then decide again");
		goto out;
	}
	if (call->act == RUNNER_JUDGE) {
		exit_status =
		    runner_judge_locked(&incident, stop_fd, err) ? RUNNER_NO_LEDGER : RUNNER_DONE;
		goto out;
	}
	if (act_on_step(&incident, call, stop_fd, err) == 0)
		exit_status = RUNNER_DONE;
	else if (incident_is_lost(&incident))
		exit_status = RUNNER_NO_LEDGER;
out:
	if (lock >= 0)
		close(lock);
	/* What the runner says is shown as it is. */
	secrets_redact_text(incident.redactor, err->msg, sizeof(err->msg));
	secrets_redact_text(incident.redactor, err->hint, sizeof(err->hint));
	incident_close(&incident);
	return exit_status;
}

int runner_main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct call call;
	int stop_fd, status;

	if (call_parse(&call, argc, argv) != 0)
		return RUNNER_BAD_CALL;
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	stop_fd = signals_prepare();
	status = runner_work(&call, stop_fd, &err);
	if (err.set)
		dprintf(STDERR_FILENO, "%s%s%s\n", err.msg, err.hint[0] ? "; " : "", err.hint);
	return status;
}
