/*
 * Joins the registries of sources/ and actions/ into what the checker reads.
 */
#ifndef CORE_VOCABULARY_H
#define CORE_VOCABULARY_H

#include "checklists/runbook.h"

/* Static storage; never NULL. */
const struct vocabulary *vocabulary_all(void);

#endif
