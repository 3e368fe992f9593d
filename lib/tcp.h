/*
 * Whether a TCP port accepts connections.
 */
#ifndef LIB_TCP_H
#define LIB_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"

struct tcp_look {
	bool open; /* else `why` says the reason */
	bool timed_out;
	int64_t
	    took_us; /* until the connection stood, or was given up; looking the name up included */
	char why[120];
};

/* Blocking: connects to "HOST:PORT" (a numeric IPv6 address in brackets), to one address of the
 * host after the other, and hangs up at once. The name's look-up is not bounded by `timeout_us`. -1
 * with err when the question could not be asked: no HOST:PORT, a name without an address. */
int tcp_look(const char *address, int64_t timeout_us, const struct clock *clock,
	     struct tcp_look *out, struct err *err);

#endif
