/*
 * The kept connection to a PostgreSQL server, beside the event loop. Nothing here ever blocks: a
 * name is looked up in a child, deadlines are the link's own, statements go one after the other.
 *
 *     NONE -> RESOLVING -> CONNECTING -> READY <-> ASKING, and back to NONE when it breaks
 *
 * Deadlines: five seconds until it is connected (name and handshake each), three until an answer
 * counts as late. Who is told of that decides whether the link is given up. Used by
 * sources/postgres.c only.
 */
#ifndef SOURCES_POSTGRES_LINK_H
#define SOURCES_POSTGRES_LINK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/loop.h"
#include "lib/pg.h"

enum link_phase { LINK_NONE, LINK_RESOLVING, LINK_CONNECTING, LINK_READY, LINK_ASKING };

/* Prepared when it is asked for the first time. */
struct link_statement {
	const char *name, *sql;
	int nvalues;
};

/* Each is the last thing that a turn of the loop does with the link: it may ask and close. */
struct link_ops {
	void (*connected)(void *data);
	/* The statement is done: its result (borrowed), or an error's. The link goes on. */
	void (*answered)(const struct link_statement *statement, const PGresult *result,
			 void *data);
	/* It could not be made, or broke: it is closed. */
	void (*failed)(enum pg_fault fault, const char *why, const char *hint, void *data);
	/* No answer for three seconds, and told again every second. */
	void (*late)(int64_t waited_us, void *data);
};

struct pglink;

/* New. All are borrowed. */
struct pglink *pglink_new(struct loop *loop, const struct pg_params *params,
			  const struct link_ops *ops, void *data);
/* Accepts NULL. */
void pglink_free(struct pglink *link);

enum link_phase pglink_phase(const struct pglink *link);
/* Begins to connect, when it is NONE. */
void pglink_open(struct pglink *link);
void pglink_close(struct pglink *link);
/* Sends a statement, when it is READY. */
void pglink_ask(struct pglink *link, const struct link_statement *statement,
		const char *const *values);
/* The connection, to ask libpq about; NULL before it was made. */
PGconn *pglink_conn(const struct pglink *link);
/* The address of the server that is connected to; false when there is none. */
bool pglink_address(const struct pglink *link, struct sockaddr_storage *address, socklen_t *len);

#endif
