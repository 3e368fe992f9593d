/* The plan as text, and the form for what it must know. */
#include <stdlib.h>
#include <string.h>

#include "core/attempts.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/execute.h"
#include "tui/modal.h"

static void times_print(struct buf *text, const struct procedure *p)
{
	char low[48], high[48], budget[48];
	int64_t limit = p->budget_us ? p->budget_us : p->estimate_high_us;

	if (p->estimate_high_us)
		buf_printf(text, "Time:      %s to %s",
			   duration_text(p->estimate_low_us, low, sizeof(low)),
			   duration_text(p->estimate_high_us, high, sizeof(high)));
	else
		buf_puts(text, "Time:      no estimate");
	if (limit)
		buf_printf(text, ", budget %s", duration_text(limit, budget, sizeof(budget)));
	buf_putc(text, '\n');
}

static void history_print(struct buf *text, struct ui *ui, const struct procedure *p)
{
	char line[160];

	if (history_text(session_history(ui->session, p), ui_now(ui), line, sizeof(line)))
		buf_printf(text, "History:   %s\n", line);
}

/* Until it is approved: then the decision has been made. */
static void deadline_print(struct buf *text, struct ui *ui, const struct procedure *p)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	struct deadline deadline;
	char line[160];

	if (attempt->procedure.procedure == p && !attempt->procedure.approved &&
	    session_deadline_now(ui->session, &deadline))
		buf_printf(text, "Deadline:  %s\n",
			   deadline_text(&deadline, ui_now(ui), line, sizeof(line)));
}

static void loss_print(struct buf *text, const struct procedure_plan *plan)
{
	buf_printf(text, "Data loss: %s\n",
		   plan->procedure->data_loss ? plan->procedure->data_loss : "not said");
	for (size_t i = 0; i < plan->nloss; i++)
		buf_printf(text, "           %s%s\n",
			   loss_is_measured(plan->loss[i]) ? "measured: " : "", plan->loss[i]);
}

static void params_print(struct buf *text, const struct procedure_plan *plan)
{
	const char *name;
	json_t *value;

	if (!json_is_object(plan->params) || json_object_size(plan->params) == 0)
		return;
	json_object_foreach(plan->params, name, value) {
		char *shown =
		    json_is_string(value) ? xstrdup(json_string_value(value)) : json_line(value);

		buf_printf(text, "Input:     %s = %s\n", name, shown);
		free(shown);
	}
}

/* Who may approve it, where that is not whoever operates, and who did. */
static void approval_print(struct buf *text, struct ui *ui)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	char *rules, *titles, at[TIME_RFC3339_MAX];
	struct authority authority;

	if (!session_authority(ui->session, &authority) || !authority.ruled)
		return;
	rules = authority_words(&authority);
	buf_printf(text, "Approval:  %s\n", rules);
	free(rules);
	for (size_t i = 0; i < attempt->nwords; i++) {
		const struct approval *word = &attempt->words[i];

		if (strcmp(word->digest, session_plan(ui->session, NULL)->digest) != 0)
			continue;
		titles = authority_titles_of(session_state(ui->session), word->who);
		buf_printf(text, "           %s by %s%s%s, %sZ%s%s\n",
			   word->rejects ? "REJECTED" : "approved", word->by, *titles ? " as " : "",
			   titles, time_clock(word->at, at), *word->reason ? ": " : "",
			   word->reason);
		free(titles);
	}
	if (attempt->broken.at)
		buf_printf(text, "           BREAK-GLASS by %s, %sZ: %s\n", attempt->broken.by,
			   time_clock(attempt->broken.at, at), attempt->broken.reason);
}

static void head_print(struct buf *text, struct ui *ui, const struct procedure_plan *plan)
{
	const struct procedure *p = plan->procedure;

	if (p->use_when)
		buf_printf(text, "When:      %s\n", p->use_when);
	times_print(text, p);
	history_print(text, ui, p);
	deadline_print(text, ui, p);
	buf_printf(text, "Risk:      %s; the riskiest step is %s\n", risk_name(p->risk),
		   risk_class_name(plan->risk));
	loss_print(text, plan);
}

static void step_print(struct buf *text, size_t number, const struct plan_step *step)
{
	buf_printf(text, "\n%2zu. %s", number, step->step->say);
	if (!step->applicable)
		buf_puts(text, "  [does not apply now]");
	else if (step->step->kind != STEP_ACTION)
		buf_puts(text, "  [a question]");
	else if (step->manual)
		buf_puts(text, "  [by hand]");
	else
		buf_printf(text, "  [%s]", risk_class_name(step->risk));
	buf_putc(text, '\n');
	for (size_t i = 0; i < step->nlines; i++)
		buf_printf(text, "      %s\n", step->lines[i]);
	for (size_t i = 0; i < step->step->nverify; i++) {
		const struct probe *probe = step->step->verify[i];

		buf_printf(text, "      then: %s\n", probe->title ? probe->title : probe->id);
	}
	if (step->undo && *step->undo)
		buf_printf(text, "      undo: %s\n", step->undo);
	else if (step->step->kind == STEP_ACTION && !step->manual && step->risk != ACTION_SAFE)
		buf_puts(text, "      undo: not possible\n");
	if (step->problem)
		buf_printf(text, "      PROBLEM: %s\n", step->problem);
}

char *plan_text(struct ui *ui, const struct procedure_plan *plan)
{
	const struct procedure *p = plan->procedure;
	struct buf text = BUF_INIT;

	if (p->item) {
		buf_puts(&text, "For:       an item of the checklist (3), and nothing else\n");
		buf_printf(&text, "Risk:      %s\n", risk_class_name(plan->risk));
	} else {
		head_print(&text, ui, plan);
	}
	params_print(&text, plan);
	approval_print(&text, ui);
	if (p->before)
		buf_printf(&text, "Before:    checklist \"%s\" (3)\n", p->before->title);
	if (p->after)
		buf_printf(&text, "After:     checklist \"%s\" (3)\n", p->after->title);
	for (size_t i = 0; i < plan->nsteps; i++)
		step_print(&text, i + 1, &plan->steps[i]);
	buf_printf(&text, "\nDigest:    %.16s\n", plan->digest);
	return buf_detach(&text);
}

/* ---- inputs ---- */

static int inputs_done(struct ui *ui, const char *const *values, const char *subject,
		       struct err *err)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	const struct procedure *p = attempt->procedure.procedure;
	json_t *params = json_object();
	int rc = 0;

	if (strcmp(p->name, subject) != 0) {
		json_decref(params);
		return err_set(err, "another procedure is chosen now");
	}
	for (size_t i = 0; rc == 0 && i < p->nasks; i++) {
		json_t *value = json_text(values[i], strlen(values[i]));

		if (!*values[i])
			rc = err_set(err, "%s is not answered", p->asks[i]);
		json_object_set_new(params, p->asks[i], value);
	}
	if (rc == 0)
		rc = session_make_plan(ui->session, params, err);
	json_decref(params);
	return rc == 0 ? ui_acted(ui, 0, err, NULL) : -1;
}

void inputs_open(struct ui *ui)
{
	const struct attempt *attempt = state_attempt(session_state(ui->session));
	const struct procedure *p = attempt->procedure.procedure;
	const json_t *proposed = session_proposed_params(ui->session);
	struct form_entry *entries = xcalloc(p->nasks + 1, sizeof(*entries));
	char **owned = xcalloc(p->nasks * 2 + 1, sizeof(*owned));

	for (size_t i = 0; i < p->nasks; i++) {
		const struct param *param = runbook_param(session_runbook(ui->session), p->asks[i]);
		json_t *value = json_object_get(proposed, p->asks[i]);
		char *name = xasprintf("%s.evidence", p->asks[i]);
		const char *evidence = json_str(proposed, name, NULL);

		if (value && !json_is_null(value))
			owned[i] = json_is_string(value) ? xstrdup(json_string_value(value))
							 : json_line(value);
		owned[p->nasks + i] =
		    xasprintf("%s%s%s", param && param->ask ? param->ask : "",
			      evidence ? "; proposed: " : "", evidence ? evidence : "");
		entries[i] = (struct form_entry){ .label = p->asks[i],
						  .value = owned[i],
						  .hint = owned[p->nasks + i] };
		free(name);
	}
	form_open(ui, "Inputs for the plan", "They are shown in the plan and approved with it.",
		  entries, p->nasks, false, xstrdup(p->name), inputs_done);
	for (size_t i = 0; i < p->nasks * 2; i++)
		free(owned[i]);
	free(owned);
	free(entries);
}
