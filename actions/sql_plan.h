/*
 * Shared by the actions that run SQL in one transaction: how a plan shows it.
 */
#ifndef ACTIONS_SQL_PLAN_H
#define ACTIONS_SQL_PLAN_H

#include "actions/action.h"

/* Appends the SQL, its values ("with"; `sign` stands before their numbers) and the number of rows
 * that is expected, as args have them. */
void sql_plan_lines(const json_t *args, char sign, struct buf *lines);

#endif
