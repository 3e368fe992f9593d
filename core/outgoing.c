#include "core/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "core/facts.h"
#include "core/who.h"
#include "lib/mem.h"
#include "lib/redact.h"
#include "lib/text.h"
#include "lib/timefmt.h"

#define HEAD_DIGITS 16 /* of the head hash: as many as backout verify --head wants */

/* Every line cleaned, no blanks behind the last one. */
static char *lines_clean(const char *text)
{
	struct buf out = BUF_INIT;

	while (*text) {
		size_t len = strcspn(text, "\n");

		text_clean(&out, text, len);
		text += len;
		if (*text == '\n') {
			buf_putc(&out, '\n');
			text++;
		}
	}
	while (out.len && strchr(" \n", out.data[out.len - 1]))
		buf_cut(&out, out.len - 1);
	buf_puts(&out, "");
	return buf_detach(&out);
}

/* New. */
static char *finish(const struct incident *incident, const char *filled)
{
	struct buf kept = BUF_INIT;
	char *text, *whole;

	redact(incident->redactor, &kept, filled, strlen(filled));
	text = lines_clean(buf_str(&kept));
	buf_release(&kept);
	if (!incident->ledger)
		return text;
	whole = xasprintf("%s\n\n-- %s, record %.*s\n", text, incident->id, HEAD_DIGITS,
			  ledger_head(incident->ledger).hash);
	free(text);
	return whole;
}

char *outgoing_text(const struct incident *incident, const json_t *values, const char *template,
		    struct err *err)
{
	char *login = who_login(), *text;
	char *filled = facts_fill(template, values, incident, login, err);

	free(login);
	if (!filled)
		return NULL;
	text = finish(incident, filled);
	free(filled);
	return text;
}

/* The step that is in trouble, if one is. */
static void trouble_add(struct buf *text, const struct attempt *attempt)
{
	const struct procedure_state *state = &attempt->procedure;
	int next = procedure_next(state);
	const struct step_state *step = next < 0 ? NULL : &state->steps[next];

	buf_printf(text, "Under way: %s\n", state->procedure->title);
	if (step && step->failure[0] &&
	    (step->status == STEP_FAILED || step->status == STEP_NOT_VERIFIED))
		buf_printf(text, "Step \"%s\" %s%s: %s\n", state->procedure->steps[next].say,
			   step->status == STEP_FAILED ? "failed" : "was not verified",
			   step->same_failures > 2 ? " again and again" : "", step->failure);
}

/* New: what a page says without a message. */
static char *page_text(const struct incident *incident, const struct contact *contact)
{
	const struct incident_state *state = &incident->state;
	const struct attempt *attempt =
	    state->nattempts ? &state->attempts[state->nattempts - 1] : NULL;
	char opened[TIME_RFC3339_MAX], *text;
	struct buf out = BUF_INIT;

	buf_printf(&out, "You are paged as %s.\n\n%s (%s, %s) on %s > %s\nOpen since %s UTC.\n",
		   contact->role, state->title ? state->title : "", kind_name(state->kind),
		   severity_name(state->severity), state->runbook->system,
		   state->target ? state->target->name : "?",
		   time_datetime(state->opened_at, opened));
	if (attempt && !attempt->ended_at)
		trouble_add(&out, attempt);
	text = finish(incident, buf_str(&out));
	buf_release(&out);
	return text;
}

static char *clean_new(const char *text)
{
	struct buf out = BUF_INIT;

	text_clean(&out, text, strlen(text));
	buf_puts(&out, "");
	return buf_detach(&out);
}

int outgoing_make(struct outgoing *out, const struct sense *sense, const struct incident *incident,
		  const char *message, const char *contact, struct err *err)
{
	const struct runbook *runbook = sense_runbook(sense);
	const struct message *said = message ? runbook_message(runbook, message) : NULL;
	const struct contact *who = contact ? runbook_contact(runbook, contact) : NULL;
	const char *through = who ? who->through : said ? said->through : NULL;
	char *to, *title;

	*out = (struct outgoing){ 0 };
	if ((message && !said) || (contact && !who) || (!said && !who))
		return err_set(err, "the runbook has no %s \"%s\"",
			       message && !said ? "message" : "contact",
			       message && !said ? message
			       : contact	? contact
						: "");
	if (said && incident)
		out->text = outgoing_text(incident, sense_values(sense), said->text, err);
	else if (said)
		out->text = lines_clean(said->text);
	else
		out->text = incident ? page_text(incident, who)
				     : xstrdup("(severity, title and what goes on then)\n");
	if (!out->text)
		return err_wrap(err, "message %s", message);
	to = who ? xasprintf("%s (%s)", who->role, who->reach)
		 : xstrdup(said->channel ? said->channel : said->title);
	title =
	    said ? xstrdup(said->title)
		 : xasprintf("Page: %s",
			     incident && incident->state.title ? incident->state.title : who->role);
	out->to = clean_new(to);
	out->title = clean_new(title);
	out->through = through ? xstrdup(through) : NULL;
	free(title);
	free(to);
	return 0;
}
