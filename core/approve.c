#include "core/approve.h"

#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"

static const struct attempt *attempt_of(const struct approve *about)
{
	return state_attempt(about->state);
}

void approve_authority(const struct approve *about, struct authority *out)
{
	authority_judge(about->state, attempt_of(about), about->plan->digest, about->now, out);
}

static json_t *loss_json(const struct procedure_plan *plan)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < plan->nloss; i++)
		json_array_append_new(lines, json_text(plan->loss[i], strlen(plan->loss[i])));
	return lines;
}

/* With what it is that is spoken about. `roles` is stolen; an empty list is left out. */
static json_t *fields_new(const struct approve *about, json_t *roles)
{
	json_t *fields = json_pack("{s:s, s:s}", "procedure", about->plan->procedure->name,
				   "digest", about->plan->digest);

	if (json_array_size(roles))
		json_object_set(fields, "roles", roles);
	json_decref(roles);
	return fields;
}

static void fields_plan(json_t *fields, const struct approve *about)
{
	json_object_set(fields, "params", about->plan->params);
	json_object_set_new(fields, "loss", loss_json(about->plan));
}

/* For whom it was approved, and by what word. */
static void fields_confirmed(json_t *fields, const struct approve *about, const char *confirm)
{
	if (about->plan->identity)
		json_object_set(fields, "identity", about->plan->identity);
	if (confirm)
		json_object_set_new(fields, "confirmed", json_text(confirm, strlen(confirm)));
}

static json_t *own_roles(const struct approve *about)
{
	return authority_roles_of(about->state, about->login);
}

/* What is in force needs no word. */
static int need_unsettled(const struct authority *authority, const struct approve *about,
			  struct err *err)
{
	if (authority->verdict != APPROVAL_GIVEN)
		return 0;
	return err_set(err, "%s is approved already", about->plan->procedure->name);
}

static int need_role(const struct authority *authority, const struct approve *about,
		     const char *what, struct err *err)
{
	char *rules;

	if (authority_may(authority, about->login))
		return 0;
	rules = authority_words(authority);
	err_set(err, "%s holds no role that may %s %s: that is for %s", about->login, what,
		about->plan->procedure->name, rules);
	free(rules);
	return err_hint(err, "let them type: backout approve %s", about->state->id);
}

static int need_name(const struct approve *about, const char *confirm, struct err *err)
{
	const char *target = about->state->target->name;

	if (about->plan->risk != ACTION_DESTRUCTIVE || (confirm && strcmp(confirm, target) == 0))
		return 0;
	err_set(err, "%s is destructive: it is approved by the target's name",
		about->plan->procedure->name);
	return err_hint(err, "type %s", target);
}

static int need_reason(const char *reason, const char *what, struct err *err)
{
	if (reason && reason[strspn(reason, " \t")])
		return 0;
	return err_set(err, "%s needs a reason", what);
}

json_t *approve_asked(const struct approve *about, struct err *err)
{
	const struct attempt *attempt = attempt_of(about);
	struct authority authority;
	json_t *fields;

	approve_authority(about, &authority);
	if (need_unsettled(&authority, about, err) != 0)
		return NULL;
	if (attempt->asked_at && strcmp(attempt->digest, about->plan->digest) == 0) {
		err_set(err, "they were asked already");
		return NULL;
	}
	fields = fields_new(about, authority_missing_names(&authority));
	fields_plan(fields, about);
	return fields;
}

json_t *approve_given(const struct approve *about, const char *confirm, struct err *err)
{
	struct authority authority;
	json_t *fields;

	approve_authority(about, &authority);
	if (need_unsettled(&authority, about, err) != 0 ||
	    need_role(&authority, about, "approve", err) != 0 ||
	    need_name(about, confirm, err) != 0)
		return NULL;
	if (authority_gave(attempt_of(about), about->plan->digest, about->login, &authority,
			   about->now)) {
		err_set(err, "%s approved it already, and one person gives one approval",
			about->login);
		err_hint(err, "others are needed: let them type backout approve %s",
			 about->state->id);
		return NULL;
	}
	fields = fields_new(about, own_roles(about));
	fields_plan(fields, about);
	fields_confirmed(fields, about, confirm);
	return fields;
}

json_t *approve_rejected(const struct approve *about, const char *reason, struct err *err)
{
	struct authority authority;
	json_t *fields;

	approve_authority(about, &authority);
	if (need_role(&authority, about, "reject", err) != 0 ||
	    need_reason(reason, "rejecting a plan", err) != 0)
		return NULL;
	fields = fields_new(about, own_roles(about));
	json_object_set_new(fields, "reason", json_text(reason, strlen(reason)));
	return fields;
}

char *approve_sentence(const struct incident_state *state)
{
	return xasprintf("break glass on %s", state->target->name);
}

json_t *approve_broken(const struct approve *about, const char *confirm, const char *reason,
		       struct err *err)
{
	char *sentence = approve_sentence(about->state);
	struct authority authority;
	json_t *fields = NULL;

	approve_authority(about, &authority);
	if (need_unsettled(&authority, about, err) != 0)
		goto out;
	if (!authority.ruled || authority.every_role) {
		err_set(err, "%s needs nobody else: approve it", about->plan->procedure->name);
		goto out;
	}
	if (!confirm || strcmp(confirm, sentence) != 0) {
		err_set(err, "approving without authority is done in so many words");
		err_hint(err, "type: %s", sentence);
		goto out;
	}
	if (need_reason(reason, "approving without authority", err) != 0)
		goto out;
	fields = fields_new(about, authority_missing_names(&authority));
	fields_plan(fields, about);
	fields_confirmed(fields, about, confirm);
	json_object_set_new(fields, "reason", json_text(reason, strlen(reason)));
out:
	free(sentence);
	return fields;
}
