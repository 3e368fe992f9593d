/* Forms: texts and choices, one below the other. */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tui/line.h"
#include "tui/modal.h"

#define ENTRIES 16

struct entry {
	char *label, *hint, *needed; /* owned; all but the label may be NULL */
	const char *const *choices;  /* borrowed, static */
	size_t choice;
	struct line line;
};

struct form {
	struct modal modal;
	char *title, *say, *subject; /* owned */
	struct entry entries[ENTRIES];
	size_t n, focus;
	bool guarded;
	struct guard guard;
	char error[sizeof(((struct err *)0)->msg) + sizeof(((struct err *)0)->hint) + 4];
	form_fn *done;
};

static int entry_draw(const struct form *form, size_t i, const struct canvas *canvas, int y)
{
	const struct entry *entry = &form->entries[i];
	bool focus = i == form->focus;
	int x =
	    canvas_printf(canvas, y, 0, focus ? STYLE_FOCUS : STYLE_NORMAL, "%s: ", entry->label);

	if (!entry->choices) {
		line_draw(&entry->line, canvas, y, x, focus);
	} else {
		for (size_t c = 0; entry->choices[c]; c++) {
			bool on = c == entry->choice;

			/* Brackets too: reverse alone could be missed. */
			x = canvas_printf(canvas, y, x, on ? STYLE_SELECTED : STYLE_DIM,
					  on ? "[%s]" : " %s ", entry->choices[c]);
			x++;
		}
	}
	y++;
	if (entry->hint)
		y = canvas_wrap(canvas, y, 2, 2, STYLE_DIM, entry->hint);
	return y + 1;
}

static int entry_rows(const struct entry *entry, int width)
{
	struct canvas probe = { .h = 0, .w = width };

	return 2 + (entry->hint ? canvas_wrap_rows(&probe, 2, 2, entry->hint) : 0);
}

/* The first entry that is drawn: where not all of them have room, those above the focus go. */
static size_t first_entry(const struct form *form, int width, int room)
{
	size_t first = form->focus;
	int rows = entry_rows(&form->entries[first], width);

	while (first > 0 && rows + entry_rows(&form->entries[first - 1], width) <= room)
		rows += entry_rows(&form->entries[--first], width);
	return first;
}

static int form_rows(const struct form *form, int width)
{
	struct canvas probe = { .h = 0, .w = width };
	int rows = form->say[0] ? canvas_wrap_rows(&probe, 0, 0, form->say) + 1 : 0;

	for (size_t i = 0; i < form->n; i++)
		rows += entry_rows(&form->entries[i], width);
	if (form->error[0])
		rows += canvas_wrap_rows(&probe, 0, 0, form->error) + 1;
	return rows + 1;
}

/* Those that have room above the error and the keys, the focused one among them; returns the row
 * behind. */
static int entries_draw(const struct form *form, const struct canvas *canvas, int y, bool *hidden)
{
	int error = form->error[0] ? canvas_wrap_rows(canvas, 0, 0, form->error) + 1 : 0;
	int bottom = canvas->h - 1 - error;
	size_t first = first_entry(form, canvas->w, bottom - y), i = first;

	for (; i < form->n; i++) {
		if (i > form->focus && y + entry_rows(&form->entries[i], canvas->w) - 1 > bottom)
			break;
		y = entry_draw(form, i, canvas, y);
	}
	*hidden = first > 0 || i < form->n;
	return y;
}

static void form_draw(struct ui *ui, struct modal *modal, const struct canvas *canvas)
{
	struct form *form = (struct form *)modal;
	int width = canvas->w > 100 ? 100 : canvas->w, y = 0, height;
	bool choices = form->entries[form->focus].choices != NULL;
	struct canvas box, inside;
	bool hidden;
	int x;

	height = form_rows(form, width - 4) + 2;
	if (height > canvas->h)
		height = canvas->h;
	box = canvas_part(canvas, (canvas->h - height) / 2, (canvas->w - width) / 2, height, width);
	canvas_clear(&box);
	inside = canvas_box(&box, form->title, NULL, STYLE_NORMAL, true);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	if (form->say[0])
		y = canvas_wrap(&inside, y, 0, 0, STYLE_NORMAL, form->say) + 1;
	/* The focused entry must be in sight, whatever stands above it. */
	if (y > inside.h - 4)
		y = inside.h - 4 > 0 ? inside.h - 4 : 0;
	y = entries_draw(form, &inside, y, &hidden);
	if (form->error[0])
		y = canvas_wrap(&inside, y, 0, 0, STYLE_CRITICAL, form->error) + 1;
	y = y < inside.h ? y : inside.h - 1;
	if (form->guarded && !guard_armed(ui, &form->guard)) {
		canvas_text(&inside, y, 0, STYLE_DIM, "One moment ...");
		return;
	}
	x = canvas_printf(&inside, y, 0, STYLE_KEY, "Enter %s%s, Esc goes back.",
			  form->focus + 1 < form->n ? "next" : "does it",
			  choices ? ", Left Right change it" : "");
	if (hidden)
		canvas_printf(&inside, y, x, STYLE_DIM, " %zu of %zu", form->focus + 1, form->n);
}

static const char *entry_value(const struct entry *entry)
{
	return entry->choices ? entry->choices[entry->choice] : buf_str(&entry->line.text);
}

/* -1 when a text is missing that is needed. */
static int check_needed(const struct form *form, const char *const *values, struct err *err)
{
	for (size_t i = 0; i < form->n; i++) {
		if (form->entries[i].needed && !*values[i])
			return err_set(err, "%s", form->entries[i].needed);
	}
	return 0;
}

static void form_finish(struct ui *ui, struct form *form)
{
	char *copies[ENTRIES] = { NULL };
	const char *values[ENTRIES + 1] = { NULL };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < form->n; i++)
		values[i] = copies[i] = xstrdup(entry_value(&form->entries[i]));
	if (check_needed(form, values, &err) < 0 ||
	    form->done(ui, values, form->subject, &err) < 0) {
		snprintf(form->error, sizeof(form->error), "%s%s%s", err.msg,
			 err.hint[0] ? "; " : "", err.hint);
		if (form->guarded)
			guard_begin(ui, &form->guard);
	} else {
		/* The callback may have put something above: take out this one, wherever it is. */
		struct modal **at = &ui->modal;

		while (*at && *at != &form->modal)
			at = &(*at)->below;
		if (*at) {
			*at = form->modal.below;
			form->modal.ops->release(&form->modal);
		}
	}
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		free(copies[i]);
}

static void choice_move(struct entry *entry, int key, bool special)
{
	size_t n = 0;

	while (entry->choices[n])
		n++;
	if (special ? key == KEY_LEFT : key == 'h')
		entry->choice = (entry->choice + n - 1) % n;
	else if (special ? key == KEY_RIGHT : key == 'l' || key == ' ')
		entry->choice = (entry->choice + 1) % n;
}

static void form_key(struct ui *ui, struct modal *modal, int key, bool special)
{
	struct form *form = (struct form *)modal;
	struct entry *entry = &form->entries[form->focus];

	if (!special && (key == 27 || key == 3)) {
		ui_pop(ui);
		return;
	}
	if (form->guarded && !guard_key(ui, &form->guard))
		return;
	if (special ? key == KEY_ENTER : key == '\r' || key == '\n') {
		if (form->focus + 1 < form->n)
			form->focus++;
		else
			form_finish(ui, form);
	} else if (special ? key == KEY_DOWN : key == '\t') {
		form->focus = (form->focus + 1) % form->n;
	} else if (special && (key == KEY_UP || key == KEY_BTAB)) {
		form->focus = (form->focus + form->n - 1) % form->n;
	} else if (entry->choices) {
		choice_move(entry, key, special);
	} else {
		line_key(&entry->line, key, special);
		form->error[0] = '\0';
	}
}

static void form_release(struct modal *modal)
{
	struct form *form = (struct form *)modal;

	for (size_t i = 0; i < form->n; i++) {
		free(form->entries[i].label);
		free(form->entries[i].hint);
		free(form->entries[i].needed);
		line_release(&form->entries[i].line);
	}
	free(form->title);
	free(form->say);
	free(form->subject);
	free(form);
}

static const struct modal_ops form_ops = {
	.takes_text = true,
	.draw = form_draw,
	.key = form_key,
	.release = form_release,
};

/* What must be typed letter by letter takes no paste. */
static const struct modal_ops form_guarded_ops = {
	.draw = form_draw,
	.key = form_key,
	.release = form_release,
};

static void entry_init(struct entry *entry, const struct form_entry *from)
{
	entry->label = xstrdup(from->label);
	entry->hint = from->hint ? xstrdup(from->hint) : NULL;
	entry->needed = from->needed ? xstrdup(from->needed) : NULL;
	entry->choices = from->choices;
	if (!entry->choices) {
		line_set(&entry->line, from->value ? from->value : "");
		return;
	}
	for (size_t i = 0; entry->choices[i]; i++) {
		if (from->value && !strcmp(entry->choices[i], from->value))
			entry->choice = i;
	}
}

void form_open(struct ui *ui, const char *title, const char *say, const struct form_entry *entries,
	       size_t n, bool guarded, char *subject, form_fn *done)
{
	struct form *form = xcalloc(1, sizeof(*form));

	form->modal.ops = guarded ? &form_guarded_ops : &form_ops;
	form->title = xstrdup(title);
	form->say = xstrdup(say ? say : "");
	form->subject = subject;
	form->n = n < ENTRIES ? n : ENTRIES;
	form->guarded = guarded;
	form->done = done;
	for (size_t i = 0; i < form->n; i++)
		entry_init(&form->entries[i], &entries[i]);
	if (guarded)
		guard_begin(ui, &form->guard);
	ui_push(ui, &form->modal);
}

void reason_open(struct ui *ui, const char *title, const char *say, char *subject, form_fn *done)
{
	const struct form_entry entry = { .label = "Reason",
					  .needed = "a reason is needed: it goes into the report" };

	form_open(ui, title, say, &entry, 1, false, subject, done);
}
