/* Restore of a PostgreSQL database by swap, and the plain one where no old database is left. */
#include <stdlib.h>

#include "actions/pg_source.h"
#include "actions/types.h"
#include "lib/jdoc.h"
#include "lib/pgswap.h"

/* Borrows from args and env; pgswap_release(). */
static int swap_from(const struct action_env *env, const json_t *args, bool plain,
		     struct pgswap *swap, struct err *err)
{
	*swap = (struct pgswap){ .dump = json_str(args, "from", ""),
				 .owner = json_str(args, "owner", NULL),
				 .loss = json_object_get(args, "loss"),
				 .system = json_str(args, "system", NULL),
				 .smoke = json_str(args, "smoke", NULL),
				 .mark = env->intent ? env->intent : "mark",
				 .plain = plain,
				 .log = env->log,
				 .timeout_us = pg_time_left(env) };
	if (pg_source(env, args, plain ? "pg_restore_plain" : "pg_restore", &swap->live, err) < 0)
		return -1;
	if (pg_source(env, args, "admin", &swap->admin, err) == 0)
		return 0;
	pgswap_release(swap);
	return -1;
}

static bool is_plain(const json_t *args)
{
	return json_object_get(args, "pg_restore_plain") != NULL;
}

static int restore_plan(const struct action_env *env, const json_t *args, struct plan *plan,
			struct err *err)
{
	struct pgswap swap;

	if (swap_from(env, args, is_plain(args), &swap, err) < 0)
		return -1;
	swap.log = -1;
	int result = pgswap_plan(&swap, &plan->lines, &plan->loss, err);
	if (!swap.loss && !swap.plain)
		buf_puts(&plan->loss, "not measured: the runbook's \"loss\" names no table and "
				      "time column to tell by\n");
	if (swap.plain)
		buf_printf(&plan->undo, "drop %s again, if this step created it",
			   swap.live.database);
	else
		buf_puts(&plan->undo,
			 "exchange the two names again; the restored copy is kept, too");
	pgswap_release(&swap);
	return result;
}

static int restore_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct pgswap swap;

	if (swap_from(env, args, is_plain(args), &swap, err) < 0)
		return -1;
	int result = pgswap_ready(&swap, err);
	pgswap_release(&swap);
	return result;
}

static json_t *restore_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct pgswap swap;

	if (swap_from(env, args, is_plain(args), &swap, err) < 0)
		return NULL;
	json_t *before = pgswap_before(&swap, err);
	pgswap_release(&swap);
	return before;
}

static int restore_run(const struct action_env *env, const json_t *args, const json_t *before,
		       json_t **facts, struct err *err)
{
	struct pgswap swap;

	if (swap_from(env, args, is_plain(args), &swap, err) < 0)
		return -1;
	/* The names were fixed when the intent was written. */
	swap.mark = json_str(before, "mark", swap.mark);
	int result = pgswap_run(&swap, before, facts, err);
	pgswap_release(&swap);
	return result;
}

/* What pgswap_settled() or pgswap_undone() finds. */
static enum settled
look(const struct action_env *env, const json_t *args, const json_t *before, struct buf *why,
     int (*find)(const struct pgswap *swap, const json_t *before, struct buf *why))
{
	struct pgswap swap;
	struct err err = ERR_INIT;

	if (swap_from(env, args, is_plain(args), &swap, &err) < 0) {
		buf_puts(why, err.msg);
		return SETTLED_UNKNOWN;
	}
	int answer = find(&swap, before, why);
	pgswap_release(&swap);
	return answer < 0 ? SETTLED_UNKNOWN : answer ? SETTLED_YES : SETTLED_NO;
}

static enum settled restore_settled(const struct action_env *env, const json_t *args,
				    const json_t *before, struct buf *why)
{
	return look(env, args, before, why, pgswap_settled);
}

static enum settled restore_undone(const struct action_env *env, const json_t *args,
				   const json_t *before, struct buf *why)
{
	return look(env, args, before, why, pgswap_undone);
}

/* Does pgswap_undo() or pgswap_clean(). */
static int take_back(const struct action_env *env, const json_t *args, const json_t *before,
		     struct err *err,
		     int (*act)(const struct pgswap *swap, const json_t *before, struct err *err))
{
	struct pgswap swap;

	if (swap_from(env, args, is_plain(args), &swap, err) < 0)
		return -1;
	int result = act(&swap, before, err);
	pgswap_release(&swap);
	return result;
}

static int restore_undo(const struct action_env *env, const json_t *args, const json_t *before,
			struct err *err)
{
	return take_back(env, args, before, err, pgswap_undo);
}

static int restore_clean(const struct action_env *env, const json_t *args, const json_t *before,
			 struct err *err)
{
	return take_back(env, args, before, err, pgswap_clean);
}

/* clang-format off */
#define RESTORE_FIELDS(name, what) \
	{ name, FIELD_SOURCE, true, what, "postgres", NULL }, \
	{ "from", FIELD_PATH, true, "the dump, with its sidecar beside it", NULL, NULL }, \
	{ "admin", FIELD_SOURCE, true, "a maintenance database of the same server", \
	  "postgres", NULL }, \
	{ "owner", FIELD_STRING, false, "owner of the restored database (default: as it was)", \
	  NULL, NULL }, \
	{ "loss", FIELD_MAP, false, "table -> time column, to measure what is lost", NULL, NULL }, \
	{ "system", FIELD_STRING, false, \
	  "system_identifier of the server that the dump is of (default: this one's)", NULL, NULL }, \
	{ "smoke", FIELD_LITERAL, false, \
	  "a statement that must give true on the copy, and after the swap", NULL, NULL }
/* clang-format on */

static const struct field swap_fields[] = {
	RESTORE_FIELDS("pg_restore", "the database that is restored"),
	{ 0 },
};

static const struct field plain_fields[] = {
	RESTORE_FIELDS("pg_restore_plain", "the database that is missing"),
	{ 0 },
};

const struct action_type action_pg_restore = {
	.type = { .name = "pg_restore",
		  .help = "restores a dump beside the database, compares it, and swaps the two",
		  .fields = swap_fields,
		  .examples = "{\"pg_restore\": \"db\", \"from\": \"${dump}\", \"admin\": "
			      "\"db-admin\", \"loss\": {\"rounds\": \"played_at\"}, \"smoke\": "
			      "\"SELECT count(*) > 0 FROM players\"}" },
	.risk = risk_destructive,
	.plan = restore_plan,
	.ready = restore_ready,
	.before = restore_before,
	.run = restore_run,
	.settled = restore_settled,
	.undo = restore_undo,
	.undone = restore_undone,
	.clean = restore_clean,
};

const struct action_type action_pg_restore_plain = {
	.type = { .name = "pg_restore_plain",
		  .help = "restores a dump where no database of that name is left",
		  .fields = plain_fields,
		  .examples = "{\"pg_restore_plain\": \"db\", \"from\": \"${dump}\", \"admin\": "
			      "\"db-admin\", \"owner\": \"app\"}" },
	.risk = risk_caution,
	.plan = restore_plan,
	.ready = restore_ready,
	.before = restore_before,
	.run = restore_run,
	.settled = restore_settled,
	.undo = restore_undo,
	.undone = restore_undone,
	.clean = restore_clean,
};
