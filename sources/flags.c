/* A configuration file with flags: a mere declaration that probes and actions refer to by name. */
#include "lib/flagfile.h"
#include "sources/declaration.h"
#include "sources/types.h"

static struct source *flags_open(const struct source_env *env, const char *name, const json_t *args,
				 struct err *err)
{
	(void)args, (void)err;
	return declaration_new(&source_flags, env, name);
}

const struct source_type source_flags = {
	.type = { .name = "flags",
		  .help = "a configuration file with feature flags",
		  .fields = flags_fields },
	.open = flags_open,
};
