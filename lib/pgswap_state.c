/* Restore by swap: what state things are in, clearing up, and taking it back. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg_claim.h"
#include "lib/pgswap.h"
#include "lib/pgswap_sql.h"

#define LOOK_US	 (30 * CLOCK_US)
#define CLAIM_US (6 * CLOCK_US)
/* So long a crashed server may take to come back; then a person has to. */
#define BACK_US (60 * CLOCK_US)

void pgswap_release(struct pgswap *swap)
{
	pg_params_release(&swap->live);
	pg_params_release(&swap->admin);
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* New: a session on the maintenance database of the declared server, which must be writable. */
struct pg *pgswap_admin(const struct pgswap *swap, const char *mark, int64_t timeout_us,
			struct err *err)
{
	const struct pg_params *live = &swap->live, *admin = &swap->admin;

	if (!live->database) {
		err_set(err, "the source must name its database to have it restored");
		return NULL;
	}
	if (!same(live->host, admin->host) || !same(live->port, admin->port)) {
		err_set(err,
			"the admin source is on %s port %s, the database on %s port %s: not one "
			"server",
			admin->host, admin->port, live->host, live->port);
		return NULL;
	}
	if (same(live->database, admin->database)) {
		err_set(err, "the admin source must be another database than %s", live->database);
		err_hint(err, "declare one for the database \"postgres\"");
		return NULL;
	}
	struct pg *pg = pg_open(admin, mark, timeout_us, NULL, err);
	struct pg_params expected = *admin;
	expected.identity = admin->identity ? admin->identity : live->identity;
	if (pg && (pg_check_identity(pg, &expected, true, err) < 0 || pg_direct(pg, err) < 0)) {
		pg_close(pg);
		pg = NULL;
	}
	return pg;
}

json_t *pgswap_before(const struct pgswap *swap, struct err *err)
{
	const char *name = swap->live.database;
	struct pg *pg = pgswap_admin(swap, swap->mark, LOOK_US, err);
	struct err mine = ERR_INIT;
	json_t *old, *before = NULL;

	if (!pg)
		return NULL;
	old = pgswap_database(pg, name, &mine);
	char *mark = pg_own_mark(swap->mark);
	char *copy = pgswap_name(name, "new", mark);
	char *aside = pgswap_name(name, "before", mark);
	char *undone = pgswap_name(name, "undone", mark);
	if (mine.set)
		err_set(err, "%s", mine.msg);
	else
		before = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:b}", "mark", mark, "database",
				   name, "new", copy, "old", aside, "undone", undone, "oid",
				   json_str(old, "oid", NULL), "open",
				   json_bool(old, "datallowconn", 1));
	free(undone);
	free(aside);
	free(copy);
	free(mark);
	json_decref(old);
	pg_close(pg);
	return before;
}

/* What stands where. */
struct places {
	json_t *live, *old, *copy;
};

static void places_release(struct places *places)
{
	json_decref(places->live);
	json_decref(places->old);
	json_decref(places->copy);
}

static int places_look(struct pg *pg, const json_t *before, struct places *places, struct err *err)
{
	struct err mine = ERR_INIT;

	*places =
	    (struct places){ .live = pgswap_database(pg, json_str(before, "database", ""), &mine) };
	places->old = mine.set ? NULL : pgswap_database(pg, json_str(before, "old", ""), &mine);
	places->copy = mine.set ? NULL : pgswap_database(pg, json_str(before, "new", ""), &mine);
	return mine.set ? err_set(err, "%s", mine.msg) : 0;
}

static bool is_oid(const json_t *database, const json_t *before)
{
	const char *oid = json_str(before, "oid", NULL);

	return database && oid && strcmp(json_str(database, "oid", ""), oid) == 0;
}

static bool is_marked(const json_t *database, const json_t *before)
{
	char *comment = pgswap_comment(json_str(before, "mark", ""));
	bool marked = database && strcmp(json_str(database, "comment", ""), comment) == 0;

	free(comment);
	return marked;
}

static int judge_swap(const struct places *at, const json_t *before, struct buf *why)
{
	const char *name = json_str(before, "database", ""), *old = json_str(before, "old", "");

	if (is_oid(at->old, before) && at->live) {
		buf_printf(why, "%s is the restored copy, the old database is kept as %s", name,
			   old);
		return 1;
	}
	if (is_oid(at->live, before)) {
		buf_printf(why, "%s is still the old database%s%s", name,
			   json_bool(at->live, "datallowconn", 1) ? "" : ", closed to connections",
			   at->copy ? "; a half-made copy is left" : "");
		return 0;
	}
	buf_printf(why, "neither %s nor %s is the database that was there before", name, old);
	return -1;
}

static int judge_plain(const struct places *at, const json_t *before, struct buf *why)
{
	const char *name = json_str(before, "database", "");

	if (is_marked(at->live, before)) {
		buf_printf(why, "%s was restored by this step", name);
		return 1;
	}
	if (!at->live) {
		buf_printf(why, "%s does not exist%s", name,
			   at->copy ? "; a half-made copy is left" : "");
		return 0;
	}
	buf_printf(why, "%s exists, but is not marked as restored by this step", name);
	return -1;
}

int pgswap_settled(const struct pgswap *swap, const json_t *before, struct buf *why)
{
	struct err err = ERR_INIT;
	struct places at = { 0 };
	struct pg *pg = pgswap_admin(swap, "look", LOOK_US, &err);
	int result = -1;

	if (!pg || places_look(pg, before, &at, &err) < 0)
		buf_puts(why, err.msg);
	else
		result = swap->plain ? judge_plain(&at, before, why) : judge_swap(&at, before, why);
	places_release(&at);
	pg_close(pg);
	return result;
}

int pgswap_undone(const struct pgswap *swap, const json_t *before, struct buf *why)
{
	int settled = pgswap_settled(swap, before, why);

	return settled < 0 ? -1 : !settled;
}

/* Ends what a dead run left on the server and waits until it is gone. */
static int sessions_end(struct pg *pg, const char *mark, struct err *err)
{
	char app[PG_NAME_MAX];
	int64_t until = clock_mono(&clock_system) + 15 * CLOCK_US;

	pg_app_name(mark, app);
	for (;;) {
		struct err mine = ERR_INIT;
		char *n = pg_value(pg, &mine,
				   "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
				   " WHERE application_name = $1 AND pid <> pg_backend_pid()",
				   app);
		bool gone = n && strcmp(n, "0") == 0;
		free(n);
		if (mine.set)
			return err_set(err, "%s", mine.msg);
		if (gone)
			return 0;
		if (clock_mono(&clock_system) > until)
			return err_set(err, "sessions of an earlier attempt (%s) can't be ended",
				       app);
		usleep(50000);
	}
}

int pgswap_drop(struct pg *pg, const json_t *database, const json_t *before, int log,
		struct err *err)
{
	const char *name = json_str(database, "datname", "");
	struct script script = { 0 };

	/* A name with our mark, yet the former database: never. */
	if (is_oid(database, before))
		return err_set(err, "database %s is the former one and is not dropped", name);
	if (!pgswap_half_dropped(database))
		pgswap_sql_close(&script, name);
	char *quoted = pg_name(name);
	script_add(&script, "DROP DATABASE %s", quoted);
	int result = script_run(pg, &script, log, err);
	free(quoted);
	script_release(&script);
	return result;
}

/* Whether NAME is one that this restore may have closed: the one that was there before, or the one
 * that it put in that one's place. */
static bool is_ours(const struct places *at, const json_t *before)
{
	return at->live &&
	       (is_oid(at->live, before) || is_oid(at->old, before) || is_marked(at->live, before));
}

/* Who has claimed it may have closed it for a swap of his own, and opens it himself. A session that
 * died a moment ago may hold its claim for a while. */
static int claim_soon(struct pg *pg, const char *name, struct err *err)
{
	int64_t until = clock_mono(&clock_system) + CLAIM_US;
	struct err mine = ERR_INIT;

	while (pg_claim(pg, name, &mine) < 0) {
		if (clock_mono(&clock_system) > until) {
			err_set(err, "%s", mine.msg);
			return err_hint(err, "%s", mine.hint);
		}
		err_clear(&mine);
		usleep(50000);
	}
	return 0;
}

int pgswap_clean(const struct pgswap *swap, const json_t *before, struct err *err)
{
	struct places at = { 0 };
	struct script open = { 0 };
	struct pg *pg = pgswap_admin(swap, "clean", LOOK_US, err);
	int result = -1;

	if (!pg || sessions_end(pg, json_str(before, "mark", ""), err) < 0 ||
	    claim_soon(pg, json_str(before, "database", ""), err) < 0 ||
	    places_look(pg, before, &at, err) < 0)
		goto out;
	if (at.copy && pgswap_drop(pg, at.copy, before, swap->log, err) < 0)
		goto out;
	/* One that another restore, of somebody else, has closed for its own swap is its own. */
	if (is_ours(&at, before) && json_bool(before, "open", 1) &&
	    !json_bool(at.live, "datallowconn", 1))
		pgswap_sql_open(&open, json_str(before, "database", ""));
	/* An undo that died closes both. */
	if (is_oid(at.old, before) && !json_bool(at.old, "datallowconn", 1))
		pgswap_sql_open(&open, json_str(before, "old", ""));
	result = script_run(pg, &open, swap->log, err);
out:
	script_release(&open);
	places_release(&at);
	pg_close(pg);
	return result;
}

static int undo_plain(const struct pgswap *swap, struct pg *pg, const struct places *at,
		      const json_t *before, struct err *err)
{
	if (!at->live)
		return 0;
	if (!is_marked(at->live, before)) {
		err_set(err, "%s was not made by this step: it is not dropped",
			swap->live.database);
		return -1;
	}
	return pgswap_drop(pg, at->live, before, swap->log, err);
}

static int undo_swap(const struct pgswap *swap, struct pg *pg, const struct places *at,
		     const json_t *before, struct err *err)
{
	const char *name = json_str(before, "database", ""), *old = json_str(before, "old", "");
	struct script script = { 0 };

	if (is_oid(at->live, before))
		return 0;
	if (!is_oid(at->old, before))
		return err_set(err,
			       "%s is not the database that was there before: nothing is undone",
			       old);
	/* Whoever follows the restored one would lose its place. */
	if (pgswap_holders(swap, pg, err) < 0)
		return -1;
	if (at->live)
		pgswap_sql_close(&script, name);
	pgswap_sql_close(&script, old);
	pgswap_sql_swap(&script, at->live ? name : NULL, json_str(before, "undone", ""), old, name);
	int result = script_run(pg, &script, swap->log, err);
	script_release(&script);
	return result;
}

int pgswap_put_back(const struct pgswap *swap, const json_t *before, struct err *err)
{
	int64_t until = clock_mono(&clock_system) + BACK_US;
	struct err mine = ERR_INIT;

	while (pgswap_clean(swap, before, &mine) < 0) {
		if (clock_mono(&clock_system) > until)
			return err_set(err, "%s", mine.msg);
		pgswap_note(swap->log, "not put back yet: %s", mine.msg);
		err_clear(&mine);
		usleep(500000);
	}
	return 0;
}

int pgswap_undo(const struct pgswap *swap, const json_t *before, struct err *err)
{
	struct places at = { 0 };
	struct err mine = ERR_INIT, left = ERR_INIT;
	bool begun = false;
	struct pg *pg;
	int result = -1;

	/* A run that never came to the swap left at most a copy and a closed door. */
	if (pgswap_clean(swap, before, err) < 0)
		return -1;
	pg = pgswap_admin(swap, swap->mark, swap->timeout_us, &mine);
	if (pg && pg_claim(pg, json_str(before, "database", ""), &mine) == 0 &&
	    places_look(pg, before, &at, &mine) == 0) {
		begun = true;
		result = swap->plain ? undo_plain(swap, pg, &at, before, &mine)
				     : undo_swap(swap, pg, &at, before, &mine);
	}
	places_release(&at);
	pg_close(pg);
	if (result < 0) {
		err_set(err, "%s", mine.msg);
		err_hint(err, "%s", mine.hint);
	}
	/* Both are closed, perhaps; the session may be what broke, or the whole server. */
	if (result < 0 && begun && pgswap_put_back(swap, before, &left) < 0) {
		err_set(err, "%.300s; and the databases are not open again: %.300s", mine.msg,
			left.msg);
		err_hint(err, "undo it again: that opens them first");
	}
	return result;
}
