#include "sources/source.h"

#include <stdlib.h>

#include "lib/mem.h"

void source_init(struct source *source, const struct source_type *type,
		 const struct source_env *env, const char *name)
{
	source->type = type;
	source->env = env;
	source->name = xstrdup(name);
}

bool source_all_slow(const char *read)
{
	(void)read;
	return true;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	char *name = source->name;
	if (source->type->close)
		source->type->close(source);
	else
		free(source);
	free(name);
}
