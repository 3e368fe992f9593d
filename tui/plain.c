#include "tui/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"
#include "tui/routines.h"

struct plain {
	const struct tui_options *options; /* borrowed */
	struct loop *loop;
	struct session *session; /* owned */
	struct buf input;
	enum level *levels;	    /* owned: of each metric, as printed last */
	char next[512], error[512]; /* as printed last */
	size_t printed;		    /* timeline entries */
	bool planned, ended, over;
	int result;
};

/* One line, cleaned, with the time in front. */
static void say(struct plain *plain, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct plain *plain, const char *fmt, ...)
{
	struct buf text = BUF_INIT, clean = BUF_INIT;
	char clock[TIME_RFC3339_MAX];
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	text_clean(&clean, buf_str(&text), text.len);
	printf("%s %s\n", time_clock(clock_wall(plain->options->spec.clock), clock),
	       buf_str(&clean));
	buf_release(&text);
	buf_release(&clean);
}

static void say_text(struct plain *plain, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		say(plain, "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void alerts_print(struct plain *plain)
{
	const struct runbook *runbook = session_runbook(plain->session);

	for (size_t i = 0; i < runbook->nmetrics; i++) {
		const struct metric *metric = &runbook->metrics[i];
		const struct alert *alert = sense_alert(session_sense(plain->session), metric);
		enum level level = alert ? alert->told : LEVEL_OK;

		if (level == plain->levels[i])
			continue;
		say(plain, "alert: %s is %s, at %.6g%s%s (was %s)",
		    metric->title ? metric->title : metric->name, level_name(level),
		    alert ? alert->value : 0.0, metric->unit && *metric->unit ? " " : "",
		    metric->unit ? metric->unit : "", level_name(plain->levels[i]));
		plain->levels[i] = level;
	}
}

static void timeline_print(struct plain *plain)
{
	const struct incident_state *state = session_state(plain->session);

	/* Back to watching: the next record begins at its beginning. */
	if (!state)
		plain->printed = 0;
	for (; state && plain->printed < state->ntimeline; plain->printed++) {
		const struct timeline_entry *entry = &state->timeline[plain->printed];

		if (!entry->hidden || state_reveals(state))
			say(plain, "#%llu %s", (unsigned long long)entry->seq, entry_text(entry));
	}
}

/* The plan once it is there: it is what an approval is about. */
static void plan_print(struct plain *plain)
{
	const char *problem = NULL;
	const struct procedure_plan *plan = session_plan(plain->session, &problem);

	if (!plan) {
		plain->planned = false;
		return;
	}
	if (plain->planned)
		return;
	plain->planned = true;
	say(plain, "plan of %s: risk %s, data loss: %s", plan->procedure->title,
	    risk_name(plan->procedure->risk),
	    plan->procedure->data_loss ? plan->procedure->data_loss : "not said");
	for (size_t i = 0; i < plan->nloss; i++)
		say(plain, "    measured loss: %s", plan->loss[i]);
	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct plan_step *step = &plan->steps[i];

		say(plain, "%3zu. %s: %s [%s]%s", i + 1, step->step->id, step->step->say,
		    step->manual ? "by hand" : risk_class_name(step->risk),
		    step->applicable ? "" : " (does not apply now)");
		for (size_t l = 0; l < step->nlines; l++)
			say(plain, "        %s", step->lines[l]);
		if (step->undo && *step->undo)
			say(plain, "        undo: %s", step->undo);
		if (step->problem)
			say(plain, "        PROBLEM: %s", step->problem);
	}
}

static void news_print(struct plain *plain)
{
	const char *error = session_error(plain->session);
	char next[sizeof(plain->next)];

	alerts_print(plain);
	timeline_print(plain);
	plan_print(plain);
	if (error && strcmp(error, plain->error) != 0) {
		if (*error)
			say(plain, "trouble: %s", error);
		snprintf(plain->error, sizeof(plain->error), "%s", error);
	}
	session_next(plain->session, next, sizeof(next));
	if (strcmp(next, plain->next) != 0) {
		say(plain, "next: %s", next);
		memcpy(plain->next, next, sizeof(next));
	}
	fflush(stdout);
}

static void leave(struct plain *plain, int result)
{
	plain->over = true;
	plain->result = result;
	loop_stop(plain->loop);
}

static void help_print(struct plain *plain)
{
	for (const struct command *command = session_commands; command->name; command++) {
		if (session_offers(command))
			say(plain, "%s %s: %s", command->name, command->args ? command->args : "",
			    command->help);
	}
	say(plain, "routines: what is due, overdue and next");
	say(plain, "phases: how far they are, and how stable");
	say(plain, "quit: leave; what runs goes on");
}

static void routines_print(struct plain *plain)
{
	int64_t now = clock_wall(plain->options->spec.clock);
	struct routine_due *list;
	size_t n = session_routines(plain->session, &list);

	for (size_t i = 0; i < n; i++) {
		char *label = routine_label(&list[i], now), *detail = routine_detail(&list[i], now);

		say(plain, "%s: %s", list[i].record->routine->name, label);
		say(plain, "    %s", detail);
		free(label);
		free(detail);
	}
	if (!n)
		say(plain, "no routines, or the record is still being read");
	free(list);
}

static void phases_print(struct plain *plain)
{
	char *text = phases_text(plain->session, clock_wall(plain->options->spec.clock));

	say_text(plain, text);
	free(text);
}

/* Whether the affair is over for whoever opened the console: they may have something to do about
 * its end before the next command, such as to score a drill. */
static void look_ended(struct plain *plain)
{
	char *text = NULL;

	if (plain->options->ended && !plain->ended)
		text = plain->options->ended(plain->session, plain->options->data);
	if (!text)
		return;
	plain->ended = true;
	say_text(plain, text);
	free(text);
	leave(plain, 0);
}

static void command_run(struct plain *plain, char *line)
{
	struct err err = ERR_INIT;

	line[strcspn(line, "\r\n")] = '\0';
	while (*line == ' ' || *line == ':')
		line++;
	if (!*line)
		return;
	if (!strcmp(line, "quit") || !strcmp(line, "q"))
		leave(plain, 0);
	else if (!strcmp(line, "help") || !strcmp(line, "?"))
		help_print(plain);
	else if (!strcmp(line, "routines"))
		routines_print(plain);
	else if (!strcmp(line, "phases"))
		phases_print(plain);
	else if (session_command(plain->session, line, &err) < 0)
		say(plain, "refused: %s%s%s", err.msg, err.hint[0] ? "; " : "", err.hint);
	news_print(plain);
	if (!plain->over)
		look_ended(plain);
}

static void lines_run(struct plain *plain)
{
	char *end;

	while (!plain->over && plain->input.len &&
	       (end = memchr(plain->input.data, '\n', plain->input.len))) {
		size_t len = (size_t)(end - plain->input.data);
		char *line = xstrndup(plain->input.data, len);

		buf_drop(&plain->input, len + 1);
		command_run(plain, line);
		free(line);
	}
}

/* False at the end of stdin. */
static bool input_read(struct plain *plain)
{
	char bytes[4096];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	buf_add(&plain->input, bytes, (size_t)n);
	lines_run(plain);
	return true;
}

static void on_input(struct watch *watch, uint32_t what, void *data)
{
	struct plain *plain = data;

	(void)watch, (void)what;
	if (!input_read(plain) && !plain->over)
		leave(plain, 0);
}

static void on_signal(struct watch *watch, uint32_t what, void *data)
{
	(void)watch, (void)what;
	leave(data, 1);
}

static void on_second(struct watch *watch, uint32_t what, void *data)
{
	struct plain *plain = data;

	(void)watch, (void)what;
	news_print(plain);
	if (ferror(stdout))
		leave(plain, 1);
	else
		look_ended(plain);
}

static void on_changed(enum session_change what, void *data)
{
	struct plain *plain = data;

	if (plain->session && what != SESSION_SOURCE && what != SESSION_SENSED)
		news_print(plain);
}

/* A file or /dev/null can't be waited for: it is read at once. */
static int input_watch(struct plain *plain, struct watch **watch)
{
	struct err err = ERR_INIT;

	*watch = loop_fd(plain->loop, STDIN_FILENO, EPOLLIN, on_input, plain, &err);
	if (*watch)
		return 0;
	while (!plain->over && input_read(plain))
		;
	return plain->over ? 0 : -1;
}

static int run(struct plain *plain, struct err *err)
{
	static const int signals[] = { SIGHUP, SIGTERM, SIGINT };
	const struct tui_options *options = plain->options;
	struct watch *watches[5] = { NULL };
	int rc = -1;

	for (const char *const *line = options->briefing; line && *line; line++)
		say(plain, "%s", *line);
	if (options->begin && options->begin(plain->session, options->data, err) < 0)
		goto out;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		watches[i] = loop_signal(plain->loop, signals[i], on_signal, plain, err);
		if (!watches[i])
			goto out;
	}
	news_print(plain);
	watches[3] = loop_timer(plain->loop, CLOCK_US, CLOCK_US, on_second, plain);
	if (input_watch(plain, &watches[4]) < 0) {
		rc = 0;
		goto out;
	}
	rc = plain->over ? 0 : loop_run(plain->loop, err);
	if (plain->over)
		rc = plain->result;
out:
	for (size_t i = 0; i < sizeof(watches) / sizeof(watches[0]); i++) {
		if (watches[i])
			watch_free(watches[i]);
	}
	return rc;
}

int plain_run(const struct tui_options *options, struct err *err)
{
	struct plain plain = { .options = options, .loop = options->spec.loop };
	struct session_spec spec = options->spec;
	int rc = -1;

	spec.changed = on_changed;
	spec.data = &plain;
	plain.session = session_new(&spec, err);
	if (plain.session) {
		plain.levels =
		    xcalloc(session_runbook(plain.session)->nmetrics + 1, sizeof(*plain.levels));
		rc = run(&plain, err);
	}
	session_free(plain.session);
	free(plain.levels);
	buf_release(&plain.input);
	return rc;
}
