/*
 * What a runner works with: one step of an incident, its action filled in, and calls of that action
 * in a process of their own, so that a hang, a crash or a stop never takes the runner with it. Used
 * by the runner_*.c files alone.
 */
#ifndef CORE_RUNNER_WORK_H
#define CORE_RUNNER_WORK_H

#include "actions/action.h"
#include "core/incident.h"
#include "core/runner.h"
#include "core/sense.h"

#define RUNNER_WORD "__runner"

struct work {
	struct incident *incident;	   /* borrowed */
	struct sense *sense;		   /* owned */
	size_t attempt;			   /* index: the state's array moves when it grows */
	const struct procedure *procedure; /* borrowed */
	const struct step *step;	   /* borrowed */
	const struct action_type *type;	   /* NULL: a person does it */
	json_t *args;			   /* owned: filled in */
	char **shell;			   /* owned: parameters as environment */
	int number;			   /* of this attempt at the step, from 1 */
	bool undo;
	char *out_path;	  /* owned: the output file */
	char *keep;	  /* owned: folder for what must be kept */
	char *intent;	  /* owned: the mark of this intent */
	json_t *before;	  /* owned: the pre-state; NULL: none yet */
	json_t *identity; /* owned: whom it changes, once stage_identity was called */
	json_t *runs;	  /* owned: of an undo, work_runs(); else NULL */
	int unkept;	  /* errno of the first output that could not be written to out_path; 0 */
	/* For what its probes look at: the step's end, and when what it started could first log. */
	struct sense_window window;
	int stop_fd;  /* signalfd that becomes readable when it shall stop; -1 */
	bool stopped; /* it did */
};

/* For a step of the current attempt. `number` 0: the next one. Release works after failures. */
int work_begin(struct work *work, struct incident *incident, const char *step, bool undo,
	       int number, int stop_fd, struct err *err);
void work_release(struct work *work);
/* Borrowed until the next append. */
const struct attempt *work_attempt(const struct work *work);
const struct step_state *work_state(const struct work *work);

enum work_end { WORK_DONE, WORK_LATE, WORK_STOPPED, WORK_DIED };

/* Calls `stage` in a forked process, its action's output going (redacted) to the step's file.
 * *result is new, NULL unless WORK_DONE. Otherwise nothing is left of what the stage started; what
 * an earlier stage did (a service) lives on. */
typedef json_t *work_stage(struct work *work, const struct action_env *env);
enum work_end work_call(struct work *work, work_stage *stage, int64_t timeout_us, json_t **result);
const char *work_end_reason(enum work_end end); /* a sentence, for one that is not WORK_DONE */
#define WORK_LOOK_US (60 * CLOCK_US)		/* for a stage that only looks, or clears */

/* Stages. Each gives an object; "error" and "hint" are in it when it failed. */
json_t *stage_when(struct work *work, const struct action_env *env);	 /* verdict, evidence */
json_t *stage_identity(struct work *work, const struct action_env *env); /* identity */
json_t *stage_prepare(struct work *work, const struct action_env *env);	 /* plan, before */
json_t *stage_run(struct work *work, const struct action_env *env);	 /* facts */
json_t *stage_undo(struct work *work, const struct action_env *env);
json_t *stage_settled(struct work *work, const struct action_env *env); /* settled, evidence */
json_t *stage_undone(struct work *work, const struct action_env *env);	/* the same */
json_t *stage_clean(struct work *work, const struct action_env *env);
json_t *stage_verify(struct work *work, const struct action_env *env); /* verdict, probes */

/* The fields that every step event has, and an append of one. `more` is stolen. */
json_t *work_fields(const struct work *work);
int work_append(struct work *work, enum event_id event, json_t *more, struct err *err);
/* Asks `settled` and the probes; appends step.verify. */
int work_verify(struct work *work, struct err *err);
/* The last intent of this step and act; borrowed. NULL: there is none. Its wall time in *at. */
const json_t *work_last(const struct incident *incident, const char *procedure, const char *step,
			enum event_id event, bool undo, int64_t *at);
/* The last intent of the step's run that recorded the state before it, borrowed; NULL: there is
 * none. One that was refused did nothing and recorded nothing. */
const json_t *work_last_run(const struct incident *incident, const char *procedure,
			    const char *step);
/* New: the states before each run of the step that is not undone yet, in the current attempt;
 * newest first. */
json_t *work_runs(const struct incident *incident, const char *procedure, const char *step);
/* Proves that the step would change what was approved: the same host, server, repository. Then
 * *refusal stays NULL and work->identity is set; else it is new: "error" and "hint", or empty when
 * the end that is returned says all. */
enum work_end work_prove(struct work *work, json_t **refusal);
/* Clears what a run left that could not end in its own way. */
int work_clean(struct work *work, struct err *err);
/* Sets the window's shown_since from an outcome's facts (actions/action.h); NULL: none. */
void work_shown_since(struct work *work, const json_t *facts);
/* runner_judge() by whoever holds the step's lock, and for one step. */
int runner_judge_locked(struct incident *incident, int stop_fd, struct err *err);
int runner_judge_step(struct work *work, struct err *err);
/* Asks the action itself about the recorded intent (of the undo, when it is one); appends
 * step.settled. */
int runner_ask_settled(struct work *work, bool *settled, struct err *err);
/* New: the state before the step's last run, as recorded; of an undo, the state that it goes back
 * to. An empty object when there is none. */
json_t *runner_recorded_before(const struct work *work);
const char *runner_act_name(enum runner_act act); /* "run", "undo", ... as in its command line */

#endif
