/*
 * Joining verdicts, with unknown as a value of its own (strong Kleene logic).
 */
#ifndef CHECKLISTS_VERDICT_H
#define CHECKLISTS_VERDICT_H

#include "checklists/runbook.h"
#include "lib/reading.h"

enum verdict verdict_not(enum verdict v);
enum verdict verdict_all(const enum verdict *v, size_t n);
enum verdict verdict_any(const enum verdict *v, size_t n);
/* Pass when `count` pass; fail when so many fail that it can't be reached any more; else unknown.
 */
enum verdict verdict_at_least(const enum verdict *v, size_t n, size_t count);

#endif
