/*
 * Who may approve the plan of an attempt, who did, and whether that suffices now.
 *
 * The rules are the procedure's own and that of the incident's severity; where there are both, both
 * must be met, though one person's approval counts in each. Without any, one approval of whoever
 * operates is enough. A deployment is no trouble before somebody declares it to be, so that its
 * severity asks for nobody. In a drill the operator holds every role. What was begun stays as it
 * was authorised: neither time nor another severity stops it half-way.
 *
 * The fold judges by the record (state.h, `authorised`), authority_expire() by the clock, and the
 * runner by both, for itself.
 */
#ifndef CORE_AUTHORITY_H
#define CORE_AUTHORITY_H

#include "core/state.h"

/* One of the rules that apply. */
struct authority_rule {
	const struct approval_rule *rule; /* borrowed; one without roles asks for anybody */
	bool by_severity;
	struct approval_answer answer;
};

struct authority {
	enum approval_verdict verdict; /* of all rules together: what stands in the way first */
	struct authority_rule of[2];
	size_t n; /* at least 1 */
	bool every_role;
	bool ruled;    /* some rule names roles */
	int64_t until; /* given: when it expires; 0: never, it was begun */
	int64_t due;   /* the first of the rules' times to decide; 0: nothing is said */
	bool overdue;
	const struct approval *rejection; /* borrowed, or NULL */
	bool broken;			  /* given by a broken glass alone */
};

/* Of the plan with this digest, as of `now` (wall time). */
void authority_judge(const struct incident_state *state, const struct attempt *attempt,
		     const char *digest, int64_t now, struct authority *out);
/* The same of a procedure about which nothing was said yet. */
void authority_ask(const struct incident_state *state, const struct procedure *procedure,
		   struct authority *out);
/* Whether somebody's approval could count: a role of one of the rules is theirs. */
bool authority_may(const struct authority *authority, const char *login);
/* Whether this word, of the attempt's, is an approval of this plan that counts, by its age, in all
 * rules that its person could meet; whether there is one of theirs. */
bool authority_counts(const struct attempt *attempt, const char *digest,
		      const struct approval *word, const struct authority *authority, int64_t now);
bool authority_gave(const struct attempt *attempt, const char *digest, const char *login,
		    const struct authority *authority, int64_t now);
/* Whether one more approval, theirs, would be enough. */
bool authority_completed_by(const struct incident_state *state, const struct attempt *attempt,
			    const char *digest, const char *login, int64_t now);
/* New: who is missing, with the logins: "Tech lead (tina), Owner (paul or petra)", "one of: ..." */
char *authority_missing(const struct authority *authority);
/* New: the rules in words: "one of Admin (ada) within 15 min; all of ..."; "whoever operates". */
char *authority_words(const struct authority *authority);
/* New: a list of the contacts' names, for the record: those that are missing; those that the login
 * stands for. */
json_t *authority_missing_names(const struct authority *authority);
json_t *authority_roles_of(const struct incident_state *state, const char *login);
/* New: their titles: "Tech lead, Owner"; "" when they hold none. */
char *authority_titles_of(const struct incident_state *state, const char *login);
/* What expired since it was authorised is not approved any more; true when that changed. */
bool authority_expire(struct incident_state *state, int64_t now);
/* 0; -1 with err (what is missing, or that it expired) unless the plan of the attempt with this
 * digest is approved, now. */
int authority_holds(const struct incident_state *state, const struct attempt *attempt,
		    const char *digest, int64_t now, struct err *err);

#endif
