#include "cli/drill_console.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "lib/mem.h"
#include "tui/tui.h"

struct watcher {
	struct drill *drill;
	struct score score;
	bool scored;
};

static int begin(struct session *session, void *data, struct err *err)
{
	struct watcher *watcher = data;

	(void)session;
	return drill_inject(watcher->drill, err);
}

/* The score is taken when the operator says that the affair is resolved, and shown when the record
 * is closed. Who closes it in the same breath gets a score all the same; it is not on the record
 * then, to which nothing can be added any more. */
static char *ended(struct session *session, void *data)
{
	struct watcher *watcher = data;
	const struct incident_state *state = session_state(session);
	struct err err = ERR_INIT;

	if (!state)
		return NULL;
	if (state->phase != INCIDENT_OPEN && !watcher->scored)
		watcher->scored = drill_score(watcher->drill, &watcher->score, &err) == 0;
	if (state->phase != INCIDENT_CLOSED)
		return NULL;
	if (!watcher->scored)
		return xasprintf("The drill could not be scored: %s", err.msg);
	return score_text(&watcher->score, &watcher->drill->scenario);
}

/* The operator left in the middle: that is a result, too. */
static int abandon(struct watcher *watcher)
{
	struct err err = ERR_INIT;

	if (!watcher->scored && drill_score(watcher->drill, &watcher->score, &err) < 0) {
		cli_error(&err);
		return EXIT_FAILED;
	}
	if (drill_close(watcher->drill->incident, "the operator left the drill", "",
			watcher->drill->clock, &err) < 0) {
		cli_error(&err);
		return EXIT_LEDGER;
	}
	return EXIT_STOPPED;
}

int drill_console(struct drill *drill, bool briefing, bool keep, bool plain)
{
	struct watcher watcher = { .drill = drill };
	char **lines = briefing ? drill_briefing(drill) : NULL;
	struct err err = ERR_INIT;
	struct loop *loop = loop_new(drill->clock, &err);
	struct tui_options options = {
		.spec = { .loop = loop, .clock = drill->clock, .incident = drill->incident },
		.view = TUI_WATCH,
		.plain = plain,
		.briefing = (const char *const *)lines,
		.begin = begin,
		.ended = ended,
		.data = &watcher,
	};
	int left = loop ? tui_run(&options, &err) : -1;
	int status = EXIT_FAILED;

	if (left < 0) {
		cli_error(&err);
	} else if (left == 1) {
		/* The terminal is gone, a step may be running: another console may take over. */
		keep = true;
		status = EXIT_STOPPED;
	} else {
		struct incident incident = { 0 };
		bool closed = incident_open(&incident, drill->incident, drill->clock, &err) == 0 &&
			      incident.state.phase == INCIDENT_CLOSED;

		if (closed)
			status = watcher.score.recovered && watcher.score.verified ? EXIT_HOLDS
										   : EXIT_FAILED;
		else
			status = abandon(&watcher);
		if (watcher.scored || !closed) {
			char *text = score_text(&watcher.score, &drill->scenario);

			printf("%sincident %s: backout report %s\n", text, incident.id,
			       incident.id);
			free(text);
		}
		incident_close(&incident);
	}
	if (keep && left == 0 && sandbox_keep(&drill->sandbox, &err) < 0)
		cli_error(&err);
	score_release(&watcher.score);
	drill_briefing_free(lines);
	loop_free(loop);
	drill_release(drill, keep);
	return status;
}
