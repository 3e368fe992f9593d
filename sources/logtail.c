#include "sources/logtail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sources/logring.h"

void logtail_open(struct logtail *tail, const struct logtail_way *way, int fd,
		  const struct stat *st, off_t from, bool skip)
{
	struct logpart *part = logparts_add(way->parts, st);

	part->end = from;
	*tail = (struct logtail){ .fd = fd, .part = part->id, .line_at = from, .skip = skip };
}

void logtail_close(struct logtail *tail)
{
	if (tail->fd >= 0)
		close(tail->fd);
	buf_release(&tail->partial);
	*tail = (struct logtail)LOGTAIL_NONE;
}

/* ---- lines ---- */

/* Ends the line whose last `len` bytes are these. */
static void line_out(struct logtail *tail, const struct logtail_way *way, const char *bytes,
		     size_t len, bool fresh)
{
	size_t true_len = tail->true_len + len;
	struct logtail_line line = { .true_len = true_len,
				     .part = tail->part,
				     .at = tail->line_at,
				     .seen = tail->seen,
				     .rest = tail->handed,
				     .fresh = fresh };

	tail->line_at += (off_t)true_len;
	tail->true_len = 0;
	if (tail->skip || (tail->handed && true_len == 0))
		return;
	if (tail->partial.len > 0) {
		size_t room = LOGRING_LINE_MAX - tail->partial.len;

		buf_add(&tail->partial, bytes, len < room ? len : room);
		bytes = tail->partial.data;
		len = tail->partial.len;
	}
	line.bytes = bytes;
	line.len = len < LOGRING_LINE_MAX ? len : LOGRING_LINE_MAX;
	way->line(&line, way->data);
	buf_cut(&tail->partial, 0);
}

static void part_keep(struct logtail *tail, const char *bytes, size_t len)
{
	size_t room = LOGRING_LINE_MAX - tail->partial.len;

	tail->true_len += len;
	if (!tail->skip && len > 0 && room > 0)
		buf_add(&tail->partial, bytes, len < room ? len : room);
}

static void bytes_in(struct logtail *tail, const struct logtail_way *way, const char *bytes,
		     size_t len, bool fresh)
{
	while (tail->hole && len > 0) {
		tail->hole = *bytes == '\0';
		tail->line_at += tail->hole;
		bytes += tail->hole;
		len -= tail->hole;
	}
	while (len > 0) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl != NULL ? (size_t)(nl - bytes) : len;

		if (nl == NULL) {
			part_keep(tail, bytes, n);
			break;
		}
		line_out(tail, way, bytes, n, fresh);
		tail->line_at++;
		tail->skip = tail->handed = false;
		bytes += n + 1;
		len -= n + 1;
	}
}

void logtail_flush(struct logtail *tail, const struct logtail_way *way, bool fresh)
{
	if (tail->true_len == 0 || tail->skip)
		return;
	tail->seen = clock_wall(way->clock);
	line_out(tail, way, "", 0, fresh);
	tail->handed = true;
}

/* ---- reading ---- */

enum logtail_end logtail_read(struct logtail *tail, const struct logtail_way *way, bool fresh,
			      int64_t deadline, bool *got)
{
	struct logpart *part = logparts_get(way->parts, tail->part);

	for (;;) {
		ssize_t n = pread(tail->fd, way->chunk, LOGTAIL_CHUNK, part->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return LOGTAIL_ALL;
		logpart_head_read(part, tail->fd);
		/* Asked after each piece: as long as what was before it stands there, the piece is
		 * what followed that, and not what a file holds that was cut and written anew. */
		if (!logpart_goes_on(part, tail->fd, way->chunk, (size_t)n))
			return LOGTAIL_CUT;
		*got = true;
		tail->seen = clock_wall(way->clock);
		logpart_grow(part, way->chunk, (size_t)n);
		bytes_in(tail, way, way->chunk, (size_t)n, fresh);
		if ((size_t)n < LOGTAIL_CHUNK)
			return LOGTAIL_ALL;
		if (deadline != 0 && clock_mono(&clock_system) >= deadline)
			return LOGTAIL_MORE;
	}
}

void logtail_restart(struct logtail *tail, const struct logtail_way *way,
		     const struct timespec *since)
{
	const struct logpart *part = logparts_get(way->parts, tail->part);
	const struct stat st = { .st_dev = part->device, .st_ino = part->inode, .st_mtim = *since };
	off_t data = lseek(tail->fd, 0, SEEK_DATA);
	int fd = tail->fd;

	buf_release(&tail->partial);
	logtail_open(tail, way, fd, &st, data > 0 ? data : 0, false);
	tail->hole = true;
}

void logtail_move(struct logtail *tail, struct logtail *to, int fd)
{
	*to = *tail;
	to->fd = fd;
	tail->partial = (struct buf)BUF_INIT;
	tail->true_len = 0;
	tail->handed = tail->skip = false;
}
