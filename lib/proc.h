/*
 * Processes, read from /proc.
 *
 * A process is known by its pid and its start time together: pids are reused, the pair is not
 * (within one boot). Format of the files: proc(5).
 */
#ifndef LIB_PROC_H
#define LIB_PROC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/field.h"

struct proc_id {
	pid_t pid;
	uint64_t start; /* clock ticks after boot */
};

struct proc_stat {
	struct proc_id id;
	pid_t parent;
	char state;	    /* 'R', 'S', 'Z', ... */
	uint64_t cpu_ticks; /* user and system time so far */
	int64_t rss;	    /* bytes */
	int threads;
};

/* 0, or -1 with errno (ENOENT or ESRCH: there is no such process). */
int proc_stat(pid_t pid, struct proc_stat *out);
/* The text of /proc/PID/stat; -1 with errno when it is none. */
int proc_stat_parse(const char *text, struct proc_stat *out);
/* It is there, and no zombie. */
bool proc_alive(struct proc_id id);
/* Bytes that it read so far, and children of its that are over; -1 when the system doesn't say. */
int64_t proc_read_bytes(pid_t pid);
/*
 * What a process uses; -1 when the system doesn't say (another user's process, an old kernel).
 */
/* Descriptors that it has open, and how many it may have. */
int64_t proc_files(pid_t pid);
int64_t proc_files_limit(pid_t pid);
/* Bytes of memory, what is shared counted by its share. The kernel walks all pages of the process
 * for that: some milliseconds a GB. */
int64_t proc_pss(pid_t pid);
/* Processes of its control group that the kernel killed for want of memory; -1 also when it has no
 * control group of its own. */
int64_t proc_oom_kills(pid_t pid);
/* Wall time of its start, microseconds; at most PROC_STARTED_ERROR_US off. */
#define PROC_STARTED_ERROR_US (20 * CLOCK_US / 1000)
int64_t proc_started(struct proc_id id);
/* 0 when the signal was sent, or the process is gone already. */
int proc_signal(struct proc_id id, int signal, struct err *err);
/* Blocking: true when it is gone within `timeout_us`. */
bool proc_wait_gone(struct proc_id id, int64_t timeout_us);
/* Blocking: TERM, and KILL to what is left after `grace_us`; returns how many had to be killed, -1
 * (with err) when one can't be ended. */
int proc_end(const struct proc_id *ids, size_t n, int64_t grace_us, struct err *err);
/* New: the arguments joined by blanks, cleaned; the name in brackets for a kernel thread; "" when
 * gone. */
char *proc_command(pid_t pid);

/*
 * Which processes a declaration means:
 *     {"pid_file": path}                        the one whose pid the file holds (and which began
 * before the file was written)
 *     {"match": [patterns..], "user": name?}    whose arguments match these shell patterns, in
 * order; the first one matches the program, by its path or base name
 *     {"unit": name}                            all in the control group of this systemd unit
 */
#define PROC_FIELDS                                                                                \
	{ "pid_file", FIELD_PATH, false, "file that holds the process's pid", NULL, NULL },        \
	    { "match",                                                                             \
	      FIELD_STRINGS,                                                                       \
	      false,                                                                               \
	      "shell patterns that the arguments match in order; the first one matches the "       \
	      "program",                                                                           \
	      NULL,                                                                                \
	      NULL },                                                                              \
	    { "unit", FIELD_STRING, false, "systemd unit whose processes are meant", NULL, NULL }, \
	{                                                                                          \
		"user", FIELD_STRING, false, "only processes of this user (with match)", NULL,     \
		    NULL                                                                           \
	}
extern const char *const *const proc_one_of[];

struct proc_decl {
	const char *pid_file, *unit; /* borrowed, or NULL */
	char **match;		     /* owned, or NULL */
	bool any_user;
	uid_t uid;
};

/* `declaration` (filled in) is borrowed. -1 when it says nothing, or names a user
 * that does not exist; release works then, too. */
int proc_decl_init(struct proc_decl *decl, const json_t *declaration, struct err *err);
void proc_decl_release(struct proc_decl *decl);

struct proc_list {
	struct proc_stat *list; /* owned */
	size_t n, cap;
	size_t roots;  /* those whose parent is not in the list: workers are not counted */
	char why[160]; /* when n is 0: what was looked for, clean */
};

/* 0, or -1 when it can't be said (no permission); none found is 0 and n 0. Oldest first. */
int proc_find(const struct proc_decl *decl, struct proc_list *out, struct err *err);
void proc_list_release(struct proc_list *list);

/* For who looks for them in another way (lib/procfollow.h): whether a process, no thread and not
 * this one, is meant by a `match` or a `unit`; */
bool proc_is_meant(const struct proc_decl *decl, pid_t pid);
void proc_list_add(struct proc_list *list, const struct proc_stat *stat);
/* puts them in order, counts the roots, says why there are none. */
void proc_list_settle(const struct proc_decl *decl, struct proc_list *list);

#endif
