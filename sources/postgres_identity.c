/* Which server it is, for whoever is about to change something there. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "sources/postgres.h"

/* The timeline tells a server from its copy that was promoted; the functions are everyone's. */
static const char identity_sql[] =
    "SELECT CASE WHEN pg_is_in_recovery() THEN 'standby'"
    " ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END";

static int64_t left_until(int64_t deadline)
{
	int64_t left = deadline - clock_mono(&clock_system);

	return left > CLOCK_US / 10 ? left : CLOCK_US / 10;
}

/* A database that a restore has closed or moved aside is told by its cluster. */
static struct pg *identity_open(struct pg_params *params, int64_t deadline, bool *by_cluster,
				struct err *err)
{
	enum pg_fault fault = PG_FAULT_NONE;
	struct err why = ERR_INIT;
	struct pg *pg = pg_open(params, "look", left_until(deadline), &fault, &why);
	struct pg_params cluster;

	if (!pg && params->database && (fault == PG_FAULT_CLOSED || fault == PG_FAULT_DATABASE)) {
		pg_params_copy(&cluster, params, "postgres");
		pg_params_release(params);
		*params = cluster;
		*by_cluster = true;
		err_clear(&why);
		pg = pg_open(params, "look", left_until(deadline), &fault, &why);
	}
	if (!pg) {
		err_set(err, "%s", why.msg);
		if (why.hint[0])
			err_hint(err, "%s", why.hint);
	}
	return pg;
}

json_t *postgres_who(const json_t *args, int64_t deadline, bool *wrong, struct err *err)
{
	struct pg_params params;
	char *timeline = NULL, *system = NULL, *database = NULL;
	bool by_cluster = false;
	json_t *who = NULL;
	struct pg *pg;

	*wrong = false;
	if (pg_params_from(args, &params, err) < 0)
		return NULL;
	pg = identity_open(&params, deadline, &by_cluster, err);
	if (!pg)
		goto out;
	timeline = pg_value(pg, err, identity_sql, NULL);
	/* As the server says: a service file or a pooler may lead elsewhere than yesterday. */
	if (!by_cluster)
		database = pg_value(pg, err, "SELECT current_database()", NULL);
	if (!timeline || (!by_cluster && !database))
		goto out;
	*wrong = pg_check_identity(pg, &params, true, err) < 0;
	if (*wrong)
		goto out;
	system = pg_system_identifier(pg, NULL);
	who = json_pack("{s:s, s:s*, s:s*}", "timeline", timeline, "database", database,
			"system_identifier", system);
out:
	free(timeline);
	free(system);
	free(database);
	pg_close(pg);
	pg_params_release(&params);
	return who;
}

static bool same_text(const char *one, const char *other)
{
	return one && other ? strcmp(one, other) == 0 : one == other;
}

bool postgres_same_server(const json_t *one, const json_t *other)
{
	struct pg_params a, b;
	bool same;

	if (pg_params_from(one, &a, NULL) < 0)
		return false;
	if (pg_params_from(other, &b, NULL) < 0) {
		pg_params_release(&a);
		return false;
	}
	same = same_text(a.host, b.host) && same_text(a.port, b.port) &&
	       same_text(a.service, b.service);
	pg_params_release(&a);
	pg_params_release(&b);
	return same;
}
