/*
 * The state of an incident = fold(ledger). Pure but for memory.
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "checklists/approval.h"
#include "checklists/checklist.h"
#include "checklists/condition.h"
#include "checklists/gate.h"
#include "checklists/procedure.h"
#include "checklists/runbook.h"
#include "checklists/target.h"
#include "checklists/tree.h"
#include "core/events.h"
#include "core/timeline.h"
#include "logs/ledger.h"

enum incident_kind { INCIDENT_INCIDENT, INCIDENT_DEPLOYMENT, INCIDENT_ROUTINE, INCIDENT_DRILL };
enum incident_phase { INCIDENT_NONE, INCIDENT_OPEN, INCIDENT_RESOLVED, INCIDENT_CLOSED };

/* One alert as the ledger has it. */
struct alert_state {
	const struct metric *metric; /* borrowed */
	enum level level;
	double value;
	int64_t since;
	bool acknowledged;
	char acknowledged_by[64];
	int64_t acknowledged_at; /* wall time */
	bool no_data;		 /* of a metric whose runbook asks for it */
	int64_t muted_until;	 /* wall time; 0: it isn't */
};

/* A procedure that was tried, in order; the last one is current. */
struct attempt {
	struct procedure_state procedure;
	int64_t chosen_at, approved_at, ended_at;
	int64_t decide_by; /* 0: there was no deadline for it */
	char result[16];   /* "", "done", "failed", "stopped" */
	char approved_by[160];
	/* What was put before those who may approve it, by the latest word about it. */
	int64_t asked_at; /* when the plan was first; 0: not yet */
	char digest[SHA256_HEX];
	json_t *params; /* owned: the answers to `ask` parameters; NULL: none */
	json_t *loss;	/* owned: lines measured then; NULL */
	struct approval *words;
	size_t nwords, cap_words; /* owned: what was said, see core/authority.h */
	/* By the record alone: it sufficed, or the glass was broken. Whether that has expired since
	 * is told by the clock: procedure.approved. */
	bool authorised;
	struct approval broken; /* without authority, by somebody's own word; at 0: it was not */
	const struct approval_rule *severity_rule; /* what applied when the first step began */
};

/* A planned deployment and its gate, as recorded. */
struct deployment_state {
	const struct deployment *deployment; /* borrowed; NULL: none is planned */
	int64_t t0;			     /* wall time of T */
	enum decision computed;		     /* latest on record */
	bool at_t0;			     /* it was computed at T */
	enum decision decided;		     /* DECISION_UNDECIDED: nobody has decided yet */
	enum decision against;		     /* what was computed when it was decided */
	int64_t decided_at;
	char decided_by[64];
	char *reason; /* owned, or NULL */
};

/* A routine that is gone through, and what came of it. */
struct routine_state {
	const struct routine *routine; /* borrowed; NULL: it is none */
	int64_t due;		       /* the time of its schedule that it is done for; 0: none */
	int64_t ended_at;
	char result[16]; /* "", "holds", "partly", "fails" */
};

struct incident_state {
	const struct runbook *runbook; /* borrowed */
	const struct target *target;   /* borrowed */
	char id[64];
	enum incident_kind kind;
	enum incident_phase phase;
	enum severity severity;
	char *title; /* owned */
	int64_t opened_at, resolved_at, closed_at;
	int64_t first_alert_at;		    /* 0: none yet */
	int64_t declared_at;		    /* somebody raised the severity first; 0: not yet */
	struct alert_state *alerts;	    /* owned: one for each metric */
	struct condition_state *conditions; /* owned: one for each; as recorded */
	struct tree_state tree;
	struct checklist_state *checklists; /* owned: one for each */
	struct deployment_state deployment;
	struct routine_state routine;
	const struct phase *phase_begun; /* borrowed: the latest that began here and is not over */
	struct attempt *attempts;
	size_t nattempts, cap_attempts; /* owned */
	struct timeline_entry *timeline;
	size_t ntimeline, cap_timeline; /* owned */
	uint64_t last_act; /* seq of the last operator or runner event that is not quiet */
	json_t *scored;	   /* owned: a drill's score, or NULL */
	char *root_cause, *remediation, *lessons; /* owned, or NULL */
	json_t *filled; /* owned: field of the runbook's report -> what was answered; or NULL */
};

/* As before the first line: no incident is open. Both are borrowed. */
void state_init(struct incident_state *state, const struct runbook *runbook,
		const struct target *target);
void state_release(struct incident_state *state);
/* Folds one line. A line that does not fit the walkers' rules is kept in the timeline and said
 * there; it never stops the fold. */
void state_fold(struct incident_state *state, const struct ledger_line *line);
/* When the trouble began (wall time): with the first alert, else when the incident was opened. A
 * deployment or a routine is no trouble before somebody declares it to be: 0. */
int64_t state_trouble(const struct incident_state *state);
/* The current attempt, or NULL. */
struct attempt *state_attempt(const struct incident_state *state);
/* Whether hidden events may be shown: the drill is scored, or the incident is closed. */
bool state_reveals(const struct incident_state *state);
/* "incident", "deployment", "routine", "drill"; 0, or -1 when it is none. */
const char *kind_name(enum incident_kind kind);
int kind_parse(const char *name, enum incident_kind *kind);

#endif
