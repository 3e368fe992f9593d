/*
 * A plan as text, for the command line.
 */
#ifndef CLI_PLAN_TEXT_H
#define CLI_PLAN_TEXT_H

#include "core/load.h"
#include "core/plan.h"
#include "lib/buf.h"

/* Appends everything that is to be known before it is approved, the digest last; clean. */
void cli_plan_text(const struct procedure_plan *plan, const struct loaded *loaded, struct buf *out);

#endif
