/*
 * Drops a database that a restore by swap has set aside, when nobody needs it any more. It holds
 * the only copy of what was written after the dump, so this is a step of its own, approved by
 * itself.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "actions/pg_source.h"
#include "actions/types.h"
#include "lib/jdoc.h"
#include "lib/pg_claim.h"
#include "lib/pgaside.h"
#include "lib/size.h"

struct drop {
	struct pgswap swap; /* of the live database and its admin */
	const char *name;   /* what is dropped; borrowed */
	struct pg *pg;	    /* on the maintenance database */
	json_t *row; /* of what is dropped, as pgaside_find() gives it; NULL: it is not there */
};

static void drop_end(struct drop *drop)
{
	json_decref(drop->row);
	pg_close(drop->pg);
	pgswap_release(&drop->swap);
}

/* -1 as well when that database is none that may be dropped; drop_end() in any case. */
static int drop_begin(const struct action_env *env, const json_t *args, struct drop *drop,
		      struct err *err)
{
	*drop = (struct drop){ .name = json_str(args, "database", "") };
	drop->swap.log = env->log;
	drop->swap.timeout_us = pg_time_left(env);
	if (pg_source(env, args, "pg_drop", &drop->swap.live, err) < 0 ||
	    pg_source(env, args, "admin", &drop->swap.admin, err) < 0)
		return -1;
	drop->pg = pgaside_open(&drop->swap, env->intent ? env->intent : "look", err);
	return drop->pg ? pgaside_find(&drop->swap, drop->pg, drop->name, &drop->row, err) : -1;
}

static int64_t size_of_row(const json_t *row)
{
	return (int64_t)json_num(row, "size", -1);
}

static int drop_plan(const struct action_env *env, const json_t *args, struct plan *plan,
		     struct err *err)
{
	struct drop drop;
	char size[32];
	int result = drop_begin(env, args, &drop, err);

	if (result == 0 && !drop.row)
		result = err_set(err, "there is no database %s", drop.name);
	if (result == 0) {
		int64_t bytes = size_of_row(drop.row);
		size_text(bytes, size, sizeof size);
		buf_printf(&plan->lines, "Refuse if anybody is connected to %s, then close it\n",
			   drop.name);
		pgaside_drop_show(drop.name, &plan->lines);
		buf_printf(&plan->lines, "%s itself stays as it is. This can't be undone.\n",
			   drop.swap.live.database);
		buf_printf(&plan->loss, "database %s as it was before its restore (%s)\n",
			   drop.name, bytes < 0 ? "its size can't be seen" : size);
	}
	drop_end(&drop);
	return result;
}

static int drop_ready(const struct action_env *env, const json_t *args, struct err *err)
{
	struct drop drop;
	int result = drop_begin(env, args, &drop, err);

	if (result == 0 && !drop.row)
		result = err_set(err, "there is no database %s", drop.name);
	if (result == 0)
		result = pgaside_unused(drop.pg, drop.name, err);
	drop_end(&drop);
	return result;
}

static json_t *drop_before(const struct action_env *env, const json_t *args, struct err *err)
{
	struct drop drop;
	json_t *before = NULL;

	if (drop_begin(env, args, &drop, err) == 0 && !drop.row)
		err_set(err, "there is no database %s", drop.name);
	else if (drop.row)
		before = json_pack("{s:s, s:s, s:b, s:I}", "database", drop.name, "oid",
				   json_str(drop.row, "oid", ""), "open",
				   json_bool(drop.row, "datallowconn", 1), "size",
				   (json_int_t)size_of_row(drop.row));
	drop_end(&drop);
	return before;
}

static bool same_as(const json_t *row, const json_t *before)
{
	return row && strcmp(json_str(row, "oid", ""), json_str(before, "oid", "-")) == 0;
}

static int drop_run(const struct action_env *env, const json_t *args, const json_t *before,
		    json_t **facts, struct err *err)
{
	struct drop drop;
	int result = drop_begin(env, args, &drop, err);

	if (result == 0 && !same_as(drop.row, before))
		result = err_set(err, "database %s is not the one that was approved", drop.name);
	/* Meanwhile nobody undoes the restore, or begins another one. */
	if (result == 0)
		result = pg_claim(drop.pg, drop.swap.live.database, err);
	if (result == 0)
		result = pgaside_drop(drop.pg, drop.row, env->log, err);
	if (result == 0)
		*facts = json_pack("{s:s, s:O?}", "dropped", drop.name, "size",
				   json_object_get(before, "size"));
	drop_end(&drop);
	return result;
}

static enum settled drop_settled(const struct action_env *env, const json_t *args,
				 const json_t *before, struct buf *why)
{
	struct err err = ERR_INIT;
	struct drop drop;
	enum settled settled = SETTLED_UNKNOWN;

	if (drop_begin(env, args, &drop, &err) < 0) {
		buf_puts(why, err.msg);
	} else {
		settled = same_as(drop.row, before) ? SETTLED_NO : SETTLED_YES;
		buf_printf(why, "database %s is %s", drop.name,
			   settled == SETTLED_YES ? "gone" : "still there");
	}
	drop_end(&drop);
	return settled;
}

/* It may be closed already, and whole. */
static int drop_clean(const struct action_env *env, const json_t *args, const json_t *before,
		      struct err *err)
{
	struct drop drop;
	int result = drop_begin(env, args, &drop, err);

	if (result == 0 && same_as(drop.row, before) && json_bool(before, "open", 1))
		result = pgaside_reopen(drop.pg, drop.name, env->log, err);
	drop_end(&drop);
	return result;
}

static const struct field fields[] = {
	{ "pg_drop", FIELD_SOURCE, true, "the database that was restored, and stays", "postgres",
	  NULL },
	{ "admin", FIELD_SOURCE, true, "a maintenance database of the same server", "postgres",
	  NULL },
	{ "database", FIELD_STRING, true,
	  "what is dropped: NAME_before_..., or NAME_undone_... after an undo", NULL, NULL },
	{ 0 },
};

const struct action_type action_pg_drop = {
	.type = { .name = "pg_drop",
		  .help = "drops the old database that a restore by swap has kept; can't be undone",
		  .fields = fields,
		  .examples = "{\"pg_drop\": \"db\", \"admin\": \"db-admin\", \"database\": "
			      "\"${old_database}\"}" },
	.risk = risk_destructive,
	.plan = drop_plan,
	.ready = drop_ready,
	.before = drop_before,
	.run = drop_run,
	.settled = drop_settled,
	.clean = drop_clean,
};
