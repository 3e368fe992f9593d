#include "sources/hostdisk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/offspring.h"
#include "lib/timefmt.h"

/* A copy that hangs may stay in the kernel's hands: they must not pile up. */
#define SILENT_MAX_US (600 * CLOCK_US)

void hostdisk_init(struct hostdisk *disk, const struct source_env *env, const char *path)
{
	*disk = (struct hostdisk){ .env = env, .path = xstrdup(path) };
	snprintf(disk->why, sizeof(disk->why), "%s: not looked at yet", path);
}

void hostdisk_release(struct hostdisk *disk)
{
	task_cancel(disk->task);
	free(disk->path);
	free(disk->used);
}

static void used_add(struct hostdisk *disk)
{
	/* A clock that was set back takes what it passes again with it. */
	while (disk->nused > 0 && disk->used[disk->nused - 1].at > disk->at)
		disk->nused--;
	if (disk->nused == 2 * (size_t)HOSTDISK_POINTS) {
		memmove(disk->used, disk->used + HOSTDISK_POINTS,
			HOSTDISK_POINTS * sizeof(*disk->used));
		disk->nused = HOSTDISK_POINTS;
	}
	disk->used = xgrow(disk->used, &disk->cap, disk->nused + 1, sizeof(*disk->used));
	disk->used[disk->nused++] =
	    (struct chart_point){ .at = disk->at,
				  .value = (double)(disk->look.size - disk->look.free) };
}

static void answer_note(struct hostdisk *disk, const struct disk_look *look)
{
	disk->at = clock_wall(disk->env->clock);
	disk->look = *look;
	disk->why[0] = '\0';
	disk->silent = 0;
	used_add(disk);
}

/* In the copy. */
static json_t *look(void *data)
{
	const struct hostdisk *disk = data;
	struct disk_look seen;
	struct err err = ERR_INIT;
	json_t *answer;

	if (disk_look(disk->path, &seen, &err) < 0)
		return err_to_json(&err);
	answer = json_pack("{s:f, s:I, s:I}", "percent", seen.percent, "size",
			   (json_int_t)seen.size, "free", (json_int_t)seen.free);
	if (!isnan(seen.inodes_percent))
		json_object_set_new(answer, "inodes", json_real(seen.inodes_percent));
	return answer;
}

static void looked(const json_t *answer, void *data)
{
	struct hostdisk *disk = data;
	struct err err = ERR_INIT;
	char span[40];

	disk->task = NULL;
	if (answer == NULL) {
		disk->silent++;
		snprintf(disk->why, sizeof(disk->why), "%.100s: no answer within %s, it hangs",
			 disk->path, duration_text(HOSTDISK_PATIENCE_US, span, sizeof(span)));
		disk->next = clock_mono(disk->env->clock) +
			     (disk->silent < 6 ? HOSTDISK_EVERY_US << disk->silent : SILENT_MAX_US);
	} else if (err_from_json(answer, &err)) {
		snprintf(disk->why, sizeof(disk->why), "%.199s", err.msg);
	} else {
		const struct disk_look seen = {
			.percent = json_num(answer, "percent", NAN),
			.inodes_percent = json_num(answer, "inodes", NAN),
			.size = (int64_t)json_num(answer, "size", 0),
			.free = (int64_t)json_num(answer, "free", 0),
		};

		answer_note(disk, &seen);
	}
	if (disk->env->changed != NULL)
		disk->env->changed(disk->env->data);
}

void hostdisk_sample(struct hostdisk *disk)
{
	int64_t mono = clock_mono(disk->env->clock);
	struct disk_look seen;
	struct err err = ERR_INIT;

	if (disk->task != NULL || (disk->next != 0 && mono < disk->next))
		return;
	disk->next = mono + HOSTDISK_EVERY_US;
	if (disk->env->loop != NULL) {
		disk->task =
		    task_start(disk->env->loop, HOSTDISK_PATIENCE_US, look, looked, disk, &err);
		if (disk->task == NULL)
			snprintf(disk->why, sizeof(disk->why), "%.199s", err.msg);
	} else if (disk_look(disk->path, &seen, &err) < 0) {
		snprintf(disk->why, sizeof(disk->why), "%.199s", err.msg);
	} else {
		answer_note(disk, &seen);
	}
}

void hostdisk_trend(const struct hostdisk *disk, struct trend *out)
{
	int64_t from = clock_wall(disk->env->clock) - HOSTDISK_POINTS * HOSTDISK_EVERY_US;

	trend_of(disk->used, disk->nused, from, out);
}
