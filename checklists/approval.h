/*
 * Who may approve a plan, and whether what was approved suffices. Pure: (rule, approvals, now) ->
 * answer.
 *
 * A role is a contact of the runbook, held by the logins that stand there or in the target. One
 * person gives one approval: of `all` roles each is filled by another person, of `any` one person
 * in one role is enough. An approval covers exactly the plan whose digest it names, and lasts for
 * the rule's `valid`; whoever asks about a plan that was begun asks as of its beginning, so that
 * nothing expires on the way. Somebody's latest word counts. The rejection of somebody who holds a
 * role stands in the way until that person approves.
 *
 * All times are wall times in microseconds. A clock may be set back: what the record has seen
 * expire stays expired, and what was said at a time that is still to come does not count before it.
 */
#ifndef CHECKLISTS_APPROVAL_H
#define CHECKLISTS_APPROVAL_H

#include "checklists/runbook.h"

#define APPROVAL_VALID_US  (30LL * 60 * 1000000) /* where the rule says nothing */
#define APPROVAL_SKEW_US   (60LL * 1000000)	 /* by which clocks of several hosts may differ */
#define APPROVAL_ROLES_MAX 16			 /* of one rule; the checker refuses more */

/* One person's word about one plan. */
struct approval {
	char who[64];	 /* login */
	char digest[65]; /* of the plan, hexadecimal */
	int64_t at;
	int64_t seen; /* the latest time that the record has after it; 0: none */
	bool rejects;
	bool carried; /* said of an earlier attempt at the same plan */
	/* For readers, never judged: who it was, as a person reads it; why it was rejected. */
	char by[64], reason[160];
};

enum approval_verdict {
	APPROVAL_NEEDED,
	APPROVAL_GIVEN,
	APPROVAL_EXPIRED, /* it sufficed, and nothing was begun in time */
	APPROVAL_REJECTED,
};

struct approval_answer {
	enum approval_verdict verdict;
	/* Needed or expired: the roles that are missing. Of `any` rules one of them is enough. */
	const struct contact *missing[APPROVAL_ROLES_MAX];
	size_t nmissing;
	const struct approval *rejection; /* borrowed; NULL: there is none */
	int64_t due;			  /* until when they have to decide; 0: nothing is said */
	bool overdue;			  /* that is past, and it does not suffice yet */
	int64_t until;			  /* given: when it expires */
};

/* What a rule is asked about. */
struct approval_case {
	const struct approval *list; /* in the order of the record; borrowed */
	size_t n;
	const char *digest; /* of the plan that is asked about */
	int64_t asked;	    /* when they were asked */
	int64_t now;
	bool begun;	 /* it was, by what sufficed at `now`: no later time counts */
	bool every_role; /* whoever approves holds every role: in a drill */
};

/* A rule without roles asks for one approval, of anybody. */
void approval_judge(const struct approval_rule *rule, const struct approval_case *about,
		    struct approval_answer *out);
/* Whether a word that was said about the plan is not too old by the rule; said ahead of the clock.
 */
bool approval_lasts(const struct approval_rule *rule, const struct approval_case *about,
		    const struct approval *word);
/* Whether it is the latest word of its person about its plan. */
bool approval_is_latest(const struct approval *list, size_t n, size_t index);
bool approval_is_ahead(const struct approval *word, int64_t now);
/* Whether the login holds the role; one of the rule's roles (anybody does, where it has none). */
bool approval_holds(const struct contact *role, const char *login);
bool approval_may(const struct approval_rule *rule, const char *login);
/* Whether there are people enough to meet the rule at all. */
bool approval_possible(const struct approval_rule *rule);
/* Until when they have to decide who were asked at `asked`; 0: nothing is said. Business days are
 * Monday to Friday, in UTC. */
int64_t approval_due(const struct approval_rule *rule, int64_t asked);

#endif
