/*
 * What goes out: a message of the runbook, or a page, as it reads now. For the actions that send
 * (action_env.outgoing), for the console's own sends, and for who copies it.
 */
#ifndef CORE_OUTGOING_H
#define CORE_OUTGOING_H

#include "actions/action.h"
#include "core/incident.h"
#include "core/sense.h"

/* New: parameters and facts filled in, secrets replaced, every line clean, the incident's id and
 * the first digits of its head at the end: as many as `backout verify --head` wants. NULL with err
 * when a fact is not known. */
char *outgoing_text(const struct incident *incident, const json_t *values, const char *template,
		    struct err *err);
/* The message of that name, for the contact if one is given (each may be NULL, not both). Without
 * an incident its text is the template. Release works after failures. */
int outgoing_make(struct outgoing *out, const struct sense *sense, const struct incident *incident,
		  const char *message, const char *contact, struct err *err);

#endif
