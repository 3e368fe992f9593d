/*
 * What the tests of the PostgreSQL actions share: a cluster with the database "shop" (owner app),
 * the sources "main" (shop), "admin" (postgres) and "gone" (no such database), and looks at what is
 * there. Included once by each of these tests, so that everything is theirs alone.
 */
#ifndef TESTS_UNIT_SHOP_H
#define TESTS_UNIT_SHOP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actions/types.h"
#include "lib/jdoc.h"
#include "tests/unit/cluster.h"

#define ROWS 20000

static struct cluster cluster;
static char *dump;	/* a sound one of "shop" */
static json_t *sources; /* name -> declaration */
static char intent[64];
static int count; /* of intents */

static inline const json_t *declared(void *data, const char *name)
{
	(void)data;
	return json_object_get(sources, name);
}

static struct action_env env = {
	.clock = &clock_system, .log = -1, .intent = intent, .declared = declared
};

/* Each use of an action is an intent of its own. */
static inline void intent_next(void)
{
	snprintf(intent, sizeof intent, "2026-11-21-03.restore.%d", ++count);
	env.deadline = clock_mono(&clock_system) + 120 * CLOCK_US;
}

static inline int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (cluster_start(&cluster) < 0)
		return -1;
	env.out = cluster.folder;
	env.log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const char *host = cluster.folder;
	sources =
	    json_pack("{s:{s:s,s:i,s:s,s:s}, s:{s:s,s:i,s:s,s:s}, s:{s:s,s:i,s:s,s:s}}", "main",
		      "host", host, "port", 5432, "database", "shop", "role", "app", "admin",
		      "host", host, "port", 5432, "database", "postgres", "role", "postgres",
		      "gone", "host", host, "port", 5432, "database", "gone", "role", "app");
	return cluster_sql(&cluster, "postgres", "CREATE ROLE app LOGIN; CREATE ROLE reader") < 0 ||
	       cluster_sql(&cluster, "postgres", "CREATE DATABASE shop OWNER app") < 0 ||
	       cluster_sql(&cluster, "postgres",
			   "COMMENT ON DATABASE shop IS 'the shop''s';"
			   "ALTER DATABASE shop CONNECTION LIMIT 17;"
			   "ALTER DATABASE shop SET work_mem = '5MB';"
			   "ALTER DATABASE shop SET search_path = public, \"$user\";"
			   "ALTER ROLE app IN DATABASE shop SET statement_timeout = '9s';"
			   "REVOKE ALL ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE "
			   "shop TO reader") < 0 ||
	       cluster_sql(&cluster, "shop",
			   "SET ROLE app; CREATE TABLE orders (id int PRIMARY KEY, at timestamp, "
			   "note text);"
			   "INSERT INTO orders SELECT i, '2026-01-01'::timestamp + i * interval '1 "
			   "min',"
			   " 'order ' || i FROM generate_series(1, 20000) i;"
			   "CREATE TABLE lines (id int REFERENCES orders, n int);"
			   "INSERT INTO lines SELECT i, i % 7 FROM generate_series(1, 20000) i") <
		   0;
}

static inline int teardown(void **state)
{
	(void)state;
	json_decref(sources);
	free(dump);
	close(env.log);
	cluster_end(&cluster);
	return 0;
}

/* What the application sees: rows and content of shop. New. */
static inline char *content(const char *database)
{
	return cluster_value(&cluster, database,
			     "SELECT (SELECT count(*) || '/' || sum(hashtextextended(o::text, 0))"
			     " FROM orders o) || '/' || (SELECT count(*) FROM lines)");
}

static inline char *databases(void)
{
	return cluster_value(
	    &cluster, "postgres",
	    "SELECT string_agg(datname || CASE WHEN datallowconn THEN '' ELSE '!' END, ' '"
	    " ORDER BY datname) FROM pg_database WHERE datname NOT LIKE 'template%'");
}

/* The state that only one database, whole and open, gives. */
static inline void assert_untouched(const char *before)
{
	char *now = content("shop"), *names = databases();

	assert_non_null(now);
	assert_string_equal(now, before);
	assert_string_equal(names, "postgres shop");
	free(names);
	free(now);
}

static inline json_t *restore_args(const char *from)
{
	return json_pack("{s:s, s:s, s:s, s:{s:s}}", "pg_restore", "main", "admin", "admin", "from",
			 from, "loss", "orders", "at");
}

/* Makes the dump that the tests restore. */
static inline void shop_dump(void)
{
	json_t *args, *before, *facts = NULL;
	struct err err = ERR_INIT;
	char *folder = xasprintf("%s/dumps", cluster.folder);

	intent_next();
	args = json_pack("{s:s, s:s, s:s, s:{s:s}}", "pg_dump", "main", "to", folder, "name",
			 "shop", "loss", "orders", "at");
	before = action_pg_dump.before(&env, args, &err);
	if (action_pg_dump.run(&env, args, before, &facts, &err) < 0)
		fail_msg("%s", err.msg);
	dump = xstrdup(json_str(before, "path", ""));
	json_decref(facts);
	json_decref(before);
	json_decref(args);
	free(folder);
}

/* What happens to the data after the dump: rows ruined, and new ones. */
static inline void damage_rows(void)
{
	assert_int_equal(cluster_sql(&cluster, "shop",
				     "UPDATE orders SET note = 'ruined' WHERE id % 3 = 0;"
				     "INSERT INTO orders SELECT i, '2026-02-01'::timestamp, 'new'"
				     " FROM generate_series(20001, 20123) i"),
			 0);
}

#endif
