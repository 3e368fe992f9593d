#include "lib/child_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/file.h"

int child_pipe_open(struct child_pipe *pipe, struct buf *out, size_t max, struct err *err)
{
	*pipe = (struct child_pipe){ .ends = { -1, -1 }, .out = out, .max = max };
	if (pipe2(pipe->ends, O_CLOEXEC) < 0 || fcntl(pipe->ends[0], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, "no pipe can be made");
	return 0;
}

void child_pipe_close(struct child_pipe *pipe, int end)
{
	if (pipe->ends[end] >= 0)
		close(pipe->ends[end]);
	pipe->ends[end] = -1;
}

void child_pipe_read(struct child_pipe *pipe)
{
	char chunk[16384];
	ssize_t got;

	/* More than a pipe holds, so that an ended child's output comes whole; but one that writes
	 * without end must not keep its reader from looking at the time. */
	for (int i = 0; i < 64 && pipe->ends[0] >= 0; i++) {
		size_t room, keep;

		got = read(pipe->ends[0], chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			child_pipe_close(pipe, 0);
			return;
		}
		room = pipe->max == 0		    ? (size_t)got
		       : pipe->out->len < pipe->max ? pipe->max - pipe->out->len
						    : 0;
		keep = room < (size_t)got ? room : (size_t)got;
		buf_add(pipe->out, chunk, keep);
		pipe->lost += (size_t)got - keep;
		if (pipe->enough && pipe->lost > 0)
			child_pipe_close(pipe, 0);
	}
}

int child_input(const char *input, struct err *err)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	if (fd < 0 || file_write(fd, input, strlen(input)) < 0) {
		err_sys(err, "no input can be prepared for a program");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}
