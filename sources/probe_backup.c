/* Source type "backups" (a folder of them) and probe type "backup": which one is sound? */
#include <stdlib.h>
#include <string.h>

#include "lib/archive.h"
#include "lib/backup.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pgdump.h"
#include "lib/size.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "sources/declaration.h"
#include "sources/types.h"

#define DECODE_US (600 * CLOCK_US)

struct looking {
	const struct probe_env *env;
	const json_t *args;
	const json_t *declared;
	struct reading *out;
};

static int64_t now(const struct looking *look)
{
	return clock_wall(look->env->clock);
}

/* Its recorded hash holds; an archive must also be readable to its end, and fit to be unpacked. */
static int whole(const char *path, const json_t *sidecar, bool tar, int64_t timeout_us,
		 struct err *err)
{
	struct archive archive;
	int rc;

	if (!tar)
		return sidecar_check_hash(path, sidecar, err);
	rc = archive_look(path, timeout_us, &archive, err);
	archive_release(&archive);
	return rc;
}

/* New: the sidecar of a backup of the declared kind when its bytes are whole. */
static json_t *sound(const struct looking *look, const char *path, struct err *err)
{
	const char *kind = json_str(look->declared, "kind", "file");
	int64_t left = look->env->deadline - clock_mono(look->env->clock);
	struct pgdump_check check = { .path = path,
				      .database = json_str(look->declared, "database", NULL),
				      .bin = json_str(look->declared, "bin", NULL),
				      .timeout_us = left < DECODE_US ? left : DECODE_US };

	if (left <= 0) {
		err_set(err, "there was no time left to look");
		return NULL;
	}
	if (strcmp(kind, "postgres") == 0)
		return pgdump_check(&check, err);
	json_t *sidecar = sidecar_read(path, err);
	if (sidecar && whole(path, sidecar, strcmp(kind, "archive") == 0, left, err) < 0) {
		json_decref(sidecar);
		sidecar = NULL;
	}
	return sidecar;
}

/* Judges age and size of a sound backup. */
static void judge(const struct looking *look, const char *path, const json_t *sidecar)
{
	int64_t age = now(look) - sidecar_made_at(sidecar);
	int64_t limit = json_us(look->args, "max_age", 0);
	int64_t size = json_integer_value(json_object_get(sidecar, "size")), least = 0;
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char old[48], want[48], big[32];

	size_of(json_object_get(look->args, "min_size"), &least);
	duration_text(age, old, sizeof old);
	size_text(size, big, sizeof big);
	if (limit > 0 && age > limit)
		reading_fail(look->out, now(look), "%s is sound, but %s old (at most %s)", base,
			     old, duration_text(limit, want, sizeof want));
	else if (size < least)
		reading_fail(look->out, now(look), "%s is sound, but has only %s (at least %s)",
			     base, big, size_text(least, want, sizeof want));
	else
		reading_pass(look->out, now(look), "%s, made %s ago, %s, hash and content verified",
			     base, old, big);
	text_clean_to(look->out->text, sizeof look->out->text, path, strlen(path));
	look->out->has_value = true;
	look->out->value = (double)age / 1e6;
	memcpy(look->out->unit, "s", 2);
}

/* Whether the time is up: then what was not found sound is not known to be damaged. */
static bool is_late(const struct looking *look, const char *path)
{
	if (clock_mono(look->env->clock) < look->env->deadline)
		return false;
	reading_unknown(look->out, now(look), "no time left to verify %s", path);
	return true;
}

static void one(const struct looking *look, const char *path)
{
	struct err err = ERR_INIT;
	json_t *sidecar = sound(look, path, &err);

	if (sidecar)
		judge(look, path, sidecar);
	else if (!is_late(look, path))
		reading_fail(look->out, now(look), "%s", err.msg);
	json_decref(sidecar);
}

/* Whoever restores an older one must know why. */
static void passed_over_say(const struct looking *look, size_t n, const struct err *why)
{
	char *text = xasprintf("%s; %zu newer passed over: %s", look->out->evidence, n, why->msg);

	text_clean_to(look->out->evidence, sizeof look->out->evidence, text, strlen(text));
	free(text);
}

/* From the newest on, until one is sound. Damaged ones are passed over, and said so. */
static void newest(const struct looking *look)
{
	const char *folder = json_str(look->declared, "folder", "");
	struct backups list;
	struct err err = ERR_INIT, why = ERR_INIT;
	json_t *sidecar = NULL;
	size_t damaged = 0, younger = 0;

	if (backups_list(&list, folder, json_str(look->declared, "pattern", NULL), &err) < 0) {
		reading_unknown(look->out, now(look), "%s", err.msg);
		return;
	}
	for (size_t i = 0; i < list.n && !sidecar; i++) {
		if (look->env->before > 0 && list.list[i].made_at >= look->env->before) {
			younger++;
			continue;
		}
		err_clear(&err);
		sidecar = sound(look, list.list[i].path, &err);
		if (sidecar)
			judge(look, list.list[i].path, sidecar);
		else if (is_late(look, list.list[i].path))
			goto out;
		else if (damaged++ == 0)
			err_set(&why, "%s", err.msg);
	}
	if (sidecar && damaged > 0)
		passed_over_say(look, damaged, &why);
	else if (!sidecar && damaged > 0)
		reading_fail(look->out, now(look), "none of %zu is sound: %s", damaged, why.msg);
	else if (!sidecar && younger > 0)
		reading_fail(look->out, now(look), "%zu in %s, all made after the trouble began",
			     younger, folder);
	else if (!sidecar)
		reading_fail(look->out, now(look), "no backup in %s", folder);
out:
	json_decref(sidecar);
	backups_release(&list);
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	const char *name = json_str(args, "backup", "");
	const char *path = json_str(args, "sound", NULL);
	struct looking look = { .env = env, .args = args, .out = out };

	look.declared = env->declared(env->data, name);
	if (!look.declared)
		reading_unknown(out, now(&look), "source %s can't be used: a parameter is missing",
				name);
	else if (path)
		one(&look, path);
	else
		newest(&look);
}

static const struct field probe_fields[] = {
	{ "backup", FIELD_SOURCE, true, "the folder of backups", "backups", NULL },
	{ "newest_sound", FIELD_BOOL, false,
	  "there is a sound one (from before the trouble); its path is the probe's text", NULL,
	  NULL },
	{ "sound", FIELD_PATH, false, "this one is sound", NULL, NULL },
	{ "max_age", FIELD_DURATION, false, "it must not be older", NULL, NULL },
	{ "min_size", FIELD_SIZE, false, "it must not be smaller", NULL, NULL },
	{ 0 },
};

static const char *const questions[] = { "newest_sound", "sound", NULL };
static const char *const *const one_of[] = { questions, NULL };

const struct probe_type probe_backup = {
	.type = { .name = "backup",
		  .help = "a backup whose recorded SHA-256 holds and that decodes to its end",
		  .fields = probe_fields,
		  .one_of = one_of },
	.blocks = true,
	.eval = eval,
};

static const char *const kinds[] = { "postgres", "file", "archive", NULL };

static const struct field source_fields[] = {
	{ "folder", FIELD_PATH, true, "folder of the backups", NULL, NULL },
	{ "pattern", FIELD_STRING, false, "glob of their names (default: all)", NULL, NULL },
	{ "kind", FIELD_CHOICE, true, "what they are", NULL, kinds },
	{ "database", FIELD_STRING, false, "kind postgres: dumps of this database", NULL, NULL },
	{ "bin", FIELD_PATH, false, "kind postgres: folder of pg_restore", NULL, NULL },
	{ 0 },
};

/* Nothing is kept between looks: the probe reads the folder. */
static struct source *backups_open(const struct source_env *env, const char *name,
				   const json_t *args, struct err *err)
{
	(void)args, (void)err;
	return declaration_new(&source_backups, env, name);
}

const struct source_type source_backups = {
	.type = { .name = "backups", .help = "a folder of backups", .fields = source_fields },
	.open = backups_open,
};
