/*
 * The subcommands. Each takes its own argv (argv[0] is the subcommand's word) and returns the exit
 * code of backout(1): 0 done and holds, 1 it does not hold or failed, 2 usage, 3 runbook or target
 * invalid, 4 the ledger does not verify or can't be written, 5 stopped by the operator.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "lib/buf.h"
#include "lib/err.h"

enum exit_code { EXIT_HOLDS, EXIT_FAILED, EXIT_USAGE, EXIT_INVALID, EXIT_LEDGER, EXIT_STOPPED };

int cmd_watch(int argc, char **argv);
int cmd_open(int argc, char **argv);
int cmd_preflight(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_drill(int argc, char **argv);
int cmd_incidents(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_approve(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_status(int argc, char **argv);

/* Prints "backout: what, where, why" and the hint on a line of its own, cleaned. */
void cli_error(const struct err *err);
/* Prints how the subcommand is called ("usage: backout plan ...") to stderr; returns EXIT_USAGE. */
int cli_usage(const char *usage);

/* Writes text to stdout; EXIT_HOLDS, or EXIT_FAILED with a message when it can't be written (a
 * reader that went away is no failure). */
int cli_print(const struct buf *text);

#endif
