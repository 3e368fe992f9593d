#include "checklists/approval.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define DAY_US	 (24LL * 60 * 60 * 1000000)
#define THURSDAY 4 /* of the week that began on a Sunday: 1970-01-01 */

bool approval_holds(const struct contact *role, const char *login)
{
	for (size_t i = 0; i < role->nlogins; i++) {
		if (strcmp(role->logins[i], login) == 0)
			return true;
	}
	return false;
}

bool approval_may(const struct approval_rule *rule, const char *login)
{
	for (size_t i = 0; i < rule->nroles; i++) {
		if (approval_holds(rule->roles[i], login))
			return true;
	}
	return rule->nroles == 0;
}

int64_t approval_due(const struct approval_rule *rule, int64_t asked)
{
	int64_t day = asked / DAY_US + 1;

	if (rule->within_us)
		return asked + rule->within_us;
	if (!rule->next_business_day)
		return 0;
	while ((day + THURSDAY) % 7 == 0 || (day + THURSDAY) % 7 == 6)
		day++;
	return (day + 1) * DAY_US;
}

/* ---- Every role by another person ---- */

/* Persons, each with the role that is filled by it. */
struct match {
	const struct approval_rule *rule;
	const char *const *persons; /* borrowed: logins, each once */
	size_t n;
	int *role; /* owned: of each person; -1: none yet */
	bool *seen;
};

/* Whether the role can be filled, if need be by giving persons other roles. */
static bool match_role(struct match *match, int role)
{
	for (size_t p = 0; p < match->n; p++) {
		if (match->seen[p] || !approval_holds(match->rule->roles[role], match->persons[p]))
			continue;
		match->seen[p] = true;
		if (match->role[p] < 0 || match_role(match, match->role[p])) {
			match->role[p] = role;
			return true;
		}
	}
	return false;
}

/* How many roles they fill; the others go to `missing`. */
static size_t match_all(const struct approval_rule *rule, const char *const *persons, size_t n,
			const struct contact **missing)
{
	struct match match = { .rule = rule, .persons = persons, .n = n };
	size_t unfilled = 0;

	match.role = xcalloc(n + 1, sizeof(*match.role));
	match.seen = xcalloc(n + 1, sizeof(*match.seen));
	for (size_t p = 0; p < n; p++)
		match.role[p] = -1;
	for (size_t role = 0; role < rule->nroles; role++) {
		memset(match.seen, 0, n);
		if (!match_role(&match, (int)role))
			missing[unfilled++] = rule->roles[role];
	}
	free(match.role);
	free(match.seen);
	return unfilled;
}

bool approval_possible(const struct approval_rule *rule)
{
	const struct contact *missing[APPROVAL_ROLES_MAX];
	const char **persons = NULL;
	size_t n = 0, cap = 0;
	bool possible = !rule->all && rule->nroles == 0;

	for (size_t r = 0; r < rule->nroles; r++) {
		for (size_t i = 0; i < rule->roles[r]->nlogins; i++) {
			const char *login = rule->roles[r]->logins[i];
			bool known = false;

			for (size_t p = 0; p < n; p++)
				known = known || strcmp(persons[p], login) == 0;
			if (known)
				continue;
			persons = xgrow(persons, &cap, n + 1, sizeof(*persons));
			persons[n++] = login;
		}
	}
	if (rule->all)
		possible = match_all(rule, persons, n, missing) == 0;
	else if (rule->nroles)
		possible = n > 0;
	free(persons);
	return possible;
}

/* ---- What was said ---- */

bool approval_is_latest(const struct approval *list, size_t n, size_t index)
{
	for (size_t i = index + 1; i < n; i++) {
		if (strcmp(list[i].who, list[index].who) == 0 &&
		    strcmp(list[i].digest, list[index].digest) == 0)
			return false;
	}
	return true;
}

/* Whether it is the latest word of its person about the plan that is asked about. */
static bool is_latest(const struct approval_case *about, size_t index)
{
	return strcmp(about->list[index].digest, about->digest) == 0 &&
	       approval_is_latest(about->list, about->n, index);
}

static const struct approval *rejection(const struct approval_rule *rule,
					const struct approval_case *about)
{
	for (size_t i = about->n; i-- > 0;) {
		const struct approval *word = &about->list[i];

		if (word->rejects && is_latest(about, i) &&
		    (about->every_role || approval_may(rule, word->who)))
			return word;
	}
	return NULL;
}

static int64_t valid_us(const struct approval_rule *rule)
{
	return rule->valid_us ? rule->valid_us : APPROVAL_VALID_US;
}

bool approval_is_ahead(const struct approval *word, int64_t now)
{
	return word->at > now + APPROVAL_SKEW_US;
}

bool approval_lasts(const struct approval_rule *rule, const struct approval_case *about,
		    const struct approval *word)
{
	int64_t now = about->begun || word->seen < about->now ? about->now : word->seen;

	return word->at + valid_us(rule) > now && !approval_is_ahead(word, about->now);
}

/* Judges by the approvals that last, or by all that there ever were; the first of those that count
 * expires at out->until. True when they suffice. */
static bool suffices(const struct approval_rule *rule, const struct approval_case *about, bool ever,
		     struct approval_answer *out)
{
	const char **persons = xcalloc(about->n + 1, sizeof(*persons));
	size_t n = 0;

	out->until = 0;
	for (size_t i = 0; i < about->n; i++) {
		const struct approval *word = &about->list[i];
		int64_t until = word->at + valid_us(rule);

		if (word->rejects || !is_latest(about, i) ||
		    (!ever && !approval_lasts(rule, about, word)) ||
		    (!about->every_role && !approval_may(rule, word->who)))
			continue;
		persons[n++] = word->who;
		/* One is enough, the one that lasts longest; else each is needed. */
		if (!out->until ||
		    (rule->all && !about->every_role ? until < out->until : until > out->until))
			out->until = until;
	}
	out->nmissing = 0;
	if (n == 0 || (rule->all && !about->every_role)) {
		if (rule->all) {
			out->nmissing = match_all(rule, persons, n, out->missing);
		} else {
			for (; out->nmissing < rule->nroles; out->nmissing++)
				out->missing[out->nmissing] = rule->roles[out->nmissing];
		}
	}
	free(persons);
	return rule->all && !about->every_role ? out->nmissing == 0 : n > 0;
}

void approval_judge(const struct approval_rule *rule, const struct approval_case *about,
		    struct approval_answer *out)
{
	*out = (struct approval_answer){ .due = approval_due(rule, about->asked) };
	out->rejection = rejection(rule, about);
	if (suffices(rule, about, true, out))
		out->verdict = APPROVAL_EXPIRED;
	if (suffices(rule, about, false, out))
		out->verdict = APPROVAL_GIVEN;
	if (out->rejection)
		out->verdict = APPROVAL_REJECTED;
	out->overdue = out->verdict != APPROVAL_GIVEN && out->due && out->due < about->now;
}
