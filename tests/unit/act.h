/*
 * For tests of actions: an environment, and the runner's order of calls.
 */
#ifndef TESTS_UNIT_ACT_H
#define TESTS_UNIT_ACT_H

#include "tests/unit/workspace.h"

#include <fcntl.h>
#include <jansson.h>

#include "actions/action.h"
#include "lib/clock.h"

struct act {
	struct workspace *ws;
	struct action_env env;
	json_t *sources, *args, *before, *facts;
	const struct action_type *type;
	struct err err;
	char *out, *intent;
};

static const json_t *act_declared(void *data, const char *name)
{
	struct act *act = data;

	return json_object_get(act->sources, name);
}

/* The runner gives each stage a deadline of its own. */
static void act_renew(struct act *act)
{
	act->env.deadline = clock_mono(&clock_system) + 60 * CLOCK_US;
}

/* `sources` and `args` as ws_json() takes them. */
static void act_begin(struct act *act, struct workspace *ws, const char *type, const char *sources,
		      const char *args)
{
	char *log = ws_path(ws, "step.txt");

	memset(act, 0, sizeof(*act));
	act->ws = ws;
	act->out = ws_path(ws, "incident");
	act->intent = xstrdup("2026-11-21-03.code/step.1");
	act->type = action_type(type);
	assert_non_null(act->type);
	act->sources = ws_json(ws, sources);
	act->args = ws_json(ws, args);
	act->env =
	    (struct action_env){ .clock = &clock_system,
				 .out = act->out,
				 .log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
				 .intent = act->intent,
				 .declared = act_declared,
				 .data = act };
	act_renew(act);
	free(log);
}

static void act_end(struct act *act)
{
	close(act->env.log);
	json_decref(act->sources);
	json_decref(act->args);
	json_decref(act->before);
	json_decref(act->facts);
	free(act->out);
	free(act->intent);
}

/* The plan's lines; new. */
__attribute__((unused)) static char *act_plan(struct act *act)
{
	struct plan plan = { 0 };
	char *lines;

	if (act->type->plan(&act->env, act->args, &plan, &act->err) < 0)
		fail_msg("plan: %s", act->err.msg);
	lines = xasprintf("%s[loss] %s\n[undo] %s\n", buf_str(&plan.lines), buf_str(&plan.loss),
			  buf_str(&plan.undo));
	plan_release(&plan);
	return lines;
}

static void act_before(struct act *act)
{
	act_renew(act);
	if (act->type->ready(&act->env, act->args, &act->err) < 0)
		fail_msg("ready: %s", act->err.msg);
	json_decref(act->before);
	act->before = act->type->before(&act->env, act->args, &act->err);
	if (!act->before)
		fail_msg("before: %s", act->err.msg);
}

__attribute__((unused)) static enum settled act_settled(struct act *act)
{
	struct buf why = BUF_INIT;
	enum settled settled = act->type->settled(&act->env, act->args, act->before, &why);

	assert_true(why.len > 0);
	buf_release(&why);
	return settled;
}

__attribute__((unused)) static enum settled act_undone(struct act *act)
{
	struct buf why = BUF_INIT;
	enum settled settled = act->type->undone(&act->env, act->args, act->before, &why);

	assert_true(why.len > 0);
	buf_release(&why);
	return settled;
}

__attribute__((unused)) static void act_run(struct act *act)
{
	act_before(act);
	assert_int_equal(act_settled(act), SETTLED_NO);
	json_decref(act->facts);
	act->facts = NULL;
	if (act->type->run(&act->env, act->args, act->before, &act->facts, &act->err) < 0)
		fail_msg("run: %s (%s)", act->err.msg, act->err.hint);
	assert_int_equal(act_settled(act), SETTLED_YES);
}

__attribute__((unused)) static void act_undo(struct act *act)
{
	if (act->type->undo(&act->env, act->args, act->before, &act->err) < 0)
		fail_msg("undo: %s (%s)", act->err.msg, act->err.hint);
	assert_int_equal(act_undone(act), SETTLED_YES);
}

/* ready() refuses, and says `why`. */
__attribute__((unused)) static void act_refused(struct act *act, const char *why)
{
	err_clear(&act->err);
	act_renew(act);
	assert_int_equal(act->type->ready(&act->env, act->args, &act->err), -1);
	assert_contains(act->err.msg, why);
	err_clear(&act->err);
}

#endif
