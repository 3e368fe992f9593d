/*
 * The JSON Schema (draft 7) of a runbook, made from the tables that the checker uses. It can't see
 * what joins several files (required sections, names, circles): the checker is stricter.
 */
#ifndef CHECKLISTS_SCHEMA_H
#define CHECKLISTS_SCHEMA_H

#include <jansson.h>

#include "checklists/runbook.h"

/* New. */
json_t *schema_make(const struct vocabulary *vocabulary);

#endif
