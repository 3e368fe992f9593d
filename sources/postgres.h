/*
 * A live PostgreSQL server, for panels that show more than numbers.
 *
 * One prepared statement a sample, on one kept connection; nothing here ever blocks. That is the
 * figures' or, once a minute and every other time while somebody waits, that for the rest. What a
 * panel shows is the latest answer with its age; while the server can't be reached the state says
 * why, and the figures are those of the last answer (`at`), to be shown as old.
 *
 * All texts are clean. Times are wall times in microseconds, ages are seconds as of `at`.
 */
#ifndef SOURCES_POSTGRES_H
#define SOURCES_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/pg.h"
#include "sources/postgres_door.h"
#include "sources/source.h"

enum postgres_state {
	POSTGRES_CONNECTING,
	POSTGRES_CONNECTED,
	POSTGRES_SILENT,  /* connected, but no answer for three seconds; `door` tells more */
	POSTGRES_FAILING, /* connected, but the statement for the figures fails: see `why` */
	POSTGRES_DOWN,	  /* see `fault` */
};

#define POSTGRES_TOP   8  /* applications and users listed */
#define POSTGRES_WAITS 32 /* sessions of the tree of waits */
#define POSTGRES_TEXT  64 /* names: NAMEDATALEN */
#define POSTGRES_QUERY 200

/* How many sessions one application or one user has. */
struct postgres_share {
	char name[POSTGRES_TEXT]; /* "" when an application gives none */
	int sessions;		  /* in the database */
	int everywhere;		  /* a user's: in all databases */
	int limit;		  /* of those; 0: none, or an application */
};

/* A session that waits for a lock, or that others wait for. */
struct postgres_wait {
	pid_t pid; /* 0: a prepared transaction, which belongs to no session */
	char user[POSTGRES_TEXT], app[POSTGRES_TEXT], state[32];
	char query[POSTGRES_QUERY];
	double transaction_s; /* age of its transaction; -1: it has none, or that is hidden */
	double waits_s;	      /* age of the statement that waits; -1: it doesn't wait */
	int above;	      /* who it waits for first: index in the tree; -1: nobody, a root */
	int depth;	      /* 0: a root */
	int waiters;	      /* how many wait for it, also behind others */
};

struct postgres_longest {
	pid_t pid; /* 0: there is no open transaction */
	char user[POSTGRES_TEXT], app[POSTGRES_TEXT], state[32];
	char query[POSTGRES_QUERY];
};

struct postgres_info {
	enum postgres_state state;
	enum pg_fault fault; /* why it is down; PG_FAULT_NONE when it is not */
	char why[256];	     /* one line about it; "" when all is well */
	char hint[160];	     /* what to do about it, or "" */
	int64_t since;	     /* time since which `state` and `fault` hold */
	int64_t retry_at;    /* time of the next attempt to connect; 0: none is due */
	enum door door;	     /* whether it takes new sessions, asked every ten seconds at most */
	int64_t door_since;  /* time since which that holds; 0: never asked */

	int64_t at;	    /* time of the figures below; 0: there were none yet */
	int64_t latency_us; /* of the query that gave them */
	int version;	    /* 150020 for 15.20; 0: not known yet */
	char where[200];    /* "shop on /run/postgresql port 5432" */
	char role[POSTGRES_TEXT];
	char tls[64];	      /* "TLSv1.3, not verified", "no TLS", "unix socket"; "": not known */
	bool monitor_missing; /* the role may not see others' sessions: states are hidden */
	int hidden;	      /* sessions whose state is, or that have none */
	int64_t started;      /* when the server was, by its own clock; 0: not known */
	double newest_s;      /* age of its youngest other session or worker; -1: hidden */
	char identity[24];    /* system_identifier; "": not known */
	bool identity_wrong;  /* it is not the declared one */

	bool in_recovery;
	bool receiving;	     /* a standby that has a connection to its primary */
	bool paused;	     /* a standby that was told not to go on */
	double replay_lag_s; /* of a standby; 0: all that it received is done; -1: not known */

	int sessions; /* client sessions of the database */
	int active, idle, idle_in_transaction,
	    other;	    /* by state; `other`: fast path, disabled, hidden */
	int waiting;	    /* waiting for a lock */
	int total;	    /* client sessions of all databases */
	int limit;	    /* that clients may have: max_connections less the reserved ones, or the
			       database's own limit when that is less */
	int used;	    /* of that limit: sessions or total */
	int reserved;	    /* further slots, for superusers and privileged roles alone */
	int slots;	    /* all of them */
	int database_limit; /* the database's own; -1: none */
	unsigned database;  /* its oid */
	double percent;	    /* used share of the limit that is nearest */
	double longest_transaction_s; /* age of the oldest open transaction; 0: none */
	double longest_query_s;
	struct postgres_longest longest;
	struct postgres_wait waits[POSTGRES_WAITS]; /* a tree in the order to be shown: roots with
						       those below them, most waited for first */
	int nwaits;
	int nblockers;	    /* roots: sessions that block others and wait for nobody */
	int64_t size_bytes; /* of the database; -1: not known */
	struct postgres_share apps[POSTGRES_TOP], users[POSTGRES_TOP]; /* most sessions first */
	int napps, nusers;
};

/* Borrowed; valid until the next turn of the loop. NULL when `source` is of another type. */
const struct postgres_info *postgres_info(const struct source *source);
/* "connected", "connecting", "not answering", or the fault's name. */
const char *postgres_state_text(const struct postgres_info *info);
/* As source_type.identity: system_identifier (where the role may ask), database and timeline; a
 * standby is wrong. A database that is closed or not there (a restore is under way) is told by its
 * cluster. */
json_t *postgres_who(const json_t *args, int64_t deadline, bool *wrong, struct err *err);
/* Whether both are declared to be on one server, as source_type.same_place asks. */
bool postgres_same_server(const json_t *one, const json_t *other);
/* Whether the next session of an ordinary role would find no slot. */
bool postgres_is_full(const struct postgres_info *info);

/* ---- the sessions one by one ---- */

struct postgres_session {
	pid_t pid;
	/* Borrowed from the table, as the server sent them: not clean. "" for SQL NULLs. */
	const char *database, *user, *app, *client, *type, *state, *wait, *query;
	const char *blockers; /* "{4711,4712}" or "" */
	/* Ages as of the table's time; -1: none, or hidden. */
	double transaction_s, query_s, state_s, session_s;
	int waiters; /* how many of the table wait for it directly */
};

enum postgres_order {
	POSTGRES_BY_STATE,
	POSTGRES_BY_TRANSACTION,
	POSTGRES_BY_QUERY,
	POSTGRES_BY_WAIT,
	POSTGRES_BY_USER,
	POSTGRES_BY_APP,
	POSTGRES_BY_DATABASE,
	POSTGRES_ORDERS
};

struct postgres_table {
	int64_t at; /* wall time of the answer */
	struct postgres_session *rows;
	size_t n;
	size_t all; /* how many there are; more than n when there are too many to list */
};

/* The latest table of sessions; NULL: there is none yet. It is asked for as long as somebody calls
 * this: about once a second. `hold`: leaves the table as it is. Borrowed, valid until the next turn
 * of the loop; with `hold` until it is called without. */
struct postgres_table *postgres_table(struct source *source, bool hold);
/* The whole statement (up to 64 KiB, not clean) of a session whose row has only the beginning; NULL
 * as long as it is not known: it is asked for then. Borrowed as the table is. */
const char *postgres_statement(struct source *source, pid_t pid);
/* A row's `query` may be cut off when it is that long, in bytes. */
#define POSTGRES_ROW_QUERY 300
/* Whether `pid` is among those it waits for. */
bool postgres_waits_for(const struct postgres_session *row, pid_t pid);
/* Sorts: what an admin looks for first comes first; equal ones by pid. */
void postgres_table_sort(struct postgres_table *table, enum postgres_order order, bool reverse);
/* "state", "transaction", ... */
const char *postgres_order_name(enum postgres_order order);

#endif
