/*
 * A folder that belongs to the user whom the sandbox's services run as; what lies in it may come
 * with the drill: stand-ins for programs of the host, pages, configuration.
 */
#include "drill/parts.h"
#include "lib/jdoc.h"

static const struct field fields[] = {
	{ "folder", FIELD_PATH, true, "its path", NULL, NULL },
	{ "files", FIELD_STRING, false, "folder in the drill's folder whose files are laid into it",
	  NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	const char *folder = json_str(args, "folder", ""), *files = json_str(args, "files", NULL);

	if (drill_folder(env, folder, 0755, err) < 0)
		return -1;
	return files ? drill_lay(env, files, folder, err) : 0;
}

const struct drill_type part_folder = {
	.type = { .name = "folder", .help = "a folder of the services' user", .fields = fields },
	.make = make,
};
