#include "tui/send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/modal.h"

bool send_can(const struct ui *ui, const struct message *message, const struct contact *contact)
{
	return session_takes_notes(ui->session) && !session_is_sending(ui->session) &&
	       session_sends(ui->session, contact ? contact->through : message->through);
}

static void send_yes(struct ui *ui, const char *message)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_send(ui->session, message, NULL, &err), &err, "On its way.");
}

static void page_yes(struct ui *ui, const char *contact)
{
	struct err err = ERR_INIT;

	ui_acted(ui, session_send(ui->session, NULL, contact, &err), &err, "On its way.");
}

void send_open(struct ui *ui, const struct message *message, const struct contact *contact)
{
	const char *name = contact ? contact->name : message->name;
	struct err err = ERR_INIT;
	char *preview = contact ? session_send_preview(ui->session, NULL, name, &err)
				: session_send_preview(ui->session, name, NULL, &err);
	enum sent_state last = contact ? session_sent(ui->session, NULL, name, NULL)
				       : session_sent(ui->session, name, NULL, NULL);
	char *say;

	if (!preview) {
		ui_acted(ui, -1, &err, NULL);
		return;
	}
	say =
	    xasprintf("%s%s",
		      last == SENT_UNKNOWN ? "The last one may have arrived: look there first.\n\n"
					   : "",
		      preview);
	if (contact)
		confirm_open(ui, "Page the contact", say, 'y', "pages them", xstrdup(name),
			     page_yes);
	else
		confirm_open(ui, "Send the message", say, 'y', "sends it", xstrdup(name), send_yes);
	free(say);
	free(preview);
}

char *send_state(struct ui *ui, const char *message, const char *contact, char *out, size_t size,
		 enum style *style)
{
	static const struct {
		const char *word;
		enum style style;
	} states[] = {
		[SENT_NOTHING] = { "", STYLE_NORMAL },
		[SENT_COPIED] = { "copied", STYLE_OK },
		[SENT_WRITTEN] = { "written", STYLE_OK },
		[SENT_ON_ITS_WAY] = { "on its way", STYLE_INFO },
		[SENT_TAKEN] = { "sent", STYLE_OK },
		[SENT_REFUSED] = { "NOT sent", STYLE_CRITICAL },
		[SENT_UNKNOWN] = { "may have arrived", STYLE_WARNING },
	};
	int64_t when = 0;
	enum sent_state state = session_sent(ui->session, message, contact, &when);
	char clock[TIME_RFC3339_MAX];
	const struct message *due;
	size_t used;

	*style = states[state].style;
	snprintf(out, size, "%s%s%s", states[state].word, state == SENT_NOTHING ? "" : " ",
		 state == SENT_NOTHING ? "" : time_clock(when, clock));
	if (!contact && (due = session_update(ui->session, &when)) &&
	    strcmp(due->name, message) == 0) {
		bool late = when <= clock_wall(ui->clock);

		used = strlen(out);
		snprintf(out + used, size - used, ", update %s %s", late ? "DUE" : "by",
			 time_clock(when, clock));
		if (late)
			*style = STYLE_WARNING;
	}
	return out;
}
