/*
 * Actions change the world. One file a type, thin over its driver in lib/, exporting one
 * `const struct action_type`; the list in actions/registry.c has one row for each.
 *
 * The runner calls, in this order: ready, before (its result is written into the intent, durably),
 * run, settled. After a death in the middle it asks `settled` again and never simply runs again.
 * Undo is called with what `before` gave, and judged by `undone`.
 */
#ifndef ACTIONS_ACTION_H
#define ACTIONS_ACTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/field.h"

enum risk_class { ACTION_SAFE, ACTION_CAUTION, ACTION_DESTRUCTIVE };

/* A message or a page as it goes out; all owned, clean. */
struct outgoing {
	char *to;      /* whom it is for: "#news", "Database admin (ping in #admin)" */
	char *title;   /* one line */
	char *text;    /* lines; facts filled in, the record's id and head at its end */
	char *through; /* the messenger's name; NULL: a person carries it */
};

struct action_env {
	const struct clock *clock;
	int64_t deadline;   /* monotonic time by which run() must be over */
	const char *out;    /* folder of the incident for what must be kept (pre-states, dumps) */
	int log;	    /* descriptor of the step's output file: commands write there */
	const char *intent; /* unique mark of this intent: "2026-11-21-03.restore.1" */
	/* The filled-in declaration of a source ("postgres", "git", "service", ...). */
	const json_t *(*declared)(void *data, const char *name);
	/* For `wait`: evaluates a probe object until it passes; -1 (with err) when it doesn't in
	 * time. */
	int (*await)(void *data, const json_t *probe, int64_t timeout_us, struct err *err);
	/* What a message of the runbook says now, or the page of a contact (with that message, or a
	 * text of its own for NULL). -1 with err when it can't be said. NULL: nobody knows. */
	int (*outgoing)(void *data, const char *message, const char *contact, struct outgoing *out,
			struct err *err);
	/* The operator's parameters as environment, for "shell". NULL-terminated. */
	const char *const *shell_env;
	void *data;
};

/* The name of a fact that run() may give, RFC 3339: when what it started could first log. A service
 * can say "ready" before the command that starts it returns; a verify that waits for the line
 * counts from here, and from the step's end without it. */
#define FACT_SHOWN_SINCE "shown_since"

/* What an action would do, line by line, for a person. */
struct plan {
	struct buf lines; /* "$ command" for commands, sentences for the rest; one a line */
	struct buf loss;  /* what is lost, one line a finding ("1,204 rows of rounds newer than
			     ..."); empty: nothing */
	struct buf undo;  /* one sentence: how it is undone, or (of a type that has no undo) why it
			     needs none or can't be; empty: it can't be */
};

enum settled { SETTLED_UNKNOWN, SETTLED_YES, SETTLED_NO };

struct action_type {
	struct type type;
	/* What to fear of it at the worst; `args` as the runbook has them. */
	enum risk_class (*risk)(const json_t *args);
	/* Reads at most; changes nothing. 0, or -1 when even that can't be said. */
	int (*plan)(const struct action_env *env, const json_t *args, struct plan *plan,
		    struct err *err);
	/* Preconditions: 0, or -1 with what stands in the way. Changes nothing. */
	int (*ready)(const struct action_env *env, const json_t *args, struct err *err);
	/* New: the pre-state that settled and undo need, as JSON. NULL with err set on failure.
	 * Changes nothing but files under env->out. NULL as a function: an empty object. */
	json_t *(*before)(const struct action_env *env, const json_t *args, struct err *err);
	/* Does it. 0 or -1; `*facts` (new, or left NULL) are numbers and names for the record. */
	int (*run)(const struct action_env *env, const json_t *args, const json_t *before,
		   json_t **facts, struct err *err);
	/* Did this intent's effect happen? `why` gets one line of evidence. */
	enum settled (*settled)(const struct action_env *env, const json_t *args,
				const json_t *before, struct buf *why);
	/* NULL: can't be undone. */
	int (*undo)(const struct action_env *env, const json_t *args, const json_t *before,
		    struct err *err);
	enum settled (*undone)(const struct action_env *env, const json_t *args,
			       const json_t *before, struct buf *why);
	/* Clears what a dead runner left (half-made copies, locks, sessions by application_name):
	 * before the step is run or undone again, and where the effect is there, which it never
	 * touches. NULL: nothing can be left. */
	int (*clean)(const struct action_env *env, const json_t *args, const json_t *before,
		     struct err *err);
	/* The folder that run and undo put another one in the place of, borrowed from `args`: the
	 * repository in it is another one afterwards, and rightly so. NULL: replaces none. */
	const char *(*replaces)(const json_t *args);
	bool manual;	 /* done by a person; run() is never called */
	bool reads_only; /* changes nothing: it can be run any number of times */
};

/* NULL-terminated. */
extern const struct action_type *const action_types[];
/* NULL when there is none of that name. */
const struct action_type *action_type(const char *name);
const char *risk_class_name(enum risk_class risk); /* "safe", "caution", "destructive" */
/* For the types whose risk does not depend on the arguments. */
enum risk_class risk_safe(const json_t *args);
enum risk_class risk_caution(const json_t *args);
enum risk_class risk_destructive(const json_t *args);
/* Both free the texts, not the struct. */
void plan_release(struct plan *plan);
void outgoing_release(struct outgoing *out);

#endif
