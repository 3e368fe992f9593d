#include "drill/stop.h"

#include <signal.h>
#include <stddef.h>

const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP, 0 };

void stop_hold(void)
{
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; stop_signals[i]; i++) {
		if (sigaction(stop_signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, stop_signals[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool stop_asked(void)
{
	sigset_t set;

	if (sigpending(&set) < 0)
		return false;
	for (size_t i = 0; stop_signals[i]; i++) {
		if (sigismember(&set, stop_signals[i]) == 1)
			return true;
	}
	return false;
}
