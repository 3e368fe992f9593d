/*
 * A PostgreSQL cluster of its own: unix socket only, run as the sandbox's user.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "drill/parts.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/pg.h"
#include "lib/pg_tools.h"

static const struct field fields[] = {
	{ "cluster", FIELD_PATH, true, "folder of the cluster; its socket lies there, too", NULL, NULL },
	{ "owner", FIELD_STRING, true, "role that owns the database and that the service uses", NULL, NULL },
	{ "database", FIELD_STRING, true, "the database", NULL, NULL },
	{ "port", FIELD_INT, true, "port: part of the socket's name", NULL, NULL },
	{ "connections", FIELD_INT, false, "max_connections (60)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

/* No TCP; no shared memory objects outside the data folder; nothing slow to stop. Real durability
 * would only wear the disk: the cluster lives for one drill. */
static int write_settings(const struct drill_env *env, const char *data, const char *folder,
			  long port, long connections, struct err *err)
{
	char *path = xasprintf("%s/postgresql.auto.conf", data);
	FILE *file = fopen(path, "we");
	int result = -1;

	if (!file) {
		err_sys(err, "writing %s", path);
		goto out;
	}
	fprintf(file,
		"listen_addresses = ''\nunix_socket_directories = '%s'\nport = %ld\n"
		"max_connections = %ld\nshared_buffers = 32MB\ndynamic_shared_memory_type = mmap\n"
		"fsync = off\nlog_timezone = 'UTC'\ntimezone = 'UTC'\n", folder, port, connections);
	if (fclose(file) != 0) {
		err_sys(err, "writing %s", path);
		goto out;
	}
	if (env->uid && chown(path, env->uid, env->gid) < 0) {
		err_sys(err, "giving %s to the sandbox's user", path);
		goto out;
	}
	result = 0;
out:
	free(path);
	return result;
}

static int create_database(const char *folder, long port, const char *database, const char *owner,
			   struct err *err)
{
	char number[24];
	struct pg_params params = { .host = (char *)folder, .port = number,
				    .database = (char *)"postgres", .role = (char *)"postgres" };
	char *role = pg_name(owner), *name = pg_name(database);
	struct pg *pg;
	int result = -1;

	snprintf(number, sizeof(number), "%ld", port);
	pg = pg_open(&params, "sandbox", 20 * CLOCK_US, NULL, err);
	if (pg && pg_execf(pg, err, "CREATE ROLE %s LOGIN", role) == 0 &&
	    pg_execf(pg, err, "GRANT pg_monitor TO %s", role) == 0 &&
	    pg_execf(pg, err, "CREATE DATABASE %s OWNER %s", name, role) == 0)
		result = 0;
	pg_close(pg);
	free(role);
	free(name);
	return result;
}

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	const char *folder = json_str(args, "cluster", "");
	long port = (long)json_num(args, "port", 5432);
	char *data = xasprintf("%s/data", folder);
	char *log = xasprintf("%s/server.log", folder);
	char *initdb = pg_tool(NULL, "initdb", err);
	char *pg_ctl = initdb ? pg_tool(NULL, "pg_ctl", err) : NULL;
	int result = -1;

	if (!initdb || !pg_ctl) {
		err_hint(err, "install the server's programs: apt-get install postgresql");
		goto out;
	}
	/* ".s.PGSQL.65535" and its lock file must fit behind the folder. */
	if (strlen(folder) + 20 > sizeof(((struct sockaddr_un *)0)->sun_path)) {
		err_set(err, "%s is too long for a unix socket's path", folder);
		err_hint(err, "set TMPDIR to a shorter folder");
		goto out;
	}
	if (drill_folder(env, folder, 0700, err) < 0)
		goto out;
	if (drill_run(env, true, folder, NULL,
		      (const char *[]){ initdb, "-D", data, "-U", "postgres", "--auth=trust",
					"--no-sync", "-E", "UTF8", "--locale=C.UTF-8", NULL }, err) < 0) {
		err_hint(err, "the user that PostgreSQL runs as must be able to reach the folder: set "
			      "TMPDIR to one that it can enter");
		goto out;
	}
	if (write_settings(env, data, folder, port, (long)json_num(args, "connections", 60), err) < 0)
		goto out;
	if (drill_run(env, true, folder, NULL,
		      (const char *[]){ pg_ctl, "-D", data, "-l", log, "-w", "-s", "start", NULL },
		      err) < 0)
		goto out;
	result = create_database(folder, port, json_str(args, "database", ""),
				 json_str(args, "owner", ""), err);
out:
	free(data);
	free(log);
	free(initdb);
	free(pg_ctl);
	return result;
}

const struct drill_type part_cluster = {
	.type = { .name = "cluster", .help = "a PostgreSQL cluster of its own", .fields = fields },
	.make = make,
};
