/*
 * Services: what keeps a program running, asked and told in one of three ways.
 *
 *     {"systemd": "postgresql.service", "user": false}          systemd, through systemctl
 *     {"start": [..], "stop": [..], "status": [..]}             three commands
 *     {"pid_file": "/run/bot.pid", "start": [..]}               a pid file
 *
 * systemd: the unit's properties as `systemctl show` documents them. Commands: `status` exits with
 * 0 when the service is active, 3 when it is stopped, 1 when it is dead but not stopped (it is
 * about to be started again), as systemctl and the LSB have it; anything else is unknown. Lines
 * "MainPID=n" and "NRestarts=n" of its output are understood. Pid file: active while the process
 * lives that wrote the file (one that began after the file was written is another's).
 *
 * Modes are other ways in which it may be started: with more words, more environment, or as another
 * unit. Which one it runs in is told by the unit that is active, by a line "Mode=NAME" of the
 * status command, or by words and environment of the main process; without any of them it is
 * "normal".
 *
 * What can't be read is SERVICE_UNKNOWN with the reason, never stopped.
 */
#ifndef LIB_SERVICE_H
#define LIB_SERVICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/child.h"
#include "lib/err.h"
#include "lib/field.h"

/* The declaration's table, and the group of fields of which exactly one names the driver. */
extern const struct field service_fields[];
extern const char *const *const service_one_of[];

enum service_state {
	SERVICE_UNKNOWN,
	SERVICE_ACTIVE,
	SERVICE_STOPPED,
	SERVICE_FAILED,
	SERVICE_CHANGING, /* starting, stopping, or waiting for its next automatic restart */
};

struct service_status {
	enum service_state state;
	pid_t pid;	    /* main process; 0: not known or none */
	int restarts;	    /* by the service manager itself; -1: not known */
	char mode[64];	    /* that it runs in; "": it doesn't, has none, or it can't be told */
	char hurdle[160];   /* why it can't be started as it is (masked, a bad file); "": nothing */
	char evidence[240]; /* one clean line */
};

#define SERVICE_NORMAL "normal" /* the mode without a mode */

enum service_act { SERVICE_START, SERVICE_STOP, SERVICE_RESTART };

struct service {
	const char *unit;		/* borrowed from the declaration; NULL: not systemd */
	const char *pid_file;		/* borrowed; NULL: not by pid file */
	const char *cwd;		/* borrowed, or NULL */
	char **start, **stop, **status; /* owned; NULL where the driver has none */
	char **env, **start_env;	/* owned: additions for the commands */
	const json_t *declaration;	/* borrowed */
	const json_t *modes; /* borrowed from it: name -> {args, env, systemd}; or NULL */
	const char *mode;    /* borrowed: that start and restart mean */
	bool user;	     /* systemd's user manager */
};

/* `declaration` (filled in) must outlive the service. Release works after a failure, too. */
int service_init(struct service *service, const json_t *declaration, struct err *err);
void service_release(struct service *service);
/* From here on starts mean this mode (NULL: the normal one); `mode` must outlive the service. */
int service_choose(struct service *service, const char *mode, struct err *err);
/* Whether it runs in the chosen mode; true where there are no modes. Of a mode that can't be told,
 * false. */
bool service_in_mode(const struct service *service, const struct service_status *now);

/* Blocking, at most `timeout_us`. */
void service_state(const struct service *service, int64_t timeout_us, struct service_status *out);
/* The same in two halves for an event loop: the command to run with its output captured (NULL: none
 * is needed, service_state() answers at once), and what its end means. */
const char *const *service_query(const struct service *service);
void service_interpret(const struct service *service, const struct child_end *end,
		       const struct buf *output, struct service_status *out);

/* Blocking: does it and waits until the state is the wanted one, at most `timeout_us`. Commands
 * write to `log`. Starting what is active (in that mode) and stopping what is stopped is fine. By
 * pid file: TERM, and KILL when two thirds of the time are over. */
int service_do(const struct service *service, enum service_act act, int64_t timeout_us, int log,
	       struct err *err);
/* Appends what service_do() would run, a line each: "$ systemctl stop -- bot". */
void service_plan(const struct service *service, enum service_act act, struct buf *lines);

const char *service_state_name(enum service_state state);	/* "active", "stopped", ... */
int service_act_parse(const char *name, enum service_act *act); /* 0, or -1 when it is none */

#endif
