/* A list to choose from. */
#include <stdlib.h>

#include "lib/mem.h"
#include "tui/modal.h"

struct menu {
	struct modal modal;
	char *title, *subject;	    /* owned */
	struct menu_entry *entries; /* owned */
	size_t n;
	int selected, top, rows; /* rows: of entries that fitted when it was drawn */
	void (*chosen)(struct ui *ui, const char *value, const char *subject);
};

static void menu_draw(struct ui *ui, struct modal *modal, const struct canvas *canvas)
{
	struct menu *menu = (struct menu *)modal;
	struct canvas box = canvas_part(canvas, 0, 0, canvas->h - 1, -1), inside;
	int rows;

	canvas_clear(canvas);
	inside = canvas_box(&box, menu->title, NULL, STYLE_NORMAL, true);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	rows = inside.h / 2 > 0 ? inside.h / 2 : 1;
	menu->rows = rows;
	menu->top = scroll_to(menu->top, menu->selected, rows, (int)menu->n);
	for (int i = 0; i < rows && menu->top + i < (int)menu->n; i++) {
		const struct menu_entry *entry = &menu->entries[menu->top + i];
		bool here = menu->top + i == menu->selected;

		canvas_printf(&inside, i * 2, 0, here ? STYLE_BOLD : STYLE_NORMAL, "%s %s",
			      here ? ui->screen.glyphs->arrow : " ", entry->label);
		if (here)
			canvas_select(&inside, i * 2);
		if (entry->detail)
			canvas_text(&inside, i * 2 + 1, 2, STYLE_DIM, entry->detail);
	}
	canvas_text(canvas, canvas->h - 1, 1, STYLE_KEY, "j k move, Enter chooses, q goes back.");
}

/* By how many entries the key moves. */
static int moves(const struct menu *menu, int key, bool special)
{
	if (!special)
		return key == 'j' ? 1 : key == 'k' ? -1 : 0;
	switch (key) {
	case KEY_DOWN:
		return 1;
	case KEY_UP:
		return -1;
	case KEY_NPAGE:
		return menu->rows;
	case KEY_PPAGE:
		return -menu->rows;
	case KEY_END:
		return (int)menu->n;
	case KEY_HOME:
		return -(int)menu->n;
	default:
		return 0;
	}
}

static void menu_key(struct ui *ui, struct modal *modal, int key, bool special)
{
	struct menu *menu = (struct menu *)modal;
	int moved = moves(menu, key, special);

	if (moved) {
		moved += menu->selected;
		moved = moved < (int)menu->n ? moved : (int)menu->n - 1;
		menu->selected = moved > 0 ? moved : 0;
	} else if (special ? key == KEY_ENTER : key == '\r' || key == '\n') {
		char *value = xstrdup(menu->entries[menu->selected].value);
		char *subject = menu->subject;
		void (*chosen)(struct ui *, const char *, const char *) = menu->chosen;

		menu->subject = NULL;
		ui_pop(ui);
		chosen(ui, value, subject);
		free(value);
		free(subject);
	} else if (!special && (key == 'q' || key == 27 || key == 3)) {
		ui_pop(ui);
	}
}

static void menu_release(struct modal *modal)
{
	struct menu *menu = (struct menu *)modal;

	for (size_t i = 0; i < menu->n; i++) {
		free(menu->entries[i].label);
		free(menu->entries[i].detail);
		free(menu->entries[i].value);
	}
	free(menu->entries);
	free(menu->title);
	free(menu->subject);
	free(menu);
}

static const struct modal_ops menu_ops = {
	.full = true,
	.draw = menu_draw,
	.key = menu_key,
	.release = menu_release,
};

void menu_open(struct ui *ui, const char *title, struct menu_entry *entries, size_t n,
	       char *subject, void (*chosen)(struct ui *ui, const char *value, const char *subject))
{
	struct menu *menu = xcalloc(1, sizeof(*menu));

	menu->modal.ops = &menu_ops;
	menu->title = xstrdup(title);
	menu->entries = entries;
	menu->n = n;
	menu->subject = subject;
	menu->chosen = chosen;
	if (n == 0) {
		menu_release(&menu->modal);
		return;
	}
	ui_push(ui, &menu->modal);
}
