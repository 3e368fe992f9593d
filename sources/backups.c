/* Source type "backups": a folder of them, and what was found of each. */
#include "sources/backups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/backup.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/offspring.h"
#include "lib/proc.h"
#include "lib/size.h"
#include "lib/timefmt.h"
#include "sources/backuplook.h"
#include "sources/types.h"

#define AGAIN_US	 (6 * 3600 * CLOCK_US)
#define DAMAGED_AGAIN_US (30 * CLOCK_US)
#define WANTED_US	 (60 * CLOCK_US)
#define PAUSE_US	 (30 * CLOCK_US)
#define LOOK_US		 (24 * 3600 * CLOCK_US)
/* What decoding may take: slow disks give 5 MB a second. */
#define DECODE_US	 (600 * CLOCK_US)
#define DECODE_US_PER_MB (CLOCK_US / 5)
#define AT_ONCE		 (16 * 1000 * 1000)
#define VERDICTS_MAX	 64
#define WANTS_MAX	 8
#define NICENESS	 10

struct want {
	char *path; /* owned; NULL: the newest */
	int64_t before, asked;
};

/* Shared with the copy that looks, so that others see how far it is. */
struct progress {
	pid_t pid; /* 0: nothing is looked at */
	int64_t began, size, from;
	char path[4096];
};

struct backups_source {
	struct source source; /* first */
	json_t *declared;     /* as it was last asked for */
	struct want wants[WANTS_MAX];
	size_t nwants;
	json_t *verdicts; /* array of {"key", "sound": null: not in time, "why", "at", "took"} */
	struct progress *progress; /* mapped */
	struct task *task;
	bool pending;	/* something was asked for since the last look */
	int64_t paused; /* monotonic: no look before */
};

static int64_t mono_of(const struct backups_source *backups)
{
	return clock_mono(backups->source.env->clock);
}

static const json_t *verdict_of(const struct backups_source *backups, const json_t *key)
{
	const json_t *verdict;
	size_t i;

	json_array_foreach(backups->verdicts, i, verdict) {
		if (json_equal(json_object_get(verdict, "key"), key))
			return verdict;
	}
	return NULL;
}

static int64_t again_us(const json_t *declared)
{
	return json_us(declared, "again", AGAIN_US);
}

static bool is_due(const struct backups_source *backups, const json_t *verdict)
{
	int64_t age = mono_of(backups) - (int64_t)json_num(verdict, "at", 0);
	int64_t wait = 10 * (int64_t)json_num(verdict, "took", 0);

	if (json_is_true(json_object_get(verdict, "sound")))
		return age >= again_us(backups->declared);
	return age >= (wait > DAMAGED_AGAIN_US ? wait : DAMAGED_AGAIN_US);
}

/*
 * In the copy.
 */

static void progress_begin(struct backups_source *backups, const char *path, const json_t *key)
{
	struct progress *progress = backups->progress;

	if (!progress)
		return;
	progress->began = mono_of(backups);
	progress->size = json_integer_value(json_object_get(key, "size"));
	progress->from = proc_read_bytes(getpid());
	snprintf(progress->path, sizeof(progress->path), "%s", path);
	progress->pid = getpid();
}

/* New: the key of a file that nobody wrote to for a second. Times of change come in ticks: a byte
 * written in the tick in which the look began would leave none. */
static json_t *key_settled(const struct backups_source *backups, const char *path,
			   const json_t *sidecar)
{
	const struct timespec second = { .tv_sec = 1 };
	json_t *key = backup_key(backups->declared, path, sidecar, NULL), *then = NULL;
	json_int_t changed = json_integer_value(json_array_get(json_object_get(key, "changed"), 0));
	int64_t wall = clock_wall(&clock_system) - clock_ahead();

	if (!key || changed + 2 < wall / CLOCK_US)
		return key;
	nanosleep(&second, NULL);
	then = backup_key(backups->declared, path, sidecar, NULL);
	if (!json_equal(key, then)) {
		json_decref(then);
		then = NULL;
	}
	json_decref(key);
	return then;
}

/* New: the verdict; NULL when the file changed meanwhile. */
static json_t *look_at(struct backups_source *backups, const char *path, const json_t *sidecar)
{
	json_t *key = key_settled(backups, path, sidecar), *after = NULL, *found = NULL;
	json_t *verdict = NULL;
	struct err err = ERR_INIT;
	int64_t began = mono_of(backups), limit;

	if (!key)
		return NULL;
	limit = DECODE_US +
		json_integer_value(json_object_get(key, "size")) / 1000000 * DECODE_US_PER_MB;
	progress_begin(backups, path, key);
	found = backup_look(backups->declared, path, limit, &err);
	after = backup_key(backups->declared, path, found ? found : sidecar, NULL);
	if (json_equal(key, after)) {
		int64_t took = mono_of(backups) - began;

		verdict = json_pack("{s:O, s:o, s:o, s:I, s:I}", "key", key, "sound",
				    found	    ? json_true()
				    : took >= limit ? json_null()
						    : json_false(),
				    "why", json_text(err.msg, strlen(err.msg)), "at",
				    (json_int_t)began, "took", (json_int_t)took);
	}
	json_decref(found);
	json_decref(after);
	json_decref(key);
	return verdict;
}

/* Whether it was found sound before; if that is not known, or too long ago, *verdict is what was
 * found now (new; JSON null: nothing). */
static bool look_if_due(struct backups_source *backups, const char *path, const json_t *sidecar,
			json_t **verdict)
{
	json_t *key = backup_key(backups->declared, path, sidecar, NULL);
	const json_t *known = key ? verdict_of(backups, key) : NULL;
	bool due = key && (!known || is_due(backups, known));

	if (due) {
		*verdict = look_at(backups, path, sidecar);
		if (!*verdict)
			*verdict = json_null();
	}
	json_decref(key);
	return !due && known && json_is_true(json_object_get(known, "sound"));
}

static json_t *look_for_newest(struct backups_source *backups, int64_t before)
{
	struct backups list;
	json_t *verdict = NULL;
	bool found = false;

	if (backups_list(&list, json_str(backups->declared, "folder", ""),
			 json_str(backups->declared, "pattern", NULL), NULL) < 0)
		return NULL;
	for (size_t i = 0; i < list.n && !verdict && !found; i++) {
		const struct backup *backup = &list.list[i];

		if (backup->sidecar && (before <= 0 || backup->made_at < before))
			found = look_if_due(backups, backup->path, backup->sidecar, &verdict);
	}
	backups_release(&list);
	return verdict;
}

static json_t *look_for_one(struct backups_source *backups, const char *path)
{
	json_t *sidecar = sidecar_read(path, NULL), *verdict = NULL;

	if (sidecar)
		look_if_due(backups, path, sidecar, &verdict);
	json_decref(sidecar);
	return verdict;
}

/* The first that nothing is known of, or not lately enough. One a copy: its verdict is kept even
 * when the next look is ended in the middle. */
static json_t *look(void *data)
{
	struct backups_source *backups = data;
	json_t *verdict = NULL;

	setpriority(PRIO_PROCESS, 0, NICENESS);
	for (size_t i = 0; i < backups->nwants && !verdict; i++) {
		const struct want *want = &backups->wants[i];

		verdict = want->path ? look_for_one(backups, want->path)
				     : look_for_newest(backups, want->before);
	}
	return verdict ? verdict : json_null();
}

/*
 * In the process that owns the loop.
 */

static void verdict_keep(struct backups_source *backups, const json_t *verdict)
{
	const json_t *path = json_object_get(json_object_get(verdict, "key"), "path");

	for (size_t i = json_array_size(backups->verdicts); i > 0; i--) {
		const json_t *old = json_array_get(backups->verdicts, i - 1);

		if (json_equal(json_object_get(json_object_get(old, "key"), "path"), path))
			json_array_remove(backups->verdicts, i - 1);
	}
	if (json_array_size(backups->verdicts) >= VERDICTS_MAX)
		json_array_remove(backups->verdicts, 0);
	json_array_append(backups->verdicts, (json_t *)verdict);
}

static void looked(const json_t *verdict, void *data)
{
	struct backups_source *backups = data;

	backups->task = NULL;
	if (backups->progress)
		backups->progress->pid = 0;
	if (!verdict)
		backups->paused = mono_of(backups) + PAUSE_US;
	if (!json_is_object(verdict))
		return;
	verdict_keep(backups, verdict);
	backups->pending = true;
	if (backups->source.env->changed)
		backups->source.env->changed(backups->source.env->data);
}

static void want_drop(struct backups_source *backups, size_t i)
{
	free(backups->wants[i].path);
	memmove(&backups->wants[i], &backups->wants[i + 1],
		(--backups->nwants - i) * sizeof(*backups->wants));
}

static struct want *want_find(struct backups_source *backups, const char *path, int64_t before)
{
	for (size_t i = 0; i < backups->nwants; i++) {
		struct want *want = &backups->wants[i];

		if (path && want->path ? strcmp(path, want->path) == 0
				       : path == want->path && before == want->before)
			return want;
	}
	return NULL;
}

void backups_want(struct source *source, const json_t *declared, const char *path, int64_t before)
{
	struct backups_source *backups = (struct backups_source *)source;
	int64_t now = mono_of(backups);
	struct want *want;

	json_decref(backups->declared);
	backups->declared = json_deep_copy(declared);
	backups->pending = true;
	want = want_find(backups, path, before);
	if (want) {
		want->asked = now;
		return;
	}
	if (backups->nwants == WANTS_MAX)
		want_drop(backups, 0);
	backups->wants[backups->nwants++] =
	    (struct want){ .path = path ? xstrdup(path) : NULL, .before = before, .asked = now };
}

static void backups_sample(struct source *source)
{
	struct backups_source *backups = (struct backups_source *)source;
	int64_t now = mono_of(backups);

	for (size_t i = backups->nwants; i > 0; i--) {
		if (now - backups->wants[i - 1].asked > WANTED_US)
			want_drop(backups, i - 1);
	}
	if (backups->task || !backups->pending || !backups->nwants || now < backups->paused)
		return;
	backups->pending = false;
	backups->task = task_start(source->env->loop, LOOK_US, look, looked, backups, NULL);
}

static struct source *backups_open(const struct source_env *env, const char *name,
				   const json_t *args, struct err *err)
{
	struct backups_source *backups = xcalloc(1, sizeof(*backups));
	void *shared = mmap(NULL, sizeof(struct progress), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)args, (void)err;
	source_init(&backups->source, &source_backups, env, name);
	backups->verdicts = json_array();
	backups->progress = shared == MAP_FAILED ? NULL : shared;
	return &backups->source;
}

static void backups_close(struct source *source)
{
	struct backups_source *backups = (struct backups_source *)source;

	task_cancel(backups->task);
	while (backups->nwants)
		want_drop(backups, 0);
	if (backups->progress)
		munmap(backups->progress, sizeof(struct progress));
	json_decref(backups->declared);
	json_decref(backups->verdicts);
	free(backups);
}

bool backups_keeps(const struct source *source)
{
	return source && source->type == &source_backups &&
	       ((const struct backups_source *)source)->declared;
}

bool backups_waits(const struct source *source, const char *path, int64_t before, int64_t size)
{
	const struct backups_source *backups = (const struct backups_source *)source;
	int64_t at_once = AT_ONCE;

	size_of(json_object_get(backups->declared, "at_once"), &at_once);
	return size > at_once && want_find((struct backups_source *)source, path, before);
}

static void progress_say(const struct backups_source *backups, const char *path, struct err *why)
{
	const struct progress *progress = backups->progress;
	char since[48], done[32], all[32];
	int64_t bytes;

	if (!progress || !progress->pid || strcmp(progress->path, path) != 0) {
		err_set(why, "%s waits to be checked", path);
		return;
	}
	duration_text(mono_of(backups) - progress->began, since, sizeof(since));
	bytes = proc_read_bytes(progress->pid) - progress->from;
	size_text(progress->size, all, sizeof(all));
	if (bytes >= progress->size)
		err_set(why, "%s is being checked for %s: %s read, now it is decoded", path, since,
			all);
	else
		err_set(why, "%s is being checked for %s, %s of %s", path, since,
			size_text(bytes > 0 ? bytes : 0, done, sizeof(done)), all);
}

enum backup_verdict backups_recall(const struct source *source, const json_t *declared,
				   const char *path, const json_t *sidecar, int64_t *at,
				   struct err *why)
{
	const struct backups_source *backups = (const struct backups_source *)source;
	json_t *key = backup_key(declared, path, sidecar, why);
	const json_t *verdict = key ? verdict_of(backups, key) : NULL;
	const json_t *sound = json_object_get(verdict, "sound");
	enum backup_verdict result = BACKUP_UNKNOWN;

	int64_t looked_at = (int64_t)json_num(verdict, "at", 0);

	*at = 0;
	if (!key || json_is_false(sound)) {
		result = BACKUP_DAMAGED;
		if (key)
			err_set(why, "%s", json_str(verdict, "why", "it is damaged"));
	} else if (json_is_true(sound) && mono_of(backups) - looked_at < 2 * again_us(declared)) {
		*at = looked_at;
		result = BACKUP_SOUND;
	} else if (verdict && json_is_null(sound) && !is_due(backups, verdict)) {
		err_set(why, "%s could not be checked in time: %s", path,
			json_str(verdict, "why", ""));
	} else {
		progress_say(backups, path, why);
	}
	json_decref(key);
	return result;
}

static const char *const kinds[] = { "postgres", "file", "archive", NULL };

static const struct field fields[] = {
	{ "folder", FIELD_PATH, true, "folder of the backups", NULL, NULL },
	{ "pattern", FIELD_STRING, false, "glob of their names (default: all)", NULL, NULL },
	{ "kind", FIELD_CHOICE, true, "what they are", NULL, kinds },
	{ "database", FIELD_STRING, false, "kind postgres: dumps of this database", NULL, NULL },
	{ "bin", FIELD_PATH, false, "kind postgres: folder of pg_restore", NULL, NULL },
	{ "smoke", FIELD_LITERAL, false,
	  "kind file, of SQLite: a statement that must give true in each; one in which it does not "
	  "is "
	  "not sound",
	  NULL, NULL },
	{ "again", FIELD_DURATION, false,
	  "what a console found sound, and is unchanged, is read again after this time (6h)", NULL,
	  NULL },
	{ "at_once", FIELD_SIZE, false,
	  "a console checks larger ones beside its rounds only, unknown meanwhile (16MB)", NULL,
	  NULL },
	{ 0 },
};

const struct source_type source_backups = {
	.type = { .name = "backups", .help = "a folder of backups", .fields = fields },
	.open = backups_open,
	.close = backups_close,
	.sample = backups_sample,
};
