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

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "sources/logmissed.h"
#include "sources/logring.h"

#define CHUNK	 ((size_t)64 << 10)
#define SLICE_US 5000
#define TICK_US	 CLOCK_US
/* A log that gets a line at a time, thousands a second, is looked at so often and not more. */
#define PACE_US 25000
/* How long a renamed file is still read: its writer may not have reopened yet. */
#define LINGER_US (10 * CLOCK_US)
/* Bytes before the reading position that are compared, to notice a file that was cut and grew
 * again. */
#define MARK 64
/* How many files that were read are remembered, so that rotation doesn't bring them back. */
#define PAST_N 8

#define FOLDER_EVENTS \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS (IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)

/* One open file: the followed one, or the one that was renamed away. */
struct tail {
	int fd; /* -1: none */
	dev_t device;
	ino_t inode;
	off_t at;
	char mark[MARK];
	size_t nmark;
	struct buf partial; /* a line whose newline has not come yet */
	size_t true_len;
	bool skip;   /* throw away up to the first newline */
	bool handed; /* what came of the line without newline was handed out already */
	bool idle;   /* the look before found nothing new */
};

/* A file that was read, and how far. */
struct past {
	dev_t device;
	ino_t inode;
	off_t at;
};

struct logfollow {
	char *path, *folder;
	const char *base; /* in path */
	const struct clock *clock;
	struct tail now, old;
	int64_t old_until; /* monotonic */
	int64_t looked_at; /* monotonic */
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
	logfollow_fn *line;
	void (*looked)(void *data);
	void *data;
	char *chunk;
};

static void tail_close(struct tail *tail)
{
	if (tail->fd >= 0)
		close(tail->fd);
	buf_release(&tail->partial);
	*tail = (struct tail){ .fd = -1 };
}

static void state_set(struct logfollow *follow, enum logfollow_state state, const char *why,
		      int error)
{
	char text[400];

	follow->state = state;
	snprintf(text, sizeof(text), "%s%s%s", why, error != 0 ? ": " : "",
		 error != 0 ? strerror(error) : "");
	text_clean_to(follow->why, sizeof(follow->why), text, strlen(text));
}

/* ---- lines ---- */

static void line_out(struct logfollow *follow, struct tail *tail)
{
	bool fresh = !(follow->seeding && tail == &follow->now);

	if (!tail->skip && (!tail->handed || tail->true_len > 0))
		follow->line(buf_str(&tail->partial), tail->partial.len, tail->true_len, fresh,
			     follow->data);
	tail->skip = false;
	tail->handed = false;
	tail->true_len = 0;
	buf_cut(&tail->partial, 0);
}

static void part_add(struct tail *tail, const char *bytes, size_t len)
{
	size_t room = LOGRING_LINE_MAX - tail->partial.len;

	tail->true_len += len;
	if (len > 0 && room > 0)
		buf_add(&tail->partial, bytes, len < room ? len : room);
}

static void bytes_in(struct logfollow *follow, struct tail *tail, const char *bytes, size_t len)
{
	while (len > 0) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl != NULL ? (size_t)(nl - bytes) : len;

		part_add(tail, bytes, n);
		if (nl == NULL)
			break;
		line_out(follow, tail);
		bytes += n + 1;
		len -= n + 1;
	}
}

/* A last line without newline is handed out once nothing more comes. */
static void partial_out(struct logfollow *follow, struct tail *tail)
{
	if (tail->true_len == 0 || tail->skip)
		return;
	line_out(follow, tail);
	tail->handed = true;
}

/* ---- reading ---- */

static void mark_set(struct tail *tail, const char *chunk, size_t len)
{
	size_t keep;

	if (len >= MARK) {
		memcpy(tail->mark, chunk + len - MARK, MARK);
		tail->nmark = MARK;
		return;
	}
	keep = tail->nmark < MARK - len ? tail->nmark : MARK - len;
	memmove(tail->mark, tail->mark + tail->nmark - keep, keep);
	memcpy(tail->mark + keep, chunk, len);
	tail->nmark = keep + len;
}

static bool mark_holds(const struct tail *tail)
{
	char there[MARK];
	ssize_t n = pread(tail->fd, there, tail->nmark, tail->at - (off_t)tail->nmark);

	return n == (ssize_t)tail->nmark && memcmp(there, tail->mark, tail->nmark) == 0;
}

static void tail_restart(struct tail *tail)
{
	tail->at = 0;
	tail->nmark = 0;
	tail->true_len = 0;
	tail->skip = tail->handed = false;
	buf_cut(&tail->partial, 0);
}

/* Reads to the end or the deadline (monotonic, 0: none). True when the end was reached. */
static bool tail_read(struct logfollow *follow, struct tail *tail, int64_t deadline, bool *got)
{
	bool checked = false;

	for (;;) {
		ssize_t n = pread(tail->fd, follow->chunk, CHUNK, tail->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		if (!checked && !mark_holds(tail)) {
			tail_restart(tail);
			checked = true;
			continue;
		}
		checked = true;
		*got = true;
		mark_set(tail, follow->chunk, (size_t)n);
		tail->at += n;
		bytes_in(follow, tail, follow->chunk, (size_t)n);
		if (tail == &follow->now && tail->at >= follow->end)
			follow->seeding = false;
		if (deadline != 0 && clock_mono(&clock_system) >= deadline)
			return (size_t)n < CHUNK;
	}
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
		    inotify_add_watch(follow->inotify, follow->folder, FOLDER_EVENTS);
}

static void position_first(struct logfollow *follow, off_t size)
{
	follow->end = size;
	follow->seeding = size > 0;
	if (size > (off_t)follow->tail_max) {
		follow->now.at = size - (off_t)follow->tail_max;
		follow->now.skip = true;
		follow->skipped = true;
	}
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

static void old_end(struct logfollow *follow)
{
	bool got = false;

	if (follow->old.fd >= 0) {
		tail_read(follow, &follow->old, 0, &got);
		partial_out(follow, &follow->old);
		follow->past[follow->npast++ % PAST_N] =
		    (struct past){ .device = follow->old.device,
				   .inode = follow->old.inode,
				   .at = follow->old.at };
	}
	tail_close(&follow->old);
}

static bool is_past(const struct logfollow *follow, const struct stat *st)
{
	for (size_t i = 0; i < PAST_N && i < follow->npast; i++)
		if (follow->past[i].device == st->st_dev && follow->past[i].inode == st->st_ino &&
		    follow->past[i].at >= st->st_size)
			return true;
	return false;
}

/* The file was renamed or removed: its writer may go on with it for a while. */
static void file_retire(struct logfollow *follow)
{
	bool got = false;

	old_end(follow);
	follow->old = follow->now;
	follow->now = (struct tail){ .fd = -1 };
	follow->old_until = clock_mono(follow->clock) + LINGER_US;
	tail_read(follow, &follow->old, 0, &got);
	follow->seeding = false;
}

/* A second rotation since the last look: what lies between the two files is read, too. */
static void missed_read(struct logfollow *follow, const struct stat *now)
{
	struct stat was;
	struct logmissed *list;
	bool got = false;
	size_t n;

	if (follow->old.fd < 0 || fstat(follow->old.fd, &was) < 0)
		return;
	list = logmissed_find(follow->folder, follow->base, &was, now, &n);
	for (size_t i = 0; i < n; i++) {
		if (is_past(follow, &list[i].st)) {
			close(list[i].fd);
			continue;
		}
		old_end(follow);
		follow->old = (struct tail){ .fd = list[i].fd,
					     .device = list[i].st.st_dev,
					     .inode = list[i].st.st_ino };
		tail_read(follow, &follow->old, 0, &got);
	}
	free(list);
}

static void file_open(struct logfollow *follow)
{
	struct stat st;
	int fd = path_open(follow, &st);

	if (fd < 0)
		return;
	missed_read(follow, &st);
	follow->now = (struct tail){ .fd = fd, .device = st.st_dev, .inode = st.st_ino };
	if (!follow->seen)
		position_first(follow, st.st_size);
	follow->seen = true;
	watch_file(follow);
	state_set(follow, LOGFOLLOW_FOLLOWING, "", 0);
}

/* What the path names now against what is open. */
static void identity_check(struct logfollow *follow)
{
	struct stat st;
	bool there = stat(follow->path, &st) == 0;

	if (follow->now.fd >= 0 &&
	    (!there || st.st_dev != follow->now.device || st.st_ino != follow->now.inode))
		file_retire(follow);
	if (follow->now.fd < 0)
		file_open(follow); /* or says why it can't be read */
	else if (st.st_size < follow->now.at)
		tail_restart(&follow->now);
}

static void old_read(struct logfollow *follow, bool *got)
{
	if (follow->old.fd < 0)
		return;
	tail_read(follow, &follow->old, 0, got);
	if (clock_mono(follow->clock) >= follow->old_until)
		old_end(follow);
}

static void idle_note(struct logfollow *follow, bool got)
{
	struct tail *tail = &follow->now;
	bool settled = !got && tail->idle;
	struct stat st;

	/* Without a loop there may be no second look: the last line of an old file counts at once.
	 */
	if (!settled && follow->loop == NULL && fstat(tail->fd, &st) == 0)
		settled = st.st_mtim.tv_sec * CLOCK_US + CLOCK_US + clock_ahead() <
			  clock_wall(follow->clock);
	if (settled)
		partial_out(follow, tail);
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
		done = tail_read(follow, &follow->now, deadline, &got);
		if (done)
			follow->seeding = false;
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

static void on_more(struct watch *watch, uint32_t what, void *data)
{
	struct logfollow *follow = data;

	(void)watch;
	(void)what;
	if (follow->events != NULL)
		watch_events(follow->events, EPOLLIN);
	look(follow, SLICE_US, false);
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

/* Which file an event is about hardly matters: a look finds out what is true now, which also covers
 * events lost to IN_Q_OVERFLOW. Only events of other files in the folder are passed over. */
static void on_events(struct watch *watch, uint32_t what, void *data)
{
	struct logfollow *follow = data;
	char bytes[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool ours = false;
	ssize_t n;

	(void)watch;
	(void)what;
	while ((n = read(follow->inotify, bytes, sizeof(bytes))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event = (const void *)(bytes + at);

			if (event->mask & IN_IGNORED) {
				if (event->wd == follow->folder_wd)
					follow->folder_wd = -1;
				if (event->wd == follow->file_wd)
					follow->file_wd = -1;
			}
			if (event->len == 0 || strcmp(event->name, follow->base) == 0)
				ours = true;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	if (ours)
		look_paced(follow);
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
				size_t tail, logfollow_fn *line, void (*looked)(void *data),
				void *data)
{
	struct logfollow *follow = xcalloc(1, sizeof(*follow));
	const char *slash = strrchr(path, '/');

	follow->path = xstrdup(path);
	follow->folder = path_folder(path);
	follow->base = slash != NULL ? follow->path + (slash + 1 - path) : follow->path;
	follow->clock = clock;
	follow->now.fd = follow->old.fd = -1;
	follow->tail_max = tail;
	follow->inotify = follow->folder_wd = follow->file_wd = -1;
	follow->line = line;
	follow->looked = looked;
	follow->data = data;
	follow->chunk = xmalloc(CHUNK);
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
	tail_close(&follow->now);
	tail_close(&follow->old);
	free(follow->path);
	free(follow->folder);
	free(follow->chunk);
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
