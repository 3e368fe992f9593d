#include "sources/logfollow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "sources/logmissed.h"
#include "sources/logrotated.h"

#define SLICE_US 5000
#define TICK_US	 CLOCK_US
/* A log that gets a line at a time, thousands a second, is looked at so often and not more. */
#define PACE_US 50000
/* How long a renamed file is still read: its writer may not have reopened yet. */
#define LINGER_US (10 * CLOCK_US)
#define NO_PART	  INT32_MIN
/* How many files that were read are remembered, so that rotation doesn't bring them back. */
#define PAST_N 16

#define FOLDER_EVENTS \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS (IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)

/* A file that was read, and how far. Its bytes tell it, too: a copy may be written over the one
 * before it, and a new file gets the number of one that was removed. */
struct past {
	dev_t device;
	ino_t inode;
	off_t at;
	int32_t part;
};

struct logfollow {
	char *path;
	const struct clock *clock;
	struct logparts parts;
	struct logtail_way way;
	struct logtail now, old; /* the followed file, and the one that was renamed away */
	int64_t old_until;	 /* monotonic */
	int64_t looked_at;	 /* monotonic */
	struct past past[PAST_N];
	size_t npast;
	off_t end;    /* of the file when it was opened first: what lies before is not fresh */
	bool seeding; /* still before it */
	bool seen; /* there was a file before, or none: one that comes is read from its beginning */
	bool skipped;
	bool behind; /* the last look's time was over before the end was reached */
	size_t tail_max;
	enum logfollow_state state;
	char why[200];
	int inotify, folder_wd, file_wd;
	struct watch *events, *tick, *more;
	struct loop *loop;
	void (*looked)(void *data);
	void *data;
};

static void state_set(struct logfollow *follow, enum logfollow_state state, const char *why,
		      int error)
{
	char text[400];

	follow->state = state;
	snprintf(text, sizeof(text), "%s%s%s", why, error != 0 ? ": " : "",
		 error != 0 ? strerror(error) : "");
	text_clean_to(follow->why, sizeof(follow->why), text, strlen(text));
}

/* ---- opening ---- */

static void watch_file(struct logfollow *follow)
{
	if (follow->inotify < 0)
		return;
	if (follow->file_wd >= 0)
		inotify_rm_watch(follow->inotify, follow->file_wd);
	follow->file_wd = inotify_add_watch(follow->inotify, follow->path, FILE_EVENTS);
}

static void watch_folder(struct logfollow *follow)
{
	if (follow->inotify >= 0 && follow->folder_wd < 0)
		follow->folder_wd =
		    inotify_add_watch(follow->inotify, follow->parts.folder, FOLDER_EVENTS);
}

/* The file, open; -1 with the state set. */
static int path_open(struct logfollow *follow, struct stat *st)
{
	int fd = open(follow->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		bool missing = errno == ENOENT || errno == ENOTDIR;

		follow->seen = follow->seen || missing;
		state_set(follow, missing ? LOGFOLLOW_MISSING : LOGFOLLOW_FAILED,
			  missing ? "the file is not there" : "it can't be opened",
			  missing ? 0 : errno);
		return -1;
	}
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		state_set(follow, LOGFOLLOW_FAILED, "it is not a regular file", 0);
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- rotation ---- */

static void past_add(struct logfollow *follow, const struct stat *st, off_t at, int32_t part)
{
	follow->past[follow->npast++ % PAST_N] =
	    (struct past){ .device = st->st_dev, .inode = st->st_ino, .at = at, .part = part };
}

static bool is_past(const struct logfollow *follow, const struct logmissed *file)
{
	for (size_t i = 0; i < PAST_N && i < follow->npast; i++) {
		const struct past *past = &follow->past[i];
		const struct logpart *part = logparts_get(&follow->parts, past->part);

		if (past->device == file->st.st_dev && past->inode == file->st.st_ino &&
		    past->at >= file->st.st_size && part != NULL &&
		    logpart_holds(part, file->fd, &file->st))
			return true;
	}
	return false;
}

/* Reads a file that nobody writes to any more to its end, and closes it. */
static void tail_finish(struct logfollow *follow, struct logtail *tail)
{
	bool got = false;
	struct stat st;

	logtail_read(tail, &follow->way, true, 0, &got);
	logtail_flush(tail, &follow->way, true);
	if (fstat(tail->fd, &st) == 0)
		past_add(follow, &st, logparts_get(&follow->parts, tail->part)->end, tail->part);
	logtail_close(tail);
}

static void old_end(struct logfollow *follow)
{
	if (follow->old.fd >= 0)
		tail_finish(follow, &follow->old);
}

/* The file was renamed or removed: its writer may go on with it for a while. */
static void file_retire(struct logfollow *follow)
{
	bool got = false;

	old_end(follow);
	follow->old = follow->now;
	follow->now = (struct logtail)LOGTAIL_NONE;
	follow->old_until = clock_mono(follow->clock) + LINGER_US;
	logtail_read(&follow->old, &follow->way, true, 0, &got);
	follow->seeding = false;
}

/* Further rotations since the last look: what was written since `from` into other files than `was`
 * and the one there now is read, too; `from` moves on to the youngest of them. True when there was
 * any. */
static bool missed_read(struct logfollow *follow, struct timespec *from, const struct stat *was,
			int now_fd, int32_t part)
{
	size_t n;
	struct logmissed *list = logmissed_find(&follow->parts, from, was, now_fd,
						logparts_get(&follow->parts, part), &n);
	bool got = false;

	for (size_t i = 0; i < n; i++) {
		if (logrotated_time(&list[i].st.st_mtim, from) > 0)
			*from = list[i].st.st_mtim;
		if (is_past(follow, &list[i])) {
			close(list[i].fd);
			continue;
		}
		old_end(follow);
		logtail_open(&follow->old, &follow->way, list[i].fd, &list[i].st, 0, false);
		follow->old_until = clock_mono(follow->clock) + LINGER_US;
		logtail_read(&follow->old, &follow->way, true, 0, &got);
	}
	free(list);
	return got;
}

/* A file of which nothing was read yet may have been copied and cut unnoticed: there is nothing in
 * it that could be missing. */
static bool unread_look(struct logfollow *follow, struct timespec *since)
{
	struct stat was;
	bool old = follow->old.fd >= 0 && fstat(follow->old.fd, &was) == 0;

	return missed_read(follow, since, old ? &was : NULL, follow->now.fd, follow->now.part);
}

/* The file was cut. If it was copied before, the copy has what had not been read yet; and what it
 * held between two cuts is in younger copies.
 *
 * The new part counts from the youngest copy that was read, not from when the file was last written
 * to: that may be later than the next copy, which may be there already, before its cut. */
static void file_cut(struct logfollow *follow)
{
	struct logpart *part = logparts_get(&follow->parts, follow->now.part);
	struct timespec since = part->since;
	struct logtail rest;
	struct stat now = { 0 }, copy;
	int fd = -1;
	bool longer;

	if (fstat(follow->now.fd, &now) == 0)
		fd = logmissed_copy(&follow->parts, part, &now, &copy);
	longer = fd >= 0 && copy.st_size >= part->end;
	if (longer) {
		logtail_move(&follow->now, &rest, fd);
		tail_finish(follow, &rest);
	} else {
		logtail_flush(&follow->now, &follow->way, true);
	}
	if (fd >= 0 && !longer) {
		logpart_shorten(part, fd, copy.st_size);
		past_add(follow, &copy, copy.st_size, part->id);
		close(fd);
	}
	if (fd >= 0) {
		since = copy.st_mtim;
		missed_read(follow, &since, &copy, follow->now.fd, NO_PART);
	}
	logtail_restart(&follow->now, &follow->way, &since);
	follow->seeding = false;
}

static void file_open(struct logfollow *follow)
{
	struct stat st, was;
	off_t from = 0;
	int fd = path_open(follow, &st);

	if (fd < 0)
		return;
	if (follow->old.fd >= 0 && fstat(follow->old.fd, &was) == 0) {
		st.st_mtim = was.st_mtim;
		missed_read(follow, &st.st_mtim, &was, fd, NO_PART);
	}
	if (!follow->seen) {
		/* What was there before the log was followed is none of it. */
		st.st_mtim.tv_nsec++;
		follow->end = st.st_size;
		follow->seeding = st.st_size > 0;
		follow->skipped = st.st_size > (off_t)follow->tail_max;
		from = follow->skipped ? st.st_size - (off_t)follow->tail_max : 0;
	}
	logtail_open(&follow->now, &follow->way, fd, &st, from, from > 0);
	follow->seen = true;
	watch_file(follow);
	state_set(follow, LOGFOLLOW_FOLLOWING, "", 0);
}

/* What the path names now against what is open. */
static void identity_check(struct logfollow *follow)
{
	const struct logpart *part = logparts_get(&follow->parts, follow->now.part);
	struct stat st;
	bool there = stat(follow->path, &st) == 0;

	if (follow->now.fd >= 0 &&
	    (!there || st.st_dev != part->device || st.st_ino != part->inode))
		file_retire(follow);
	if (follow->now.fd < 0)
		file_open(follow); /* or says why it can't be read */
	else if (st.st_size < part->end)
		file_cut(follow);
}

/* ---- looking ---- */

static void old_read(struct logfollow *follow, bool *got)
{
	if (follow->old.fd < 0)
		return;
	logtail_read(&follow->old, &follow->way, true, 0, got);
	if (clock_mono(follow->clock) >= follow->old_until)
		old_end(follow);
}

/* The first bytes of a file. */
static enum logtail_end first_read(struct logfollow *follow, int64_t deadline, bool *got)
{
	struct timespec since = logparts_get(&follow->parts, follow->now.part)->since;
	bool any = false;
	enum logtail_end end;
	struct stat st;

	if (fstat(follow->now.fd, &st) < 0 || st.st_size == 0)
		return LOGTAIL_ALL;
	if (unread_look(follow, &since))
		logtail_restart(&follow->now, &follow->way, &since);
	end = logtail_read(&follow->now, &follow->way, !follow->seeding, deadline, &any);
	/* And if that happened just now. */
	if (any)
		(void)unread_look(follow, &since);
	*got = *got || any;
	return end;
}

/* True when the end was reached. */
static bool now_read(struct logfollow *follow, int64_t deadline, bool *got)
{
	enum logtail_end end;

	if (logparts_get(&follow->parts, follow->now.part)->end == 0)
		end = first_read(follow, deadline, got);
	else
		end = logtail_read(&follow->now, &follow->way, !follow->seeding, deadline, got);
	if (end == LOGTAIL_CUT) {
		file_cut(follow);
		end = first_read(follow, deadline, got);
	}
	if (end == LOGTAIL_ALL ||
	    logparts_get(&follow->parts, follow->now.part)->end >= follow->end)
		follow->seeding = false;
	return end == LOGTAIL_ALL;
}

/* A last line without newline is handed out once nothing more comes. */
static void idle_note(struct logfollow *follow, bool got)
{
	struct logtail *tail = &follow->now;
	bool settled = !got && tail->idle;
	struct stat st;

	/* Without a loop there may be no second look: the last line of an old file counts at once.
	 */
	if (!settled && follow->loop == NULL && fstat(tail->fd, &st) == 0)
		settled = st.st_mtim.tv_sec * CLOCK_US + CLOCK_US + clock_ahead() <
			  clock_wall(follow->clock);
	if (settled)
		logtail_flush(tail, &follow->way, !follow->seeding);
	tail->idle = !got;
}

/* A look: `settle` when it is one of those a second apart, so that an idle rest of a line counts.
 */
static void look(struct logfollow *follow, int64_t budget_us, bool settle)
{
	int64_t deadline = budget_us > 0 ? clock_mono(&clock_system) + budget_us : 0;
	enum logfollow_state before = follow->state;
	bool got = false, done = true;

	follow->looked_at = clock_mono(follow->clock);
	watch_folder(follow);
	identity_check(follow);
	old_read(follow, &got);
	if (follow->now.fd >= 0) {
		done = now_read(follow, deadline, &got);
		if (done && settle)
			idle_note(follow, got);
		else if (got)
			follow->now.idle = false;
	}
	follow->behind = !done;
	if (!done && follow->more != NULL)
		watch_arm(follow->more, 1, 0);
	if ((got || before != follow->state) && follow->looked != NULL)
		follow->looked(follow->data);
}

void logfollow_look(struct logfollow *follow, int64_t budget_us)
{
	look(follow, budget_us, true);
}

/* ---- the loop's side ---- */

static void on_tick(struct watch *watch, uint32_t what, void *data)
{
	(void)watch;
	(void)what;
	look(data, SLICE_US, true);
}

/* Takes the events that have come. Which file one is about hardly matters: a look finds out what is
 * true now, which also covers events lost to IN_Q_OVERFLOW. Only those of other files in the folder
 * are passed over: true when there were others. */
static bool events_take(struct logfollow *follow)
{
	char bytes[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool ours = false;
	ssize_t n;

	while ((n = read(follow->inotify, bytes, sizeof(bytes))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event = (const void *)(bytes + at);

			if (event->mask & IN_IGNORED) {
				if (event->wd == follow->folder_wd)
					follow->folder_wd = -1;
				if (event->wd == follow->file_wd)
					follow->file_wd = -1;
			}
			if (event->len == 0 || strcmp(event->name, follow->parts.base) == 0)
				ours = true;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	return ours;
}

/* While lines keep coming the loop is not woken by each: the next look is a matter of time. */
static void on_more(struct watch *watch, uint32_t what, void *data)
{
	struct logfollow *follow = data;
	bool ours = follow->events != NULL && events_take(follow);

	(void)what;
	look(follow, SLICE_US, false);
	if (follow->behind || follow->events == NULL)
		return;
	if (ours)
		watch_arm(watch, PACE_US, 0);
	else
		watch_events(follow->events, EPOLLIN);
}

/* Looks now, or a little later when the last look was just before; until then events can wait. One
 * that did not come to the end goes on at once anyway. */
static void look_paced(struct logfollow *follow)
{
	int64_t since = clock_mono(follow->clock) - follow->looked_at;

	if (follow->behind) {
		watch_events(follow->events, 0);
		return;
	}
	if (follow->clock != &clock_system || since >= PACE_US) {
		look(follow, SLICE_US, false);
		return;
	}
	watch_events(follow->events, 0);
	watch_arm(follow->more, PACE_US - since, 0);
}

static void on_events(struct watch *watch, uint32_t what, void *data)
{
	(void)watch;
	(void)what;
	if (events_take(data))
		look_paced(data);
}

static void loop_attach(struct logfollow *follow, struct loop *loop)
{
	follow->loop = loop;
	follow->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (follow->inotify >= 0)
		follow->events = loop_fd(loop, follow->inotify, EPOLLIN, on_events, follow, NULL);
	follow->tick = loop_timer(loop, TICK_US, TICK_US, on_tick, follow);
	follow->more = loop_timer(loop, 1, 0, on_more, follow);
}

struct logfollow *logfollow_new(struct loop *loop, const struct clock *clock, const char *path,
				size_t tail, logtail_fn *line, void (*looked)(void *data),
				void *data)
{
	struct logfollow *follow = xcalloc(1, sizeof(*follow));

	follow->path = xstrdup(path);
	logparts_init(&follow->parts, path);
	follow->clock = clock;
	follow->now = follow->old = (struct logtail)LOGTAIL_NONE;
	follow->tail_max = tail;
	follow->inotify = follow->folder_wd = follow->file_wd = -1;
	follow->way = (struct logtail_way){ .parts = &follow->parts,
					    .clock = clock,
					    .line = line,
					    .data = data,
					    .chunk = xmalloc(LOGTAIL_CHUNK) };
	follow->looked = looked;
	follow->data = data;
	if (loop != NULL)
		loop_attach(follow, loop);
	watch_folder(follow);
	identity_check(follow);
	return follow;
}

void logfollow_free(struct logfollow *follow)
{
	if (follow == NULL)
		return;
	watch_free(follow->events);
	watch_free(follow->tick);
	watch_free(follow->more);
	if (follow->inotify >= 0)
		close(follow->inotify);
	logtail_close(&follow->now);
	logtail_close(&follow->old);
	logparts_release(&follow->parts);
	free(follow->path);
	free(follow->way.chunk);
	free(follow);
}

enum logfollow_state logfollow_state(const struct logfollow *follow)
{
	return follow->state;
}

const char *logfollow_why(const struct logfollow *follow)
{
	return follow->why;
}

bool logfollow_caught_up(const struct logfollow *follow)
{
	return !follow->seeding;
}

bool logfollow_skipped(const struct logfollow *follow)
{
	return follow->skipped;
}

struct logparts *logfollow_parts(struct logfollow *follow)
{
	return &follow->parts;
}
