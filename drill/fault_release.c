/*
 * A deployment: the branch moves on to a release, and the service is restarted.
 */
#include <sys/stat.h>

#include "drill/parts.h"
#include "lib/jdoc.h"
#include "lib/service.h"

static const struct field fields[] = {
	{ "release", FIELD_STRING, true, "tag that is deployed", NULL, NULL },
	{ "repository", FIELD_SOURCE, true, "the repository", "git", NULL },
	{ "restart", FIELD_SOURCE, true, "the service", "service", NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

#define RESTART_TIMEOUT (30 * CLOCK_US)

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	json_t *git = drill_declared(env, json_str(args, "repository", ""), "git", err);
	json_t *declared =
	    git ? drill_declared(env, json_str(args, "restart", ""), "service", err) : NULL;
	struct service service = { 0 };
	mode_t old = umask(022);
	int result = -1;

	if (!declared)
		goto out;
	if (drill_run(env, false, NULL, NULL,
		      (const char *[]){ "git", "-C", json_str(git, "path", ""), "-c",
					"core.hooksPath=/dev/null", "merge", "-q", "--ff-only",
					json_str(args, "release", ""), NULL },
		      err) < 0)
		goto out;
	if (service_init(&service, declared, err) < 0)
		goto out;
	result = service_do(&service, SERVICE_RESTART, RESTART_TIMEOUT, env->log, err);
out:
	umask(old);
	service_release(&service);
	json_decref(declared);
	json_decref(git);
	return result;
}

const struct drill_type fault_release = {
	.type = { .name = "release",
		  .help = "deploys a release and restarts the service",
		  .fields = fields },
	.make = make,
};
