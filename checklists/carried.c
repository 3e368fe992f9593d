/* What a person carries on a target: messages and pages that no messenger is there for. */
#include <string.h>

#include "checklists/target.h"

const struct source_def *target_messenger(const struct target *target, const char *through)
{
	const struct source_def *source = through ? target_source(target, through) : NULL;

	return source && !json_object_get(source->what.args, "person") ? source : NULL;
}

/* An action's table tells: its first field names a message, or a contact. */
static bool is_carried(const struct target *target, const struct runbook *runbook,
		       const struct typed *action)
{
	const struct field *field = action->type ? action->type->fields : NULL;
	const char *name =
	    field ? json_string_value(json_object_get(action->args, field->name)) : NULL;
	const struct message *message = NULL;
	const struct contact *contact = NULL;

	if (!name || field->type != FIELD_REF)
		return false;
	if (strcmp(field->of, "messages") == 0)
		message = runbook_message(runbook, name);
	else if (strcmp(field->of, "contacts") == 0)
		contact = runbook_contact(runbook, name);
	if (!message && !contact)
		return false;
	return !target_messenger(target, message ? message->through : contact->through);
}

static void steps_bind(const struct target *target, struct runbook *runbook,
		       struct procedure *procedure)
{
	for (size_t i = 0; i < procedure->nsteps; i++)
		procedure->steps[i].by_person =
		    is_carried(target, runbook, &procedure->steps[i].action);
}

static void item_bind(const struct target *target, const struct runbook *runbook, struct item *item)
{
	if (item->kind != ITEM_ACTION || !is_carried(target, runbook, &item->action))
		return;
	item->kind = ITEM_MANUAL;
	item->procedure = NULL;
}

void target_bind_carried(const struct target *target, struct runbook *runbook)
{
	for (size_t i = 0; i < runbook->nprocedures; i++)
		steps_bind(target, runbook, &runbook->procedures[i]);
	for (size_t i = 0; i < runbook->nitem_procedures; i++)
		steps_bind(target, runbook, runbook->item_procedures[i]);
	for (size_t c = 0; c < runbook->nchecklists; c++) {
		struct checklist *checklist = &runbook->checklists[c];

		for (size_t s = 0; s < checklist->nsections; s++)
			for (size_t i = 0; i < checklist->sections[s].nitems; i++)
				item_bind(target, runbook, &checklist->sections[s].items[i]);
	}
}
