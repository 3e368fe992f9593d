/*
 * A folder that belongs to the user whom the sandbox's services run as.
 */
#include "drill/parts.h"
#include "lib/jdoc.h"

static const struct field fields[] = {
	{ "folder", FIELD_PATH, true, "its path", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	return drill_folder(env, json_str(args, "folder", ""), 0755, err);
}

const struct drill_type part_folder = {
	.type = { .name = "folder", .help = "a folder of the services' user", .fields = fields },
	.make = make,
};
