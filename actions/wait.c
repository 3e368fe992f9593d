/* Actions that change nothing themselves: "wait" for a probe, and "manual", done by a person. */
#include <stdlib.h>
#include <string.h>

#include "actions/types.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define FOR_US (60 * CLOCK_US)

static const struct field wait_fields[] = {
	{ "wait", FIELD_PROBE, true, "what must hold", NULL, NULL },
	{ "for", FIELD_DURATION, false, "how long it is waited for (60s)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field manual_fields[] = {
	{ "manual", FIELD_STRING, true, "what a person does, and reports as done", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static void text_add(struct buf *out, const char *text)
{
	text_clean(out, text, strlen(text));
}

static void probe_text(const json_t *probe, struct buf *out);

static void parts_text(const json_t *parts, const char *joined, struct buf *out)
{
	for (size_t i = 0; i < json_array_size(parts); i++) {
		buf_puts(out, i > 0 ? joined : "");
		probe_text(json_array_get(parts, i), out);
	}
}

/* What a probe is called: the name of a declared one, what it says, its parts, or its own JSON. */
static void probe_text(const json_t *probe, struct buf *out)
{
	const char *said = json_str(probe, "say", json_string_value(probe));
	const json_t *all = json_object_get(probe, "all"), *any = json_object_get(probe, "any");
	char *line;

	if (said != NULL) {
		text_add(out, said);
	} else if (all != NULL || any != NULL) {
		parts_text(all != NULL ? all : any, all != NULL ? " and " : " or ", out);
	} else if (json_object_get(probe, "not") != NULL) {
		buf_puts(out, "not ");
		probe_text(json_object_get(probe, "not"), out);
	} else {
		line = json_line(probe);
		text_add(out, line != NULL ? line : "?");
		free(line);
	}
}

static int wait_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		     struct err *err)
{
	char time[40];

	(void)env;
	(void)err;
	buf_printf(&plan->lines, "wait up to %s for: ",
		   duration_text(json_us(args, "for", FOR_US), time, sizeof(time)));
	probe_text(json_object_get(args, "wait"), &plan->lines);
	buf_putc(&plan->lines, '\n');
	buf_puts(&plan->undo, "Nothing is changed, so there is nothing to undo.");
	return 0;
}

static int64_t wait_time(const struct action_env *env, const json_t *args)
{
	int64_t want = json_us(args, "for", FOR_US), left = env->deadline - clock_mono(env->clock);

	return want < left ? want : left;
}

static int wait_run(const struct action_env *env, const json_t *args, const json_t *before,
		    json_t **facts, struct err *err)
{
	(void)before;
	(void)facts;
	if (env->await == NULL)
		return err_set(err, "nobody can evaluate probes here");
	return env->await(env->data, json_object_get(args, "wait"), wait_time(env, args), err);
}

/* Whether it holds now is all there is to know; a look, no second wait. */
static enum settled wait_settled(const struct action_env *env, const json_t *args,
				 const json_t *before, struct buf *why)
{
	struct err err = ERR_INIT;

	(void)before;
	if (env->await != NULL &&
	    env->await(env->data, json_object_get(args, "wait"), CLOCK_US, &err) == 0) {
		buf_puts(why, "what was waited for holds");
		return SETTLED_YES;
	}
	buf_puts(why, err.set ? err.msg : "nobody can evaluate probes here");
	return SETTLED_UNKNOWN;
}

static int nothing_to_undo(const struct action_env *env, const json_t *args, const json_t *before,
			   struct err *err)
{
	(void)env;
	(void)args;
	(void)before;
	(void)err;
	return 0;
}

static enum settled nothing_undone(const struct action_env *env, const json_t *args,
				   const json_t *before, struct buf *why)
{
	(void)env;
	(void)args;
	(void)before;
	buf_puts(why, "nothing was changed");
	return SETTLED_YES;
}

static int manual_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		       struct err *err)
{
	(void)env;
	(void)err;
	buf_puts(&plan->lines, "by hand: ");
	text_add(&plan->lines, json_str(args, "manual", ""));
	buf_putc(&plan->lines, '\n');
	buf_puts(&plan->undo, "by whoever did it");
	return 0;
}

static int manual_run(const struct action_env *env, const json_t *args, const json_t *before,
		      json_t **facts, struct err *err)
{
	(void)env;
	(void)args;
	(void)before;
	(void)facts;
	return err_set(err, "this is done by a person");
}

static enum settled manual_settled(const struct action_env *env, const json_t *args,
				   const json_t *before, struct buf *why)
{
	(void)env;
	(void)args;
	(void)before;
	buf_puts(why, "only the person who did it can say");
	return SETTLED_UNKNOWN;
}

const struct action_type action_wait = {
	.type = { .name = "wait",
		  .help = "waits until a probe passes",
		  .fields = wait_fields,
		  .examples =
		      "{\"wait\": {\"service\": \"bot\", \"is\": \"active\"}, \"for\": \"2m\"}" },
	.risk = risk_safe,
	.plan = wait_plan,
	.run = wait_run,
	.settled = wait_settled,
	.undo = nothing_to_undo,
	.undone = nothing_undone,
	.reads_only = true,
};

const struct action_type action_manual = {
	.type = { .name = "manual",
		  .help = "an instruction to a person",
		  .fields = manual_fields,
		  .examples = "{\"manual\": \"Tell the team that the bot is back, and look at one "
			      "round by hand.\"}" },
	.risk = risk_safe,
	.plan = manual_plan,
	.run = manual_run,
	.settled = manual_settled,
	.manual = true,
};
