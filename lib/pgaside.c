#include "lib/pgaside.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pgswap_sql.h"

struct pg *pgaside_open(const struct pgswap *swap, const char *mark, struct err *err)
{
	return pgswap_admin(swap, mark, swap->timeout_us, err);
}

/* Whether pgswap_name() gives such names: NAME_WHAT_..., or, where that is too long, the beginning
 * of NAME, _WHAT_ and 16 hexadecimal digits. */
static bool is_named(const char *database, const char *what, const char *name)
{
	char *begin = xasprintf("%s_%s_", database, what), *middle = xasprintf("_%s_", what);
	size_t len = strlen(name), tail = strlen(middle) + 16;
	bool named = strncmp(name, begin, strlen(begin)) == 0 && len > strlen(begin);

	if (!named && len > tail && len >= PG_NAME_MAX - 4 && len < PG_NAME_MAX) {
		const char *at = name + len - tail;
		named = strncmp(at, middle, strlen(middle)) == 0 &&
			strspn(at + strlen(middle), "0123456789abcdef") == 16 &&
			strncmp(name, database, len - tail) == 0;
	}
	free(middle);
	free(begin);
	return named;
}

static int live_check(const struct pgswap *swap, struct pg *pg, const char *name, struct err *err)
{
	const char *database = swap->live.database;
	struct err mine = ERR_INIT;
	json_t *live = pgswap_database(pg, database, &mine);

	if (mine.set)
		err_set(err, "%s", mine.msg);
	else if (!live || !json_bool(live, "datallowconn", 0))
		err_set(err, "%s is %s: %s may be all that is left of it", database,
			live ? "closed to connections" : "missing", name);
	int result = mine.set || !live || !json_bool(live, "datallowconn", 0) ? -1 : 0;
	json_decref(live);
	return result;
}

int pgaside_find(const struct pgswap *swap, struct pg *pg, const char *name, json_t **row,
		 struct err *err)
{
	const char *database = swap->live.database;
	struct err mine = ERR_INIT;

	*row = NULL;
	if (strcmp(name, database) == 0 ||
	    (!is_named(database, "before", name) && !is_named(database, "undone", name))) {
		err_set(err, "%s is none that a restore of %s has set aside: it is not dropped",
			name, database);
		return err_hint(err, "those are called %s_before_... or %s_undone_...", database,
				database);
	}
	if (live_check(swap, pg, name, err) < 0)
		return -1;
	*row = pgswap_database(pg, name, &mine);
	return mine.set ? err_set(err, "%s", mine.msg) : 0;
}

int pgaside_unused(struct pg *pg, const char *name, struct err *err)
{
	struct err mine = ERR_INIT;
	char *who = pg_value(pg, &mine,
			     "SELECT count(*) OVER () || ' connected, one of them as ' ||"
			     " coalesce(usename, '?') || ' (' || coalesce(nullif(application_name, "
			     "''), backend_type, '?') || ')' FROM pg_stat_activity"
			     " WHERE datname = $1 ORDER BY backend_start LIMIT 1",
			     name);
	int result = mine.set || who ? -1 : 0;

	if (who)
		err_set(err, "%s is in use: %s", name, who);
	else if (mine.set)
		err_set(err, "%s", mine.msg);
	if (who)
		err_hint(err, "ask whoever it is; it is dropped when nobody is connected");
	free(who);
	return result;
}

static void sql_close(struct script *script, const char *name)
{
	char *quoted = pg_name(name);

	script_add(script, "ALTER DATABASE %s ALLOW_CONNECTIONS false", quoted);
	free(quoted);
}

static void sql_drop(struct script *script, const char *name)
{
	char *quoted = pg_name(name);

	script_add(script, "DROP DATABASE %s", quoted);
	free(quoted);
}

void pgaside_drop_show(const char *name, struct buf *lines)
{
	struct script script = { 0 };

	sql_close(&script, name);
	sql_drop(&script, name);
	script_show(&script, lines);
	script_release(&script);
}

int pgaside_drop(struct pg *pg, const json_t *row, int log, struct err *err)
{
	const char *name = json_str(row, "datname", "");
	struct script close = { 0 }, drop = { 0 };
	struct err ignored = ERR_INIT;
	int result = pgaside_unused(pg, name, err);

	if (result < 0)
		return -1;
	if (!pgswap_half_dropped(row))
		sql_close(&close, name);
	sql_drop(&drop, name);
	result = script_run(pg, &close, log, err);
	/* Between the look and the closing somebody may have come. */
	if (result == 0)
		result = pgaside_unused(pg, name, err);
	if (result == 0)
		result = script_run(pg, &drop, log, err);
	if (result < 0 && json_bool(row, "datallowconn", 1))
		pgaside_reopen(pg, name, log, &ignored);
	script_release(&close);
	script_release(&drop);
	return result;
}

int pgaside_reopen(struct pg *pg, const char *name, int log, struct err *err)
{
	struct script open = { 0 };

	pgswap_sql_open(&open, name);
	int result = script_run(pg, &open, log, err);
	script_release(&open);
	return result;
}
