/* A messenger: a mere declaration that messages, contacts and what sends them refer to by name. */
#include "lib/messenger.h"

#include "sources/declaration.h"
#include "sources/types.h"

static struct source *messenger_open(const struct source_env *env, const char *name,
				     const json_t *args, struct err *err)
{
	(void)args, (void)err;
	return declaration_new(&source_messenger, env, name);
}

const struct source_type source_messenger = {
	.type = { .name = "messenger",
		  .help = "how messages and pages reach people",
		  .fields = messenger_fields,
		  .one_of = messenger_one_of },
	.open = messenger_open,
};
