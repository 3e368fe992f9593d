#include "sources/postgres_door.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/mem.h"

#define ANSWER_US (3 * CLOCK_US)

struct knock {
	int fd;
	bool asked;
	struct watch *socket, *deadline;
	knock_fn *done;
	void *data;
};

void knock_cancel(struct knock *knock)
{
	if (!knock)
		return;
	watch_free(knock->socket);
	watch_free(knock->deadline);
	close(knock->fd);
	free(knock);
}

static void finish(struct knock *knock, enum door door)
{
	knock_fn *done = knock->done;
	void *data = knock->data;

	knock_cancel(knock);
	done(door, data);
}

static void on_deadline(struct watch *watch, uint32_t what, void *data)
{
	(void)watch, (void)what;
	finish(data, DOOR_SILENT);
}

/* Any answer will do; being hung up on is one, too. */
static void on_socket(struct watch *watch, uint32_t what, void *data)
{
	/* SSLRequest: https://www.postgresql.org/docs/current/protocol-message-formats.html */
	static const unsigned char request[] = { 0, 0, 0, 8, 4, 210, 22, 47 };
	struct knock *knock = data;
	char answer;

	(void)what;
	if (!knock->asked) {
		if (send(knock->fd, request, sizeof request, MSG_NOSIGNAL) != sizeof request) {
			finish(knock, DOOR_SHUT);
			return;
		}
		knock->asked = true;
		watch_events(watch, EPOLLIN);
	} else if (recv(knock->fd, &answer, 1, 0) >= 0 || errno != EAGAIN) {
		finish(knock, DOOR_OPEN);
	}
}

/* Told from the loop, as any other answer. */
static void on_at_once(struct watch *watch, uint32_t what, void *data)
{
	struct knock *knock = data;

	(void)watch, (void)what;
	/* The queue of a unix socket is full: nobody takes connections out of it. */
	finish(knock, knock->asked ? DOOR_SILENT : DOOR_SHUT);
}

struct knock *knock_start(struct loop *loop, const struct sockaddr_storage *address, socklen_t len,
			  knock_fn *done, void *data)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct knock *knock;
	struct err err = ERR_INIT;

	if (fd < 0)
		return NULL;
	knock = xcalloc(1, sizeof *knock);
	*knock = (struct knock){ .fd = fd, .done = done, .data = data };
	if (connect(fd, (const struct sockaddr *)address, len) < 0 && errno != EINPROGRESS) {
		knock->asked = errno == EAGAIN;
		knock->deadline = loop_timer(loop, 0, 0, on_at_once, knock);
		return knock;
	}
	knock->deadline = loop_timer(loop, ANSWER_US, 0, on_deadline, knock);
	knock->socket = loop_fd(loop, fd, EPOLLOUT, on_socket, knock, &err);
	if (!knock->socket) {
		knock_cancel(knock);
		return NULL;
	}
	return knock;
}
