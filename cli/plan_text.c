#include "cli/plan_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/history.h"
#include "lib/text.h"
#include "lib/timefmt.h"

static void add_clean(struct buf *out, const char *indent, const char *text)
{
	buf_puts(out, indent);
	text_clean(out, text, strlen(text));
	buf_putc(out, '\n');
}

static void add_step(struct buf *out, const struct procedure_plan *plan, size_t i)
{
	const struct plan_step *row = &plan->steps[i];
	char guard[200], line[512];

	snprintf(line, sizeof(line), "%zu. %s [%s]%s%s%s", i + 1, row->step->say, row->step->id,
		 row->manual || row->step->kind != STEP_ACTION ? "" : " ",
		 row->manual || row->step->kind != STEP_ACTION ? "" : risk_class_name(row->risk),
		 row->step->only_alternative ? ", only as an alternative" : "");
	add_clean(out, "\n", line);
	step_guard_text(row->step, plan->procedure, guard, sizeof(guard));
	if (guard[0])
		add_clean(out, "    ", guard);
	if (!row->applicable)
		add_clean(out, "    ", "does not apply now");
	for (size_t k = 0; k < row->nlines; k++)
		add_clean(out, "    ", row->lines[k]);
	if (row->undo[0]) {
		snprintf(line, sizeof(line), "undo: %s", row->undo);
		add_clean(out, "    ", line);
	} else if (row->step->kind == STEP_ACTION && !row->manual && row->risk != ACTION_SAFE) {
		add_clean(out, "    ", "undo: not possible");
	}
	for (size_t k = 0; k < row->step->nverify; k++) {
		const struct probe *probe = row->step->verify[k];

		snprintf(line, sizeof(line), "verify: %s", probe->title ? probe->title : probe->id);
		add_clean(out, "    ", line);
	}
	if (row->problem) {
		snprintf(line, sizeof(line), "PROBLEM: %s", row->problem);
		add_clean(out, "    ", line);
	}
}

void cli_plan_text(const struct procedure_plan *plan, const struct loaded *loaded, struct buf *out)
{
	const struct procedure *procedure = plan->procedure;
	char low[32], high[32], line[512];
	struct history history;
	const char *name;
	json_t *value;

	add_clean(out, "", procedure->title);
	snprintf(line, sizeof(line), "target: %s (%s)",
		 loaded->target ? loaded->target->name : "none",
		 loaded->target ? target_class_name(loaded->target->class)
				: "defaults of the runbook");
	add_clean(out, "", line);
	if (procedure->estimate_high_us) {
		snprintf(line, sizeof(line), "estimate: %s to %s",
			 duration_text(procedure->estimate_low_us, low, sizeof(low)),
			 duration_text(procedure->estimate_high_us, high, sizeof(high)));
		add_clean(out, "", line);
	}
	history_read(loaded->runbook->system, procedure->name, &history);
	if (history_text(&history, clock_wall(&clock_system), line, sizeof(line)))
		add_clean(out, "history: ", line);
	snprintf(line, sizeof(line), "risk: %s; the most that a step does: %s",
		 risk_name(procedure->risk), risk_class_name(plan->risk));
	add_clean(out, "", line);
	snprintf(line, sizeof(line), "data loss: %s", procedure->data_loss);
	add_clean(out, "", line);
	for (size_t i = 0; i < plan->nloss; i++)
		add_clean(out, "    ", plan->loss[i]);
	json_object_foreach(plan->params, name, value) {
		char *text = json_dumps(value, JSON_ENCODE_ANY);

		snprintf(line, sizeof(line), "parameter %s: %s", name, text ? text : "");
		add_clean(out, "", line);
		free(text);
	}
	for (size_t i = 0; i < plan->nsteps; i++)
		add_step(out, plan, i);
	buf_printf(out, "\ndigest: %s\n", plan->digest);
}
