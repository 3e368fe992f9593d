/* Children that write on and on beside the event loop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/child_pipe.h"
#include "lib/child_tree.h"
#include "lib/clock.h"
#include "lib/mem.h"

#define CHUNK	  ((size_t)64 << 10)
#define PIPE_SIZE (1 << 20)
/* A stream that comes a line at a time, thousands a second, is read so often and not more. */
#define PACE_US	 25000
#define SLICE_US 5000

struct stream {
	struct loop *loop;
	struct child_tree tree;
	bool kept; /* the tree's root is a keeper */
	struct child_pipe pipe;
	struct stream_calls calls;
	int64_t start;
	struct watch *child, *output, *pace; /* of the loop; NULL: not wanted */
	char *chunk;
};

static void stream_free(struct stream *stream)
{
	watch_free(stream->child);
	watch_free(stream->output);
	watch_free(stream->pace);
	child_pipe_close(&stream->pipe, 0);
	child_pipe_close(&stream->pipe, 1);
	child_tree_release(&stream->tree);
	free(stream->chunk);
	free(stream);
}

/* Hands on what is there, for `budget_us` (0: to the end). True when more may be there. */
static bool drain(struct stream *stream, int64_t budget_us)
{
	int64_t start = clock_mono(&clock_system);

	while (stream->pipe.ends[0] >= 0) {
		ssize_t n = read(stream->pipe.ends[0], stream->chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			watch_free(stream->output);
			stream->output = NULL;
			child_pipe_close(&stream->pipe, 0);
			return false;
		}
		stream->calls.bytes(stream->chunk, (size_t)n, stream->calls.data);
		if (budget_us != 0 && clock_mono(&clock_system) - start >= budget_us)
			return true;
	}
	return false;
}

static void on_output(struct watch *watch, uint32_t what, void *data)
{
	struct stream *stream = data;

	(void)what;
	if (drain(stream, SLICE_US) || stream->output == NULL)
		return;
	watch_events(watch, 0);
	watch_arm(stream->pace, PACE_US, 0);
}

static void on_pace(struct watch *watch, uint32_t what, void *data)
{
	struct stream *stream = data;

	(void)watch, (void)what;
	if (stream->output != NULL)
		watch_events(stream->output, EPOLLIN);
}

static void on_end(struct watch *watch, uint32_t what, void *data)
{
	struct stream *stream = data;
	struct child_end end = { .status = (int)what,
				 .elapsed_us =
				     clock_mono(loop_clock(stream->loop)) - stream->start };
	struct stream_calls calls = stream->calls;

	(void)watch;
	/* As much as the pipe can hold: whoever else has its other end may write for ever. */
	for (int i = 0; i < PIPE_SIZE / (int)CHUNK && drain(stream, 1); i++)
		;
	/* What it left behind is read by nobody, and would be there once more with each start. */
	child_tree_signal(&stream->tree, SIGKILL);
	stream_free(stream);
	calls.ended(&end, calls.data);
}

struct stream *stream_start(struct loop *loop, const struct child_spec *spec, bool errors,
			    const struct stream_calls *calls, struct err *err)
{
	struct child_spec mine = *spec;
	struct stream *stream = xcalloc(1, sizeof(*stream));

	stream->loop = loop;
	stream->kept = spec->kept;
	stream->pipe = (struct child_pipe)CHILD_PIPE_INIT;
	stream->calls = *calls;
	stream->start = clock_mono(loop_clock(loop));
	stream->chunk = xmalloc(CHUNK);
	if (child_pipe_open(&stream->pipe, NULL, 0, err) < 0)
		goto fail;
	(void)fcntl(stream->pipe.ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* else it waits more often */
	mine.out = stream->pipe.ends[1];
	if (errors)
		mine.err = stream->pipe.ends[1];
	child_tree_init(&stream->tree, false);
	stream->tree.root = child_start(&mine, err);
	if (stream->tree.root < 0)
		goto fail;
	child_pipe_close(&stream->pipe, 1);
	stream->child = loop_child(loop, stream->tree.root, on_end, stream, err);
	stream->output = loop_fd(loop, stream->pipe.ends[0], EPOLLIN, on_output, stream, err);
	stream->pace = loop_timer(loop, 1, 0, on_pace, stream);
	if (stream->child == NULL || stream->output == NULL || stream->pace == NULL) {
		stream_cancel(stream);
		return NULL;
	}
	return stream;
fail:
	stream_free(stream);
	return NULL;
}

void stream_cancel(struct stream *stream)
{
	if (stream == NULL)
		return;
	child_tree_finish(&stream->tree, stream->kept);
	child_bury(stream->loop, stream->tree.root);
	stream_free(stream);
}
