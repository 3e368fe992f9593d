/*
 * The files of a PostgreSQL cluster of its own: unix socket only, run as the sandbox's user. The
 * server is started as a service, as on a real host.
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
#include "lib/pg_tools.h"

static const struct field fields[] = {
	{ "cluster", FIELD_PATH, true, "folder of the cluster; its socket lies there, too", NULL,
	  NULL },
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
		"fsync = off\nlog_timezone = 'UTC'\ntimezone = 'UTC'\n",
		folder, port, connections);
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

static int make(const struct drill_env *env, const json_t *args, struct err *err)
{
	const char *folder = json_str(args, "cluster", "");
	long port = (long)json_num(args, "port", 5432);
	char *data = xasprintf("%s/data", folder);
	char *initdb = pg_tool(NULL, "initdb", NULL);
	int result = -1;

	if (!initdb) {
		err_set(err,
			"initdb is not installed: looked below /usr/lib/postgresql and in PATH");
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
					"--no-sync", "-E", "UTF8", "--locale=C.UTF-8", NULL },
		      err) < 0)
		goto out;
	result =
	    write_settings(env, data, folder, port, (long)json_num(args, "connections", 60), err);
out:
	free(data);
	free(initdb);
	return result;
}

const struct drill_type part_cluster = {
	.type = { .name = "cluster",
		  .help = "the files of a PostgreSQL cluster",
		  .fields = fields },
	.make = make,
};
