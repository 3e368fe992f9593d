/*
 * The inside of a session, shared by the session_*.c files alone.
 */
#ifndef CORE_SESSION_PARTS_H
#define CORE_SESSION_PARTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/recorder.h"
#include "core/runner.h"
#include "core/session.h"
#include "lib/offspring.h"

#define SESSION_TICK_US (CLOCK_US / 2)
#define SESSION_LISTS	16 /* checklists that are looked at at the same time */

struct list_in_effect {
	const struct checklist *checklist; /* borrowed */
	int64_t from; /* what was seen before this wall time counts for nothing */
};

/* What was saved of a metric last. */
struct saved {
	int64_t at; /* wall time of the last point that is in the incident's file */
};

/* A message on its way into the buffer of tmux. */
struct message_copy {
	struct job *job;	       /* NULL: none */
	const struct message *message; /* borrowed */
	char *text;		       /* owned */
};

/* A message or a page that is being sent. */
struct message_send {
	struct task *task;	       /* NULL: none */
	const char *message, *contact; /* borrowed from the runbook; one may be NULL */
	struct outgoing out;	       /* owned */
	const json_t *messenger;       /* borrowed: its declaration, filled in */
	uint64_t seq;		       /* of the line that says that it is on its way */
};

struct session {
	struct loop *loop;	   /* borrowed */
	const struct clock *clock; /* borrowed */
	void (*changed)(enum session_change what, void *data);
	void *data;
	struct loaded own;     /* until an incident takes it over */
	struct loaded *loaded; /* &own or &incident.loaded */
	struct incident incident;
	bool open;	     /* `incident` is one */
	struct sense *sense; /* owned */
	char error[1100];
	struct watch *ledger_watch, *tick;
	int sensing_lock;    /* -1: another console records what is sensed */
	struct saved *saved; /* owned: one for each metric */
	int64_t standing_at; /* wall time when what stands was written last; 0: at once */
	struct kept *kept;   /* owned; NULL: nothing is kept of this target */

	/* the plan of the current attempt */
	size_t attempt; /* state.nattempts that the rest is about */
	struct task *proposing, *planning;
	json_t *proposed; /* owned */
	json_t *params;	  /* owned: answers that the plan is made with */
	struct procedure_plan plan;
	bool has_plan;
	char *plan_problem; /* owned, or NULL */
	int64_t asked_seen; /* of the attempt: the asking that the plan here was held against */

	/* a runner that this session started */
	pid_t runner; /* 0: none */
	struct watch *runner_watch;
	int runner_err; /* memory file: why it refused; -1 */
	enum runner_act runner_act;
	const struct step *runner_step; /* borrowed; NULL: it judges */
	uint64_t judged;		/* last_act at which orphans were judged */
	int64_t judged_at;		/* monotonic */
	bool through;

	struct message_copy copy;
	struct message_send send;

	int64_t deployed;      /* the latest deployment; 0: none is known, or nobody asks */
	int64_t deployed_read; /* by the state folder */
	int64_t deployed_look; /* monotonic: when it is read again */

	/* what drills say of each procedure: read once, beside the console */
	struct history *history;      /* owned; NULL: nobody has asked yet */
	struct task *reading_history; /* NULL: not now */
	bool history_known;

	struct recorder *recorder; /* owned; NULL: nobody asks */
	struct task *summing;	   /* what a routine's report sums up; NULL: not now */
	bool summed;		   /* it is on record, or can't be had */

	size_t looked_at;     /* index of the checklist that is on the screen */
	int64_t looked_until; /* monotonic */

	enum decision gate_seen; /* what its criteria said at the tick before */
	int64_t forward;	 /* wall time that the clock is moved on to; 0: it is not moved */

	char *login;   /* owned: whoever operates, behind sudo */
	char *output;  /* owned */
	char why[256]; /* behind session_suggested() */
};

void session_say(struct session *session, enum session_change what);
/* Keeps the message for session_error(), and posts it. */
void session_trouble(struct session *session, const struct err *err);
/* New: a member's value; null (which is left out) for an empty text or NULL. */
json_t *session_text(const char *bytes);
/* New: a wall time; null for 0. */
json_t *session_time(int64_t at);
/* -1 with err when no incident is open (or it is over). */
int session_need_open(const struct session *session, struct err *err);
/* Appends; -1 also when it does not fit what came before (it stands on record as that); posts
 * SESSION_LEDGER. `act`: nothing of a person or
 * runner may have come in between. `fields` is stolen. */
int session_append(struct session *session, bool act, enum event_id event, json_t *fields,
		   struct err *err);
/* Folds what others wrote. */
void session_refresh(struct session *session);
/* The current attempt, or NULL. */
struct attempt *session_attempt(const struct session *session);

/* session_plan.c: the probe that should have proposed an input of the procedure that is chosen, and
 * did not know: by its index among those that are asked for; NULL. */
struct probe *session_unproposed(const struct session *session, size_t ask);

/* session_plan.c: 0; -1 with err unless there is a plan of the chosen procedure that may still be
 * approved, and it is what was shown. */
int session_need_plan(struct session *session, struct err *err);
/* session_decide.c: puts a choice on record; what was chosen before and not approved ends. `name`
 * and `reason` may be NULL. */
int session_chosen(struct session *session, const struct procedure *procedure, const char *source,
		   const char *name, const char *reason, struct err *err);
/* session_deadline.c: new: what goes on record with a choice of it; NULL: it has no deadline. */
json_t *session_decide_by(struct session *session, const struct procedure *procedure);
void session_history_forget(struct session *session);
/* session_watch.c: which probes must be looked at now. */
void session_watch_probes(struct session *session);
/* The checklists that are looked at now: a planned deployment's and its gate's, and those before
 * and after the latest procedure. Without an open incident there are none. */
size_t session_lists(const struct session *session, struct list_in_effect out[SESSION_LISTS]);
/* The latest attempt at a procedure that is more than the action of an item; NULL. */
const struct attempt *session_attempt_proper(const struct session *session);
/* T, while the criteria of T are still to be recorded: what was measured before it counts for
 * nothing in them. 0 before T, and once they are on record. */
int64_t session_t_asks(const struct session *session);
struct checklist_state *session_list_state(const struct session *session,
					   const struct checklist *checklist);
/* session_items.c: expires and confirms items, and, with the sensing lock, records them. */
void session_items_tick(struct session *session);
/* session_record.c: keeps metric files, and, with the sensing lock, the record of what is sensed.
 */
void session_record_opened(struct session *session);
void session_record_tick(struct session *session);
void session_record_sensed(struct session *session);
/* session_deploy.c: records what the gate's criteria say. */
void session_deploy_tick(struct session *session);
/* session_deployed.c: asks the record for the latest deployment, where a condition needs it. */
void session_deployed_tick(struct session *session);
/* session_recorded.c: reads it again where that is due; soon, when something was put on record. */
void session_recorded_begin(struct session *session);
void session_recorded_tick(struct session *session);
void session_recorded_soon(struct session *session);
void session_recorded_forget(struct session *session);
/* session_routine.c: begins what its report sums up. */
void session_routine_tick(struct session *session);
/* Puts on record how it ended; 0 also when no routine is gone through. */
int session_routine_end(struct session *session, struct err *err);
/* session_message.c: what is on its way is given up. */
void session_message_forget(struct session *session);
/* session_approve.c: what has expired is not approved any more. */
void session_approve_tick(struct session *session);
/* session_send.c: likewise; nobody knows then whether it arrived, which goes on record. */
void session_send_forget(struct session *session);
/* session_clock.c: goes on with a move of the clock that was stopped on its way. */
void session_clock_tick(struct session *session);
/* session_execute.c: what goes on by itself: orphans, the procedure's end, straight through. */
void session_execute_tick(struct session *session);
/* session_plan.c: begins proposals or the plan of a newly chosen procedure; forgets an old one's.
 */
void session_plan_tick(struct session *session);
void session_plan_forget(struct session *session);

#endif
