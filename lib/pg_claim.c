#include "lib/pg_claim.h"

#include <stdlib.h>
#include <string.h>

#define KEY "hashtextextended('backout works on ' || $1, 0)"

/* Other sessions with this key, in whatever database; a lock on 64 bits stands in the view as two
 * halves. */
#define HOLDERS_SQL                                                                             \
	"SELECT coalesce(nullif(a.application_name, ''), 'process ' || l.pid) FROM pg_locks l," \
	" LATERAL (SELECT " KEY " AS key) k, pg_stat_activity a"                                \
	" WHERE a.pid = l.pid AND l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted"     \
	" AND l.classid = ((k.key >> 32) & 4294967295)::oid"                                    \
	" AND l.objid = (k.key & 4294967295)::oid AND l.pid <> pg_backend_pid()"

static int refuse(const char *database, const char *holder, struct err *err)
{
	err_set(err, "database %s is being worked on by %s%s", database,
		holder ? "another session: " : "another session", holder ? holder : "");
	return err_hint(err, "wait until it is over; its incident is in its name");
}

/* Takes it by `take`, then looks around; `others`: which locks of others are in the way. */
static int claim(struct pg *pg, const char *database, const char *take, const char *others,
		 struct err *err)
{
	struct err mine = ERR_INIT;
	char *got = pg_value(pg, &mine, take, database);
	bool taken = got && got[0] == 't';
	char *holder = mine.set ? NULL : pg_value(pg, &mine, others, database);
	int result = -1;

	if (mine.set)
		err_set(err, "%s", mine.msg);
	else if (!taken || holder)
		refuse(database, holder, err);
	else
		result = 0;
	free(holder);
	free(got);
	return result;
}

int pg_claim(struct pg *pg, const char *database, struct err *err)
{
	struct err ignored = ERR_INIT;
	int result = claim(pg, database, "SELECT pg_try_advisory_lock(" KEY ")", HOLDERS_SQL, err);

	/* Whoever goes away must not be in the way. */
	if (result < 0)
		free(pg_value(pg, &ignored, "SELECT pg_advisory_unlock(" KEY ")", database));
	return result;
}

int pg_claim_shared(struct pg *pg, const char *database, struct err *err)
{
	return claim(pg, database, "SELECT pg_try_advisory_xact_lock_shared(" KEY ")",
		     HOLDERS_SQL " AND l.mode = 'ExclusiveLock'", err);
}

int pg_direct(struct pg *pg, struct err *err)
{
	char *pid = pg_value(pg, err, "SELECT pg_backend_pid()", NULL);

	if (!pid)
		return -1;
	int served_by = atoi(pid);
	free(pid);
	if (served_by == pg_backend(pg))
		return 0;
	err_set(err, "a connection pooler stands before the server: locks and snapshots would end "
		     "up in others' sessions");
	return err_hint(err, "declare the server's own host and port for what changes it");
}
