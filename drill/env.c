#include "drill/env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/params.h"

/* No part takes longer, also on a slow and loaded host. */
#define PART_TIMEOUT (120 * CLOCK_US)

json_t *drill_declared(const struct drill_env *env, const char *source, const char *type,
		       struct err *err)
{
	const struct source_def *def = target_source(env->target, source);

	if (!def) {
		err_set(err, "the sandbox's target has no source \"%s\"", source);
		return NULL;
	}
	if (strcmp(def->what.type->name, type)) {
		err_set(err, "source \"%s\" is of type %s, a %s was expected", source,
			def->what.type->name, type);
		return NULL;
	}
	return params_fill(def->what.args, env->values, err);
}

bool drill_is_sqlite(const struct drill_env *env, const char *source)
{
	const struct source_def *def = target_source(env->target, source);

	return def && !strcmp(def->what.type->name, "sqlite");
}

int drill_run(const struct drill_env *env, bool as_user, const char *cwd,
	      const char *const *more_env, const char *const *argv, struct err *err)
{
	const char *vars[16] = { env->mark };
	struct child_spec spec = {
		.argv = argv, .env = vars, .cwd = cwd, .in = -1, .keep_umask = true
	};

	for (size_t i = 0; more_env && more_env[i] && i < 14; i++)
		vars[i + 1] = more_env[i];
	if (as_user) {
		spec.uid = env->uid;
		spec.gid = env->gid;
	}
	return argv_run(&spec, PART_TIMEOUT, env->log, 0, err);
}

int drill_folder(const struct drill_env *env, const char *path, mode_t mode, struct err *err)
{
	if (file_mkdirs(path, mode, err) < 0)
		return -1;
	if (chmod(path, mode) < 0)
		return err_sys(err, "setting the mode of %s", path);
	if (env->uid && chown(path, env->uid, env->gid) < 0)
		return err_sys(err, "giving %s to the sandbox's user", path);
	return 0;
}

/* `cp` keeps what file copies are about (modes, empty files); folders are laid over each other. */
int drill_lay(const struct drill_env *env, const char *files, const char *to, struct err *err)
{
	char *from = path_join(env->data, files), *content = path_join(from, ".");
	int result = drill_run(env, false, NULL, NULL,
			       (const char *[]){ "cp", "-R", content, to, NULL }, err);

	/* The services' user must be able to read it, whatever mode the data came with. */
	if (result == 0)
		result = drill_run(env, false, NULL, NULL,
				   (const char *[]){ "chmod", "-R", "a+rX", to, NULL }, err);
	free(content);
	free(from);
	return result;
}

bool drill_inside(const struct drill_env *env, const char *path)
{
	char *sandbox = realpath(env->sandbox, NULL), *real = realpath(path, NULL);
	bool result = sandbox && real && path_below(real, sandbox);

	free(sandbox);
	free(real);
	return result;
}

const struct drill_type *drill_type_of(const struct drill_type *const *types, const json_t *object,
				       struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (!strcmp(key, "say"))
			continue;
		for (size_t i = 0; types[i]; i++) {
			if (!strcmp(types[i]->type.name, key))
				return types[i];
		}
		break;
	}
	err_set(err, "no part or fault is of a known type in %s",
		json_str(object, "say", "an object without \"say\""));
	return NULL;
}

int drill_make(const struct drill_env *env, const struct drill_type *const *types,
	       const json_t *object, struct err *err)
{
	const struct drill_type *type = drill_type_of(types, object, err);
	json_t *args = type ? params_fill(object, env->values, err) : NULL;
	int result = args ? type->make(env, args, err) : -1;

	json_decref(args);
	return result;
}
