/* Restore by swap: the run itself, in the order that never lost a row. */
#include "lib/pgswap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/argv.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg_claim.h"
#include "lib/pg_facts.h"
#include "lib/pg_tools.h"
#include "lib/pgdump.h"
#include "lib/pgswap_sql.h"
#include "lib/timefmt.h"

/* One run. */
struct run {
	const struct pgswap *swap;
	const json_t *before;
	int64_t deadline;
	struct pg *admin;
	json_t *old; /* the old database's row; NULL: plain */
	json_t *sidecar;
	const char *copy; /* its name */
	bool made;	  /* it may exist */
	bool closed;	  /* NAME takes no connections */
};

/* The names that it will need are free: hours later would be too late. */
static int names_check(const struct run *run, struct err *err)
{
	static const char *const keys[] = { "new", "old", "undone" };
	struct err mine = ERR_INIT;

	for (size_t i = 0; i < 3 && !mine.set; i++) {
		const char *name = json_str(run->before, keys[i], "");
		json_t *there = pgswap_database(run->admin, name, &mine);
		if (there)
			err_set(&mine, "database %s exists already", name);
		json_decref(there);
	}
	return mine.set ? err_set(err, "%s", mine.msg) : 0;
}

static int64_t time_left(const struct run *run)
{
	int64_t left = run->deadline - clock_mono(&clock_system);

	return left > CLOCK_US / 10 ? left : CLOCK_US / 10;
}

static int copy_make(struct run *run, struct err *err)
{
	struct script script = { 0 };

	pgswap_sql_create(&script, run->swap, run->copy, run->old);
	pg_timeout(run->admin, time_left(run));
	run->made = true;
	int result = script_run(run->admin, &script, run->swap->log, err);
	script_release(&script);
	return result;
}

static int copy_load(struct run *run, struct err *err)
{
	const struct pgswap *swap = run->swap;
	char *info = pg_conninfo(&swap->admin, run->copy, swap->mark, pg_version(run->admin));
	char **argv = pgdump_load_argv(swap->dump, swap->live.bin, info, err);
	struct child_spec spec = { .argv = (const char *const *)argv };
	struct buf line = BUF_INIT;
	int result = -1;

	if (argv) {
		argv_text(&line, spec.argv);
		pgswap_note(swap->log, "$ %s", buf_str(&line));
		result = argv_run(&spec, time_left(run), swap->log, 0, err);
	}
	buf_release(&line);
	argv_free(argv);
	free(info);
	return result;
}

/* New: the quoted schema of amcheck: where the copy has it, else one of our own, in which it is
 * made. NULL (without err) where it can't be used. Begins a transaction. */
static char *amcheck_schema(struct pg *pg, struct err *err)
{
	char *own = pg_value(pg, err,
			     "SELECT quote_ident(n.nspname) FROM pg_extension e, pg_namespace n,"
			     " pg_roles r WHERE e.extname = 'amcheck' AND n.oid = e.extnamespace"
			     " AND e.extversion >= '1.3' AND r.rolname = current_user AND rolsuper",
			     NULL);
	char *can = own || err->set
			? NULL
			: pg_value(pg, err,
				   "SELECT 1 FROM pg_available_extensions a, pg_roles r"
				   " WHERE a.name = 'amcheck' AND a.installed_version IS NULL"
				   " AND a.default_version >= '1.3'"
				   " AND r.rolname = current_user AND r.rolsuper",
				   NULL);

	if (err->set || pg_exec(pg, err, "BEGIN") < 0 ||
	    (can && pg_exec(pg, err,
			    "CREATE SCHEMA backout_check;"
			    " CREATE EXTENSION amcheck SCHEMA backout_check") < 0)) {
		free(own);
		own = NULL;
	} else if (can) {
		own = xstrdup("backout_check");
	}
	free(can);
	return own;
}

/* Heap and indexes, where the server has amcheck and lets us; all of it is rolled back. */
static int copy_amcheck(struct pg *pg, int log, struct err *err)
{
	struct err mine = ERR_INIT;
	char *schema = amcheck_schema(pg, &mine), *bad = NULL;

	if (schema) {
		pgswap_note(log, "checking heap and indexes with amcheck");
		if (pg_execf(pg, &mine,
			     "SELECT %s.bt_index_check(i.indexrelid) FROM pg_index i"
			     " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = "
			     "c.relam WHERE a.amname = 'btree' AND i.indisvalid"
			     " AND c.relkind = 'i' AND c.relpersistence = 'p'",
			     schema) == 0) {
			char *sql = xasprintf(
			    "SELECT v.msg FROM pg_class c, LATERAL %s.verify_heapam(c.oid) v"
			    " WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence = 'p'"
			    " AND c.relnamespace <> 'pg_catalog'::regnamespace LIMIT 1",
			    schema);
			bad = pg_value(pg, &mine, sql, NULL);
			free(sql);
		}
	} else if (!mine.set) {
		pgswap_note(log, "amcheck is not available here: heap and indexes are not checked");
	}
	if (bad || mine.set)
		err_set(err, "the copy is damaged, or can't be checked: %s", bad ? bad : mine.msg);
	int result = bad || mine.set ? -1 : 0;
	err_clear(&mine);
	if (pg_exec(pg, &mine, "ROLLBACK") < 0 && result == 0)
		result = err_set(err, "%s", mine.msg);
	free(bad);
	free(schema);
	return result;
}

/* A statement that must give true. `role`: in whose name; NULL: the session's own. */
static int smoke(struct pg *pg, const char *sql, const char *role, struct err *err)
{
	struct err mine = ERR_INIT;

	if (!sql)
		return 0;
	if (role) {
		char *quoted = pg_name(role);
		int result = pg_execf(pg, err, "SET ROLE %s", quoted);
		free(quoted);
		if (result < 0)
			return -1;
	}
	char *value = pg_value(pg, &mine, sql, NULL);
	bool holds = value && (strcmp(value, "t") == 0 || strtod(value, NULL) != 0);
	if (!holds)
		err_set(err, "smoke test \"%.200s\": %s%s", sql,
			mine.set ? mine.msg : "does not hold, it gave ",
			mine.set ? ""
			: value	 ? value
				 : "nothing");
	free(value);
	return holds ? 0 : -1;
}

/* On a session of its own: pg_facts() changes its settings. */
static int copy_compare(struct run *run, const struct pg_params *params, const json_t *tables,
			struct err *err)
{
	struct pg *pg = pg_open(params, run->swap->mark, time_left(run), NULL, err);
	json_t *found = pg ? pg_facts(pg, NULL, err) : NULL;
	int result = found ? pg_facts_compare(tables, found, err) : -1;

	json_decref(found);
	pg_close(pg);
	return result;
}

static int copy_verify(struct run *run, struct err *err)
{
	const struct pgswap *swap = run->swap;
	const json_t *tables = json_object_get(run->sidecar, "tables");
	struct pg_params params;
	struct pg *pg = NULL;
	int result = -1;

	pg_params_copy(&params, &swap->admin, run->copy);
	if (tables) {
		pgswap_note(swap->log, "comparing rows and checksums of %zu tables",
			    json_object_size(tables));
		if (copy_compare(run, &params, tables, err) < 0)
			goto out;
	} else {
		pgswap_note(swap->log, "the dump has no recorded rows to compare with");
	}
	pg = pg_open(&params, swap->mark, time_left(run), NULL, err);
	if (!pg || copy_amcheck(pg, swap->log, err) < 0)
		goto out;
	pgswap_note(swap->log, "SQL: ANALYZE");
	if (pg_exec(pg, err, "ANALYZE") < 0)
		goto out;
	result = smoke(pg, swap->smoke, swap->live.role, err);
out:
	pg_close(pg);
	pg_params_release(&params);
	return result;
}

/* Sessions end soon after they are told to, not at once. */
static int sessions_wait(struct run *run, const char *name, struct err *err)
{
	int64_t until = clock_mono(&clock_system) + 10 * CLOCK_US;

	for (;;) {
		struct err mine = ERR_INIT;
		char *n = pg_value(run->admin, &mine,
				   "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
				   " WHERE datname = $1 AND pid <> pg_backend_pid()",
				   name);
		bool gone = n && strcmp(n, "0") == 0;
		if (mine.set)
			return err_set(err, "%s", mine.msg);
		if (!gone && clock_mono(&clock_system) > until)
			err_set(err, "%s sessions of %s don't end", n, name);
		free(n);
		if (gone)
			return 0;
		if (err->set)
			return -1;
		usleep(20000);
	}
}

static int names_swap(struct run *run, struct err *err)
{
	const struct pgswap *swap = run->swap;
	const char *name = swap->live.database, *aside = json_str(run->before, "old", "");
	struct script carry = { 0 }, close = { 0 }, exchange = { 0 };
	int result = -1;

	if (pgswap_sql_carry(&carry, run->admin, run->copy, run->old, err) < 0 ||
	    script_run(run->admin, &carry, swap->log, err) < 0)
		goto out;
	if (run->old) {
		/* Hours may have gone by since these were looked for. */
		if (pgswap_holders(swap, run->admin, err) < 0)
			goto out;
		run->closed = true;
		pgswap_sql_close(&close, name);
		if (script_run(run->admin, &close, swap->log, err) < 0 ||
		    sessions_wait(run, name, err) < 0)
			goto out;
	}
	pgswap_sql_swap(&exchange, run->old ? name : NULL, aside, run->copy, name);
	result = script_run(run->admin, &exchange, swap->log, err);
out:
	if (result == 0)
		run->closed = run->made = false; /* the copy is NAME now */
	script_release(&exchange);
	script_release(&close);
	script_release(&carry);
	return result;
}

/* On the session that is there. */
static int put_back_here(struct run *run, struct err *err)
{
	struct script open = { 0 };
	json_t *copy = NULL;

	pg_exec(run->admin, err, "ROLLBACK");
	if (run->closed && json_bool(run->before, "open", 1))
		pgswap_sql_open(&open, run->swap->live.database);
	if (script_run(run->admin, &open, run->swap->log, err) == 0 && run->made)
		copy = pgswap_database(run->admin, run->copy, err);
	if (copy)
		pgswap_drop(run->admin, copy, run->before, run->swap->log, err);
	json_decref(copy);
	script_release(&open);
	return err->set ? -1 : 0;
}

/* As if nothing had been: NAME open, no copy. The session may be what broke, or the server. */
static int put_back(struct run *run, struct err *err)
{
	struct err mine = ERR_INIT;

	if (!run->admin || (!run->closed && !run->made))
		return 0;
	if (put_back_here(run, &mine) == 0)
		return 0;
	pg_close(run->admin);
	run->admin = NULL;
	return pgswap_put_back(run->swap, run->before, err);
}

static json_t *facts_of(const struct run *run, int64_t began)
{
	json_t *tables = json_object_get(run->sidecar, "tables"), *table;
	json_int_t rows = 0;
	const char *name;

	json_object_foreach(tables, name, table)
		rows += json_integer_value(json_object_get(table, "rows"));
	return json_pack("{s:s, s:s, s:s?, s:I, s:I, s:s, s:f}", "dump", run->swap->dump, "made_at",
			 json_str(run->sidecar, "made_at", ""), "old",
			 run->old ? json_str(run->before, "old", "") : NULL, "tables",
			 (json_int_t)json_object_size(tables), "rows", rows, "sha256",
			 json_str(run->sidecar, "sha256", ""), "seconds",
			 (double)(clock_mono(&clock_system) - began) / 1e6);
}

static int smoke_live(struct run *run, struct err *err)
{
	struct pg *pg;
	int result;

	if (!run->swap->smoke)
		return 0;
	pg = pg_open(&run->swap->live, run->swap->mark, time_left(run), NULL, err);
	result = pg ? smoke(pg, run->swap->smoke, NULL, err) : -1;
	if (result < 0)
		err_hint(err, "the swap is done; undo brings the old database back");
	pg_close(pg);
	return result;
}

int pgswap_run(const struct pgswap *swap, const json_t *before, json_t **facts, struct err *err)
{
	int64_t began = clock_mono(&clock_system);
	struct run run = { .swap = swap,
			   .before = before,
			   .deadline = began + swap->timeout_us,
			   .copy = json_str(before, "new", "") };
	struct err mine = ERR_INIT, left = ERR_INIT;
	int result = -1;

	run.admin = pgswap_admin(swap, swap->mark, time_left(&run), &mine);
	/* The claim ends with the session. */
	if (!run.admin || pg_claim(run.admin, swap->live.database, &mine) < 0 ||
	    pgswap_obstacles(swap, run.admin, &run.old, &mine) < 0 || names_check(&run, &mine) < 0)
		goto out;
	pgswap_note(swap->log, "verifying %s", swap->dump);
	if (!(run.sidecar = pgswap_check(swap, run.admin, false, &mine)))
		goto out;
	if (copy_make(&run, &mine) < 0 || copy_load(&run, &mine) < 0 ||
	    copy_verify(&run, &mine) < 0 || names_swap(&run, &mine) < 0)
		goto out;
	pgswap_note(swap->log, "%s is the restored database now", swap->live.database);
	*facts = facts_of(&run, began);
	result = smoke_live(&run, &mine);
out:
	if (result < 0 && put_back(&run, &left) < 0) {
		err_set(err, "%.300s; and what it began is not put back: %.300s", mine.msg,
			left.msg);
		err_hint(err, "undo clears it up: it opens the database and drops the half-made "
			      "copy");
	} else if (result < 0) {
		err_set(err, "%s", mine.msg);
		err_hint(err, "%s", mine.hint);
	}
	pg_close(run.admin);
	json_decref(run.old);
	json_decref(run.sidecar);
	return result;
}
