#include "core/authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

static const struct approval_rule anybody = { .nroles = 0 };

/* ---- Judging ---- */

static bool is_drill(const struct incident_state *state)
{
	return state->kind == INCIDENT_DRILL ||
	       (state->target && state->target->class == TARGET_DRILL);
}

/* NULL: the severity asks for nobody. */
static const struct approval_rule *severity_rule(const struct incident_state *state)
{
	const struct approval_rule *rule = &state->runbook->approvals[state->severity];

	return rule->nroles && state_trouble(state) ? rule : NULL;
}

static void rule_add(struct authority *out, const struct approval_rule *rule, bool by_severity)
{
	out->of[out->n++] = (struct authority_rule){ .rule = rule, .by_severity = by_severity };
	out->ruled = out->ruled || rule->nroles;
}

static void rules_of(const struct incident_state *state, const struct procedure *procedure,
		     const struct approval_rule *by_severity, struct authority *out)
{
	*out = (struct authority){ .every_role = is_drill(state) };
	if (procedure->approve.nroles)
		rule_add(out, &procedure->approve, false);
	if (by_severity)
		rule_add(out, by_severity, true);
	if (!out->n)
		rule_add(out, &anybody, false);
}

/* The worst of two verdicts: what stands in the way first. */
static int weight(enum approval_verdict verdict)
{
	static const int weights[] = { [APPROVAL_GIVEN] = 0,
				       [APPROVAL_EXPIRED] = 1,
				       [APPROVAL_NEEDED] = 2,
				       [APPROVAL_REJECTED] = 3 };

	return weights[verdict];
}

static void judge(struct authority *out, const struct approval_case *about)
{
	out->verdict = APPROVAL_GIVEN;
	for (size_t i = 0; i < out->n; i++) {
		struct approval_answer *answer = &out->of[i].answer;

		approval_judge(out->of[i].rule, about, answer);
		if (weight(answer->verdict) > weight(out->verdict))
			out->verdict = answer->verdict;
		if (answer->due && (!out->due || answer->due < out->due))
			out->due = answer->due;
		if (!out->until || answer->until < out->until)
			out->until = answer->until;
		out->overdue = out->overdue || answer->overdue;
		if (answer->rejection)
			out->rejection = answer->rejection;
	}
}

/* Breaking the glass answers all rules; it lasts as long as an approval does. */
static void judge_broken(struct authority *out, const struct approval *broken,
			 const struct approval_case *about)
{
	if (out->verdict == APPROVAL_GIVEN || !broken->at ||
	    strcmp(broken->digest, about->digest) != 0)
		return;
	out->broken = approval_lasts(&anybody, about, broken);
	out->until = broken->at + APPROVAL_VALID_US;
	out->verdict = out->broken ? APPROVAL_GIVEN : APPROVAL_EXPIRED;
}

/* What was begun is asked about as of when it sufficed. The first step's intent may come later than
 * its approval lasts: what the runner found before that takes its time. */
static struct approval_case case_of(const struct attempt *attempt, const char *digest, int64_t now)
{
	bool begun = attempt->procedure.started != 0;

	return (struct approval_case){
		.list = attempt->words,
		.n = attempt->nwords,
		.digest = digest,
		.asked = attempt->asked_at ? attempt->asked_at : now,
		.now = begun ? attempt->approved_at : now,
		.begun = begun,
	};
}

void authority_judge(const struct incident_state *state, const struct attempt *attempt,
		     const char *digest, int64_t now, struct authority *out)
{
	struct approval_case about = case_of(attempt, digest, now);

	rules_of(state, attempt->procedure.procedure,
		 about.begun ? attempt->severity_rule : severity_rule(state), out);
	about.every_role = out->every_role;
	judge(out, &about);
	judge_broken(out, &attempt->broken, &about);
	if (about.begun)
		out->until = 0;
}

void authority_ask(const struct incident_state *state, const struct procedure *procedure,
		   struct authority *out)
{
	const struct approval_case about = { .digest = "" };

	rules_of(state, procedure, severity_rule(state), out);
	judge(out, &about);
}

bool authority_may(const struct authority *authority, const char *login)
{
	for (size_t i = 0; i < authority->n; i++) {
		if (approval_may(authority->of[i].rule, login))
			return true;
	}
	return authority->every_role;
}

bool authority_counts(const struct attempt *attempt, const char *digest,
		      const struct approval *word, const struct authority *authority, int64_t now)
{
	const struct approval_case about = case_of(attempt, digest, now);
	bool may = false;

	if (word->rejects || strcmp(word->digest, digest) != 0 ||
	    !approval_is_latest(attempt->words, attempt->nwords, (size_t)(word - attempt->words)))
		return false;
	for (size_t i = 0; i < authority->n; i++) {
		const struct approval_rule *rule = authority->of[i].rule;

		if (!authority->every_role && !approval_may(rule, word->who))
			continue;
		may = true;
		if (!approval_lasts(rule, &about, word))
			return false;
	}
	return may;
}

bool authority_gave(const struct attempt *attempt, const char *digest, const char *login,
		    const struct authority *authority, int64_t now)
{
	for (size_t i = 0; i < attempt->nwords; i++) {
		if (strcmp(attempt->words[i].who, login) == 0 &&
		    authority_counts(attempt, digest, &attempt->words[i], authority, now))
			return true;
	}
	return false;
}

bool authority_completed_by(const struct incident_state *state, const struct attempt *attempt,
			    const char *digest, const char *login, int64_t now)
{
	struct attempt with = *attempt;
	struct authority authority;
	struct approval *word;

	with.words = xcalloc(attempt->nwords + 1, sizeof(*with.words));
	for (size_t i = 0; i < attempt->nwords; i++)
		with.words[i] = attempt->words[i];
	word = &with.words[with.nwords++];
	word->at = now;
	snprintf(word->who, sizeof(word->who), "%s", login);
	snprintf(word->digest, sizeof(word->digest), "%s", digest);
	authority_judge(state, &with, digest, now, &authority);
	free(with.words);
	return authority.verdict == APPROVAL_GIVEN;
}

/* ---- The current attempt ---- */

bool authority_expire(struct incident_state *state, int64_t now)
{
	struct attempt *attempt = state_attempt(state);
	struct authority authority;
	bool was;

	if (!attempt || !attempt->authorised || attempt->procedure.started || attempt->ended_at)
		return false;
	authority_judge(state, attempt, attempt->digest, now, &authority);
	was = attempt->procedure.approved;
	attempt->procedure.approved = authority.verdict == APPROVAL_GIVEN;
	return attempt->procedure.approved != was;
}

/* What authorised it, or a part of that, was said at a time that this clock has yet to show. */
static bool is_ahead(const struct attempt *attempt, int64_t now)
{
	bool ahead = approval_is_ahead(&attempt->broken, now);

	for (size_t i = 0; i < attempt->nwords; i++)
		ahead = ahead || (approval_is_ahead(&attempt->words[i], now) &&
				  strcmp(attempt->words[i].digest, attempt->digest) == 0);
	return ahead;
}

int authority_holds(const struct incident_state *state, const struct attempt *attempt,
		    const char *digest, int64_t now, struct err *err)
{
	const char *name = attempt->procedure.procedure->name;
	struct authority authority;
	char *missing;

	if (attempt->authorised && strcmp(digest, attempt->digest) != 0) {
		err_set(err, "%s is not what was approved any more", name);
		return err_hint(err, "make the plan again and approve that");
	}
	authority_judge(state, attempt, digest, now, &authority);
	if (attempt->authorised && authority.verdict == APPROVAL_GIVEN)
		return 0;
	if (!attempt->authorised)
		err_set(err, "%s is not approved", name);
	if (authority.verdict == APPROVAL_REJECTED)
		return err_hint(err, "%s rejected it: %s", authority.rejection->by,
				authority.rejection->reason);
	if (attempt->authorised && is_ahead(attempt, now)) {
		err_set(err, "the approval of %s is of a later time than this clock shows", name);
		return err_hint(err, "look whether the clock was set back, and approve it again");
	}
	if (attempt->authorised) {
		err_set(err, "the approval of %s has expired: nothing was begun in time", name);
		return err_hint(err, "read the plan and approve it again");
	}
	missing = authority_missing(&authority);
	if (*missing)
		err_hint(err, "it needs %s", missing);
	else
		err_hint(err, "read the plan, and approve it");
	free(missing);
	return -1;
}

/* ---- Words ---- */

static void role_add(struct buf *out, const struct contact *role)
{
	buf_printf(out, "%s (", role->role);
	for (size_t i = 0; i < role->nlogins; i++)
		buf_printf(out, "%s%s", i ? " or " : "", role->logins[i]);
	buf_puts(out, role->nlogins ? ")" : "no login is named)");
}

static void roles_add(struct buf *out, const struct contact *const *roles, size_t n, bool all)
{
	if (n > 1 && !all)
		buf_puts(out, "one of ");
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i == 0 ? "" : i + 1 < n ? ", " : all ? " and " : " or ");
		role_add(out, roles[i]);
	}
}

char *authority_missing(const struct authority *authority)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < authority->n; i++) {
		const struct authority_rule *of = &authority->of[i];

		if (!of->answer.nmissing)
			continue;
		buf_puts(&out, out.len ? "; and " : "");
		roles_add(&out, of->answer.missing, of->answer.nmissing, of->rule->all);
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}

static void within_add(struct buf *out, const struct approval_rule *rule)
{
	char text[48];

	if (rule->within_us)
		buf_printf(out, ", within %s", duration_text(rule->within_us, text, sizeof(text)));
	else if (rule->next_business_day)
		buf_puts(out, ", by the next business day");
}

char *authority_words(const struct authority *authority)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < authority->n; i++) {
		const struct approval_rule *rule = authority->of[i].rule;

		buf_puts(&out, i ? "; and " : "");
		if (!rule->nroles)
			buf_puts(&out, "whoever operates");
		roles_add(&out, rule->roles, rule->nroles, rule->all);
		within_add(&out, rule);
	}
	if (authority->every_role && authority->ruled)
		buf_puts(&out, "; in a drill you hold every role");
	return buf_detach(&out);
}

json_t *authority_missing_names(const struct authority *authority)
{
	json_t *names = json_array();

	for (size_t i = 0; i < authority->n; i++) {
		for (size_t k = 0; k < authority->of[i].answer.nmissing; k++)
			json_array_append_new(names, json_string(
							 authority->of[i].answer.missing[k]->name));
	}
	return names;
}

json_t *authority_roles_of(const struct incident_state *state, const char *login)
{
	json_t *names = json_array();

	for (size_t i = 0; i < state->runbook->ncontacts; i++) {
		const struct contact *contact = &state->runbook->contacts[i];

		if (approval_holds(contact, login))
			json_array_append_new(names, json_string(contact->name));
	}
	return names;
}

char *authority_titles_of(const struct incident_state *state, const char *login)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < state->runbook->ncontacts; i++) {
		const struct contact *contact = &state->runbook->contacts[i];

		if (approval_holds(contact, login))
			buf_printf(&out, "%s%s", out.len ? ", " : "", contact->role);
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}
