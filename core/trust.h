/*
 * Whether a file can be believed: whoever can write a runbook or a target can have commands run
 * under this account.
 */
#ifndef CORE_TRUST_H
#define CORE_TRUST_H

#include "lib/err.h"

/* Opens a file for reading that nobody can have written but who may: this user, root, who called
 * sudo, and who owns the program. -1 when someone else could write it, or put another one in its
 * place: the folders that it is reached through count, a symbolic link's and its target's. What was
 * looked at is what the descriptor reads, whatever becomes of the path. */
int trust_open(const char *path, struct err *err);

#endif
