/* All checklists, to turn to one: what it belongs to, and how far it is. */
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "tui/items.h"
#include "tui/modal.h"
#include "tui/say.h"

static void use_add(struct buf *out, const char *what, const char *name)
{
	buf_printf(out, "; %s %s", what, name);
}

/* "; before level-3; routine weekly": where the runbook asks for it. */
static void uses_add(const struct runbook *runbook, const struct checklist *list, struct buf *out)
{
	for (size_t i = 0; i < runbook->nprocedures; i++) {
		const struct procedure *procedure = &runbook->procedures[i];

		if (procedure->before == list)
			use_add(out, "before", procedure->name);
		if (procedure->after == list)
			use_add(out, "after", procedure->name);
	}
	for (size_t i = 0; i < runbook->ndeployments; i++) {
		if (runbook->deployments[i].checklist == list)
			use_add(out, "deployment", runbook->deployments[i].name);
	}
	for (size_t i = 0; i < runbook->nroutines; i++) {
		if (runbook->routines[i].checklist == list)
			use_add(out, "routine", runbook->routines[i].name);
	}
	for (size_t i = 0; i < runbook->nphases; i++) {
		for (size_t k = 0; k < runbook->phases[i].nchecklists; k++) {
			if (runbook->phases[i].checklists[k] == list)
				use_add(out, "phase", runbook->phases[i].name);
		}
	}
}

static char *detail(struct ui *ui, const struct checklist *list)
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct incident_state *state = session_state(ui->session);
	struct buf out = BUF_INIT;
	size_t items = 0;

	for (size_t i = 0; i < list->nsections; i++)
		items += list->sections[i].nitems;
	buf_printf(&out, "%zu %s", items, items == 1 ? "item" : "items");
	/* An item that was never looked at is not ready, so this is the least. */
	if (state)
		buf_printf(&out, ", %d%% ready",
			   checklist_readiness(&state->checklists[list - runbook->checklists]));
	uses_add(runbook, list, &out);
	return buf_detach(&out);
}

static struct menu_entry entry(struct ui *ui, const struct checklist *list, const char *mark)
{
	return (struct menu_entry){
		.label = xasprintf("%s%s", list->title, mark),
		.detail = detail(ui, list),
		.value = xstrdup(list->name),
	};
}

void lists_open(struct ui *ui, const struct checklist *now,
		void (*chosen)(struct ui *ui, const char *name, const char *subject))
{
	const struct runbook *runbook = session_runbook(ui->session);
	const struct procedure *suggested = suggested_procedure(ui);
	const struct checklist *first[] = { now, suggested ? suggested->before : NULL,
					    suggested ? suggested->after : NULL };
	static const char *const marks[] = { " (asked for now)", " (before what is suggested)",
					     " (after what is suggested)" };
	struct menu_entry *entries = xcalloc(runbook->nchecklists + 1, sizeof(*entries));
	bool *listed = xcalloc(runbook->nchecklists + 1, sizeof(*listed));
	size_t n = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		bool *mark = first[i] ? &listed[first[i] - runbook->checklists] : NULL;

		if (mark && !*mark)
			entries[n++] = entry(ui, first[i], marks[i]);
		if (mark)
			*mark = true;
	}
	for (size_t i = 0; i < runbook->nchecklists; i++) {
		if (!listed[i])
			entries[n++] = entry(ui, &runbook->checklists[i], "");
	}
	free(listed);
	menu_open(ui, "Checklists: Enter turns to one", entries, n, NULL, chosen);
}
