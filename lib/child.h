/*
 * Child processes.
 *
 * Always an argv, never a shell. A child gets: a fresh environment from an allow-list (HOME, USER,
 * LOGNAME, PATH, LANG, LC_*, TZ, TERM, SSH_AUTH_SOCK, XDG_*, TMPDIR, SOURCE_DATE_EPOCH; never PG*,
 * GIT_*, LD_*) plus what the caller adds and the clock that is followed (lib/clock.h), stdin from
 * /dev/null unless given, no other inherited descriptor, default signals, umask 077 unless told
 * otherwise, and death when its parent dies unless `detached`. Unless it is given a terminal as its
 * stdin it has none at all (its own session), so that nothing asks for a password across the
 * screen.
 */
#ifndef LIB_CHILD_H
#define LIB_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"

struct child_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *const *env;	 /* additions "NAME=value", NULL-terminated, or NULL */
	const char *cwd;	 /* or NULL */
	int in, out, err; /* descriptors; -1 or 0: /dev/null. `in` 0 is the standard input only
			   * together with `out` 1: the whole terminal, for an editor */
	bool detached;	  /* lives on without its parent */
	bool enough;	  /* no more output is wanted than fits: what it writes behind fails then */
	bool kept; /* beside a loop: a process stands between that dies with it, and below which all
		    * that the child starts can be found, whatever it does to get away */
	bool ends_all; /* with `kept`: what it leaves behind ends with it */
	bool keep_umask;
	bool usual_umask; /* 022, as systemd gives it: what the runbook's commands and the services
			   * that they start make is to be read by those who read it every day */
	uid_t uid;	  /* 0: stays who it is; else setgid, setgroups, setuid (needs root) */
	gid_t gid;
	const int *keep; /* further descriptors to leave open, -1-terminated, or NULL */
	void (*tick)(
	    void *data); /* child_run() calls it ten times a second while it waits; or NULL */
	void *tick_data;
};

/* How a child ended. */
struct child_end {
	bool timed_out;
	int status; /* as waitpid() gives it */
	int64_t elapsed_us;
	size_t lost; /* bytes of output past the limit */
};

/* The pid, or -1: also when exec itself fails (the message names the program and the reason). */
pid_t child_start(const struct child_spec *spec, struct err *err);

/* Runs to the end, blocking, at most `timeout_us` (0: no limit; negative: it is over). Then the
 * whole tree gets TERM, two seconds later KILL; the caller is a subreaper while this runs. With
 * `out` or `errout` non-NULL that stream is captured, up to `max` bytes each (0: all; the rest is
 * counted and thrown away), else it goes to spec->out/err. What a child leaves behind that ends in
 * time (a daemon) is left alone. `input` (or NULL) is written to its stdin. 0 when it could be
 * started and reaped; see `end` for how. */
int child_run(const struct child_spec *spec, const char *input, int64_t timeout_us, size_t max,
	      struct buf *out, struct buf *errout, struct child_end *end, struct err *err);
/* child_run() that is satisfied by nothing but exit status 0; otherwise the error quotes the last
 * line of its standard error. `out` may be NULL. */
int child_ok(const struct child_spec *spec, const char *input, int64_t timeout_us, struct buf *out,
	     struct err *err);

/* A child beside the event loop, its standard output captured; `done` is called once, then the job
 * is gone. job_cancel() kills it without a call. For a process that the kernel holds (a dead disk
 * or file server) neither waits longer than a little: it is left behind, and reaped when it ends.
 */
struct job;
typedef void job_fn(const struct child_end *end, const struct buf *out, void *data);
struct job *job_start(struct loop *loop, const struct child_spec *spec, const char *input,
		      int64_t timeout_us, size_t max, job_fn *done, void *data, struct err *err);
void job_cancel(struct job *job);
/* Reaps a child that was killed: gone at once, but for one in the kernel's hands (a dead disk or
 * file server). That one is left to the loop, which reaps it when it comes back. */
void child_bury(struct loop *loop, pid_t pid);

/* A child that goes on and on beside the event loop: its standard output, and with `errors` its
 * standard error in the same pipe, handed on as it comes; one that writes little by little is read
 * some forty times a second. `ended` is called once, after all that it wrote: then the stream is
 * gone, and what the child left running in its session is killed. stream_cancel() kills the whole
 * tree without a call; not from inside a callback. */
struct stream;
struct stream_calls {
	void (*bytes)(const char *bytes, size_t len, void *data);
	void (*ended)(const struct child_end *end, void *data);
	void *data;
};
struct stream *stream_start(struct loop *loop, const struct child_spec *spec, bool errors,
			    const struct stream_calls *calls, struct err *err);
void stream_cancel(struct stream *stream);

/* New: the children that this process has now, for child_sweep(). */
struct child_tree;
struct child_tree *child_known(void);
/* Ends the descendants of this process (it must be a subreaper), but those that it had by the
 * children `known` (freed here; NULL: none): TERM, `grace_us`, KILL, reap. Returns how many there
 * were. */
int child_sweep(struct child_tree *known, int64_t grace_us);
/* Reaps the dead among this process's children, but for `known` and `pid`. */
void child_reap(const struct child_tree *known, pid_t pid);
void child_known_free(struct child_tree *known);
/* "exit status 3", "killed by SIGKILL", "timed out after 30 s". */
char *child_end_text(const struct child_end *end, char *out, size_t size);

#endif
