/* What was said about a plan, and whether that suffices by the record. */
#include "core/fold_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/authority.h"
#include "core/who.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"

/* The current attempt, when the line is about it, and about a plan that was not begun. */
static struct attempt *attempt_of(struct incident_state *state, const struct jflat *line,
				  struct err *err)
{
	struct attempt *attempt = state_attempt(state);

	if (!attempt ||
	    strcmp(jflat_str(line, "procedure", ""), attempt->procedure.procedure->name) != 0) {
		err_set(err, "it is not the chosen procedure");
		return NULL;
	}
	if (attempt->procedure.started || attempt->ended_at) {
		err_set(err, "it was begun already");
		return NULL;
	}
	return attempt;
}

static void clean(char *out, size_t size, const char *text)
{
	text_clean_to(out, size, text, strlen(text));
}

/* The plan that the line is about is what is spoken of from now on. */
static void put_plan(struct attempt *attempt, const struct jflat *line, int64_t at)
{
	const char *digest = jflat_str(line, "digest", "");

	if (!attempt->asked_at || strcmp(digest, attempt->digest) != 0)
		attempt->asked_at = at;
	snprintf(attempt->digest, sizeof(attempt->digest), "%s", digest);
	json_decref(attempt->params);
	json_decref(attempt->loss);
	attempt->params = jflat_json(line, "params");
	attempt->loss = jflat_json(line, "loss");
}

static void put_word(struct attempt *attempt, const struct approval *word)
{
	attempt->words = xgrow(attempt->words, &attempt->cap_words, attempt->nwords + 1,
			       sizeof(*attempt->words));
	attempt->words[attempt->nwords++] = *word;
}

static void add_word(struct attempt *attempt, const struct jflat *line, int64_t at, bool rejects)
{
	json_t *by = jflat_json(line, "by");
	struct approval word = { .at = at, .rejects = rejects };
	char *who = who_text(by);

	snprintf(word.who, sizeof(word.who), "%s", who_person(by));
	snprintf(word.digest, sizeof(word.digest), "%s", jflat_str(line, "digest", ""));
	clean(word.by, sizeof(word.by), who);
	clean(word.reason, sizeof(word.reason), jflat_str(line, "reason", ""));
	put_word(attempt, &word);
	free(who);
	json_decref(by);
}

/* A plan does not get rid of a rejection by being chosen anew. */
void fold_carry(struct incident_state *state)
{
	struct attempt *attempt = state_attempt(state);
	const struct attempt *before = attempt;

	while (before > state->attempts) {
		before--;
		if (before->procedure.procedure != attempt->procedure.procedure)
			continue;
		for (size_t i = 0; i < before->nwords; i++) {
			struct approval word = before->words[i];

			word.carried = true;
			if (word.rejects && approval_is_latest(before->words, before->nwords, i))
				put_word(attempt, &word);
		}
		return;
	}
}

void fold_time(struct incident_state *state, int64_t at)
{
	struct attempt *attempt = state_attempt(state);

	if (!attempt || attempt->procedure.started)
		return;
	for (size_t i = 0; i < attempt->nwords; i++) {
		if (attempt->words[i].seen < at)
			attempt->words[i].seen = at;
	}
	if (attempt->broken.seen < at)
		attempt->broken.seen = at;
}

/* Everybody whose approval counts, in order. */
static void name_approvers(struct attempt *attempt, const struct authority *authority, int64_t at)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < attempt->nwords; i++) {
		const struct approval *word = &attempt->words[i];

		if (authority_counts(attempt, attempt->digest, word, authority, at))
			buf_printf(&names, "%s%s", names.len ? ", " : "", word->by);
	}
	clean(attempt->approved_by, sizeof(attempt->approved_by), buf_str(&names));
	buf_release(&names);
}

void fold_authority(struct incident_state *state, int64_t at)
{
	struct attempt *attempt = state_attempt(state);
	struct authority authority;

	if (!attempt || attempt->procedure.started || attempt->ended_at || !attempt->asked_at)
		return;
	authority_judge(state, attempt, attempt->digest, at, &authority);
	attempt->authorised = attempt->procedure.approved = authority.verdict == APPROVAL_GIVEN;
	if (!attempt->authorised) {
		attempt->approved_at = 0;
	} else if (!attempt->approved_at) {
		attempt->approved_at = at;
		if (authority.broken)
			clean(attempt->approved_by, sizeof(attempt->approved_by),
			      attempt->broken.by);
		else
			name_approvers(attempt, &authority, at);
	}
}

void fold_begins(struct attempt *attempt, const struct incident_state *state)
{
	struct authority authority;

	if (!attempt || attempt->procedure.started)
		return;
	/* The clock of whoever looks does not undo what the record says. */
	attempt->procedure.approved = attempt->authorised;
	authority_ask(state, attempt->procedure.procedure, &authority);
	attempt->severity_rule = NULL;
	for (size_t i = 0; i < authority.n; i++) {
		if (authority.of[i].by_severity)
			attempt->severity_rule = authority.of[i].rule;
	}
}

int fold_asked(struct incident_state *state, const struct jflat *line, int64_t at, struct err *err)
{
	struct attempt *attempt = attempt_of(state, line, err);

	if (!attempt)
		return -1;
	put_plan(attempt, line, at);
	fold_authority(state, at);
	return 0;
}

int fold_approved(struct incident_state *state, const struct jflat *line, int64_t at,
		  struct err *err)
{
	struct attempt *attempt = attempt_of(state, line, err);

	if (!attempt)
		return -1;
	if (attempt->authorised)
		authority_expire(state, at);
	if (attempt->procedure.approved &&
	    strcmp(attempt->digest, jflat_str(line, "digest", "")) == 0)
		return err_set(err, "it is approved already");
	put_plan(attempt, line, at);
	attempt->approved_at = 0;
	add_word(attempt, line, at, false);
	fold_authority(state, at);
	return 0;
}

int fold_rejected(struct incident_state *state, const struct jflat *line, int64_t at,
		  struct err *err)
{
	struct attempt *attempt = attempt_of(state, line, err);

	if (!attempt)
		return -1;
	if (!*jflat_str(line, "reason", ""))
		return err_set(err, "rejecting needs a reason");
	add_word(attempt, line, at, true);
	fold_authority(state, at);
	return 0;
}

int fold_broken(struct incident_state *state, const struct jflat *line, int64_t at, struct err *err)
{
	struct attempt *attempt = attempt_of(state, line, err);
	struct approval broken = { .at = at };
	char *who;

	if (!attempt)
		return -1;
	if (!*jflat_str(line, "reason", ""))
		return err_set(err, "breaking the glass needs a reason");
	who = who_wrote(line);
	snprintf(broken.digest, sizeof(broken.digest), "%s", jflat_str(line, "digest", ""));
	clean(broken.by, sizeof(broken.by), who);
	clean(broken.reason, sizeof(broken.reason), jflat_str(line, "reason", ""));
	put_plan(attempt, line, at);
	attempt->broken = broken;
	attempt->approved_at = 0;
	fold_authority(state, at);
	free(who);
	return 0;
}
