/* The operator's commands by name: one table for the `:` prompt, the help and the manual. */
#include <stdlib.h>
#include <string.h>

#include "core/session_parts.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

typedef const char *const *words;

/* The n-th word, NULL when it was not given. */
static const char *word(words args, size_t nargs, size_t n)
{
	return n < nargs ? args[n] : NULL;
}

static int yes_no(const char *text, bool *yes, struct err *err)
{
	*yes = strcmp(text, "yes") == 0 || strcmp(text, "y") == 0;
	if (*yes || strcmp(text, "no") == 0 || strcmp(text, "n") == 0)
		return 0;
	return err_set(err, "\"%s\" is neither yes nor no", text);
}

static int run_note(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_note(session, word(args, nargs, 0), err);
}

static int run_evidence(struct session *session, words args, size_t nargs, struct err *err)
{
	uint64_t seq;

	if (session_log_find(session, args[0], word(args, nargs, 1), &seq, err) != 0)
		return -1;
	return session_evidence(session, args[0], seq, err);
}

static int run_copy(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_message_copy(session, args[0], err);
}

static int run_write(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_message_write(session, args[0], NULL, err);
}

static int run_send(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_send(session, args[0], NULL, err);
}

static int run_page(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_send(session, word(args, nargs, 1), args[0], err);
}

static int run_declare(struct session *session, words args, size_t nargs, struct err *err)
{
	enum severity severity;

	if (severity_parse(args[0], &severity) != 0)
		return err_set(err, "\"%s\" is no severity: low, medium, high or critical",
			       args[0]);
	return session_open_incident(session, INCIDENT_INCIDENT, severity,
				     nargs > 1 ? args[1] : "incident", err);
}

static int run_severity(struct session *session, words args, size_t nargs, struct err *err)
{
	enum severity severity;

	if (severity_parse(args[0], &severity) != 0)
		return err_set(err, "\"%s\" is no severity: low, medium, high or critical",
			       args[0]);
	return session_severity(session, severity, word(args, nargs, 1), err);
}

static int run_ack(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_acknowledge(session, args[0], err);
}

static int run_mute(struct session *session, words args, size_t nargs, struct err *err)
{
	int64_t us;

	if (duration_parse(args[1], &us) != 0)
		return err_set(err, "\"%s\" is no duration such as 30m or 2h", args[1]);
	return session_mute(session, args[0], us, word(args, nargs, 2), err);
}

static int run_unmute(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_mute(session, args[0], 0, word(args, nargs, 1), err);
}

static int run_baseline(struct session *session, words args, size_t nargs, struct err *err)
{
	int64_t us = 0;

	if (nargs > 1 && duration_parse(args[1], &us) != 0)
		return err_set(err, "\"%s\" is no duration such as 5m", args[1]);
	return session_baseline(session, args[0], us, err);
}

static int run_answer(struct session *session, words args, size_t nargs, struct err *err)
{
	bool yes;

	if (yes_no(args[1], &yes, err) != 0)
		return -1;
	return session_answer(session, args[0], yes, word(args, nargs, 2), err);
}

static int run_back(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_back(session, args[0], err);
}

static int run_choose(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_choose(session, args[0], word(args, nargs, 1), err);
}

/* Without arguments the proposed answers are taken. */
static int run_plan(struct session *session, words args, size_t nargs, struct err *err)
{
	const json_t *proposed = session_proposed_params(session);
	json_t *params = proposed ? json_deep_copy(proposed) : json_object();
	int status = 0;

	for (size_t i = 0; i < nargs && status == 0; i++) {
		const char *equals = strchr(args[i], '=');
		char *name = equals ? xstrndup(args[i], (size_t)(equals - args[i])) : NULL;

		if (!name)
			status = err_set(err, "\"%s\" is not NAME=VALUE", args[i]);
		else
			json_object_set_new(params, name,
					    json_text(equals + 1, strlen(equals + 1)));
		free(name);
	}
	if (status == 0)
		status = session_make_plan(session, params, err);
	json_decref(params);
	return status;
}

static int run_approve(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_approve(session, word(args, nargs, 0), err);
}

static int run_ask_approval(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)args;
	(void)nargs;
	return session_ask_approval(session, err);
}

static int run_reject(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_reject(session, word(args, nargs, 0), err);
}

/* The command is the sentence. */
static int run_break_glass(struct session *session, words args, size_t nargs, struct err *err)
{
	char *sentence = xasprintf("break %s %s %s", args[0], args[1], args[2]);
	int status = session_break_glass(session, sentence, word(args, nargs, 3), err);

	free(sentence);
	return status;
}

static int run_run(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)args;
	(void)nargs;
	return session_run_step(session, err);
}

static int run_reply(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_answer_step(session, args[0], args[1], word(args, nargs, 2), err);
}

static int run_done(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_step_done(session, args[0], word(args, nargs, 1), err);
}

static int run_check(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_check_again(session, args[0], err);
}

static int run_again(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_run_again(session, args[0], err);
}

static int run_undo(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_undo(session, args[0], err);
}

static int run_skip(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_skip(session, args[0], word(args, nargs, 1), err);
}

static int run_alternative(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_alternative(session, args[0], err);
}

static int run_stop(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_stop(session, word(args, nargs, 0), err);
}

static int run_through(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)args;
	(void)nargs;
	(void)err;
	session_straight_through(session, !session_is_straight_through(session));
	return 0;
}

static int run_tick(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_item(session, args[0], args[1], "ticked", word(args, nargs, 2), err);
}

static int run_item(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)nargs;
	return session_item_run(session, args[0], args[1], err);
}

static int run_reopen(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_item(session, args[0], args[1], "reopened", word(args, nargs, 2), err);
}

static int run_defer(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_item(session, args[0], args[1], "deferred", word(args, nargs, 2), err);
}

static int run_override(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_item(session, args[0], args[1], "overridden", word(args, nargs, 2), err);
}

static int run_resolve(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_resolve(session, word(args, nargs, 0), err);
}

static int run_fill(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_fill(session, args[0], nargs > 1 ? args[1] : "", err);
}

static int run_gate(struct session *session, words args, size_t nargs, struct err *err)
{
	enum decision decision;

	if (decision_parse(args[0], &decision) != 0)
		return err_set(err, "\"%s\" is not go, no-go or adjust", args[0]);
	return session_decide_gate(session, decision, word(args, nargs, 1), err);
}

static int run_forward(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_forward_text(session, word(args, nargs, 0), err);
}

static int run_routine(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_routine(session, args[0], word(args, nargs, 1), err);
}

static int run_event(struct session *session, words args, size_t nargs, struct err *err)
{
	int64_t at = 0;

	(void)nargs;
	if (strcmp(args[1], "never") != 0 && time_parse_rfc3339(args[1], &at) != 0) {
		err_set(err, "\"%s\" is no time", args[1]);
		return err_hint(err, "write it as 2026-12-05T18:00:00Z, or never");
	}
	return session_occasion(session, args[0], at, err);
}

static int run_phase(struct session *session, words args, size_t nargs, struct err *err)
{
	const char *reason = word(args, nargs, 2);

	if (strcmp(args[0], "begin") == 0)
		return session_phase_begin(session, args[1], reason, err);
	if (strcmp(args[0], "finish") == 0 || strcmp(args[0], "give-up") == 0)
		return session_phase_end(session, args[1], *args[0] == 'f', reason, err);
	return err_set(err, "\"%s\" is not begin, finish or give-up", args[0]);
}

static int run_leave(struct session *session, words args, size_t nargs, struct err *err)
{
	(void)args, (void)nargs;
	return session_leave(session, err);
}

static int run_close(struct session *session, words args, size_t nargs, struct err *err)
{
	return session_close(session, word(args, nargs, 0), NULL, NULL, err);
}

const struct command session_commands[] = {
	{ "note", "TEXT", "write a note into the log", 1, 1, run_note },
	{ "evidence", "LOG [TEXT]", "mark the log's newest record (with this text) as evidence", 1,
	  2, run_evidence },
	{ "copy", "MESSAGE", "copy a message into the paste buffer of tmux", 1, 1, run_copy },
	{ "write", "MESSAGE", "write a message into the incident's folder", 1, 1, run_write },
	{ "send", "MESSAGE", "send a message through its messenger", 1, 1, run_send },
	{ "page", "CONTACT [MESSAGE]", "page a contact through their messenger", 1, 2, run_page },
	{ "declare", "SEVERITY [TITLE]", "open an incident", 1, 2, run_declare },
	{ "severity", "SEVERITY [REASON]", "change the incident's severity", 1, 2, run_severity },
	{ "ack", "METRIC", "acknowledge an alert", 1, 1, run_ack },
	{ "mute", "METRIC DURATION [REASON]", "nobody is to be disturbed by its alerts for so long",
	  2, 3, run_mute },
	{ "unmute", "METRIC [REASON]", "its alerts disturb again", 1, 2, run_unmute },
	{ "baseline", "METRIC [DURATION]", "record its mean (of 5m) as what it is when all is well",
	  1, 2, run_baseline },
	{ "answer", "QUESTION yes|no [REASON]", "answer the tree's open question", 2, 3,
	  run_answer },
	{ "back", "QUESTION", "open a question again, with all later ones", 1, 1, run_back },
	{ "choose", "PROCEDURE [REASON]", "choose a procedure", 1, 2, run_choose },
	{ "params", "[NAME=VALUE]...", "answer what the plan must know, and make the plan", 0, 16,
	  run_plan },
	{ "approve", "[TARGET]", "approve the plan that is shown", 0, 1, run_approve },
	{ "ask-approval", "", "put the plan that is shown before those who may approve it", 0, 0,
	  run_ask_approval },
	{ "reject", "REASON", "reject the plan that is shown", 1, 1, run_reject },
	{ "break", "glass on TARGET REASON", "approve the plan without those who may", 4, 4,
	  run_break_glass },
	{ "run", "", "run the next step", 0, 0, run_run },
	{ "reply", "STEP ANSWER [REASON]", "answer a step that asks", 2, 3, run_reply },
	{ "done", "STEP [NOTE]", "a manual step is done", 1, 2, run_done },
	{ "check", "STEP", "check a step again; runs nothing", 1, 1, run_check },
	{ "again", "STEP", "run a step again", 1, 1, run_again },
	{ "undo", "STEP", "undo a step", 1, 1, run_undo },
	{ "skip", "STEP REASON", "skip a step", 2, 2, run_skip },
	{ "alternative", "STEP", "take the alternative to a step", 1, 1, run_alternative },
	{ "stop", "[REASON]", "stop the procedure and what runs", 0, 1, run_stop },
	{ "through", "", "run straight through, or no more", 0, 0, run_through },
	{ "tick", "CHECKLIST ITEM [NOTE]", "a manual item is done", 2, 3, run_tick },
	{ "item", "CHECKLIST ITEM", "choose what carries the item out: its plan is made", 2, 2,
	  run_item },
	{ "reopen", "CHECKLIST ITEM [NOTE]", "an item is open again", 2, 3, run_reopen },
	{ "defer", "CHECKLIST ITEM [NOTE]", "an item comes back at the end", 2, 3, run_defer },
	{ "override", "CHECKLIST ITEM REASON", "override an item", 3, 3, run_override },
	{ "gate", "go|no-go|adjust [REASON]", "decide the deployment's gate", 1, 2, run_gate },
	{ "fill", "FIELD [TEXT]",
	  "answer what the report asks for; without a text it is open again", 1, 2, run_fill },
	{ "resolve", "[HOW]", "the trouble is over", 0, 1, run_resolve },
	{ "close", "[ROOT CAUSE]", "close and seal the incident", 0, 1, run_close },
	{ "routine", "NAME [INCIDENT]",
	  "begin a routine; of what follows up an incident, which one", 1, 2, run_routine },
	{ "event", "NAME TIME|never", "when an event is that routines lie around", 2, 2,
	  run_event },
	{ "phase", "begin|finish|give-up PHASE [REASON]", "begin a phase, or end it", 2, 3,
	  run_phase },
	{ "leave", "", "from a closed incident back to watching", 0, 0, run_leave },
	{ "forward", "[TIME]", "move the drill's clock on: to what is due next, T-10m, or by 10m",
	  0, 1, run_forward },
	{ NULL, NULL, NULL, 0, 0, NULL },
};

bool session_offers(const struct command *command)
{
	return command->run != run_forward || clock_followed();
}

static const struct command *command_find(const char *name, size_t len)
{
	for (size_t i = 0; session_commands[i].name; i++) {
		if (strlen(session_commands[i].name) == len &&
		    strncmp(session_commands[i].name, name, len) == 0)
			return &session_commands[i];
	}
	return NULL;
}

/* Splits in place; the last of `max` words takes the rest of the line. */
static size_t split(char *line, const char **out, size_t max)
{
	size_t n = 0;

	for (;;) {
		line += strspn(line, " \t");
		if (!*line || n == max)
			return n;
		out[n++] = line;
		if (n == max) {
			for (size_t len = strlen(line); len && strchr(" \t", line[len - 1]);)
				line[--len] = '\0';
			return n;
		}
		line += strcspn(line, " \t");
		if (*line)
			*line++ = '\0';
	}
}

int session_command(struct session *session, const char *line, struct err *err)
{
	const struct command *command;
	const char *args[16];
	size_t len, n;
	char *copy;
	int status;

	line += strspn(line, " \t");
	len = strcspn(line, " \t");
	command = command_find(line, len);
	if (!command)
		return err_set(err, "there is no command \"%.*s\"", (int)len, line);
	/* "run STEP" must not run another step than the one that is named. */
	if (command->max_args == 0 && line[len + strspn(line + len, " \t")])
		return err_set(err, "usage: %s (nothing behind it)", command->name);
	copy = xstrdup(line + len);
	n = split(copy, args, (size_t)command->max_args);
	if ((int)n < command->min_args)
		status = err_set(err, "usage: %s %s", command->name, command->args);
	else
		status = command->run(session, args, n, err);
	free(copy);
	return status;
}
