/*
 * Messengers: how a text leaves this machine. It is posted to a webhook, handed to a command on its
 * standard input, or carried by a person.
 *
 * A webhook's URL is as good as a password: it goes to curl's standard input, and nothing here
 * shows more of it than its host. A text is sent once: only a server that says that it did not take
 * it (429) is asked again. What was cut off in the middle may have been taken, and nobody but the
 * receiver can tell: such an end is doubtful, not failed.
 */
#ifndef LIB_MESSENGER_H
#define LIB_MESSENGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/field.h"

/* The declaration's table; exactly one of "webhook", "webhook_file", "command" and
 * "person" is in it. */
extern const struct field messenger_fields[];
extern const char *const *const messenger_one_of[];

/* What is sent. Clean; lines end by \n. All borrowed. */
struct messenger_text {
	const char *to;	   /* whom it is for, as a person reads it */
	const char *title; /* one line */
	const char *text;
};

enum messenger_end {
	MESSENGER_REFUSED,  /* it was not taken: nobody has it */
	MESSENGER_TAKEN,    /* the receiver said so */
	MESSENGER_DOUBTFUL, /* it may have been taken */
};

struct messenger_answer {
	enum messenger_end end;
	int status; /* HTTP status, or the command's exit status; -1: there was none */
	int tries;
	int64_t elapsed_us;
	char said[200]; /* one clean line: the answer, or why there was none */
};

/* How long sending may take; microseconds. */
int64_t messenger_timeout(const json_t *declaration);
/* Whether it can be sent at all: a program that is there, a URL that is one, a text that isn't too
 * long. Sends nothing. */
int messenger_check(const json_t *declaration, const struct messenger_text *text, struct err *err);
/* Appends how it is sent, one line a finding: "post it to https://chat.example (as discord)". */
void messenger_plan(const json_t *declaration, struct buf *lines);
/* Blocking; at most `timeout_us`. `log`: a descriptor that each try, and what the command prints,
 * is written to; -1: none. -1 with err only when nothing was tried. */
int messenger_send(const json_t *declaration, const struct messenger_text *text, int64_t timeout_us,
		   int log, struct messenger_answer *answer, struct err *err);
const char *messenger_end_name(enum messenger_end end); /* "refused", "taken", "unknown" */

#endif
