/* A repository: a mere declaration that probes and actions refer to by name. */
#include "lib/gitrepo.h"
#include "sources/declaration.h"
#include "sources/types.h"

static struct source *git_open(const struct source_env *env, const char *name, const json_t *args,
			       struct err *err)
{
	(void)args, (void)err;
	/* Each round asks in a new copy of this process. */
	gitrepo_begin();
	return declaration_new(&source_git, env, name);
}

const struct source_type source_git = {
	.type = { .name = "git", .help = "a git repository's working tree", .fields = git_fields },
	.open = git_open,
};
