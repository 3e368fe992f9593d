/*
 * The facts by what they are about, shared by the facts*.c files alone. Each gives new text, or
 * NULL.
 */
#ifndef CORE_FACTS_PARTS_H
#define CORE_FACTS_PARTS_H

#include "core/incident.h"

typedef char *fact_fn(const struct incident *incident, const char *subject);

/* New: a copy; NULL for NULL and "". And "2026-11-21 21:31:07 UTC"; NULL for 0. */
char *fact_copy(const char *text);
char *fact_moment(int64_t at);

/* facts_trouble.c */
fact_fn fact_discovered, fact_conditions, fact_impact, fact_messages, fact_traceback;
fact_fn fact_metric_latest, fact_metric_worst;
/* facts_way.c: the procedure that counts, its steps; items of checklists */
fact_fn fact_procedure_name, fact_procedure_title, fact_procedure_approved,
    fact_procedure_approved_by, fact_procedure_estimate, fact_procedure_expected,
    fact_procedure_started, fact_procedure_ended, fact_procedure_took, fact_procedure_result,
    fact_procedure_data_loss, fact_procedure_loss;
fact_fn fact_step_state, fact_step_mark, fact_step_started, fact_step_ended, fact_step_outcome;
fact_fn fact_item_state, fact_item_mark, fact_item_outcome, fact_checklist_outcome;

#endif
