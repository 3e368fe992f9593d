/*
 * Whether a PostgreSQL server still takes new sessions, which those that have one can't tell: the
 * process that lets sessions in may hang while theirs go on.
 *
 * A knock connects, asks whether there is TLS (one byte is the whole answer), and goes away. It
 * takes no session, and a line in the server's log only with log_connections.
 */
#ifndef SOURCES_POSTGRES_DOOR_H
#define SOURCES_POSTGRES_DOOR_H

#include <sys/socket.h>

#include "lib/loop.h"

enum door {
	DOOR_UNKNOWN,
	DOOR_OPEN,
	DOOR_SILENT, /* no answer for three seconds */
	DOOR_SHUT,   /* nobody listens any more */
};

struct knock;
/* Called once; the knock is gone then. */
typedef void knock_fn(enum door door, void *data);

/* New; NULL when the system refuses, `done` is not called then. */
struct knock *knock_start(struct loop *loop, const struct sockaddr_storage *address, socklen_t len,
			  knock_fn *done, void *data);
/* Ends it without a call. Accepts NULL. */
void knock_cancel(struct knock *knock);

#endif
