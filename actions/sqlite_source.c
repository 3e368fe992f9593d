#include "actions/sqlite_source.h"

#include "lib/jdoc.h"

const char *sqlite_source(const struct action_env *env, const json_t *args, const char *key,
			  struct err *err)
{
	const char *name = json_str(args, key, "");
	const json_t *declared = env->declared(env->data, name);
	const char *path = json_str(declared, "path", NULL);

	if (!path)
		err_set(err,
			"source %s can't be used: it is not declared, or a parameter is missing",
			name);
	else if (path[0] != '/')
		err_set(err, "%s is no absolute path", path);
	else
		return path;
	return NULL;
}
