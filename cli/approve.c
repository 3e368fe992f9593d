/* backout approve: a second person reads the plan that waits, and approves or rejects it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "cli/plan_text.h"
#include "core/approve.h"
#include "core/incident.h"
#include "core/who.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define USAGE "approve INCIDENT [--reject REASON] [--confirm T --digest HASH] [--json]"

#define DIGEST_MIN 16 /* digits that name a plan: as many as screens show */

struct approval_call {
	const char *incident, *reject, *confirm, *digest;
	bool json;
};

/* What is read before anything is said about it. */
struct waiting {
	struct incident incident;
	struct sense *sense; /* owned */
	struct procedure_plan plan;
	char *login; /* owned */
};

static struct approve about_of(const struct waiting *waiting)
{
	return (struct approve){ .state = &waiting->incident.state,
				 .plan = &waiting->plan,
				 .login = waiting->login,
				 .now = clock_wall(&clock_system) };
}

/* ---- What waits ---- */

/* The attempt whose plan may still be spoken about; NULL with err. */
static const struct attempt *attempt_waiting(const struct incident *incident, struct err *err)
{
	const struct attempt *attempt = state_attempt(&incident->state);
	const char *name = attempt ? attempt->procedure.procedure->name : "";

	if (incident->state.phase != INCIDENT_OPEN)
		err_set(err, "incident %s is over: nothing waits for approval", incident->id);
	else if (!attempt || attempt->ended_at || attempt->procedure.stopped)
		err_set(err, "incident %s: no procedure is chosen, nothing waits for approval",
			incident->id);
	else if (attempt->procedure.started)
		err_set(err, "incident %s: %s was begun already", incident->id, name);
	else if (!attempt->asked_at && attempt->procedure.procedure->nasks)
		err_set(err, "incident %s: the inputs of %s are not answered yet", incident->id,
			name);
	if (err->set && attempt && !attempt->asked_at && incident->state.phase == INCIDENT_OPEN)
		err_hint(err, "whoever operates answers them, and presses a in Execute");
	return err->set ? NULL : attempt;
}

/* The plan is made here, from the frozen runbook and target: what is approved is what this login
 * was shown, not what another one says of it. */
static int waiting_read(struct waiting *waiting, struct err *err)
{
	struct incident *incident = &waiting->incident;
	const struct loaded *loaded = &incident->loaded;
	const struct attempt *attempt = attempt_waiting(incident, err);

	if (!attempt)
		return -1;
	authority_expire(&incident->state, clock_wall(&clock_system));
	waiting->sense = sense_new(NULL, &clock_system, loaded->runbook, loaded->target,
				   attempt->params, NULL, err);
	if (!waiting->sense)
		return -1;
	sense_trouble(waiting->sense, state_trouble(&incident->state));
	if (plan_make(&waiting->plan, waiting->sense, loaded, attempt->procedure.procedure,
		      attempt->params, incident, err) != 0)
		return -1;
	if (attempt->asked_at && strcmp(waiting->plan.digest, attempt->digest) != 0) {
		err_set(err, "the plan of %s is not the one that was put before you",
			attempt->procedure.procedure->name);
		return err_hint(err, "whoever operates makes it again, and asks again");
	}
	return 0;
}

static void waiting_release(struct waiting *waiting)
{
	plan_free(&waiting->plan);
	sense_free(waiting->sense);
	free(waiting->login);
	incident_close(&waiting->incident);
}

/* ---- Showing it ---- */

static const char *verdict_word(enum approval_verdict verdict)
{
	static const char *const words[] = { [APPROVAL_NEEDED] = "needed",
					     [APPROVAL_GIVEN] = "given",
					     [APPROVAL_EXPIRED] = "expired",
					     [APPROVAL_REJECTED] = "rejected" };

	return words[verdict];
}

static void add_line(struct buf *out, const char *label, const char *text)
{
	buf_puts(out, label);
	text_clean(out, text, strlen(text));
	buf_putc(out, '\n');
}

static void add_words(struct buf *out, const struct waiting *waiting)
{
	const struct attempt *attempt = state_attempt(&waiting->incident.state);
	char at[TIME_RFC3339_MAX], *titles;

	for (size_t i = 0; i < attempt->nwords; i++) {
		const struct approval *word = &attempt->words[i];

		if (strcmp(word->digest, waiting->plan.digest) != 0)
			continue;
		titles = authority_titles_of(&waiting->incident.state, word->who);
		buf_printf(out, "%s %sZ by %s%s%s%s%s\n", word->rejects ? "rejected" : "approved",
			   time_datetime(word->at, at), word->by, *titles ? " as " : "", titles,
			   *word->reason ? ": " : "", word->reason);
		free(titles);
	}
}

/* What was measured when it was asked may be less by now, or can't be read by this login. */
static void add_loss(struct buf *out, const struct waiting *waiting)
{
	const json_t *loss = state_attempt(&waiting->incident.state)->loss;

	for (size_t i = 0; i < json_array_size(loss); i++) {
		const char *line = json_string_value(json_array_get(loss, i));

		if (line)
			add_line(out, "data loss when it was asked: ", line);
	}
}

static void show(const struct waiting *waiting, const struct authority *authority)
{
	const struct incident_state *state = &waiting->incident.state;
	struct buf out = BUF_INIT;
	char *rules = authority_words(authority), *missing = authority_missing(authority);
	char at[TIME_RFC3339_MAX];

	buf_printf(&out, "incident %s, severity %s: ", waiting->incident.id,
		   severity_name(state->severity));
	add_line(&out, "", state->title);
	cli_plan_text(&waiting->plan, &waiting->incident.loaded, &out);
	add_loss(&out, waiting);
	add_line(&out, "\nto be approved by: ", rules);
	if (authority->due)
		buf_printf(&out, "until: %sZ%s\n", time_datetime(authority->due, at),
			   authority->overdue ? " (OVERDUE)" : "");
	add_words(&out, waiting);
	if (*missing)
		add_line(&out, "missing: ", missing);
	cli_print(&out);
	free(missing);
	free(rules);
	buf_release(&out);
}

static json_t *words_json(const struct waiting *waiting)
{
	const struct attempt *attempt = state_attempt(&waiting->incident.state);
	json_t *list = json_array();

	for (size_t i = 0; i < attempt->nwords; i++) {
		const struct approval *word = &attempt->words[i];
		char at[TIME_RFC3339_MAX];

		if (strcmp(word->digest, waiting->plan.digest) != 0)
			continue;
		json_array_append_new(list, json_pack("{s:o, s:s, s:b, s:o, s:o}", "login",
						      json_text(word->who, strlen(word->who)), "at",
						      time_rfc3339(word->at, at), "rejects",
						      word->rejects, "reason",
						      json_text(word->reason, strlen(word->reason)),
						      "roles",
						      authority_roles_of(&waiting->incident.state,
									 word->who)));
	}
	return list;
}

static int show_json(const struct waiting *waiting, const struct authority *authority)
{
	struct buf out = BUF_INIT;
	char due[TIME_RFC3339_MAX];
	json_t *whole =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:O}", "incident",
		      waiting->incident.id, "target", waiting->incident.state.target->name,
		      "approval", verdict_word(authority->verdict), "risk",
		      risk_class_name(waiting->plan.risk), "digest", waiting->plan.digest,
		      "missing", authority_missing_names(authority), "words", words_json(waiting),
		      "overdue", authority->overdue, "params", waiting->plan.params);
	char *text;
	int status;

	json_object_set_new(whole, "procedure", json_string(waiting->plan.procedure->name));
	if (authority->due)
		json_object_set_new(whole, "due", json_string(time_rfc3339(authority->due, due)));
	text = json_line(whole);
	buf_printf(&out, "%s\n", text ? text : "{}");
	status = cli_print(&out);
	free(text);
	json_decref(whole);
	buf_release(&out);
	return status;
}

/* ---- Saying it ---- */

/* What is typed at the prompt, new; keys typed ahead are no answer. NULL: nothing. */
static char *ask(const char *question)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	tcflush(STDIN_FILENO, TCIFLUSH);
	printf("%s ", question);
	fflush(stdout);
	n = getline(&line, &size, stdin);
	if (n <= 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

/* EXIT_HOLDS when the person at the terminal says so in so many words. */
static int ask_person(const struct waiting *waiting)
{
	bool destructive = waiting->plan.risk == ACTION_DESTRUCTIVE;
	const char *word = destructive ? waiting->incident.state.target->name : "yes";
	char *question = xasprintf("\nType %s to approve exactly this as %s, anything else leaves "
				   "it:",
				   word, waiting->login);
	char *typed = ask(question);
	int status = typed && strcmp(typed, word) == 0 ? EXIT_HOLDS : EXIT_STOPPED;

	if (status != EXIT_HOLDS)
		printf("Nothing was approved.\n");
	free(typed);
	free(question);
	return status;
}

/* Without a terminal what is meant is named: the target and the plan. */
static int check_call(const struct waiting *waiting, const struct approval_call *call)
{
	const char *target = waiting->incident.state.target->name;
	struct err err = ERR_INIT;

	if (strcmp(call->confirm, target) != 0)
		err_set(&err, "the target is %s, but %s was confirmed", target, call->confirm);
	else if (strlen(call->digest) < DIGEST_MIN ||
		 strncmp(call->digest, waiting->plan.digest, strlen(call->digest)) != 0)
		err_set(&err, "the plan that waits is %s, not %s", waiting->plan.digest,
			call->digest);
	if (!err.set)
		return EXIT_HOLDS;
	err_hint(&err, "nothing was approved; read the plan first");
	cli_error(&err);
	return EXIT_USAGE;
}

static int append(struct waiting *waiting, enum event_id event, json_t *fields, struct err *err)
{
	bool moved = false;

	if (!fields)
		return EXIT_FAILED;
	if (incident_act(&waiting->incident, event, fields, &moved, err) == 0)
		return EXIT_HOLDS;
	if (moved)
		err_hint(err, "somebody did something meanwhile: read it again, then decide");
	return moved ? EXIT_FAILED : EXIT_LEDGER;
}

static void print_outcome(const struct waiting *waiting)
{
	struct approve about = about_of(waiting);
	struct authority authority;
	char *missing;

	approve_authority(&about, &authority);
	missing = authority_missing(&authority);
	if (authority.broken)
		printf("On record, but the glass was broken: it can be run all the same. Call "
		       "whoever operates.\n");
	else if (authority.verdict == APPROVAL_GIVEN)
		printf("Approved: whoever operates incident %s can run it now.\n",
		       waiting->incident.id);
	else if (authority.verdict == APPROVAL_REJECTED)
		printf("Rejected, on record: it is not run before you approve it, unless the "
		       "glass is broken.\n");
	else
		printf("On record. Still missing: %s.\n", missing);
	free(missing);
}

static int say(struct waiting *waiting, const struct approval_call *call, struct err *err)
{
	struct approve about = about_of(waiting);
	json_t *fields;
	int status;

	if (call->reject)
		return append(waiting, EV_REJECTED, approve_rejected(&about, call->reject, err),
			      err);
	/* Who may not is told so before anything is typed. */
	fields = approve_given(&about, about.state->target->name, err);
	if (!fields)
		return EXIT_FAILED;
	json_decref(fields);
	status = call->confirm ? check_call(waiting, call) : ask_person(waiting);
	if (status != EXIT_HOLDS)
		return status;
	about.now = clock_wall(&clock_system);
	return append(waiting, EV_APPROVED, approve_given(&about, about.state->target->name, err),
		      err);
}

static int approve(const struct approval_call *call)
{
	struct waiting waiting = { 0 };
	struct authority authority;
	struct approve about;
	struct err err = ERR_INIT;
	int status = cli_incident(&waiting.incident, call->incident);

	if (status != EXIT_HOLDS)
		return status;
	waiting.login = who_login();
	status = EXIT_FAILED;
	if (*waiting.incident.damage) {
		err_set(&err, "incident %s: %s", waiting.incident.id, waiting.incident.damage);
		status = EXIT_LEDGER;
		goto out;
	}
	if (waiting_read(&waiting, &err) != 0)
		goto out;
	about = about_of(&waiting);
	approve_authority(&about, &authority);
	if (call->json) {
		status = show_json(&waiting, &authority);
		goto out;
	}
	show(&waiting, &authority);
	status = say(&waiting, call, &err);
	if (status == EXIT_HOLDS)
		print_outcome(&waiting);
out:
	if (err.set)
		cli_error(&err);
	waiting_release(&waiting);
	return status;
}

static int no_terminal(void)
{
	struct err err = ERR_INIT;

	err_set(&err, "an approval is typed at a terminal, and this is none");
	err_hint(&err,
		 "or name what is approved: --confirm TARGET --digest HASH (%d digits at "
		 "least)",
		 DIGEST_MIN);
	cli_error(&err);
	return EXIT_USAGE;
}

int cmd_approve(int argc, char **argv)
{
	static const struct option options[] = {
		{ "reject", required_argument, NULL, 'r' },
		{ "confirm", required_argument, NULL, 'c' },
		{ "digest", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct approval_call call = { 0 };
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			call.reject = optarg;
		else if (option == 'c')
			call.confirm = optarg;
		else if (option == 'd')
			call.digest = optarg;
		else if (option == 'j')
			call.json = true;
		else
			return cli_usage(USAGE);
	}
	if (argc - optind != 1 || !call.confirm != !call.digest || (call.reject && call.confirm))
		return cli_usage(USAGE);
	call.incident = argv[optind];
	if (!call.reject && !call.confirm && !call.json &&
	    (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return no_terminal();
	return approve(&call);
}
