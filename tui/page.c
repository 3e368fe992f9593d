/* A text to read. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tui/modal.h"

struct page {
	struct modal modal;
	char *title, *text; /* owned */
	int top;
	bool any; /* any key closes it */
	bool leads;
	enum tui_view to; /* where Enter goes, when it leads */
	void (*closed)(struct ui *ui);
	int rows, shown; /* as they were drawn last */
};

static void page_draw(struct ui *ui, struct modal *modal, const struct canvas *canvas)
{
	struct page *page = (struct page *)modal;
	struct canvas inside, body;
	char status[64];

	canvas_clear(canvas);
	page->rows =
	    canvas_wrap_rows(&(struct canvas){ .w = canvas->w - 4 }, 0, INDENT_HANG, page->text);
	page->shown = canvas->h - 3 > 1 ? canvas->h - 3 : 1;
	if (page->top > page->rows - page->shown)
		page->top = page->rows - page->shown;
	if (page->top < 0)
		page->top = 0;
	snprintf(status, sizeof(status), "%d-%d of %d", page->top + 1,
		 page->top + page->shown < page->rows ? page->top + page->shown : page->rows,
		 page->rows);
	inside = canvas_part(canvas, 0, 0, canvas->h - 1, -1);
	inside = canvas_box(&inside, page->title, page->rows > page->shown ? status : NULL,
			    STYLE_DIM, false);
	body = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	/* Wrapped from the row that scrolling puts above the canvas. */
	canvas_wrap(&body, -page->top, 0, INDENT_HANG, STYLE_NORMAL, page->text);
	if (page->any && page->rows <= page->shown)
		canvas_text(canvas, canvas->h - 1, 1, STYLE_KEY,
			    ui->ended ? "Press any key to leave." : "Press any key to go on.");
	else if (page->any)
		canvas_text(canvas, canvas->h - 1, 1, STYLE_KEY,
			    "j k PgDn PgUp scroll, any other key goes on.");
	else if (page->leads)
		canvas_printf(canvas, canvas->h - 1, 1, STYLE_KEY,
			      "Enter goes to %s, j k PgDn PgUp scroll, q goes back.",
			      ui_view(ui, page->to)->title);
	else
		canvas_text(canvas, canvas->h - 1, 1, STYLE_KEY,
			    "j k PgDn PgUp scroll, q goes back.");
}

static bool page_scroll(struct page *page, int key, bool special)
{
	int by = 0;

	if (page->rows <= page->shown)
		return false;
	if (special ? key == KEY_DOWN : key == 'j')
		by = 1;
	else if (special ? key == KEY_UP : key == 'k')
		by = -1;
	else if (special && key == KEY_NPAGE)
		by = page->shown - 1;
	else if (special && key == KEY_PPAGE)
		by = 1 - page->shown;
	else if (special && key == KEY_HOME)
		by = -page->rows;
	else if (special && key == KEY_END)
		by = page->rows;
	page->top += by;
	return by != 0;
}

static void page_key(struct ui *ui, struct modal *modal, int key, bool special)
{
	struct page *page = (struct page *)modal;
	void (*closed)(struct ui * ui) = page->closed;
	bool go = page->leads && (special ? key == KEY_ENTER : key == '\r' || key == '\n');
	enum tui_view to = page->to;

	if (page_scroll(page, key, special))
		return;
	if (!page->any && !go &&
	    (special || key <= 0 || key > 127 || !strchr("q\r\n\033\003?", key)))
		return;
	ui_pop(ui);
	if (go)
		ui_show(ui, to);
	if (closed)
		closed(ui);
}

static void page_release(struct modal *modal)
{
	struct page *page = (struct page *)modal;

	free(page->title);
	free(page->text);
	free(page);
}

static const struct modal_ops page_ops = {
	.full = true,
	.draw = page_draw,
	.key = page_key,
	.release = page_release,
};

static struct page *page_new(struct ui *ui, const char *title, char *text)
{
	struct page *page = xcalloc(1, sizeof(*page));
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	page->modal.ops = &page_ops;
	page->title = xstrdup(title);
	page->text = text;
	ui_push(ui, &page->modal);
	return page;
}

void page_open(struct ui *ui, const char *title, char *text)
{
	page_new(ui, title, text);
}

void page_open_to(struct ui *ui, const char *title, char *text, enum tui_view view)
{
	struct page *page = page_new(ui, title, text);

	page->leads = view != ui->view;
	page->to = view;
}

void page_open_any(struct ui *ui, const char *title, char *text, void (*closed)(struct ui *ui))
{
	struct page *page = page_new(ui, title, text);

	page->any = true;
	page->closed = closed;
}
