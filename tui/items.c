#include "tui/items.h"

#include <stdlib.h>
#include <string.h>

#include "lib/timefmt.h"
#include "tui/modal.h"
#include "tui/say.h"

static const struct {
	const char *mark;
	enum style style;
} looks[] = {
	[ITEM_OPEN] = { "[ ]", STYLE_DIM },	      [ITEM_GREEN] = { "[x]", STYLE_OK },
	[ITEM_RED] = { "[!]", STYLE_CRITICAL },	      [ITEM_UNKNOWN] = { "[?]", STYLE_WARNING },
	[ITEM_DEFERRED] = { "[>]", STYLE_WARNING },   [ITEM_OVERRIDDEN] = { "[o]", STYLE_WARNING },
	[ITEM_NOT_APPLICABLE] = { "[-]", STYLE_DIM },
};

static const struct attempt *attempt_at(struct ui *ui, const struct item *item)
{
	const struct incident_state *state = session_state(ui->session);
	const struct attempt *attempt = state ? state_attempt(state) : NULL;

	return attempt && item->procedure && !attempt->ended_at &&
		       attempt->procedure.procedure == item->procedure
		   ? attempt
		   : NULL;
}

bool item_under_way(struct ui *ui, const struct item *item)
{
	return attempt_at(ui, item) != NULL;
}

/* What an open item waits for. */
static const char *open_word(struct ui *ui, const struct checklist_state *list, size_t index)
{
	const struct item *item = checklist_item(list, index, NULL);
	const struct attempt *attempt = attempt_at(ui, item);

	if (checklist_follows(list, index))
		return "its sub-items";
	if (item->kind == ITEM_SENSED)
		return list->items[index].expired ? "expired" : "not measured";
	if (item->kind == ITEM_MANUAL)
		return "by hand";
	if (!attempt)
		return "to run";
	if (!attempt->procedure.approved)
		return "to approve (4)";
	return session_running(ui->session) ? "running" : "under way (4)";
}

/* The word for where an item stands; NULL: an open one. */
static const char *status_word(const struct item *item, const struct item_state *own,
			       enum item_status status)
{
	switch (status) {
	case ITEM_GREEN:
		return item->kind == ITEM_SENSED ? "green" : own->at ? "done" : "done before";
	case ITEM_RED:
		return item->kind == ITEM_SENSED ? "red" : "failed";
	case ITEM_OPEN:
		return NULL;
	default:
		return item_status_name(status);
	}
}

/* Who did what a person does to an item; the host and the way in stand on its page. */
static const char *person(const struct item *item, const struct item_state *own,
			  enum item_status status, char *out, size_t size)
{
	bool by = own->by[0] && (status == ITEM_DEFERRED || status == ITEM_OVERRIDDEN ||
				 (status == ITEM_GREEN && item->kind != ITEM_SENSED));

	out[0] = '\0';
	if (by)
		snprintf(out, size, " by %.*s", (int)strcspn(own->by, "@ "), own->by);
	return out;
}

static char *state_text(struct ui *ui, const struct checklist_state *list, size_t index, char *out,
			size_t size)
{
	const struct item *item = checklist_item(list, index, NULL);
	const struct item_state *own = &list->items[index];
	enum item_status status = checklist_status(list, index);
	const char *word = status_word(item, own, status);
	const char *optional = item->optional && status != ITEM_GREEN ? "optional, " : "";
	bool sensed = item->kind == ITEM_SENSED && own->measured && status != ITEM_DEFERRED &&
		      status != ITEM_OVERRIDDEN && status != ITEM_NOT_APPLICABLE;
	int64_t at = sensed ? own->measured : own->at;
	char age[64], by[40];

	if (!word)
		word = open_word(ui, list, index);
	/* What goes along with another item has no time of its own. */
	if (!at || status != own->status || (status == ITEM_OPEN && !own->expired))
		snprintf(out, size, "%s%s", optional, word);
	else
		snprintf(out, size, "%s%s%s, %s", optional, word,
			 person(item, own, status, by, sizeof(by)),
			 age_text(at, ui_now(ui), age, sizeof(age)));
	return out;
}

const char *item_evidence(const struct item_state *own)
{
	return own->status == ITEM_NOT_APPLICABLE ? own->when : own->evidence;
}

void item_row(struct ui *ui, const struct checklist_state *list, size_t index,
	      const struct canvas *canvas, int y, bool here)
{
	const struct item *item = checklist_item(list, index, NULL);
	enum item_status status = checklist_status(list, index);
	bool out = status == ITEM_NOT_APPLICABLE;
	char text[160];
	struct canvas row;
	int x, end;

	if (y < 0 || y >= canvas->h)
		return;
	end = canvas_right(canvas, y, looks[status].style,
			   state_text(ui, list, index, text, sizeof(text)));
	row = canvas_part(canvas, y, 0, 1, end - 1);
	x = canvas_text(&row, 0, 0, here ? STYLE_FOCUS : STYLE_NORMAL,
			here ? ui->screen.glyphs->arrow : " ");
	for (const char *c = item->id; *c; c++)
		x += *c == '/' ? 2 : 0;
	x = canvas_text(&row, 0, x + 1, looks[status].style, looks[status].mark);
	x = canvas_text(&row, 0, x + 1,
			here  ? STYLE_BOLD
			: out ? STYLE_DIM
			      : STYLE_NORMAL,
			item->say);
	if (item_evidence(&list->items[index])[0])
		canvas_printf(&row, 0, x, STYLE_DIM, ": %s", item_evidence(&list->items[index]));
}

/* ---- The page ---- */

static void state_print(struct ui *ui, struct buf *text, const struct checklist_state *list,
			size_t index)
{
	const struct item_state *own = &list->items[index];
	char state[160], at[TIME_RFC3339_MAX];

	buf_printf(text, "State:    %s\n", state_text(ui, list, index, state, sizeof(state)));
	if (own->at)
		buf_printf(text, "Since:    %sZ\n", time_clock(own->at, at));
	if (own->by[0])
		buf_printf(text, "By:       %s\n", own->by);
	if (own->evidence[0])
		buf_printf(text, "Evidence: %s\n", own->evidence);
	if (own->status == ITEM_NOT_APPLICABLE)
		buf_printf(text, "It does not apply: %s\n", own->when);
	if (own->expired)
		buf_puts(text, "It was green, but could not be measured again in time.\n");
}

void item_page(struct ui *ui, const struct checklist_state *list, size_t index)
{
	const struct item *item = checklist_item(list, index, NULL);
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s\n%s%s\n", item->say, item->note ? item->note : "",
		   item->note ? "\n" : "");
	state_print(ui, &text, list, index);
	if (item->probe) {
		buf_puts(&text, "\nMeasured by:\n");
		probe_print(ui, &text, item->probe);
	}
	if (item->when) {
		buf_puts(&text, "\nApplies only if:\n");
		probe_print(ui, &text, item->when);
	}
	if (item->procedure && item->procedure->item)
		buf_puts(&text, "\nAn action: Space shows its plan, to approve and run it.\n");
	else if (item->procedure)
		buf_printf(&text, "\nDone by the procedure %s: %s. Space shows its plan.\n",
			   item->procedure->name, item->procedure->title);
	for (size_t i = 0; i < item->nverify; i++) {
		buf_puts(&text, i ? "" : "\nVerified by:\n");
		probe_print(ui, &text, item->verify[i]);
	}
	if (item->done_by || item->done_at)
		buf_printf(&text, "\nDone before by %s, %s\n", item->done_by ? item->done_by : "?",
			   item->done_at ? item->done_at : "?");
	page_open(ui, item->id, buf_detach(&text));
}
