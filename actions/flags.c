/* Sets flags of a configuration file, all of them in one replacement. */
#include <stdlib.h>
#include <string.h>

#include "actions/action.h"
#include "actions/types.h"
#include "lib/flagfile.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

static const struct field fields[] = {
	{ "flags", FIELD_SOURCE, true, "the configuration file", "flags", NULL },
	{ "set", FIELD_FLAGS, true, "flag -> its new value", "flags", NULL },
	{ 0 },
};

static int open_file(const struct action_env *env, const json_t *args, struct flagfile *file,
		     struct err *err)
{
	return flagfile_open(file, env->declared(env->data, json_str(args, "flags", "")), err);
}

/* json_object_foreach() casts const away; this does not change the object either. */
#define EACH_FLAG(args, name, value)                                                          \
	for (void *it = json_object_iter(json_object_get(args, "set"));                       \
	     it && ((name) = json_object_iter_key(it), (value) = json_object_iter_value(it)); \
	     it = json_object_iter_next(json_object_get(args, "set"), it))

static int set_all(struct flagfile *file, const json_t *args, struct err *err)
{
	const char *name;
	const json_t *value;

	EACH_FLAG(args, name, value)
	if (flagfile_set(file, name, value, err) < 0)
		return -1;
	return 0;
}

/* "- old line", "+ new line" for each flag; the same line twice is no change. */
static int plan_diff(struct flagfile *was, struct flagfile *will, const json_t *args,
		     struct plan *plan, struct err *err)
{
	const char *name;
	const json_t *value;

	EACH_FLAG(args, name, value)
	{
		char *old = flagfile_line(was, name, err),
		     *new = old ? flagfile_line(will, name, err) : NULL;
		bool done = new != NULL;

		if (done && strcmp(old, new) == 0)
			buf_printf(&plan->lines, "  %s (is so already)\n", old);
		else if (done)
			buf_printf(&plan->lines, "- %s\n+ %s\n", old, new);
		free(old);
		free(new);
		if (!done)
			return -1;
		(void)value;
	}
	return 0;
}

static int flags_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		      struct err *err)
{
	struct flagfile was, will;
	int rc = -1;

	if (open_file(env, args, &was, err) < 0)
		return -1;
	if (open_file(env, args, &will, err) < 0) {
		flagfile_release(&was);
		return -1;
	}
	buf_printf(&plan->lines, "%s is replaced in one go:\n", was.path);
	if (set_all(&will, args, err) == 0)
		rc = plan_diff(&was, &will, args, plan, err);
	buf_puts(&plan->undo, "the flags get their former values again");
	flagfile_release(&was);
	flagfile_release(&will);
	return rc;
}

static int flags_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct flagfile file;
	int rc = -1;

	if (open_file(env, args, &file, err) < 0)
		return -1;
	if (flagfile_writable(&file, err) == 0)
		rc = set_all(&file, args, err);
	flagfile_release(&file);
	return rc;
}

/* The former values as they stand in the file: {"path", "was": {NAME: bytes}}. */
static json_t *flags_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct flagfile file;
	json_t *before, *was = json_object();
	const char *name;
	const json_t *value;

	if (open_file(env, args, &file, err) < 0) {
		json_decref(was);
		return NULL;
	}
	before = json_pack("{s:s, s:o}", "path", file.path, "was", was);
	EACH_FLAG(args, name, value)
	{
		char *raw = flagfile_raw(&file, name, err);

		(void)value;
		if (!raw || json_object_set_new(was, name, json_string(raw)) < 0) {
			err_set(err, "%s: the value of %s is no UTF-8", file.path, name);
			json_decref(before);
			before = NULL;
		}
		free(raw);
		if (!before)
			break;
	}
	flagfile_release(&file);
	return before;
}

static int flags_run(const struct action_env *env, const json_t *args, const json_t *before,
		     json_t **facts, struct err *err)
{
	struct flagfile file;
	int rc = -1;

	(void)before;
	if (open_file(env, args, &file, err) < 0)
		return -1;
	if (set_all(&file, args, err) == 0 && flagfile_save(&file, err) == 0) {
		*facts = json_pack("{s:s, s:i}", "path", file.path, "flags",
				   (int)json_object_size(json_object_get(args, "set")));
		rc = 0;
	}
	flagfile_release(&file);
	return rc;
}

static enum settled flags_settled(const struct action_env *env, const json_t *args,
				  const json_t *before, struct buf *why)
{
	struct flagfile file;
	struct err err = ERR_INIT;
	enum settled settled = SETTLED_YES;
	const char *name;
	const json_t *value;
	size_t said = 0;

	(void)before;
	if (open_file(env, args, &file, &err) < 0) {
		buf_puts(why, err.msg);
		return SETTLED_UNKNOWN;
	}
	EACH_FLAG(args, name, value)
	{
		json_t *seen = flagfile_get(&file, name, &err);
		char *line = seen ? flagfile_line(&file, name, &err) : NULL;

		if (!line)
			settled = SETTLED_UNKNOWN;
		else if (!flag_is(file.format, seen, value) && settled == SETTLED_YES)
			settled = SETTLED_NO;
		if (said++ < 3)
			buf_printf(why, "%s%s", said > 1 ? "; " : "", line ? line : err.msg);
		free(line);
		json_decref(seen);
	}
	flagfile_release(&file);
	return settled;
}

static int flags_undo(const struct action_env *env, const json_t *args, const json_t *before,
		      struct err *err)
{
	const json_t *was = json_object_get(before, "was");
	struct flagfile file;
	const char *name;
	const json_t *value;
	int rc = 0;

	if (open_file(env, args, &file, err) < 0)
		return -1;
	EACH_FLAG(args, name, value)
	{
		const char *raw = json_str(was, name, NULL);

		(void)value;
		if (!raw)
			rc = err_set(err, "the former value of %s is not on record", name);
		else
			rc = flagfile_set_raw(&file, name, raw, err);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = flagfile_save(&file, err);
	flagfile_release(&file);
	return rc;
}

static enum settled flags_undone(const struct action_env *env, const json_t *args,
				 const json_t *before, struct buf *why)
{
	const json_t *was = json_object_get(before, "was");
	struct flagfile file;
	struct err err = ERR_INIT;
	enum settled settled = SETTLED_YES;
	const char *name;
	const json_t *value;

	if (open_file(env, args, &file, &err) < 0) {
		buf_puts(why, err.msg);
		return SETTLED_UNKNOWN;
	}
	EACH_FLAG(args, name, value)
	{
		char *raw = flagfile_raw(&file, name, &err);

		(void)value;
		if (!raw) {
			buf_puts(why, err.msg);
			settled = SETTLED_UNKNOWN;
			break;
		}
		if (strcmp(raw, json_str(was, name, "")) != 0) {
			buf_printf(why, "%s%s is not what it was", why->len ? "; " : "", name);
			settled = SETTLED_NO;
		}
		free(raw);
	}
	if (settled == SETTLED_YES)
		buf_puts(why, "all flags have their former values");
	flagfile_release(&file);
	return settled;
}

const struct action_type action_flags = {
	.type = { .name = "flags",
		  .help = "sets flags in a configuration file",
		  .fields = fields,
		  .examples = "{\"flags\": \"config\", \"set\": {\"LIVE_SCORING\": false}}" },
	.risk = risk_caution,
	.plan = flags_plan,
	.ready = flags_ready,
	.before = flags_before,
	.run = flags_run,
	.settled = flags_settled,
	.undo = flags_undo,
	.undone = flags_undone,
};
