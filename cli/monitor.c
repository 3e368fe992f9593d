/* backout monitor: sampling and alerts without a screen, JSON lines on stdout. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "core/monitor.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define USAGE                                                                        \
	"monitor RUNBOOK [--target T] [--every DURATION] [--alert-command PROGRAM] " \
	"[--webhook URL|@FILE]"
#define EVERY_US (10 * CLOCK_US)
#define URL_MAX	 4096

struct printing {
	struct loop *loop;
	bool gone; /* nobody reads the lines any more */
	bool lost; /* the latest line could not be written: said */
	bool torn; /* and half of it was */
};

/* A full disk must not end it: that is when alerts matter. */
static void line_lost(struct printing *printing, bool torn)
{
	struct err err = ERR_INIT;
	bool gone = errno == EPIPE;

	printing->torn = printing->torn || torn;
	if (!printing->lost || gone) {
		err_sys(&err, "lines can't be written to the standard output");
		err_hint(&err, gone ? "whoever read them is gone: start it again"
				    : "alerts are still handed over; lines go on when they can");
		cli_error(&err);
	}
	printing->lost = true;
	printing->gone = gone;
	if (gone)
		loop_stop(printing->loop);
}

static void line_print(const char *line, void *data)
{
	struct printing *printing = data;
	char *text = xasprintf("%s%s\n", printing->torn ? "\n" : "", line);
	size_t len = strlen(text), done = 0;

	while (done < len && !printing->gone) {
		ssize_t n = write(STDOUT_FILENO, text + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			line_lost(printing, done > 0);
			break;
		}
		done += (size_t)n;
	}
	if (done == len)
		printing->lost = printing->torn = false;
	free(text);
}

static void on_signal(struct watch *watch, uint32_t what, void *data)
{
	(void)watch, (void)what;
	loop_stop(data);
}

static int run(struct monitor_spec *spec)
{
	struct printing printing = { 0 };
	struct err err = ERR_INIT;
	struct monitor *monitor = NULL;
	int status = EXIT_FAILED;

	printing.loop = spec->loop = loop_new(&clock_system, &err);
	if (!spec->loop || !loop_signal(spec->loop, SIGTERM, on_signal, spec->loop, &err) ||
	    !loop_signal(spec->loop, SIGINT, on_signal, spec->loop, &err) ||
	    !loop_signal(spec->loop, SIGHUP, on_signal, spec->loop, &err))
		goto out;
	spec->line = line_print;
	spec->data = &printing;
	monitor = monitor_new(spec, &err);
	if (monitor && !printing.gone && loop_run(spec->loop, &err) == 0)
		status = EXIT_HOLDS;
	monitor_free(monitor);
	if (printing.gone)
		status = EXIT_FAILED;
out:
	if (err.set)
		cli_error(&err);
	loop_free(spec->loop);
	return status;
}

/* New: the URL itself, or what a file holds: it may be a secret. */
static char *webhook_read(const char *text, struct err *err)
{
	struct buf url = BUF_INIT;

	if (text[0] != '@')
		return xstrdup(text);
	if (file_read(text + 1, &url, URL_MAX, err) < 0)
		return NULL;
	if (url.len)
		buf_cut(&url, strcspn(url.data, "\r\n"));
	buf_puts(&url, "");
	return url.data ? buf_detach(&url) : xstrdup("");
}

struct wish {
	const char *target, *webhook;
	struct monitor_spec spec;
};

static int wish_read(struct wish *wish, int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },
		{ "every", required_argument, NULL, 'e' },
		{ "alert-command", required_argument, NULL, 'c' },
		{ "webhook", required_argument, NULL, 'w' },
		{ 0 },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			wish->target = optarg;
		else if (option == 'c')
			wish->spec.command = optarg;
		else if (option == 'w')
			wish->webhook = optarg;
		else if (option != 'e' || duration_parse(optarg, &wish->spec.every_us) != 0)
			return cli_usage(USAGE);
	}
	return optind + 1 == argc ? EXIT_HOLDS : cli_usage(USAGE);
}

int cmd_monitor(int argc, char **argv)
{
	struct wish wish = { .target = "production",
			     .spec = { .clock = &clock_system, .every_us = EVERY_US } };
	struct err err = ERR_INIT;
	struct loaded loaded;
	char *webhook = NULL;
	int status = wish_read(&wish, argc, argv);

	if (status != EXIT_HOLDS)
		return status;
	if (wish.webhook) {
		webhook = webhook_read(wish.webhook, &err);
		if (!webhook) {
			cli_error(&err);
			return EXIT_USAGE;
		}
	}
	status = cli_load(&loaded, argv[optind], wish.target);
	if (status == EXIT_HOLDS) {
		wish.spec.loaded = &loaded;
		wish.spec.webhook = webhook;
		status = run(&wish.spec);
		loaded_release(&loaded);
	}
	free(webhook);
	return status;
}
