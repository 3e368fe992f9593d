#include "core/runner.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/runner_work.h"
#include "core/steplock.h"
#include "lib/child.h"
#include "lib/datadir.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

static void env_add(char ***env, size_t *n, const char *name)
{
	const char *value = getenv(name);

	if (!value)
		return;
	*env = xrealloc(*env, (*n + 2) * sizeof(char *));
	(*env)[(*n)++] = xasprintf("%s=%s", name, value);
	(*env)[*n] = NULL;
}

/* What a child's environment lacks: our own variables, those that say who acts, and those in which
 * the target keeps secrets. */
static char **runner_env(const struct target *target)
{
	static const char *const own[] = { "BACKOUT_STATE_DIR", "BACKOUT_DATA_DIR", "SUDO_USER",
					   "SSH_CONNECTION", NULL };
	char **env = xcalloc(1, sizeof(char *));
	const char *name;
	json_t *where;
	size_t n = 0;

	for (size_t i = 0; own[i]; i++)
		env_add(&env, &n, own[i]);
	json_object_foreach((json_t *)(target ? target->secrets : NULL), name, where) {
		if (json_str(where, "env", NULL))
			env_add(&env, &n, json_str(where, "env", NULL));
	}
	return env;
}

pid_t runner_start(const struct incident *incident, const char *step, enum runner_act act,
		   uint64_t after, int err_fd, struct err *err)
{
	/* Another version may stand in its place by now: what approved is what runs. */
	char *self = self_program(), **env = runner_env(incident->loaded.target);
	char after_text[24];
	const char *argv[] = { self, RUNNER_WORD,	   incident->folder,
			       step, runner_act_name(act), after_text,
			       NULL };
	struct child_spec spec = {
		.argv = argv,
		.env = (const char *const *)env,
		.in = -1,
		.out = -1,
		.err = err_fd,
		.detached = true,
	};
	pid_t pid;

	snprintf(after_text, sizeof(after_text), "%" PRIu64, after);
	pid = child_start(&spec, err);
	for (size_t i = 0; env[i]; i++)
		free(env[i]);
	free(env);
	free(self);
	return pid;
}

bool runner_alive(const struct incident *incident)
{
	return incident_lock_holder(incident, LOCK_STEP) != 0;
}

int runner_stop(const struct incident *incident, struct err *err)
{
	pid_t holder = incident_lock_holder(incident, LOCK_STEP);

	if (!holder)
		return err_set(err, "no step is running");
	if (kill(holder, SIGTERM) == 0 || errno == ESRCH)
		return 0;
	err_sys(err, "the runner (process %d) can't be stopped", (int)holder);
	return errno == EPERM
		   ? err_hint(err, "whoever started it, or root, can: kill %d", (int)holder)
		   : -1;
}
