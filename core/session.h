/*
 * A session: what every way of operating (console, plain console, drill robot, `backout run`)
 * holds. One runbook on one target, sensing, and at most one incident. It posts changes to an
 * observer and takes commands; it never draws.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "checklists/deadline.h"
#include "core/authority.h"
#include "core/history.h"
#include "core/incident.h"
#include "core/keys.h"
#include "core/plan.h"
#include "core/recorded.h"
#include "core/sense.h"

struct session;

enum session_change {
	SESSION_SENSED,	  /* readings, alerts or conditions */
	SESSION_LEDGER,	  /* the incident's state changed */
	SESSION_PLAN,	  /* a plan that was asked for is ready, or failed */
	SESSION_PROPOSAL, /* proposals for `ask` parameters are ready */
	SESSION_SOURCE,	  /* source data (log lines, sessions) */
	SESSION_ERROR,	  /* session_error() has something to say */
};

struct session_spec {
	struct loop *loop;	   /* borrowed */
	const struct clock *clock; /* borrowed */
	struct loaded *loaded;	   /* stolen; NULL with `incident` */
	const char *incident;	   /* attach to this one (id or folder); NULL: none yet */
	void (*changed)(enum session_change what, void *data);
	void *data;
};

/* New; NULL with err when the incident can't be opened or sensing can't begin. A running step goes
 * on without it. */
struct session *session_new(const struct session_spec *spec, struct err *err);
void session_free(struct session *session);

/* What it holds; all borrowed. The target is NULL where the runbook alone is looked at. */
const struct runbook *session_runbook(const struct session *session);
const struct target *session_target(const struct session *session);
struct sense *session_sense(const struct session *session);
const struct incident *session_incident(const struct session *session);	   /* NULL: none open */
const struct incident_state *session_state(const struct session *session); /* NULL likewise */
const char *session_error(const struct session *session);		   /* latest trouble, "" */

/* ---- What the record and the senses say together ---- */

/* A proposal for the open question: its probe's verdict once it has held for its `for`; before that
 * unknown, with a text that says so. */
struct proposal {
	enum verdict verdict; /* pass: yes, fail: no */
	char evidence[READING_TEXT];
	int64_t age_us; /* of the reading */
};
void session_proposal(const struct session *session, const struct question *question,
		      struct proposal *out);
/* The same for a step that asks: nothing must have held for any time, but it was measured after the
 * last step ended. */
void session_step_proposal(const struct session *session, const struct step *step,
			   struct proposal *out);
/* The procedure that is suggested first: a condition that goes before the tree, else the tree's
 * end. NULL; *why (borrowed) says where it comes from. */
const struct procedure *session_suggested(const struct session *session, const char **why);
/* One line: what to do now, with the key's name in it. Never empty. */
void session_next(const struct session *session, char *out, size_t size);
/* The same for a screen that shows a view already, by the view's key: it sends nobody there.
 * KEY_ID_COUNT: none of them. */
void session_next_in(const struct session *session, enum key_id shown, char *out, size_t size);
/* The worst of what is wrong now: the most severe condition that holds, else the highest alert.
 * False, and nothing written, when nothing is. */
bool session_worst(const struct session *session, enum severity *severity, char *title,
		   size_t size);
/* The highest alert that is not muted; NULL. */
const struct alert *session_worst_alert(const struct session *session);
/* Whom to call about a step that failed three times or more in the same way: the contacts whose
 * `after` has passed, in the runbook's order, as one line ("Admin (ping in #admin), ..."). False,
 * and
 * "" written, when the step is not in such trouble or there is nobody. */
bool session_escalation(const struct session *session, const struct step_state *step, char *out,
			size_t size);
/* The first of them who can be paged from here; NULL. */
const struct contact *session_escalation_pages(const struct session *session,
					       const struct step_state *step);
/* An answer of the tree that its probe contradicts now; NULL. */
const struct question *session_shaken(const struct session *session);
/* The plan of the chosen procedure; NULL until SESSION_PLAN. *problem (may be NULL) says why there
 * is none. */
const struct procedure_plan *session_plan(const struct session *session, const char **problem);
/* Who may approve that plan, and who did; false, and nothing written, when there is no plan. */
bool session_authority(const struct session *session, struct authority *out);
/* What the approval of whoever operates would be. */
enum own_approval {
	OWN_COMPLETES, /* nobody else is needed */
	OWN_COUNTS,    /* others are, too */
	OWN_GIVEN,     /* it was given already, and counts */
	OWN_NONE,      /* they hold no role that counts */
};
enum own_approval session_own_approval(const struct session *session,
				       const struct authority *authority);
/* Whether the plan that is shown was put before others already. */
bool session_asked(const struct session *session);
/* Login of whoever operates; borrowed. */
const char *session_login(const struct session *session);
/* What earlier drills say about a procedure; borrowed. Read once, beside the console: nothing until
 * SESSION_PLAN. */
const struct history *session_history(const struct session *session,
				      const struct procedure *procedure);
/* By when a procedure has to be decided on. False: there is no trouble, or no deadline. */
bool session_deadline(const struct session *session, const struct procedure *procedure,
		      struct deadline *out);
/* The same of the one that waits for a decision: chosen and not approved, else suggested. */
bool session_deadline_now(const struct session *session, struct deadline *out);
/* Proposed answers to the chosen procedure's `ask` parameters; NULL until SESSION_PROPOSAL. */
const json_t *session_proposed_params(const struct session *session);
/* The tail of the running (or last) step's output: cleaned, borrowed until the next change. */
const char *session_output(const struct session *session);
/* Whether a step of the current attempt ran and can be undone: its action knows how, and the plan
 * (where it is at hand) says how. */
bool session_can_undo(const struct session *session, const struct step *step);
/* Step that runs now, or NULL. */
const struct step *session_running(const struct session *session);
/* Whether somebody is at a step now: runs it, checks it, or judges what became of it. */
bool session_runner_works(const struct session *session);

/* ---- Deployment day: what session_state()->deployment says is planned ---- */

/* "T-01:59:12" before T, "T+00:12:41" after it (or since an incident was opened). Returns `out`. */
char *session_t(const struct session *session, char *out, size_t size);
/* When the system was deployed last by the record (wall time): what a condition's `within` counts
 * from. 0: nothing says so, or no condition asks. */
int64_t session_deployed(const struct session *session);
/* What the gate's criteria say now; DECISION_UNDECIDED when no deployment is planned. */
enum decision session_gate(const struct session *session);
/* One criterion now, with its evidence. */
void session_criterion(const struct session *session, const struct criterion *criterion,
		       struct proposal *out);
/* The item of the planned deployment's checklist that is next, as an index; -1: none. */
int session_next_item(const struct session *session);
/* The checklist of this index is on the screen: what can be sensed of it is measured for five
 * seconds from now on, whether or not anything else asks for it. */
void session_look_at(struct session *session, size_t checklist);
/* New: what stands in the way of go, by name: "fails: a, b; unknown: c"; "" when nothing does. */
char *session_gate_blocks(const struct session *session);

/* ---- Routines and phases: what the ledgers say, read beside the console ---- */

struct routine_due {
	const struct recorded_routine *record; /* borrowed until the next turn of the loop */
	struct due due;
};
/* What is due, overdue and next, in this order, then what was done, then what has no time now. New
 * array; 0 while nothing is known yet, or the runbook has none. */
size_t session_routines(const struct session *session, struct routine_due **out);
/* How far a phase is; NULL while nothing is known yet. */
const struct recorded_phase *session_phase(const struct session *session,
					   const struct phase *phase);
/* Opens an incident of kind routine and begins with it: for what is due, else for the nearest time.
 * `of` (may be NULL): the incident that it follows up, where there are several. */
int session_routine(struct session *session, const char *name, const char *of, struct err *err);
/* How a routine stands that is gone through here: "holds", "partly", "fails"; see routine.ended in
 * backout-ledger(5). */
const char *session_routine_result(const struct session *session);
/* Whether its report still waits for what it sums up. */
bool session_is_summing(const struct session *session);
/* Puts the time of an event on record (0: it does not take place): in the incident that is open,
 * else in one of its own, which is closed at once. Likewise the begin of a phase that no gate
 * decides, and the end of one: a reason is demanded when it was given up. */
int session_occasion(struct session *session, const char *name, int64_t at, struct err *err);
int session_phase_begin(struct session *session, const char *name, const char *reason,
			struct err *err);
int session_phase_end(struct session *session, const char *name, bool finished, const char *reason,
		      struct err *err);
/* From an incident that is closed back to watching without one. */
int session_leave(struct session *session, struct err *err);

/* ---- Messages: prepared here, sent by people ---- */

/* NULL when the runbook has none of this name. */
const struct message *session_find_message(const struct session *session, const char *name,
					   struct err *err);
/* New: a message as it would be handed over now: parameters and facts filled in, secrets replaced,
 * the incident's id and head at its end. NULL when no incident is open, or a fact is not known. */
char *session_message(const struct session *session, const struct message *message,
		      struct err *err);
/* Whether there is a tmux that could take one. */
bool session_has_tmux(void);

/* ---- What is sent from here, where a messenger stands ready for it ---- */

/* Whether what goes through this messenger (a name, or NULL) can be sent; else a person carries it.
 */
bool session_sends(const struct session *session, const char *through);
/* New: what would go out now, to whom and how, for who is to say yes. NULL when it can't be sent.
 */
char *session_send_preview(struct session *session, const char *message, const char *contact,
			   struct err *err);
/* Whether one is on its way. */
bool session_is_sending(const struct session *session);
/* Begins to send a message, or to page a contact (with that message, if both are given; either may
 * be NULL): what goes out is on record first, what became of it afterwards. Nothing is sent a
 * second time by itself. */
int session_send(struct session *session, const char *message, const char *contact,
		 struct err *err);
/* What was done with a message or a contact last, by whatever way: an entry of the timeline, NULL.
 * *when (may be NULL): its time. */
enum sent_state {
	SENT_NOTHING,
	SENT_COPIED,
	SENT_WRITTEN,
	SENT_ON_ITS_WAY,
	SENT_TAKEN,
	SENT_REFUSED,
	SENT_UNKNOWN
};
enum sent_state session_sent(const struct session *session, const char *message,
			     const char *contact, int64_t *when);
/* The message whose next update is due first while the trouble lasts, and when (*at, wall time): so
 * long after it went out last. NULL: none that promises one went out. */
const struct message *session_update(const struct session *session, int64_t *at);

/* ---- Commands: each is one ledger event, or starts a runner ---- */

/*
 * The list of operator commands: one row gives the `:` prompt, the help and the manual. `args` are
 * the words after the name; the `max_args`th takes the rest of the line.
 */
struct command {
	const char *name; /* "note", "answer", "choose", ... */
	const char *args; /* "QUESTION yes|no [REASON]" */
	const char *help;
	int min_args, max_args;
	int (*run)(struct session *session, const char *const *args, size_t nargs, struct err *err);
};
extern const struct command session_commands[]; /* ended by name NULL */
/* Whether it can be of use here: one that moves the clock is for drills whose clock can be moved.
 */
bool session_offers(const struct command *command);
/* Runs a line of `:`: a name and its words. -1 with err: refused, or there is no such command. */
int session_command(struct session *session, const char *line, struct err *err);

/* All of these give 0, or -1 with err when the record would not take it: then nothing is recorded.
 */

/* Makes the incident's folder and goes on with it: it needs a target. */
int session_open_incident(struct session *session, enum incident_kind kind, enum severity severity,
			  const char *title, struct err *err);
/* `reason` may be NULL. */
int session_severity(struct session *session, enum severity severity, const char *reason,
		     struct err *err);
/* Whether notes, evidence and messages can be put on record: an incident is open, or resolved. */
bool session_takes_notes(const struct session *session);
/* An empty one is refused. */
int session_note(struct session *session, const char *text, struct err *err);
/* Marks a record of a log as evidence, with the lines that go on with it: the one that the line
 * `seq` of the log source belongs to. What is marked already is refused. */
int session_evidence(struct session *session, const char *source, uint64_t seq, struct err *err);
/* The same of a text that a panel shows of a source; it must be clean, lines end by \n. */
int session_evidence_text(struct session *session, const char *source, const char *text,
			  struct err *err);
/* The latest record of a log with this text (NULL or "": the newest); -1 when none is in memory. */
int session_log_find(const struct session *session, const char *source, const char *text,
		     uint64_t *seq, struct err *err);
/* Begins to hand a message to the paste buffer of the tmux that the console runs in; it is on
 * record once it is there, else session_error() says why not. */
int session_message_copy(struct session *session, const char *name, struct err *err);
/* The same for any text; not on record. */
int session_copy(struct session *session, const char *text, struct err *err);
/* Writes a message into the incident's folder; *path (may be NULL) is new. */
int session_message_write(struct session *session, const char *name, char **path, struct err *err);
/* The alert of a metric was seen; it stays until it clears. */
int session_acknowledge(struct session *session, const char *metric, struct err *err);
/* Nobody is to be disturbed by a metric's alerts for so long (0: again); on record when an incident
 * is open, and kept for other consoles and `backout monitor`. */
int session_mute(struct session *session, const char *metric, int64_t us, const char *reason,
		 struct err *err);
/* Keeps a metric's mean over the latest time (0: 5 minutes) as its baseline. */
int session_baseline(struct session *session, const char *metric, int64_t us, struct err *err);
/* `reason` is demanded when the answer is not the proposed one. */
int session_answer(struct session *session, const char *question, bool yes, const char *reason,
		   struct err *err);
/* Opens an answered question again, with all later ones. */
int session_back(struct session *session, const char *question, struct err *err);
/* `reason` is demanded when it is not the suggested one. Begins to work out proposals. */
int session_choose(struct session *session, const char *procedure, const char *reason,
		   struct err *err);
/* Answers the `ask` parameters (an object; borrowed) and begins to make the plan. */
int session_make_plan(struct session *session, const json_t *params, struct err *err);
/* Approves exactly the plan that was shown, in the roles of whoever operates; others may have to
 * approve it, too: session_authority(). `confirm` must be the target's name when the plan is
 * destructive. Refused to those whose approval would not count. */
int session_approve(struct session *session, const char *confirm, struct err *err);
/* Puts the plan that was shown before those who may approve it. */
int session_ask_approval(struct session *session, struct err *err);
/* Rejects it: only those whose approval would count can. A reason is demanded. */
int session_reject(struct session *session, const char *reason, struct err *err);
/* Approves it without those who may: `confirm` must be break_glass_sentence(), and a reason is
 * demanded. Refused when nobody is missing. */
int session_break_glass(struct session *session, const char *confirm, const char *reason,
			struct err *err);
/* New: what is typed for it: "break glass on TARGET". */
char *session_break_glass_sentence(const struct session *session);
/* Runs the step that is next; then session_running() until its outcome is on record. */
int session_run_step(struct session *session, struct err *err);
/* `answer` is "yes", "no" or an option's id; `reason` is demanded when it is not the proposed one.
 */
int session_answer_step(struct session *session, const char *step, const char *answer,
			const char *reason, struct err *err);
/* A manual step is done (note may be NULL). */
int session_step_done(struct session *session, const char *step, const char *note, struct err *err);
/* Verifies again; runs nothing. */
int session_check_again(struct session *session, const char *step, struct err *err);
/* Runs a step again that failed or was not verified; undoes one that ran. As session_run_step(). */
int session_run_again(struct session *session, const char *step, struct err *err);
int session_undo(struct session *session, const char *step, struct err *err);
/* The step is left undone; a reason is demanded. */
int session_skip(struct session *session, const char *step, const char *reason, struct err *err);
/* Takes the step that the runbook names for this one's failure. */
int session_alternative(struct session *session, const char *step, struct err *err);
/* Ends the procedure, and the step that runs. */
int session_stop(struct session *session, const char *reason, struct err *err);
/* Runs step after step until something does not hold or an answer is needed; off again at any stop.
 */
void session_straight_through(struct session *session, bool on);
bool session_is_straight_through(const struct session *session);
/* `act`: ticked, reopened, deferred, or overridden (with a reason). */
int session_item(struct session *session, const char *checklist, const char *item, const char *act,
		 const char *reason, struct err *err);
/* Chooses the procedure that carries the item out: its plan is made, it is approved and run as any
 * other. No reason is asked for: the checklist calls for it. */
int session_item_run(struct session *session, const char *checklist, const char *item,
		     struct err *err);
/* Puts a deployment of the runbook with its T (wall time) on record; again, to move T. */
int session_deployment(struct session *session, const char *name, int64_t t0, struct err *err);
/* `reason` is demanded when the decision is not what the criteria say. */
int session_decide_gate(struct session *session, enum decision decision, const char *reason,
			struct err *err);
/* Moves the clock on to `wall`, on record: only a drill's clock can be moved (lib/clock.h). Where
 * it is stopped on the way, it goes on as soon as it may. */
int session_forward(struct session *session, int64_t wall, struct err *err);
/* Whether the clock is still on its way. */
bool session_is_forwarding(const struct session *session);
/* The same with words: "T-10m", "T", "T+30m", "10m" from now; NULL: session_next_due(). */
int session_forward_text(struct session *session, const char *text, struct err *err);
/* Wall time shortly before something is due next, a section of the deployment's checklist or T; 0:
 * nothing is, or only what is due at once. */
int64_t session_next_due(const struct session *session);
/* Answers a question of the runbook's own report; "" takes an answer back. Refused once the
 * incident is closed. And whether it would be taken, as far as the runbook says. */
int session_fill(struct session *session, const char *field, const char *text, struct err *err);
int session_fill_check(const struct session *session, const char *field, const char *text,
		       struct err *err);
/* New: what the report says there now; NULL: nothing. */
char *session_report_value(const struct session *session, const struct report_field_def *field);
/* Refused while a step runs. What still holds goes on record with it; `how` may be NULL. Closing
 * comes after it: the record is sealed then. A routine's end is both. The texts may be NULL. */
int session_resolve(struct session *session, const char *how, struct err *err);
int session_close(struct session *session, const char *root_cause, const char *remediation,
		  const char *lessons, struct err *err);

#endif
