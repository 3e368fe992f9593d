/*
 * A live PostgreSQL server, for panels that show more than numbers.
 *
 * One prepared aggregate query a sample, on one kept connection; nothing here ever blocks. What the
 * panel shows is the latest answer with its age; while the server can't be reached the state says
 * why, and the figures are those of the last answer (`at`), to be shown as old.
 */
#ifndef SOURCES_POSTGRES_H
#define SOURCES_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/pg.h"
#include "sources/source.h"

enum postgres_state {
	POSTGRES_CONNECTING,
	POSTGRES_CONNECTED,
	POSTGRES_SILENT, /* connected, but it does not answer in time */
	POSTGRES_DOWN,	 /* see `fault` */
};

#define POSTGRES_TOP	  8 /* applications listed */
#define POSTGRES_BLOCKERS 4

struct postgres_app {
	char name[64]; /* application_name, cleaned; "" when it gives none */
	int sessions;
};

struct postgres_info {
	enum postgres_state state;
	enum pg_fault fault; /* why it is down; PG_FAULT_NONE when it is not */
	char why[256];	     /* one clean line about it; "" when all is well */
	int64_t since;	     /* wall time since which `state` and `fault` hold */

	int64_t at;	      /* wall time of the figures below; 0: there were none yet */
	int64_t latency_us;   /* of the query that gave them */
	int version;	      /* 150020 for 15.20; 0: not known yet */
	bool monitor_missing; /* the role is no member of pg_monitor: states are hidden, counts too
				 low */
	bool in_recovery;
	char identity[24];   /* system_identifier */
	bool identity_wrong; /* it is not the declared one */

	int sessions; /* client sessions of the database */
	int active, idle, idle_in_transaction,
	    other;	/* by state; `other`: fast path, disabled, hidden */
	int waiting;	/* active and waiting for a lock */
	int total;	/* client sessions of all databases */
	int limit;	/* that clients may have: max_connections less the reserved ones, or the
			   database's own limit when that is less */
	double percent; /* used share of the limit that is nearest */
	double longest_transaction_s; /* age of the oldest open transaction; 0: none */
	double longest_query_s;
	pid_t
	    blockers[POSTGRES_BLOCKERS]; /* roots: sessions that block others and wait for nobody */
	int nblockers;			 /* how many there are; may be more than are listed */
	int64_t size_bytes;		 /* of the database; -1: not known */
	struct postgres_app top[POSTGRES_TOP]; /* by sessions, most first */
	int ntop;
};

/* Borrowed; valid until the next turn of the loop. NULL when `source` is of another type. */
const struct postgres_info *postgres_info(const struct source *source);
/* "connected", "connecting", "not answering", or the fault's name. */
const char *postgres_state_text(const struct postgres_info *info);

#endif
