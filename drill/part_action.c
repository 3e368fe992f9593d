/*
 * Any action of the vocabulary, done to the sandbox: dumps and archives are made, and services
 * started, by the very code that procedures use. As a fault it is what an operator did: a flag
 * switched on, a service stopped.
 */
#include <stdlib.h>

#include "actions/action.h"
#include "drill/parts.h"
#include "lib/file.h"
#include "lib/jdoc.h"

static const struct field fields[] = {
	{ "action", FIELD_MAP, true, "an action, as in a runbook's step", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define ACTION_TIMEOUT (120 * CLOCK_US)

/* What the action asks for by name, kept until it is over. */
struct work {
	const struct drill_env *env;
	json_t *declared; /* source -> its filled-in declaration */
};

static const json_t *declared(void *data, const char *name)
{
	struct work *work = data;
	const struct source_def *source = target_source(work->env->target, name);

	if (source && !json_object_get(work->declared, name)) {
		json_t *filled = drill_declared(work->env, name, source->what.type->name, NULL);

		if (filled)
			json_object_set_new(work->declared, name, filled);
	}
	return json_object_get(work->declared, name);
}

static const struct action_type *type_of(const json_t *action)
{
	for (size_t i = 0; action_types[i]; i++) {
		if (json_object_get(action, action_types[i]->type.name))
			return action_types[i];
	}
	return NULL;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	const json_t *action = json_object_get(args, "action");
	const struct action_type *type = type_of(action);
	char *out = path_join(env->sandbox, "out");
	struct work work = { .env = env, .declared = json_object() };
	struct action_env action_env = {
		.clock = env->clock,
		.deadline = clock_mono(env->clock) + ACTION_TIMEOUT,
		.out = out,
		.log = env->log,
		.intent = "sandbox",
		.declared = declared,
		.data = &work,
	};
	json_t *before = NULL, *facts = NULL;
	int result = -1;

	if (!type || type->manual) {
		err_set(err, "an action of a known type was expected");
		goto out;
	}
	if (file_mkdirs(out, 0700, err) < 0 ||
	    (type->ready && type->ready(&action_env, action, err) < 0))
		goto out;
	before = type->before ? type->before(&action_env, action, err) : json_object();
	if (before)
		result = type->run(&action_env, action, before, &facts, err);
out:
	json_decref(before);
	json_decref(facts);
	json_decref(work.declared);
	free(out);
	return result;
}

const struct drill_type part_action = {
	.type = { .name = "action", .help = "an action, done to the sandbox", .fields = fields },
	.make = make,
};
