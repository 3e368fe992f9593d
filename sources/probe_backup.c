/* Probe type "backup": which one is sound? */
#include <stdlib.h>
#include <string.h>

#include "lib/backup.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/size.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "sources/backuplook.h"
#include "sources/backups.h"
#include "sources/types.h"

struct looking {
	const struct probe_env *env;
	const json_t *args;
	const json_t *declared;
	const struct source *source; /* that remembers; or NULL */
	struct reading *out;
	int64_t looked_at; /* monotonic: when the bytes were read, 0: now */
	bool waiting;	   /* it is not known yet */
};

static int64_t now(const struct looking *look)
{
	return clock_wall(look->env->clock);
}

/* New: the sidecar of a backup of the declared kind when its bytes are whole. NULL also while that
 * is not known yet: then look->waiting. */
static json_t *sound(struct looking *look, const char *path, struct err *err)
{
	int64_t left = look->env->deadline - clock_mono(look->env->clock);
	enum backup_verdict known = BACKUP_UNKNOWN;
	json_t *sidecar;

	look->looked_at = 0;
	if (backups_keeps(look->source)) {
		sidecar = sidecar_read(path, err);
		if (sidecar)
			known = backups_recall(look->source, look->declared, path, sidecar,
					       &look->looked_at, err);
		if (known == BACKUP_SOUND)
			return sidecar;
		look->waiting = sidecar && known == BACKUP_UNKNOWN &&
				backups_waits(look->source, json_str(look->args, "sound", NULL),
					      look->env->before,
					      json_integer_value(json_object_get(sidecar, "size")));
		known = sidecar ? known : BACKUP_DAMAGED;
		json_decref(sidecar);
	}
	if (known == BACKUP_DAMAGED || look->waiting)
		return NULL;
	err_clear(err);
	if (left <= 0) {
		err_set(err, "there was no time left to look");
		return NULL;
	}
	return backup_look(look->declared, path, left, err);
}

/* Judges age and size of a sound backup. */
static void judge(const struct looking *look, const char *path, const json_t *sidecar)
{
	int64_t age = now(look) - sidecar_made_at(sidecar);
	int64_t limit = json_us(look->args, "max_age", 0);
	int64_t size = json_integer_value(json_object_get(sidecar, "size")), least = 0;
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	int64_t seen = look->looked_at ? clock_mono(look->env->clock) - look->looked_at : 0;
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
		reading_pass(look->out, now(look),
			     "%s, made %s ago, %s, hash and content verified%s%s%s", base, old, big,
			     seen > CLOCK_US ? " " : "",
			     seen > CLOCK_US ? duration_text(seen, want, sizeof want) : "",
			     seen > CLOCK_US ? " ago" : "");
	text_clean_to(look->out->text, sizeof look->out->text, path, strlen(path));
	look->out->has_value = true;
	look->out->value = (double)age / 1e6;
	memcpy(look->out->unit, "s", 2);
}

/* Whether it is still looked at, or the time is up: then what was not found sound is not known to
 * be damaged. */
static bool is_open(const struct looking *look, const char *path, const struct err *why)
{
	if (look->waiting) {
		reading_unknown(look->out, now(look), "%s", why->msg);
		return true;
	}
	if (clock_mono(look->env->clock) < look->env->deadline)
		return false;
	reading_unknown(look->out, now(look), "no time left to verify %s", path);
	return true;
}

static void one(struct looking *look, const char *path)
{
	struct err err = ERR_INIT;
	json_t *sidecar = sound(look, path, &err);

	if (sidecar)
		judge(look, path, sidecar);
	else if (!is_open(look, path, &err))
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
static void newest(struct looking *look)
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
		else if (is_open(look, list.list[i].path, &err))
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
	look.source = env->source ? env->source(env->data, name) : NULL;
	if (!look.declared)
		reading_unknown(out, now(&look), "source %s can't be used: a parameter is missing",
				name);
	else if (path)
		one(&look, path);
	else
		newest(&look);
}

static void watch(const struct probe_env *env, const json_t *args)
{
	const char *name = json_str(args, "backup", "");
	struct source *source = env->source(env->data, name);
	const json_t *declared = env->declared(env->data, name);

	if (source && declared)
		backups_want(source, declared, json_str(args, "sound", NULL), env->before);
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
	.lasts = true,
	.eval = eval,
	.watch = watch,
};
