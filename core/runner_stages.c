/* The parts of a step's work that look at or change the world. Each runs in a process of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "checklists/verdict.h"
#include "core/identity.h"
#include "core/plan.h"
#include "core/runner_work.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/offspring.h"

#define WHEN_US (20 * CLOCK_US)

static json_t *evidence_json(const char *text)
{
	return json_text(text, strlen(text));
}

json_t *stage_when(struct work *work, const struct action_env *env)
{
	struct reading reading = { 0 };

	(void)env;
	sense_eval(work->sense, work->step->when, 0, WHEN_US, &reading);
	return json_pack("{s:s, s:o}", "verdict", verdict_name(reading.verdict), "evidence",
			 evidence_json(reading.evidence));
}

static json_t *plan_lines(const struct work *work, const struct action_env *env)
{
	json_t *lines = json_array();
	struct plan plan = { 0 };
	const char *text;

	if (work->type->plan && work->type->plan(env, work->args, &plan, NULL) == 0) {
		for (text = buf_str(&plan.lines); *text;) {
			size_t len = strcspn(text, "\n");

			json_array_append_new(lines, json_text(text, len));
			text += len + (text[len] == '\n');
		}
	}
	plan_release(&plan);
	return lines;
}

/* What is safe changes nothing that could be the wrong one. */
json_t *stage_identity(struct work *work, const struct action_env *env)
{
	struct err err = ERR_INIT;
	json_t *who = identity_host(work->incident->loaded.target, &err);
	bool risky = !work->type->risk || work->type->risk(work->args) != ACTION_SAFE, wrong;

	if (who && risky)
		identity_add(who, work->sense, &work->type->type, work->args, env->deadline, &wrong,
			     &err);
	if (!err.set)
		return json_pack("{s:o}", "identity", who);
	json_decref(who);
	return err_to_json(&err);
}

json_t *stage_prepare(struct work *work, const struct action_env *env)
{
	struct err err = ERR_INIT;
	json_t *out, *before = NULL;

	if (work->type->ready && work->type->ready(env, work->args, &err) != 0)
		return err_to_json(&err);
	before = work->type->before ? work->type->before(env, work->args, &err) : json_object();
	if (!before)
		return err_to_json(&err);
	out = json_object();
	json_object_set_new(out, "plan", plan_lines(work, env));
	json_object_set_new(out, "before", before);
	return out;
}

/* The effect is there: whoever is now behind the sources in the folder that it has replaced goes on
 * record with it (work_expected). Asked at once, in the process that did or judged it. */
static json_t *replaced_add(const struct work *work, const struct action_env *env, json_t *out)
{
	const char *folder =
	    work->type && work->type->replaces ? work->type->replaces(work->args) : NULL;
	json_t *who = folder ? identity_within(work->sense, folder, env->deadline) : NULL;

	if (who)
		json_object_set_new(out, "identity", who);
	return out;
}

json_t *stage_run(struct work *work, const struct action_env *env)
{
	struct err err = ERR_INIT;
	json_t *out, *facts = NULL;

	if (work->type->run(env, work->args, work->before, &facts, &err) != 0)
		out = err_to_json(&err);
	else
		out = replaced_add(work, env, json_object());
	if (facts)
		json_object_set_new(out, "facts", facts);
	return out;
}

/* Each run found what the one before it had left: the newest is undone first, and one that had no
 * effect not at all. A command that can't tell is undone once. */
static int undo_runs(const struct work *work, const struct action_env *env, struct err *err)
{
	const struct action_type *type = work->type;
	size_t n = json_array_size(work->runs);

	if (n <= 1 || !type->undone)
		return type->undo(env, work->args, n ? json_array_get(work->runs, 0) : work->before,
				  err);
	for (size_t i = 0; i < n; i++) {
		const json_t *before = json_array_get(work->runs, i);
		struct buf why = BUF_INIT;
		bool undone = type->undone(env, work->args, before, &why) == SETTLED_YES;

		buf_release(&why);
		if (!undone && type->undo(env, work->args, before, err) != 0)
			return -1;
	}
	return 0;
}

json_t *stage_undo(struct work *work, const struct action_env *env)
{
	struct err err = ERR_INIT;

	if (!work->type->undo)
		err_set(&err, "this step can't be undone");
	else if (undo_runs(work, env, &err) == 0)
		return json_object();
	return err_to_json(&err);
}

static json_t *settled_json(const struct work *work, const struct action_env *env,
			    enum settled settled, struct buf *why)
{
	static const char *const names[] = {
		[SETTLED_UNKNOWN] = "unknown",
		[SETTLED_YES] = "yes",
		[SETTLED_NO] = "no",
	};
	json_t *out = json_pack("{s:s, s:o}", "settled", names[settled], "evidence",
				json_text(buf_str(why), strcspn(buf_str(why), "\n")));

	buf_release(why);
	return settled == SETTLED_YES ? replaced_add(work, env, out) : out;
}

json_t *stage_settled(struct work *work, const struct action_env *env)
{
	struct buf why = BUF_INIT;
	enum settled settled = SETTLED_UNKNOWN;

	if (work->type && work->type->settled)
		settled = work->type->settled(env, work->args, work->before, &why);
	else
		buf_puts(&why, "nothing can tell");
	return settled_json(work, env, settled, &why);
}

json_t *stage_undone(struct work *work, const struct action_env *env)
{
	struct buf why = BUF_INIT;
	enum settled settled = SETTLED_UNKNOWN;

	if (work->type && work->type->undone)
		settled = work->type->undone(env, work->args, work->before, &why);
	else
		buf_puts(&why, "nothing can tell");
	return settled_json(work, env, settled, &why);
}

json_t *stage_clean(struct work *work, const struct action_env *env)
{
	struct err err = ERR_INIT;

	if (work->type->clean && work->type->clean(env, work->args, work->before, &err) != 0)
		return err_to_json(&err);
	return json_object();
}

/* An action that can't tell by itself (a command) has its exit status and the step's probes to
 * speak for it; only a clear no counts against what holds. */
static enum verdict settled_verdict(struct work *work, const struct action_env *env, json_t *rows)
{
	json_t *answer = stage_settled(work, env);
	const char *settled = json_str(answer, "settled", "unknown");
	bool yes = strcmp(settled, "yes") == 0, no = strcmp(settled, "no") == 0;

	if (yes || no)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:O}", "probe", "settled",
						      "verdict", yes ? "pass" : "fail", "evidence",
						      json_object_get(answer, "evidence")));
	json_decref(answer);
	return no ? VERDICT_FAIL : VERDICT_PASS;
}

/* The step's own probes, and the one that the target binds in a manual step's place. New. */
static struct probe **verify_probes(const struct work *work, size_t *n)
{
	const struct step *step = work->step;
	struct probe *bound =
	    step_bound_probe(step, work->procedure, work->incident->loaded.target);
	struct probe **probes = xcalloc(step->nverify + 2, sizeof(struct probe *));

	*n = step->nverify;
	if (step->nverify)
		memcpy(probes, step->verify, step->nverify * sizeof(struct probe *));
	if (bound)
		probes[(*n)++] = bound;
	return probes;
}

json_t *stage_verify(struct work *work, const struct action_env *env)
{
	int64_t within = sense_duration(work->sense, work->step->within, 30 * CLOCK_US);
	int64_t gone = clock_wall(env->clock) - work->window.since;
	json_t *rows = json_array();
	enum verdict verdicts[2];
	struct reading *readings;
	struct probe **probes;
	size_t n;

	/* `within` counts from the step's end, but each check looks at least once. */
	within = work->window.since && gone > 0 ? (gone < within ? within - gone : 0) : within;
	probes = verify_probes(work, &n);
	readings = xcalloc(n + 1, sizeof(*readings));
	verdicts[0] = settled_verdict(work, env, rows);
	verdicts[1] = verdicts[0] == VERDICT_FAIL
			  ? VERDICT_UNKNOWN
			  : sense_verify(work->sense, probes, n, work->window, within, readings);
	for (size_t i = 0; i < n && verdicts[0] != VERDICT_FAIL; i++) {
		const char *name = probes[i]->title ? probes[i]->title : probes[i]->id;

		json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "probe", name, "verdict",
						      verdict_name(readings[i].verdict), "evidence",
						      evidence_json(readings[i].evidence)));
	}
	free(readings);
	free(probes);
	return json_pack("{s:s, s:o}", "verdict", verdict_name(verdict_all(verdicts, 2)), "probes",
			 rows);
}
