/* Asks for the value of one flag. */
#include <stdlib.h>
#include <string.h>

#include "lib/flagfile.h"
#include "lib/jdoc.h"
#include "lib/text.h"
#include "sources/probe.h"
#include "sources/types.h"

static const struct field fields[] = {
	{ "flag", FIELD_FLAG, true, "the flag", "in", NULL },
	{ "in", FIELD_SOURCE, true, "the flags source that declares it", "flags", NULL },
	{ "is", FIELD_SCALAR, true, "the value it should have", NULL, NULL },
	{ 0 },
};

static void flag_eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *name = json_str(args, "flag", "");
	const json_t *wanted = json_object_get(args, "is");
	int64_t now = clock_wall(env->clock);
	struct flagfile file;
	struct err err = ERR_INIT;
	json_t *seen = NULL;
	char *line, *text;

	if (flagfile_open(&file, env->declared(env->data, json_str(args, "in", "")), &err) < 0) {
		reading_unknown(out, now, "%s", err.msg);
		return;
	}
	seen = flagfile_get(&file, name, &err);
	line = seen ? flagfile_line(&file, name, &err) : NULL;
	if (!line) {
		reading_unknown(out, now, "%s", err.msg);
	} else {
		text = flag_text(seen);
		reading_judge(out, flag_is(file.format, seen, wanted), now, "%s", line);
		text_clean_to(out->text, sizeof(out->text), text, strlen(text));
		free(text);
	}
	free(line);
	json_decref(seen);
	flagfile_release(&file);
}

const struct probe_type probe_flag = {
	.type = { .name = "flag",
		  .help = "the value of a flag in a configuration file",
		  .fields = fields },
	.blocks = true,
	.eval = flag_eval,
};
