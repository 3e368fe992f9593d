/*
 * Alerts handed to a command or a webhook: in order, one at a time, tried again when it fails.
 */
#ifndef CORE_HANDOVER_H
#define CORE_HANDOVER_H

#include <jansson.h>
#include <stddef.h>

#include "lib/loop.h"

#define HANDOVER_QUEUE 200 /* more wait for nobody: the oldest is given up */
#define HANDOVER_TRIES 3

struct handover;

/* Called for each that is given up: "command" or "webhook", and why. */
typedef void handover_fn(const char *to, const char *why, void *data);

/* New. `program` is run without arguments, each time with one JSON object on its standard input;
 * exit status 0 means that it took it. */
struct handover *handover_command(struct loop *loop, const char *program, handover_fn *given_up,
				  void *data);
/* New. Posts each as JSON; any status below 300 means that it was taken. One that has too much to
 * do (429) and says for how long ("retry_after", seconds) is asked again behind it, for an hour. */
struct handover *handover_webhook(struct loop *loop, const char *url, handover_fn *given_up,
				  void *data);
/* Accepts NULL. Ends what is on its way. */
void handover_free(struct handover *handover);
/* Copies `alert`. */
void handover_add(struct handover *handover, const json_t *alert);
/* Waiting and on its way; 0 for NULL. */
size_t handover_waiting(const struct handover *handover);

#endif
