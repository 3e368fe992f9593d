/*
 * A stand-in for the service manager of the production host: keeps one program running, as systemd
 * does with Restart=on-failure. Sandboxes start it through the "commands" service driver.
 */
#ifndef DRILL_SUPERVISE_H
#define DRILL_SUPERVISE_H

/* Body of `backout __supervise start|stop|status FOLDER NAME [OPTION...] -- ARGV...`, options
 * --user UID:GID, --cwd DIR, --env N=V, --delay MS, --signal TERM|INT: waits MS before it starts a
 * program again that failed, stops it with the signal. Exit status of status: 0 active, 1 ended and
 * about to be started again, 3 stopped (as systemctl). It ends when its folder is
 * gone: nobody could stop it any more. */
int supervise_main(int argc, char **argv);

#endif
