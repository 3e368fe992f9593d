#include "actions/pg_source.h"

#include "lib/jdoc.h"

int pg_source(const struct action_env *env, const json_t *args, const char *key,
	      struct pg_params *params, struct err *err)
{
	const char *name = json_str(args, key, NULL);
	const json_t *declared = name ? env->declared(env->data, name) : NULL;

	if (!name)
		return err_set(err, "\"%s\" names no source", key);
	if (!declared)
		return err_set(err,
			       "source %s can't be used: it is not declared, or a parameter is "
			       "missing",
			       name);
	return pg_params_from(declared, params, err);
}

int64_t pg_time_left(const struct action_env *env)
{
	const int64_t least = CLOCK_US, most = 86400 * CLOCK_US;
	int64_t left = env->deadline - clock_mono(env->clock);

	return env->deadline == 0 || left > most ? most : left < least ? least : left;
}

struct pg *pg_source_open(const struct action_env *env, const json_t *args, const char *key,
			  bool writable, struct err *err)
{
	struct pg_params params;

	if (pg_source(env, args, key, &params, err) < 0)
		return NULL;
	struct pg *pg =
	    pg_open(&params, env->intent ? env->intent : "look", pg_time_left(env), NULL, err);
	if (pg && pg_check_identity(pg, &params, writable, err) < 0) {
		pg_close(pg);
		pg = NULL;
	}
	pg_params_release(&params);
	return pg;
}
