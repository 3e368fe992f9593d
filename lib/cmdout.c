#include "lib/cmdout.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/text.h"

#define CHUNK	 65536
#define TAIL_MAX 2048
/* What was passed on is given back to the system, but for so much. */
#define KEEP ((off_t)1 << 20)
/* More is not passed on: it is more than a step's file takes (core/runner_work.c). */
#define PASSED_MAX (((off_t)64 << 20) + CHUNK)

int cmdout_open(struct cmdout *out, int log, struct err *err)
{
	*out = (struct cmdout){ .fd = memfd_create("output", MFD_CLOEXEC), .log = log };
	if (out->fd < 0)
		return err_sys(err, "a file in memory for a command's output");
	fcntl(out->fd, F_SETFL, O_APPEND);
	return 0;
}

/* Gives back what nobody will read: what went on already, and what is past the limit, but for the
 * end, which may be quoted. */
static void trim(const struct cmdout *out)
{
	struct stat st;
	off_t to = out->done - KEEP;

	if (out->done < PASSED_MAX && fstat(out->fd, &st) == 0 && st.st_size - KEEP > PASSED_MAX)
		fallocate(out->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PASSED_MAX,
			  st.st_size - KEEP - PASSED_MAX);
	if (to > KEEP)
		fallocate(out->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, to);
}

void cmdout_pump(struct cmdout *out)
{
	char bytes[CHUNK];
	struct stat st;
	ssize_t n;

	/* It may write faster than this passes on. */
	for (int i = 0; out->done < PASSED_MAX; i++) {
		n = pread(out->fd, bytes, sizeof(bytes), out->done);
		if (n <= 0)
			break;
		if (out->log >= 0)
			file_write(out->log, bytes, (size_t)n);
		out->done += n;
		if (i % 16 == 0)
			trim(out);
	}
	if (out->done >= PASSED_MAX && fstat(out->fd, &st) == 0)
		out->done = st.st_size;
	trim(out);
}

char *cmdout_last(const struct cmdout *out, char *text, size_t size)
{
	char tail[TAIL_MAX];
	struct stat st = { 0 };
	off_t from;
	ssize_t n;

	text[0] = '\0';
	fstat(out->fd, &st);
	from = st.st_size > TAIL_MAX ? st.st_size - TAIL_MAX : 0;
	n = pread(out->fd, tail, sizeof(tail), from);
	while (n > 0 && strchr(" \t\r\n", tail[n - 1]) != NULL)
		n--;
	while (n > 0) {
		const char *nl = memrchr(tail, '\n', (size_t)n);
		const char *start = nl != NULL ? nl + 1 : tail;

		text_clean_to(text, size, start, (size_t)(tail + n - start));
		/* "See system logs and ...": why comes before that. */
		if (nl == NULL || strncmp(start, "See ", 4) != 0)
			break;
		n = nl - tail;
	}
	return text;
}

void cmdout_close(struct cmdout *out)
{
	if (out->fd < 0)
		return;
	cmdout_pump(out);
	close(out->fd);
	out->fd = -1;
}
