/* An item with an action: a procedure of one step, so that it is planned, approved, run and
 * recorded like any other. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/mem.h"

static struct step *item_step(const struct item *item)
{
	const char *slash = strrchr(item->id, '/');
	struct step *step = xcalloc(1, sizeof(*step));

	*step = (struct step){
		.id = xstrdup(slash ? slash + 1 : item->id),
		.say = item->say,
		.note = item->note,
		.kind = STEP_ACTION,
		.guard = -1,
		.action = item->action,
		.nverify = item->nverify,
		.timeout = item->timeout,
		.within = item->within,
	};
	step->verify = xcalloc(item->nverify + 1, sizeof(struct probe *));
	for (size_t i = 0; i < item->nverify; i++)
		step->verify[i] = item->verify[i];
	return step;
}

void item_procedure_add(struct runbook *runbook, const struct checklist *checklist,
			struct item *item)
{
	struct procedure *procedure = xcalloc(1, sizeof(*procedure));

	procedure->name = xasprintf("%s/%s", checklist->name, item->id);
	procedure->title = item->say;
	procedure->item = item;
	procedure->steps = item_step(item);
	procedure->nsteps = 1;
	collect_asks(runbook, procedure);
	runbook->item_procedures =
	    xgrow(runbook->item_procedures, &runbook->cap_item_procedures,
		  runbook->nitem_procedures + 1, sizeof(*runbook->item_procedures));
	runbook->item_procedures[runbook->nitem_procedures++] = procedure;
	item->procedure = procedure;
}

void build_item_procedures(struct checker *checker)
{
	struct runbook *rb = checker->runbook;

	for (size_t c = 0; c < rb->nchecklists; c++) {
		struct checklist *checklist = &rb->checklists[c];

		for (size_t s = 0; s < checklist->nsections; s++) {
			struct section *section = &checklist->sections[s];

			for (size_t i = 0; i < section->nitems; i++)
				if (section->items[i].action.type)
					item_procedure_add(rb, checklist, &section->items[i]);
		}
	}
}

void item_procedures_free(struct runbook *runbook)
{
	for (size_t i = 0; i < runbook->nitem_procedures; i++) {
		struct procedure *procedure = runbook->item_procedures[i];

		free((char *)procedure->name);
		steps_release(procedure->steps, procedure->nsteps);
		free(procedure->asks);
		free(procedure);
	}
	free(runbook->item_procedures);
}
