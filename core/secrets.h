/*
 * Parameters marked secret: what knows their values, and what must not.
 *
 * A value goes where the checker lets its parameter stand (struct field.secret): into environments
 * and onto curl's standard input, never into an argv. All that is written or shown passes through a
 * redactor.
 */
#ifndef CORE_SECRETS_H
#define CORE_SECRETS_H

#include <jansson.h>

#include "checklists/runbook.h"
#include "checklists/target.h"
#include "lib/reading.h"
#include "lib/redact.h"

/* New: secret name -> value, read from where the target says. Ones that can't be read are missing.
 */
json_t *secrets_values(const struct target *target);
/* New: knows the very values that are filled in. A secret that can't be read can't leak from here,
 * either. */
struct redactor *secrets_redactor(const struct target *target);
/* New, for argv_free(): `values` as a shell's environment; secret ones only where `args` (an
 * action's) name them. */
char **secrets_shell(const struct runbook *runbook, const json_t *values, const json_t *args);
/* New: `values` with secret ones by name ("${token}"). */
json_t *secrets_hidden(const struct runbook *runbook, const json_t *values);
/* Redacts a text in its place; what grows beyond `size` is cut. */
void secrets_redact_text(const struct redactor *redactor, char *text, size_t size);
/* Redacts what a reading says. */
void secrets_redact(const struct redactor *redactor, struct reading *reading);

#endif
