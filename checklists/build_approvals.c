/* Rules of approval, and the people behind the runbook's contacts. */
#include <stdlib.h>
#include <string.h>

#include "checklists/approval.h"
#include "checklists/check.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* ---- logins ---- */

const char **build_logins(struct checker *checker, const struct node *up, size_t *n)
{
	struct node list = node_member(up, "logins");
	const char **logins = NULL;

	*n = 0;
	if (!json_is_array(list.value))
		return NULL;
	logins = xcalloc(json_array_size(list.value) + 1, sizeof(*logins));
	for (size_t i = 0; i < json_array_size(list.value); i++) {
		struct node node = node_element(&list, i);
		const char *login = json_string_value(node.value);

		if (!login)
			continue;
		if (!*login || strpbrk(login, " \t\n${}"))
			say(checker, &node, NULL,
			    "expected a name that somebody logs in with, without blanks and "
			    "parameters");
		logins[(*n)++] = login;
	}
	return logins;
}

/* ---- rules ---- */

static struct contact *contact_of(const struct runbook *rb, const char *name)
{
	for (size_t i = 0; name && i < rb->ncontacts; i++) {
		if (strcmp(rb->contacts[i].name, name) == 0)
			return &rb->contacts[i];
	}
	return NULL;
}

static bool has_role(const struct approval_rule *rule, const struct contact *contact)
{
	for (size_t i = 0; i < rule->nroles; i++) {
		if (rule->roles[i] == contact)
			return true;
	}
	return false;
}

static void build_roles(struct checker *checker, struct approval_rule *rule,
			const struct node *list)
{
	size_t n = json_array_size(list->value);

	if (!json_is_array(list->value))
		return;
	if (n == 0 || n > APPROVAL_ROLES_MAX)
		say(checker, list, NULL, "expected 1 to %d roles, found %zu: %s",
		    APPROVAL_ROLES_MAX, n,
		    n ? "nobody can gather so many" : "nobody could approve");
	rule->roles = xcalloc(n + 1, sizeof(*rule->roles));
	for (size_t i = 0; i < n && i < APPROVAL_ROLES_MAX; i++) {
		struct node node = node_element(list, i);
		const struct contact *contact =
		    contact_of(checker->runbook, json_string_value(node.value));

		if (!contact)
			continue;
		if (has_role(rule, contact))
			say(checker, &node, NULL, "\"%s\" stands there already", contact->name);
		else
			rule->roles[rule->nroles++] = contact;
	}
}

static void build_rule(struct checker *checker, struct approval_rule *rule, const struct node *node)
{
	struct node any = node_member(node, "any"), all = node_member(node, "all");
	const char *within = build_text(node, "within");

	if (!json_is_object(node->value))
		return;
	rule->all = all.value != NULL;
	build_roles(checker, rule, rule->all ? &all : &any);
	rule->next_business_day = within && strcmp(within, NEXT_BUSINESS_DAY) == 0;
	if (within && !rule->next_business_day)
		(void)duration_parse(within, &rule->within_us);
	rule->valid_us = build_duration(checker, node, "valid");
}

void build_approvals(struct checker *checker)
{
	const struct names *procedures = &checker->names[SECTION_PROCEDURES];
	struct runbook *rb = checker->runbook;

	for (size_t i = 0; i < procedures->n; i++) {
		struct node node = node_member(&procedures->list[i], "approve");

		build_rule(checker, &rb->procedures[i].approve, &node);
	}
	for (size_t d = 0; d < checker->ndocs; d++) {
		struct node root = node_root(&checker->docs[d]);
		struct node section = node_member(&root, "approvals");

		for (int s = SEVERITY_LOW; s <= SEVERITY_CRITICAL; s++) {
			struct node node = node_member(&section, severity_name((enum severity)s));

			if (node.value && rb->approvals[s].roles)
				say_key(checker, &node, NULL,
					"another file has a rule for this severity already");
			else
				build_rule(checker, &rb->approvals[s], &node);
		}
	}
}

/* ---- a target's people ---- */

static const struct person *person_of(const struct target *target, const char *contact)
{
	for (size_t i = 0; i < target->npeople; i++) {
		if (strcmp(target->people[i].contact, contact) == 0)
			return &target->people[i];
	}
	return NULL;
}

/* The contact as it is on this target. */
static struct contact contact_here(const struct target *target, const struct contact *contact)
{
	const struct person *person = person_of(target, contact->name);
	struct contact here = *contact;

	if (person && person->logins) {
		here.logins = person->logins;
		here.nlogins = person->nlogins;
	}
	return here;
}

/* A rule that nobody can meet here would be noticed at 3 a.m. */
static void check_rule(struct checker *checker, const struct target *target,
		       const struct approval_rule *rule, const struct node *node, const char *what)
{
	struct contact here[APPROVAL_ROLES_MAX];
	const struct contact *roles[APPROVAL_ROLES_MAX];
	struct approval_rule local = *rule;
	const char *nobody = NULL;

	local.roles = roles;
	for (size_t i = 0; i < rule->nroles; i++) {
		here[i] = contact_here(target, rule->roles[i]);
		roles[i] = &here[i];
		if (!nobody && here[i].nlogins == 0)
			nobody = here[i].name;
	}
	if (approval_possible(&local))
		return;
	if (nobody)
		say(checker, node, NULL,
		    "nobody could approve %s here: contact \"%s\" has no \"logins\"", what, nobody);
	else
		say(checker, node, NULL,
		    "nobody could approve %s here: its roles must be held by different people",
		    what);
}

static void check_rules(struct checker *checker, const struct target *target,
			const struct node *root)
{
	const struct runbook *rb = checker->runbook;
	struct node node = node_member(root, "contacts");
	char *what;

	for (size_t i = 0; i < rb->nprocedures; i++) {
		what = xasprintf("procedure \"%s\"", rb->procedures[i].name);
		check_rule(checker, target, &rb->procedures[i].approve, &node, what);
		free(what);
	}
	for (int s = SEVERITY_LOW; s <= SEVERITY_CRITICAL; s++) {
		what = xasprintf("anything at severity %s", severity_name((enum severity)s));
		check_rule(checker, target, &rb->approvals[s], &node, what);
		free(what);
	}
}

void build_people(struct checker *checker, struct target *target, const struct node *root)
{
	struct node top = node_member(root, "contacts");
	const char *key;
	json_t *value;

	target->people = xcalloc(json_object_size(top.value) + 1, sizeof(*target->people));
	json_object_foreach(json_is_object(top.value) ? top.value : NULL, key, value) {
		struct node node = node_member(&top, key);
		struct person *person = &target->people[target->npeople];

		if (!check_reference(checker, &node, SECTION_CONTACTS, key))
			continue;
		*person = (struct person){
			.contact = key,
			.reach = build_text(&node, "reach"),
			.hours = build_text(&node, "hours"),
		};
		person->logins = build_logins(checker, &node, &person->nlogins);
		target->npeople++;
	}
	/* In a drill the operator holds every role. */
	if (target->class != TARGET_DRILL)
		check_rules(checker, target, root);
}

void target_bind_people(const struct target *target, struct runbook *runbook)
{
	for (size_t i = 0; i < target->npeople; i++) {
		const struct person *person = &target->people[i];
		struct contact *contact = contact_of(runbook, person->contact);

		if (person->reach)
			contact->reach = person->reach;
		if (person->hours)
			contact->hours = person->hours;
		if (!person->logins)
			continue;
		free(contact->logins);
		contact->logins = xcalloc(person->nlogins + 1, sizeof(*contact->logins));
		for (size_t k = 0; k < person->nlogins; k++)
			contact->logins[k] = person->logins[k];
		contact->nlogins = person->nlogins;
	}
}
