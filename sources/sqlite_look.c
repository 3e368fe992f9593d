#include "sources/sqlite_look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/offspring.h"
#include "lib/proc.h"
#include "lib/text.h"

#define EVERY_US	 (2 * CLOCK_US)
#define WANTED_US	 (3 * CLOCK_US) /* after it was asked for last */
#define LOOK_TIMEOUT_US	 (5 * CLOCK_US)
#define HOURLY_US	 (3600 * CLOCK_US)
#define CHECK_TIMEOUT_US (600 * CLOCK_US)
/* A copy that hangs may stay in the kernel's hands: they must not pile up. */
#define SILENT_MAX_US (600 * CLOCK_US)
#define SMALL_BYTES   (16 << 20)

struct sqlite_look {
	const struct source_env *env;
	struct sqlite_info info;
	int64_t check_us;
	int64_t wanted_at;  /* monotonic; 0: never */
	int64_t look_at;    /* monotonic time from which on the next look is due */
	int silent;	    /* looks since the last one that came to an end */
	int64_t checked_at; /* the same of the last check */
	struct task *look, *check;
};

/* ---- in the copy ---- */

static enum sqlite_journal journal_of(const char *path)
{
	/* https://www.sqlite.org/fileformat2.html: the versions to write and to read with. */
	unsigned char head[20];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? pread(fd, head, sizeof head, 0) : -1;

	if (fd >= 0)
		close(fd);
	if (n != sizeof head || memcmp(head, "SQLite format 3", 16) != 0)
		return SQLITE_JOURNAL_UNKNOWN;
	return head[18] == 2 ? SQLITE_JOURNAL_WAL : SQLITE_JOURNAL_ROLLBACK;
}

static int64_t rollback_bytes(const char *path)
{
	char *journal = xasprintf("%s-journal", path);
	struct stat st;
	int64_t bytes = stat(journal, &st) == 0 ? st.st_size : 0;

	free(journal);
	return bytes;
}

static json_t *look_body(void *data)
{
	const struct sqlite_look *look = data;
	const char *path = look->info.path;
	struct err err = ERR_INIT;
	int64_t bytes = 0, wal = 0;
	pid_t holder = 0;
	int held;
	char *command;
	json_t *seen;

	if (sqlite_size(path, &bytes, &wal, &err) < 0)
		return json_pack("{s:b, s:o}", "missing", errno == ENOENT || errno == ENOTDIR,
				 "why", json_text(err.msg, strlen(err.msg)));
	held = sqlite_locked(path, 0, look->env->clock, &holder, &err);
	if (held < 0)
		return json_pack("{s:o}", "why", json_text(err.msg, strlen(err.msg)));
	command = held && holder ? proc_command(holder) : NULL;
	seen = json_pack("{s:I, s:I, s:i, s:b, s:i, s:I}", "bytes", (json_int_t)bytes, "wal",
			 (json_int_t)wal, "journal", (int)journal_of(path), "locked", held,
			 "holder", (int)holder, "rollback", (json_int_t)rollback_bytes(path));
	if (command)
		json_object_set_new(seen, "command", json_text(command, strlen(command)));
	free(command);
	return seen;
}

/* Whoever needs the disk and the processors goes first. */
static json_t *check_body(void *data)
{
	const struct sqlite_look *look = data;
	const struct clock *clock = look->env->clock;
	int64_t began = clock_mono(clock);
	struct err err = ERR_INIT;
	char said[200] = "";
	struct sqlite *db;
	int sound = -1;

	setpriority(PRIO_PROCESS, 0, 19);
	db = sqlite_open(look->info.path, clock, began + CHECK_TIMEOUT_US - 5 * CLOCK_US, &err);
	if (db)
		sound = sqlite_integrity(db, true, said, sizeof said, &err);
	sqlite_close(db);
	if (sound < 0)
		text_clean_to(said, sizeof said, err.msg, strlen(err.msg));
	return json_pack("{s:i, s:o, s:I}", "sound", sound, "said", json_text(said, strlen(said)),
			 "took", (json_int_t)(clock_mono(clock) - began));
}

/* ---- beside the loop ---- */

static int64_t wall(const struct sqlite_look *look)
{
	return clock_wall(look->env->clock);
}

static void changed(struct sqlite_look *look)
{
	if (look->env->changed)
		look->env->changed(look->env->data);
}

static void text_set(char *out, size_t size, const char *text)
{
	text_clean_to(out, size, text, strlen(text));
}

static void holder_take(struct sqlite_info *info, const json_t *seen, int64_t now)
{
	pid_t holder = (pid_t)json_num(seen, "holder", 0);
	bool locked = json_bool(seen, "locked", 0);

	if (locked && (!info->locked || info->holder != holder))
		info->locked_since = now;
	info->locked = locked;
	info->holder = holder;
	text_set(info->command, sizeof info->command, json_str(seen, "command", ""));
}

static void look_done(const json_t *seen, void *data)
{
	struct sqlite_look *look = data;
	struct sqlite_info *info = &look->info;

	look->look = NULL;
	look->silent = seen ? 0 : look->silent + 1;
	if (!seen)
		look->look_at = clock_mono(look->env->clock) +
				(look->silent < 8 ? EVERY_US << look->silent : SILENT_MAX_US);
	info->missing = json_bool(seen, "missing", 0);
	text_set(info->why, sizeof info->why,
		 seen ? json_str(seen, "why", "") : "its file did not answer in time");
	if (seen && !info->why[0]) {
		info->at = wall(look);
		info->bytes = (int64_t)json_num(seen, "bytes", 0);
		info->wal = (int64_t)json_num(seen, "wal", 0);
		info->journal = (enum sqlite_journal)json_num(seen, "journal", 0);
		holder_take(info, seen, info->at);
		info->hot = json_num(seen, "rollback", 0) > 0 && !info->locked;
	}
	changed(look);
}

static void check_done(const json_t *found, void *data)
{
	struct sqlite_look *look = data;
	struct sqlite_info *info = &look->info;

	look->check = NULL;
	info->checked = found ? (int)json_num(found, "sound", -1) : -1;
	info->checked_at = wall(look);
	info->check_took_us = (int64_t)json_num(found, "took", 0);
	text_set(info->said, sizeof info->said,
		 found ? json_str(found, "said", "") : "the check took too long");
	changed(look);
}

static bool checks(const struct sqlite_look *look)
{
	const struct sqlite_info *info = &look->info;

	if (look->check_us)
		return look->check_us > 0;
	return info->journal == SQLITE_JOURNAL_WAL || info->bytes <= SMALL_BYTES;
}

static void check_tick(struct sqlite_look *look)
{
	int64_t now = clock_mono(look->env->clock);
	int64_t every = look->check_us > 0 ? look->check_us : HOURLY_US;
	struct err err = ERR_INIT;

	look->info.checks = checks(look);
	/* What nobody could open is tried again sooner. */
	if (look->info.checked < 0)
		every = every < 60 * CLOCK_US ? every : 60 * CLOCK_US;
	if (look->check || !look->info.at || look->info.why[0] || !look->info.checks ||
	    (look->checked_at && now - look->checked_at < every))
		return;
	look->checked_at = now;
	look->check =
	    task_start(look->env->loop, CHECK_TIMEOUT_US, check_body, check_done, look, &err);
}

void sqlite_look_tick(struct sqlite_look *look)
{
	int64_t now = clock_mono(look->env->clock);
	struct err err = ERR_INIT;

	if (!look->wanted_at || now - look->wanted_at > WANTED_US)
		return;
	if (!look->look && now >= look->look_at) {
		look->look_at = now + EVERY_US;
		look->look =
		    task_start(look->env->loop, LOOK_TIMEOUT_US, look_body, look_done, look, &err);
	}
	check_tick(look);
}

struct sqlite_look *sqlite_look_new(const struct source_env *env, const char *path,
				    int64_t check_us)
{
	struct sqlite_look *look = xcalloc(1, sizeof *look);

	look->env = env;
	look->check_us = check_us;
	look->info.path = path;
	look->info.checked = -1;
	return look;
}

void sqlite_look_free(struct sqlite_look *look)
{
	if (!look)
		return;
	task_cancel(look->look);
	task_cancel(look->check);
	free(look);
}

const struct sqlite_info *sqlite_look_info(struct sqlite_look *look)
{
	bool first = !look->wanted_at;

	look->wanted_at = clock_mono(look->env->clock);
	if (first)
		sqlite_look_tick(look);
	return &look->info;
}
