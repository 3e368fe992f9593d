/*
 * Who acts: the person behind an append, as far as the system tells.
 */
#ifndef CORE_WHO_H
#define CORE_WHO_H

#include <jansson.h>

#include "lib/jflat.h"

/* New: {"user", "sudo", "host", "tty", "ssh"}. `sudo` is the person who became `user` (the login
 * uid of the session; where the kernel keeps none, root's SUDO_USER), `ssh` the client's address;
 * members that are not known are left out. */
json_t *who_am_i(void);
/* The login of the person, behind su and sudo; borrowed, "" when `by` has none. */
const char *who_person(const json_t *by);
/* New: the login of the person who acts here. */
char *who_login(void);
/* New: one clean line for a person, "maria as root@db1 from 10.0.0.7". `by` may be NULL: "". */
char *who_text(const json_t *by);
/* New: the same for the writer of a ledger's line. */
char *who_wrote(const struct jflat *line);

#endif
