/*
 * The output of a command, through a file in memory: nobody blocks on it, what was written last can
 * be quoted, and a program that keeps running afterwards is not hurt: there is no pipe that breaks.
 * (What it goes on writing is kept in memory until it ends, so a service's start command had better
 * send its service's output somewhere.)
 */
#ifndef LIB_CMDOUT_H
#define LIB_CMDOUT_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/err.h"

struct cmdout {
	int fd;	    /* give it to the child as out and err */
	int log;    /* where it goes on to; -1: nowhere */
	off_t done; /* what went on already */
};

/* `log` is borrowed, and stays open. */
int cmdout_open(struct cmdout *out, int log, struct err *err);
/* Passes on what came; of endless output a little more than the first 64 MiB, and the last line can
 * still be quoted. */
void cmdout_pump(struct cmdout *out);
/* The last line that is not blank, cleaned; "" when there is none. One that only says what else to
 * read ("See ...", as systemctl ends) is passed over. Returns `text`. */
char *cmdout_last(const struct cmdout *out, char *text, size_t size);
/* Passes on the rest and closes. */
void cmdout_close(struct cmdout *out);

#endif
