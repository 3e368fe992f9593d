/*
 * A target: where a runbook is applied. Pure, as checklists/runbook.h.
 *
 *     {"target": "production", "system": "slomix", "class": "live",
 *      "parameters": {"root": "/opt/slomix", ...},
 *      "secrets": {"token": {"env": "SLOMIX_TOKEN"} | {"file": "/etc/..."}},
 *      "sources": {"bot": {"service": {...}}},        redefines a source of the runbook, same type
 *      "bind": {"level-4/notify": {"command": [...]}, "preflight/T-0/ping": {"probe": ...}}}
 */
#ifndef CHECKLISTS_TARGET_H
#define CHECKLISTS_TARGET_H

#include "checklists/runbook.h"

enum target_class { TARGET_LIVE, TARGET_STAGING, TARGET_DRILL };

/* An action or probe in the place of a manual step or item. */
struct binding {
	char *place; /* owned: "PROCEDURE/STEP" or "CHECKLIST/ITEM"; copies of a bound step in
			other procedures are bound, too */
	struct typed action; /* type NULL when it is a probe */
	struct probe *probe;
};

/* Who stands behind one of the runbook's contacts. */
struct person {
	const char *contact;
	const char *reach, *hours; /* NULL: as the runbook says */
	const char **logins;	   /* owned array; NULL: the runbook's */
	size_t nlogins;
};

struct target {
	const char *name;
	const char *system;
	enum target_class class;
	json_t *params; /* owned: every parameter but the `ask` ones: the target's value, else
			   the runbook's default; secrets are not in it */
	const json_t *secrets; /* or NULL */
	const json_t *hosts;   /* or NULL: from which hosts it may be worked on */
	const char *claim; /* "claim": path of the file that claims this target while an incident
			      works on it; NULL: /run/lock/backout/SYSTEM-TARGET.claim */
	struct source_def *sources; /* owned: all of the runbook's, redefined ones replaced */
	size_t nsources;
	struct binding *bindings; /* owned */
	size_t nbindings;
	struct probe **probes; /* owned: of the bindings */
	size_t nprobes;
	struct person *people; /* owned: the contacts that are others here */
	size_t npeople;
};

/* As runbook_build(): checks against the runbook, everything that is wrong goes to `findings`. */
struct target *target_build(const struct jdoc *doc, const struct runbook *runbook,
			    const struct vocabulary *vocabulary, struct findings *findings);
/* The runbook's contacts become those of the target: as target_bind_items(). */
void target_bind_people(const struct target *target, struct runbook *runbook);
/* Items that the target binds become sensed, or an action, in the runbook: which is used with this
 * target alone from then on, and not after target_free(). */
void target_bind_items(const struct target *target, struct runbook *runbook);
/* Steps that send a message or page somebody are done by a person, and such items ticked by one,
 * where no messenger is there for it; in the runbook, as above. */
void target_bind_carried(const struct target *target, struct runbook *runbook);
/* What sends by itself what goes through this messenger (a name, or NULL); NULL: a person carries
 * it. */
const struct source_def *target_messenger(const struct target *target, const char *through);
void target_free(struct target *target);
/* By name, and by the place that is bound ("PROCEDURE/STEP", ...); NULL when there is none. */
const struct source_def *target_source(const struct target *target, const char *name);
const struct binding *target_binding(const struct target *target, const char *place);
const char *target_class_name(enum target_class class); /* "live", "staging", "drill" */

#endif
