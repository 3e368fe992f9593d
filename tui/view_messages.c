/* Messages: whom to call, and the texts that are ready to be sent. */
#include <stdlib.h>
#include <string.h>

#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/acts.h"
#include "tui/modal.h"
#include "tui/send.h"

struct messages_view {
	int selected, top; /* contacts first, then messages */
};

static int rows(struct ui *ui)
{
	const struct runbook *runbook = session_runbook(ui->session);

	return (int)(runbook->ncontacts + runbook->nmessages);
}

/* At the row's end what was done with it last. The rest of the row. */
static struct canvas state_draw(struct ui *ui, const char *message, const char *contact,
				const struct canvas *canvas, int y)
{
	struct canvas row = canvas_part(canvas, y, 0, 1, -1);
	enum style style;
	char text[64];

	if (!*send_state(ui, message, contact, text, sizeof(text), &style))
		return row;
	return canvas_part(&row, 0, 0, 1, canvas_right(&row, 0, style, text) - 1);
}

static void contact_draw(struct ui *ui, const struct contact *contact, const struct canvas *canvas,
			 int y, bool here)
{
	struct canvas row = state_draw(ui, NULL, contact->name, canvas, y);
	int x;

	x = canvas_text(&row, 0, 0, here ? STYLE_FOCUS : STYLE_NORMAL,
			here ? ui->screen.glyphs->arrow : " ");
	x = canvas_text(&row, 0, x + 1, STYLE_BOLD, contact->role);
	x = canvas_printf(&row, 0, x, STYLE_NORMAL, ": %s", contact->reach);
	if (contact->hours)
		x = canvas_printf(&row, 0, x, STYLE_DIM, ", %s", contact->hours);
	if (json_is_string(contact->after))
		canvas_printf(&row, 0, x, STYLE_DIM, ", after %s",
			      json_string_value(contact->after));
}

static void message_draw(struct ui *ui, const struct message *message, const struct canvas *canvas,
			 int y, bool here)
{
	struct canvas row = state_draw(ui, message->name, NULL, canvas, y);

	canvas_printf(&row, 0, 0, here ? STYLE_FOCUS : STYLE_NORMAL, "%s %s%s%s",
		      here ? ui->screen.glyphs->arrow : " ", message->title,
		      message->channel ? "   to " : "", message->channel ? message->channel : "");
}

static void select_by(struct ui *ui, struct messages_view *view, int by)
{
	view->selected += by;
	if (view->selected >= rows(ui))
		view->selected = rows(ui) - 1;
	if (view->selected < 0)
		view->selected = 0;
}

static void messages_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct messages_view *view = data;
	const struct runbook *runbook = session_runbook(ui->session);
	int people = (int)runbook->ncontacts, texts = (int)runbook->nmessages, half;
	struct canvas upper, lower;

	select_by(ui, view, 0);
	half = people + 2 < canvas->h / 2 ? people + 2 : canvas->h / 2;
	half = half < 3 ? 3 : half;
	upper = canvas_part(canvas, 0, 0, half, -1);
	lower = canvas_part(canvas, half, 0, -1, -1);
	upper = canvas_box(&upper, "Contacts", NULL, STYLE_NORMAL, view->selected < people);
	lower = canvas_box(&lower, "Messages, ready to be sent", NULL, STYLE_NORMAL,
			   view->selected >= people);
	upper = canvas_part(&upper, 0, 1, -1, upper.w - 2);
	lower = canvas_part(&lower, 0, 1, -1, lower.w - 2);
	view->top =
	    scroll_to(view->top, view->selected < people ? view->selected : 0, upper.h, people);
	for (int y = 0; y < upper.h && view->top + y < people; y++)
		contact_draw(ui, &runbook->contacts[view->top + y], &upper, y,
			     view->top + y == view->selected);
	for (int i = 0; i < texts; i++) {
		int y =
		    i - (view->selected - people >= lower.h ? view->selected - people - lower.h + 1
							    : 0);
		bool here = view->selected == people + i;

		message_draw(ui, &runbook->messages[i], &lower, y, here);
	}
	if (people == 0)
		canvas_text(&upper, 0, 0, STYLE_DIM, "This runbook names none.");
	if (texts == 0)
		canvas_text(&lower, 0, 0, STYLE_DIM, "This runbook has none.");
}

/* The selected message; NULL: a contact is selected. */
static const struct message *selected(struct ui *ui, const struct messages_view *view)
{
	const struct runbook *runbook = session_runbook(ui->session);

	return view->selected >= (int)runbook->ncontacts && view->selected < rows(ui)
		   ? &runbook->messages[view->selected - (int)runbook->ncontacts]
		   : NULL;
}

/* The selected contact; NULL: a message is. */
static const struct contact *person(struct ui *ui, const struct messages_view *view)
{
	const struct runbook *runbook = session_runbook(ui->session);

	return view->selected < (int)runbook->ncontacts ? &runbook->contacts[view->selected] : NULL;
}

static bool messages_can(struct ui *ui, void *data, enum act act)
{
	switch (act) {
	case ACT_COPY:
		return session_has_tmux() && session_takes_notes(ui->session) && selected(ui, data);
	case ACT_WRITE:
		return session_takes_notes(ui->session) && selected(ui, data);
	case ACT_SEND:
		return selected(ui, data) && send_can(ui, selected(ui, data), NULL);
	case ACT_PAGE:
		return person(ui, data) && send_can(ui, NULL, person(ui, data));
	default:
		return (act == ACT_ENTER || act_rows(act, 1)) && rows(ui) > 0;
	}
}

static void contact_page(struct ui *ui, const struct contact *contact)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s\n\nReach:  %s\n", contact->role, contact->reach);
	if (contact->hours)
		buf_printf(&text, "Hours:  %s\n", contact->hours);
	if (contact->duties)
		buf_printf(&text, "Duties: %s\n", contact->duties);
	if (json_is_string(contact->after))
		buf_printf(&text, "Called: once the incident is %s old\n",
			   json_string_value(contact->after));
	buf_printf(&text, "Paged:  %s%s\n",
		   session_sends(ui->session, contact->through)
		       ? "p, through "
		       : "by a person: no messenger is there",
		   session_sends(ui->session, contact->through) ? contact->through : "");
	page_open(ui, contact->name, buf_detach(&text));
}

/* As it would be handed over now; without an incident as the runbook has it. */
static void message_page(struct ui *ui, const struct message *message)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	char *ready = session_message(ui->session, message, &err);

	if (message->channel)
		buf_printf(&text, "To: %s\n", message->channel);
	buf_printf(&text, "Sent: %s%s\n\n",
		   session_sends(ui->session, message->through)
		       ? "s, through "
		       : "by a person: no messenger is there",
		   session_sends(ui->session, message->through) ? message->through : "");
	buf_puts(&text, ready ? ready : message->text);
	if (!ready)
		buf_printf(&text, "\n\n(Not ready to be sent: %s%s%s)", err.msg,
			   err.hint[0] ? "; " : "", err.hint);
	page_open(ui, message->title, buf_detach(&text));
	free(ready);
}

static void details(struct ui *ui, const struct messages_view *view)
{
	const struct message *message = selected(ui, view);

	if (message)
		message_page(ui, message);
	else
		contact_page(ui, &session_runbook(ui->session)->contacts[view->selected]);
}

static void copy(struct ui *ui, const struct message *message)
{
	struct err err = ERR_INIT;
	int rc = session_message_copy(ui->session, message->name, &err);

	ui_acted(ui, rc, &err, "On its way to the paste buffer of tmux.");
}

static void write_file(struct ui *ui, const struct message *message)
{
	struct err err = ERR_INIT;
	char *path = NULL, *done = NULL;
	int rc = session_message_write(ui->session, message->name, &path, &err);

	if (rc == 0)
		done = xasprintf("Written: %s", path);
	ui_acted(ui, rc, &err, done);
	free(done);
	free(path);
}

static void messages_act(struct ui *ui, void *data, enum act act)
{
	struct messages_view *view = data;

	select_by(ui, view, act_rows(act, 10));
	switch (act) {
	case ACT_COPY:
		copy(ui, selected(ui, view));
		break;
	case ACT_WRITE:
		write_file(ui, selected(ui, view));
		break;
	case ACT_SEND:
		send_open(ui, selected(ui, view), NULL);
		break;
	case ACT_PAGE:
		send_open(ui, NULL, person(ui, view));
		break;
	case ACT_ENTER:
		details(ui, view);
		break;
	default:
		break;
	}
}

const struct view_ops view_messages = {
	.title = "Messages",
	.state_size = sizeof(struct messages_view),
	.draw = messages_draw,
	.can = messages_can,
	.act = messages_act,
};
