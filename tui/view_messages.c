/* Messages: whom to call, and the texts that are ready to be sent. */
#include <string.h>

#include "lib/mem.h"
#include "lib/timefmt.h"
#include "tui/modal.h"

struct messages_view {
	int selected, top; /* contacts first, then messages */
};

static int rows(struct ui *ui)
{
	const struct runbook *runbook = session_runbook(ui->session);

	return (int)(runbook->ncontacts + runbook->nmessages);
}

static void contact_draw(struct ui *ui, const struct contact *contact, const struct canvas *canvas,
			 int y, bool here)
{
	struct canvas row = canvas_part(canvas, y, 0, 1, -1);
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

static void messages_draw(struct ui *ui, void *data, const struct canvas *canvas)
{
	struct messages_view *view = data;
	const struct runbook *runbook = session_runbook(ui->session);
	int people = (int)runbook->ncontacts, texts = (int)runbook->nmessages, half;
	struct canvas upper, lower;

	if (view->selected >= rows(ui))
		view->selected = rows(ui) - 1;
	if (view->selected < 0)
		view->selected = 0;
	half = people + 2 < canvas->h / 2 ? people + 2 : canvas->h / 2;
	half = half < 3 ? 3 : half;
	upper = canvas_part(canvas, 0, 0, half, -1);
	lower = canvas_part(canvas, half, 0, -1, -1);
	upper = canvas_box(&upper, "Contacts", NULL, STYLE_NORMAL, view->selected < people);
	lower = canvas_box(&lower, "Messages, ready to copy", NULL, STYLE_NORMAL,
			   view->selected >= people);
	upper = canvas_part(&upper, 0, 1, -1, upper.w - 2);
	lower = canvas_part(&lower, 0, 1, -1, lower.w - 2);
	view->top =
	    scroll_to(view->top, view->selected < people ? view->selected : 0, upper.h, people);
	for (int y = 0; y < upper.h && view->top + y < people; y++)
		contact_draw(ui, &runbook->contacts[view->top + y], &upper, y,
			     view->top + y == view->selected);
	for (int i = 0; i < texts; i++) {
		const struct message *message = &runbook->messages[i];
		int y =
		    i - (view->selected - people >= lower.h ? view->selected - people - lower.h + 1
							    : 0);
		bool here = view->selected == people + i;

		canvas_printf(&lower, y, 0, here ? STYLE_FOCUS : STYLE_NORMAL, "%s %s%s%s",
			      here ? ui->screen.glyphs->arrow : " ", message->title,
			      message->channel ? "   to " : "",
			      message->channel ? message->channel : "");
	}
	if (people == 0)
		canvas_text(&upper, 0, 0, STYLE_DIM, "This runbook names none.");
	if (texts == 0)
		canvas_text(&lower, 0, 0, STYLE_DIM, "This runbook has none.");
}

static bool messages_can(struct ui *ui, void *data, enum act act)
{
	(void)data;
	switch (act) {
	case ACT_UP:
	case ACT_DOWN:
	case ACT_TOP:
	case ACT_BOTTOM:
	case ACT_ENTER:
		return rows(ui) > 0;
	default:
		return false;
	}
}

static void details(struct ui *ui, int selected)
{
	const struct runbook *runbook = session_runbook(ui->session);
	struct buf text = BUF_INIT;

	if (selected < (int)runbook->ncontacts) {
		const struct contact *contact = &runbook->contacts[selected];

		buf_printf(&text, "%s\n\nReach:  %s\n", contact->role, contact->reach);
		if (contact->hours)
			buf_printf(&text, "Hours:  %s\n", contact->hours);
		if (contact->duties)
			buf_printf(&text, "Duties: %s\n", contact->duties);
		if (json_is_string(contact->after))
			buf_printf(&text, "Called: once the incident is %s old\n",
				   json_string_value(contact->after));
		page_open(ui, contact->name, buf_detach(&text));
	} else {
		const struct message *message =
		    &runbook->messages[selected - (int)runbook->ncontacts];

		if (message->channel)
			buf_printf(&text, "To: %s\n\n", message->channel);
		buf_puts(&text, message->text);
		page_open(ui, message->title, buf_detach(&text));
	}
}

static void messages_act(struct ui *ui, void *data, enum act act)
{
	struct messages_view *view = data;

	switch (act) {
	case ACT_UP:
		view->selected -= view->selected > 0;
		break;
	case ACT_DOWN:
		view->selected++;
		break;
	case ACT_TOP:
		view->selected = 0;
		break;
	case ACT_BOTTOM:
		view->selected = rows(ui) - 1;
		break;
	case ACT_ENTER:
		details(ui, view->selected);
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
