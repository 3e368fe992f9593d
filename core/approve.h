/*
 * Words about a plan, as they go on record: the checks that console and command line share, and the
 * events' fields. Appending is left to the caller, who says what may have come in between.
 */
#ifndef CORE_APPROVE_H
#define CORE_APPROVE_H

#include "core/authority.h"
#include "core/plan.h"

/* What is spoken about, and by whom. All borrowed. */
struct approve {
	const struct incident_state *state;
	const struct procedure_plan *plan; /* of the current attempt */
	const char *login;
	int64_t now; /* wall time */
};

/* Of that plan. */
void approve_authority(const struct approve *about, struct authority *out);
/* Each gives the fields of its event, new, or NULL with err: it is refused. `confirm` must be the
 * target's name when the plan is destructive; for the broken glass always approve_sentence(). */
json_t *approve_asked(const struct approve *about, struct err *err);
json_t *approve_given(const struct approve *about, const char *confirm, struct err *err);
json_t *approve_rejected(const struct approve *about, const char *reason, struct err *err);
json_t *approve_broken(const struct approve *about, const char *confirm, const char *reason,
		       struct err *err);
/* New: "break glass on TARGET". */
char *approve_sentence(const struct incident_state *state);

#endif
