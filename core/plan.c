#include "core/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/identity.h"
#include "core/outgoing.h"
#include "core/secrets.h"
#include "lib/argv.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/params.h"

#define WHEN_US	    (10 * CLOCK_US)
#define PLAN_US	    (60 * CLOCK_US)
#define IDENTITY_US (5 * CLOCK_US)

/* ---- Which action a step has ---- */

static const struct binding *step_binding(const struct step *step,
					  const struct procedure *procedure,
					  const struct target *target)
{
	char *place = xasprintf("%s/%s", procedure->name, step->id);
	const struct binding *binding = target ? target_binding(target, place) : NULL;

	free(place);
	return binding;
}

static bool is_manual(const struct step *step)
{
	const struct action_type *type;

	if (step->kind != STEP_ACTION || !step->action.type)
		return false;
	type = action_type(step->action.type->name);
	return type && type->manual;
}

const struct typed *step_action(const struct step *step, const struct procedure *procedure,
				const struct target *target)
{
	const struct binding *binding;

	if (step->kind != STEP_ACTION || step->by_person)
		return NULL;
	if (!is_manual(step))
		return &step->action;
	binding = step_binding(step, procedure, target);
	return binding && binding->action.type ? &binding->action : NULL;
}

struct probe *step_bound_probe(const struct step *step, const struct procedure *procedure,
			       const struct target *target)
{
	const struct binding *binding =
	    is_manual(step) ? step_binding(step, procedure, target) : NULL;

	return binding ? binding->probe : NULL;
}

char *step_guard_text(const struct step *step, const struct procedure *procedure, char *out,
		      size_t size)
{
	const struct step *guard;
	const char *answer = step->guard_answer ? step->guard_answer : "";

	out[0] = '\0';
	if (step->guard < 0)
		return out;
	guard = &procedure->steps[step->guard];
	for (size_t i = 0; i < guard->noptions; i++) {
		if (strcmp(guard->options[i].id, answer) == 0 && guard->options[i].say)
			answer = guard->options[i].say;
	}
	snprintf(out, size, "if \"%s\" is %s", guard->say, answer);
	return out;
}

/* ---- The digest ---- */

static json_t *probe_canonical(const json_t *values, const struct probe *probe)
{
	json_t *out, *parts, *args;

	if (!probe)
		return json_null();
	out = json_object();
	args = probe->ask.args ? params_fill(probe->ask.args, values, NULL) : NULL;
	parts = json_array();
	json_object_set_new(out, "id", json_string(probe->id));
	json_object_set_new(out, "kind", json_integer(probe->kind));
	json_object_set_new(out, "ask", args ? args : json_null());
	json_object_set_new(out, "count", json_integer((json_int_t)probe->count));
	json_object_set_new(out, "for", json_integer(probe->for_us));
	for (size_t i = 0; i < probe->nparts; i++)
		json_array_append_new(parts, probe_canonical(values, probe->parts[i]));
	json_object_set_new(out, "parts", parts);
	return out;
}

/* Filled in as far as it goes: an answer that is still missing leaves the text as it is. */
static json_t *args_canonical(const json_t *values, const json_t *args)
{
	json_t *filled = args ? params_fill(args, values, NULL) : NULL;

	return filled ? filled : args ? json_deep_copy(args) : json_null();
}

static json_t *step_canonical(const json_t *values, const struct step *step,
			      const struct procedure *procedure, const struct target *target)
{
	const struct typed *action = step_action(step, procedure, target);
	json_t *out = json_object(), *verify = json_array();

	json_object_set_new(out, "id", json_string(step->id));
	json_object_set_new(out, "say", json_string(step->say));
	json_object_set_new(out, "guard", json_integer(step->guard));
	json_object_set_new(out, "guard_answer", json_string(step->guard_answer));
	json_object_set_new(out, "action", args_canonical(values, action ? action->args : NULL));
	json_object_set_new(out, "bound",
			    probe_canonical(values, step_bound_probe(step, procedure, target)));
	json_object_set_new(out, "when", probe_canonical(values, step->when));
	json_object_set_new(out, "timeout", args_canonical(values, step->timeout));
	json_object_set_new(out, "within", args_canonical(values, step->within));
	for (size_t i = 0; i < step->nverify; i++)
		json_array_append_new(verify, probe_canonical(values, step->verify[i]));
	json_object_set_new(out, "verify", verify);
	return out;
}

static bool procedure_asks(const struct procedure *procedure, const char *name)
{
	for (size_t i = 0; i < procedure->nasks; i++) {
		if (strcmp(procedure->asks[i], name) == 0)
			return true;
	}
	return false;
}

/* New: the values that this procedure can see, so that answers to another one's questions change
 * nothing. Secrets must not be guessable by the digest. */
static json_t *values_canonical(const struct sense *sense, const struct target *target,
				const struct procedure *procedure)
{
	const struct runbook *runbook = sense_runbook(sense);
	json_t *values = json_deep_copy(sense_values(sense)), *where;
	const char *name;

	json_object_foreach((json_t *)(target ? target->secrets : NULL), name, where)
		json_object_del(values, name);
	for (size_t i = 0; i < runbook->nparams; i++) {
		const struct param *param = &runbook->params[i];

		if (param->secret || (param->ask && !procedure_asks(procedure, param->name)))
			json_object_del(values, param->name);
	}
	return values;
}

int plan_digest(const struct sense *sense, const struct loaded *loaded,
		const struct procedure *procedure, const json_t *params, char out[SHA256_HEX],
		struct err *err)
{
	json_t *whole = json_object(), *steps = json_array();
	json_t *values = values_canonical(sense, loaded->target, procedure);
	json_t *hidden = secrets_hidden(sense_runbook(sense), sense_values(sense));
	char *text;

	for (size_t i = 0; i < procedure->nsteps; i++)
		json_array_append_new(steps, step_canonical(hidden, &procedure->steps[i], procedure,
							    loaded->target));
	json_decref(hidden);
	json_object_set_new(whole, "procedure", json_string(procedure->name));
	json_object_set_new(whole, "steps", steps);
	json_object_set_new(whole, "params", params ? json_deep_copy(params) : json_object());
	json_object_set_new(whole, "values", values);
	json_object_set_new(whole, "target",
			    json_string(loaded->target ? loaded->target->name : ""));
	json_object_set_new(whole, "runbook_hash", json_string(loaded->runbook_hash));
	json_object_set_new(whole, "target_hash", json_string(loaded->target_hash));
	text = json_dumps(whole, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(whole);
	if (!text)
		return err_set(err, "the plan can't be written as text");
	sha256_hex(text, strlen(text), out);
	free(text);
	return 0;
}

/* ---- Making a plan ---- */

static void lines_add(char ***lines, size_t *n, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		*lines = xrealloc(*lines, (*n + 1) * sizeof(char *));
		(*lines)[(*n)++] = xstrndup(text, len);
		text += len + (text[len] == '\n');
	}
}

static void plan_problem(struct plan_step *out, const struct err *err)
{
	if (!out->problem)
		out->problem =
		    err->hint[0] ? xasprintf("%s (%s)", err->msg, err->hint) : xstrdup(err->msg);
}

/* Two steps may measure the same loss: it is lost once. */
static void loss_add(struct procedure_plan *plan, const char *text)
{
	size_t had = plan->nloss;

	lines_add(&plan->loss, &plan->nloss, text);
	for (size_t i = had; i < plan->nloss; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(plan->loss[k], plan->loss[i]) != 0)
				continue;
			free(plan->loss[i]);
			plan->nloss--;
			memmove(plan->loss + i, plan->loss + i + 1,
				(plan->nloss - i) * sizeof(*plan->loss));
			i--;
			break;
		}
	}
}

struct planning {
	struct procedure_plan *plan;
	struct sense *sense;
	const struct target *target;
	const struct incident *incident;
	bool first; /* no action was planned yet */
};

static const json_t *env_declared(void *data, const char *name)
{
	return sense_declared(((const struct planning *)data)->sense, name);
}

static int env_outgoing(void *data, const char *message, const char *contact, struct outgoing *out,
			struct err *err)
{
	const struct planning *planning = data;

	return outgoing_make(out, planning->sense, planning->incident, message, contact, err);
}

static void plan_question(struct plan_step *out, const struct step *step)
{
	char *line =
	    xasprintf(step->kind == STEP_CHOICE ? "asks which way: %s" : "asks: %s", step->say);

	lines_add(&out->lines, &out->nlines, line);
	free(line);
	for (size_t i = 0; i < step->noptions; i++) {
		line = xasprintf("  %s: %s", step->options[i].id,
				 step->options[i].say ? step->options[i].say : "");
		lines_add(&out->lines, &out->nlines, line);
		free(line);
	}
}

/* A source that an earlier step must start can't be told yet; one that is another than the target
 * says is a problem at once. */
static void plan_identity(const struct planning *planning, struct plan_step *out,
			  const struct typed *action, const json_t *args)
{
	struct err why = ERR_INIT;
	bool wrong = false;

	if (out->risk == ACTION_SAFE || !planning->plan->identity || !out->applicable)
		return;
	identity_add(planning->plan->identity, planning->sense, action->type, args,
		     clock_mono(&clock_system) + IDENTITY_US, &wrong, &why);
	if (why.set && (wrong || planning->first))
		plan_problem(out, &why);
}

static void plan_action(struct planning *planning, struct plan_step *out,
			const struct typed *action)
{
	struct sense *sense = planning->sense;
	const struct action_type *type = action_type(action->type->name);
	struct err err = ERR_INIT;
	struct plan lines = { 0 };
	char **shell = secrets_shell(sense_runbook(sense), sense_values(sense), action->args);
	struct action_env env = {
		.clock = &clock_system,
		.deadline = clock_mono(&clock_system) + PLAN_US,
		.log = -1,
		.intent = "plan",
		.declared = env_declared,
		.outgoing = env_outgoing,
		.shell_env = (const char *const *)shell,
		.data = planning,
	};
	json_t *args = sense_fill(sense, action->args, &err);

	if (!args || !type)
		goto out;
	out->risk = type->risk && !out->manual ? type->risk(args) : ACTION_SAFE;
	if (type->plan && type->plan(&env, args, &lines, &err) != 0)
		goto out;
	lines_add(&out->lines, &out->nlines, buf_str(&lines.lines));
	out->undo = xstrdup(buf_str(&lines.undo));
	if (out->applicable)
		loss_add(planning->plan, buf_str(&lines.loss));
	/* Whether later steps are ready is decided by those before them. */
	if (planning->first && out->applicable && type->ready && !out->manual)
		type->ready(&env, args, &err);
out:
	if (err.set)
		plan_problem(out, &err);
	else
		plan_identity(planning, out, action, args);
	plan_release(&lines);
	argv_free(shell);
	json_decref(args);
}

/* What a person is told to do: the action's own words, else the step's. */
static void plan_manual(struct plan_step *out, struct sense *sense, const struct step *step)
{
	json_t *args = step->action.type ? sense_fill(sense, step->action.args, NULL) : NULL;
	const char *told = args ? json_str(args, step->action.type->name, NULL) : NULL;

	lines_add(&out->lines, &out->nlines, "by hand:");
	lines_add(&out->lines, &out->nlines, told ? told : step->note ? step->note : step->say);
	json_decref(args);
}

static void plan_one(struct planning *planning, size_t i)
{
	struct procedure_plan *plan = planning->plan;
	struct sense *sense = planning->sense;
	const struct step *step = &plan->procedure->steps[i];
	const struct typed *action = step_action(step, plan->procedure, planning->target);
	struct plan_step *out = &plan->steps[i];
	struct reading when = { .verdict = VERDICT_PASS };

	out->step = step;
	if (step->when)
		sense_eval(sense, step->when, 0, WHEN_US, &when);
	out->applicable = when.verdict != VERDICT_FAIL;
	if (action) {
		plan_action(planning, out, action);
		planning->first = false;
	} else if (step->by_person) {
		out->manual = true;
		plan_action(planning, out, &step->action);
	} else if (step->kind == STEP_ACTION) {
		out->manual = true;
		plan_manual(out, sense, step);
	} else {
		plan_question(out, step);
	}
	if (out->applicable && out->risk > plan->risk)
		plan->risk = out->risk;
	if (!out->undo)
		out->undo = xstrdup("");
}

static void redact_line(const struct redactor *redactor, char **line)
{
	struct buf out = BUF_INIT;

	if (!*line || !**line)
		return;
	redact(redactor, &out, *line, strlen(*line));
	free(*line);
	*line = buf_detach(&out);
}

/* What is shown never has a secret: actions say what they are given. */
static void plan_redact(struct procedure_plan *plan, const struct target *target)
{
	struct redactor *redactor = secrets_redactor(target);

	for (size_t i = 0; i < plan->nsteps; i++) {
		struct plan_step *step = &plan->steps[i];

		for (size_t k = 0; k < step->nlines; k++)
			redact_line(redactor, &step->lines[k]);
		redact_line(redactor, &step->undo);
		redact_line(redactor, &step->problem);
	}
	for (size_t i = 0; i < plan->nloss; i++)
		redact_line(redactor, &plan->loss[i]);
	redactor_free(redactor);
}

int plan_make(struct procedure_plan *plan, struct sense *sense, const struct loaded *loaded,
	      const struct procedure *procedure, const json_t *params,
	      const struct incident *incident, struct err *err)
{
	struct planning planning = { .plan = plan,
				     .sense = sense,
				     .target = loaded->target,
				     .incident = incident,
				     .first = true };

	*plan = (struct procedure_plan){ .procedure = procedure };
	plan->params = params ? json_deep_copy(params) : json_object();
	for (size_t i = 0; i < procedure->nasks; i++) {
		const json_t *answer = json_object_get(plan->params, procedure->asks[i]);

		if (answer && !json_is_null(answer))
			continue;
		if (json_object_get(sense_values(sense), procedure->asks[i]))
			continue;
		err_set(err, "%s: parameter %s has no answer yet", procedure->name,
			procedure->asks[i]);
		return err_hint(err, "answer it, or let a probe propose it");
	}
	sense_params(sense, plan->params);
	if (plan_digest(sense, loaded, procedure, plan->params, plan->digest, err) != 0)
		return -1;
	plan->identity = identity_host(loaded->target, err);
	if (!plan->identity)
		return -1;
	plan->nsteps = procedure->nsteps;
	plan->steps = xcalloc(plan->nsteps + 1, sizeof(*plan->steps));
	for (size_t i = 0; i < plan->nsteps; i++)
		plan_one(&planning, i);
	plan_redact(plan, loaded->target);
	return 0;
}

void plan_free(struct procedure_plan *plan)
{
	for (size_t i = 0; i < plan->nsteps; i++) {
		for (size_t k = 0; k < plan->steps[i].nlines; k++)
			free(plan->steps[i].lines[k]);
		free(plan->steps[i].lines);
		free(plan->steps[i].undo);
		free(plan->steps[i].problem);
	}
	for (size_t i = 0; i < plan->nloss; i++)
		free(plan->loss[i]);
	free(plan->steps);
	free(plan->loss);
	json_decref(plan->params);
	json_decref(plan->identity);
	*plan = (struct procedure_plan){ 0 };
}

/* ---- Through a pipe ---- */

static json_t *lines_json(char *const *lines, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_text(lines[i], strlen(lines[i])));
	return list;
}

static void lines_from_json(char ***lines, size_t *n, const json_t *list)
{
	*lines = xcalloc(json_array_size(list) + 1, sizeof(char *));
	for (*n = 0; *n < json_array_size(list); (*n)++)
		(*lines)[*n] = xstrdup(json_string_value(json_array_get(list, *n)));
}

json_t *plan_to_json(const struct procedure_plan *plan)
{
	json_t *out = json_object(), *steps = json_array();

	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct plan_step *step = &plan->steps[i];
		json_t *row = json_object();

		json_object_set_new(row, "step", json_string(step->step->id));
		json_object_set_new(row, "say", json_string(step->step->say));
		json_object_set_new(row, "risk", json_string(risk_class_name(step->risk)));
		json_object_set_new(row, "applicable", json_boolean(step->applicable));
		json_object_set_new(row, "manual", json_boolean(step->manual));
		json_object_set_new(row, "lines", lines_json(step->lines, step->nlines));
		json_object_set_new(row, "undo", json_text(step->undo, strlen(step->undo)));
		if (step->problem)
			json_object_set_new(row, "problem",
					    json_text(step->problem, strlen(step->problem)));
		json_array_append_new(steps, row);
	}
	json_object_set_new(out, "procedure", json_string(plan->procedure->name));
	json_object_set_new(out, "risk", json_string(risk_class_name(plan->risk)));
	json_object_set_new(out, "loss", lines_json(plan->loss, plan->nloss));
	json_object_set_new(out, "params", json_incref(plan->params));
	json_object_set(out, "identity", plan->identity);
	json_object_set_new(out, "digest", json_string(plan->digest));
	json_object_set_new(out, "steps", steps);
	return out;
}

static enum risk_class risk_parse(const char *name)
{
	for (int i = ACTION_DESTRUCTIVE; i > ACTION_SAFE; i--) {
		if (strcmp(risk_class_name((enum risk_class)i), name) == 0)
			return (enum risk_class)i;
	}
	return ACTION_SAFE;
}

int plan_from_json(struct procedure_plan *plan, const struct runbook *runbook, const json_t *json,
		   struct err *err)
{
	const json_t *steps = json_object_get(json, "steps");
	const struct procedure *procedure =
	    runbook_procedure(runbook, json_str(json, "procedure", ""));

	*plan = (struct procedure_plan){ .procedure = procedure };
	if (!procedure || json_array_size(steps) != procedure->nsteps)
		return err_set(err, "the plan that came back is none of this runbook");
	plan->params = json_deep_copy(json_object_get(json, "params"));
	plan->identity = json_deep_copy(json_object_get(json, "identity"));
	plan->risk = risk_parse(json_str(json, "risk", ""));
	snprintf(plan->digest, sizeof(plan->digest), "%s", json_str(json, "digest", ""));
	lines_from_json(&plan->loss, &plan->nloss, json_object_get(json, "loss"));
	plan->nsteps = procedure->nsteps;
	plan->steps = xcalloc(plan->nsteps + 1, sizeof(*plan->steps));
	for (size_t i = 0; i < plan->nsteps; i++) {
		const json_t *row = json_array_get(steps, i);
		struct plan_step *step = &plan->steps[i];
		const char *problem = json_str(row, "problem", NULL);

		step->step = &procedure->steps[i];
		step->risk = risk_parse(json_str(row, "risk", ""));
		step->applicable = json_bool(row, "applicable", 1) != 0;
		step->manual = json_bool(row, "manual", 0) != 0;
		lines_from_json(&step->lines, &step->nlines, json_object_get(row, "lines"));
		step->undo = xstrdup(json_str(row, "undo", ""));
		step->problem = problem ? xstrdup(problem) : NULL;
	}
	return 0;
}

/* ---- Proposals ---- */

json_t *plan_propose(struct sense *sense, const struct procedure *procedure)
{
	const struct runbook *runbook = sense_runbook(sense);
	json_t *out = json_object();

	for (size_t i = 0; i < procedure->nasks; i++) {
		const struct param *param = runbook_param(runbook, procedure->asks[i]);
		struct reading reading = { 0 };
		json_t *value = json_null();
		char key[128];

		if (!param)
			continue;
		reading_unknown(&reading, 0, "nothing proposes it");
		if (param->propose)
			sense_eval(sense, param->propose, 0, PLAN_US, &reading);
		if (reading.verdict == VERDICT_PASS && reading.text[0])
			value = json_text(reading.text, strlen(reading.text));
		else if (reading.verdict == VERDICT_PASS && reading.has_value)
			value = json_real(reading.value);
		else if (param->fallback)
			value = json_deep_copy(param->fallback);
		json_object_set_new(out, param->name, value);
		snprintf(key, sizeof(key), "%s.evidence", param->name);
		json_object_set_new(out, key,
				    json_text(reading.evidence, strlen(reading.evidence)));
	}
	return out;
}
