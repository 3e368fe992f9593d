/*
 * Restore by swap: a dump is restored into a new database beside the old one, compared with what
 * was dumped, and only then the two exchange their names in one transaction. Until that moment the
 * old database is as it was; afterwards it is kept whole under another name.
 *
 *     NAME                the database
 *     NAME_new_MARK       the copy while it is made
 *     NAME_before_MARK    the old database after the swap
 *     NAME_undone_MARK    the restored one after an undo
 *
 * MARK is that of the intent, reduced to a-z, 0-9 and _ (and a hash where 63 bytes don't suffice).
 * A restore that dies anywhere leaves the whole old or the whole new database under NAME;
 * pgswap_clean() removes the half-made copy, ends its sessions, and opens NAME again where it was
 * left closed.
 *
 * `plain` is for where no old database is left: the copy takes the free name instead.
 */
#ifndef LIB_PGSWAP_H
#define LIB_PGSWAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/pg.h"

/* Up to so many bytes a dump is read to its end before anything begins, for the plan and by ready:
 * that takes some ten seconds on a slow disk, and both have a minute. A larger one is read by the
 * run, which has its step's time, before it touches anything. */
#define PGSWAP_SOON (512ll << 20)

struct pgswap {
	struct pg_params live; /* owned: the database; its role is the application's */
	struct pg_params
	    admin;	  /* owned: a maintenance database of the same server, with enough rights */
	const char *dump; /* borrowed, as all below */
	const char *owner;  /* of the restored database; NULL: the old one's, or the admin's role */
	const json_t *loss; /* table -> time column; NULL: the declaration's */
	const char *system; /* system_identifier of the dump's server; NULL: this very one */
	const char *smoke;  /* a statement whose first value must be true; or NULL */
	const char *mark;
	bool plain;
	int log;	    /* descriptor for what happens, line by line; -1: none */
	int64_t timeout_us; /* of the whole work */
};

void pgswap_release(struct pgswap *swap);

/* What stands in the way: server, identity, rights, space, prepared transactions, logical slots,
 * subscriptions, and the dump itself (of one above PGSWAP_SOON only what its head and its
 * sidecar say). Reads only. */
int pgswap_ready(const struct pgswap *swap, struct err *err);
/* Appends every command and statement that would run, and what would be lost. Reads only. */
int pgswap_plan(const struct pgswap *swap, struct buf *lines, struct buf *loss, struct err *err);
/* New: what the later questions need: names, the old database's oid, whether it was open. */
json_t *pgswap_before(const struct pgswap *swap, struct err *err);
/* Does it. `*facts` gets a new object. On failure the copy is dropped and NAME is open, as it was.
 */
int pgswap_run(const struct pgswap *swap, const json_t *before, json_t **facts, struct err *err);
/* 1: NAME is the restored one; 0: NAME is as it was; -1: can't be said. `why`: one line. */
int pgswap_settled(const struct pgswap *swap, const json_t *before, struct buf *why);
/* The reverse swap (plain: drops what the run created, and only that). */
int pgswap_undo(const struct pgswap *swap, const json_t *before, struct err *err);
int pgswap_undone(const struct pgswap *swap, const json_t *before, struct buf *why);
/* Clears what a dead run left. */
int pgswap_clean(const struct pgswap *swap, const json_t *before, struct err *err);

#endif
