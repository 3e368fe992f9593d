/*
 * A throw-away PostgreSQL cluster for tests: its own folder, a unix socket only, nothing synced. A
 * guard process owns it and removes everything as soon as the test ends, however it ends.
 *
 *     cluster_start(&cluster);  cluster_params(&cluster, "postgres", &params);
 * cluster_end(&cluster);
 */
#ifndef TESTS_UNIT_CLUSTER_H
#define TESTS_UNIT_CLUSTER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/pg.h"
#include "lib/pg_tools.h"

struct cluster {
	char folder[64];
	pid_t guard;
	int to, from; /* pipes to the guard and back */
	pid_t server; /* the postmaster, 0 while it is stopped */
	bool tcp;     /* set before the start: listens on 127.0.0.1, too */
	bool synced;  /* set before the start: writes reach the disk, as on a server that matters */
	int port;     /* 5432 in its folder, or one that the system picked */
};

/* In the guard: runs a program as the user that PostgreSQL accepts. */
static inline pid_t cluster_spawn(const char *folder, const char *const *argv)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	struct passwd *user = getpwnam("postgres");
	int log = open("/dev/null", O_RDWR);
	char *path = xasprintf("%s/log", folder);
	if (geteuid() == 0 && (!user || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
		_exit(126);
	/* A shell's background ignores it: what comes before the server handles it would be lost.
	 */
	signal(SIGQUIT, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	dup2(log, 0);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(log, 1);
	dup2(log, 2);
	if (chdir("/") == 0)
		execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static inline pid_t cluster_serve(const struct cluster *cluster)
{
	const char *folder = cluster->folder, *listen = cluster->tcp ? "127.0.0.1" : "";
	struct err err = ERR_INIT;
	char *program = pg_tool(NULL, "postgres", &err), *data = xasprintf("%s/data", folder);
	char *number = xasprintf("%d", cluster->port);
	/* clang-format off */
	const char *argv[] = { program, "-D", data, "-k", folder, "-h", listen, "-p", number,
			       "-c", cluster->synced ? "fsync=on" : "fsync=off",
			       "-c", "max_connections=30", "-c", "shared_buffers=16MB",
			       "-c", "max_prepared_transactions=2", "-c", "wal_level=logical",
			       "-c", "full_page_writes=off", NULL };
	/* clang-format on */

	return cluster_spawn(folder, argv);
}

static inline void cluster_kill(pid_t pid, int signal)
{
	if (pid > 0) {
		kill(pid, SIGCONT);
		kill(pid, signal);
		waitpid(pid, NULL, 0);
	}
}

/* Body of the guard: obeys one letter at a time, ends at the end of the pipe. */
static inline void cluster_guard(const struct cluster *cluster, int in, int out)
{
	const char *folder = cluster->folder;
	struct err err = ERR_INIT;
	char *data = xasprintf("%s/data", folder), *initdb = pg_tool(NULL, "initdb", &err);
	const char *argv[] = {
		initdb,	       "-D", data,   "-U", "postgres",		"--auth=trust",
		"--no-locale", "-E", "UTF8", "-N", "--no-instructions", NULL
	};
	int status = -1;
	pid_t server = 0;
	char letter;

	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	waitpid(cluster_spawn(folder, argv), &status, 0);
	while (status == 0 && read(in, &letter, 1) == 1) {
		if (letter == 'u')
			server = cluster_serve(cluster);
		if (letter == 'd') {
			cluster_kill(server, SIGQUIT);
			server = 0;
		}
		if (write(out, &server, sizeof server) < 0)
			break;
	}
	cluster_kill(server, SIGQUIT);
	file_remove_tree(folder, NULL);
	_exit(0);
}

static inline void cluster_params(const struct cluster *cluster, const char *database,
				  struct pg_params *params)
{
	*params = (struct pg_params){ .host = xstrdup(cluster->folder),
				      .port = xasprintf("%d", cluster->port),
				      .database = xstrdup(database),
				      .role = xstrdup("postgres") };
}

static inline int cluster_tell(struct cluster *cluster, char letter)
{
	if (write(cluster->to, &letter, 1) != 1 ||
	    read(cluster->from, &cluster->server, sizeof cluster->server) != sizeof cluster->server)
		return -1;
	return 0;
}

/* Starts the server and waits until it answers. */
static inline int cluster_up(struct cluster *cluster)
{
	struct pg_params params;
	struct err err = ERR_INIT;
	struct pg *pg = NULL;

	if (cluster_tell(cluster, 'u') < 0)
		return -1;
	cluster_params(cluster, "postgres", &params);
	for (int i = 0; i < 1000 && !pg; i++) {
		err_clear(&err);
		pg = pg_open(&params, "test", 5 * CLOCK_US, NULL, &err);
		if (!pg)
			usleep(10000);
	}
	pg_params_release(&params);
	if (!pg)
		fprintf(stderr, "cluster: %s\n", err.msg);
	pg_close(pg);
	return pg ? 0 : -1;
}

/* Stops the server at once, as a crash would. */
static inline int cluster_down(struct cluster *cluster)
{
	return cluster_tell(cluster, 'd');
}

/* A port of 127.0.0.1 that is free now. */
static inline int cluster_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&at, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		at.sin_port = 0;
	close(fd);
	return ntohs(at.sin_port);
}

static inline int cluster_start(struct cluster *cluster)
{
	int to[2], from[2];
	struct passwd *user = getpwnam("postgres");

	snprintf(cluster->folder, sizeof cluster->folder, "/tmp/backout-test-XXXXXX");
	if (!mkdtemp(cluster->folder) || chmod(cluster->folder, 0711) < 0 ||
	    (geteuid() == 0 && (!user || chown(cluster->folder, user->pw_uid, user->pw_gid) < 0)) ||
	    pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		return -1;
	cluster->port = cluster->tcp ? cluster_port() : 5432;
	fflush(NULL);
	cluster->guard = fork();
	if (cluster->guard == 0) {
		close(to[1]);
		close(from[0]);
		cluster_guard(cluster, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	cluster->to = to[1];
	cluster->from = from[0];
	return cluster_up(cluster);
}

static inline void cluster_end(struct cluster *cluster)
{
	close(cluster->to);
	close(cluster->from);
	waitpid(cluster->guard, NULL, 0);
}

/* Runs statements in a database; fails loudly. */
static inline int cluster_sql(const struct cluster *cluster, const char *database, const char *sql)
{
	struct pg_params params;
	struct err err = ERR_INIT;

	cluster_params(cluster, database, &params);
	struct pg *pg = pg_open(&params, "test", 30 * CLOCK_US, NULL, &err);
	int result = pg ? pg_exec(pg, &err, sql) : -1;
	if (result < 0)
		fprintf(stderr, "cluster: %s: %s\n", sql, err.msg);
	pg_close(pg);
	pg_params_release(&params);
	return result;
}

/* New: the first value of a query; NULL when there is none or it failed. */
static inline char *cluster_value(const struct cluster *cluster, const char *database,
				  const char *sql)
{
	struct pg_params params;
	struct err err = ERR_INIT;

	cluster_params(cluster, database, &params);
	struct pg *pg = pg_open(&params, "test", 30 * CLOCK_US, NULL, &err);
	char *value = pg ? pg_value(pg, &err, sql, NULL) : NULL;
	pg_close(pg);
	pg_params_release(&params);
	return value;
}

#endif
