/*
 * The inside of session_next(), shared by the session_next*.c files alone.
 */
#ifndef CORE_SESSION_NEXT_PARTS_H
#define CORE_SESSION_NEXT_PARTS_H

#include "core/keys.h"
#include "core/session_parts.h"

struct line {
	char *out;
	size_t size;
	enum key_id shown; /* the view that is on the screen */
};

static inline const char *line_key(enum key_id id)
{
	return key_defs[id].name;
}

/* "2, then " on the way to a view, "" in it: line_go() and line_then() around a key. */
static inline const char *line_go(struct line line, enum key_id view)
{
	return line.shown == view ? "" : line_key(view);
}

static inline const char *line_then(struct line line, enum key_id view)
{
	return line.shown == view ? "" : ", then ";
}

/* session_next_deploy.c: deployment day. */
void next_deployment(const struct session *session, struct line line);
/* What is done about an item, keys first: the item's own words may be long. */
void next_item_advice(const struct item *item, enum item_status status, char *out, size_t size);
/* session_next_routine.c: a routine that is gone through, and one that is due while nothing else
 * asks for anything. The latter writes nothing, and gives false, when there are no routines. */
void next_routine(const struct session *session, struct line line);
bool next_due(const struct session *session, struct line line);

#endif
