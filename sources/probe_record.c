/* Probe types over the record: what stands in the ledgers of a system and target. */
#include "lib/jdoc.h"
#include "sources/types.h"

static const char *const stages[] = { "begun", "finished", NULL };

static const struct field phase_fields[] = {
	{ "phase", FIELD_REF, true, "the phase", "phases", NULL },
	{ "is", FIELD_CHOICE, false, "begun: it is under way or finished; finished", NULL, stages },
	{ "stable_for", FIELD_DURATION, false,
	  "finished so long ago at least, and none of its rollback conditions was on record since",
	  NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};
static const char *const phase_one[] = { "is", "stable_for", NULL };
static const char *const *const phase_groups[] = { phase_one, NULL };

static const struct field proven_fields[] = {
	{ "proven", FIELD_REF, true, "the procedure", "procedures", NULL },
	{ "within", FIELD_DURATION, true, "a drill that it recovered, verified, is not older", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field routine_fields[] = {
	{ "routine", FIELD_REF, true, "the routine", "routines", NULL },
	{ "within", FIELD_DURATION, true,
	  "it was done, and what is sensed in it held, not longer ago", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static void ask(const struct probe_env *env, const char *type, const json_t *args,
		struct reading *out)
{
	if (env->recorded)
		env->recorded(env->data, type, args, out);
	else
		reading_unknown(out, clock_wall(env->clock), "there is no record here");
}

static void eval_phase(const struct probe_env *env, const json_t *args, struct reading *out)
{
	ask(env, "phase", args, out);
}

static void eval_proven(const struct probe_env *env, const json_t *args, struct reading *out)
{
	ask(env, "proven", args, out);
}

static void eval_routine(const struct probe_env *env, const json_t *args, struct reading *out)
{
	ask(env, "routine", args, out);
}

const struct probe_type probe_phase = {
	.type = { .name = "phase",
		  .help = "by the record: a phase has begun, is finished, is stable",
		  .fields = phase_fields,
		  .one_of = phase_groups },
	.blocks = true,
	.recorded = true,
	.eval = eval_phase,
};

const struct probe_type probe_proven = {
	.type = { .name = "proven",
		  .help = "by the record: a drill has proven a procedure",
		  .fields = proven_fields },
	.blocks = true,
	.recorded = true,
	.eval = eval_proven,
};

const struct probe_type probe_routine = {
	.type = { .name = "routine",
		  .help = "by the record: a routine was done",
		  .fields = routine_fields },
	.blocks = true,
	.recorded = true,
	.eval = eval_routine,
};
