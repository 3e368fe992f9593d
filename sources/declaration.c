#include "sources/declaration.h"

#include "lib/mem.h"

struct source *declaration_new(const struct source_type *type, const struct source_env *env,
			       const char *name)
{
	struct source *source = xcalloc(1, sizeof(*source));

	source_init(source, type, env, name);
	return source;
}
