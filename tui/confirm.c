/* Asking before something is done. */
#include <stdlib.h>

#include "lib/mem.h"
#include "tui/modal.h"

struct confirm {
	struct modal modal;
	char *title, *say, *label, *subject; /* owned */
	char key;
	struct guard guard;
	void (*done)(struct ui *ui, const char *subject);
};

static void confirm_draw(struct ui *ui, struct modal *modal, const struct canvas *canvas)
{
	struct confirm *confirm = (struct confirm *)modal;
	int width = canvas->w > 78 ? 78 : canvas->w, height, y;
	struct canvas box, inside = { .w = width - 4 };

	height = canvas_wrap_rows(&inside, 0, 0, confirm->say) + 4;
	if (height > canvas->h)
		height = canvas->h;
	box = canvas_part(canvas, (canvas->h - height) / 2, (canvas->w - width) / 2, height, width);
	canvas_clear(&box);
	inside = canvas_box(&box, confirm->title, NULL, STYLE_NORMAL, true);
	inside = canvas_part(&inside, 0, 1, -1, inside.w - 2);
	y = canvas_wrap(&inside, 0, 0, 0, STYLE_NORMAL, confirm->say) + 1;
	y = y < inside.h ? y : inside.h - 1;
	if (!guard_armed(ui, &confirm->guard))
		canvas_text(&inside, y, 0, STYLE_DIM, "One moment ...");
	else
		canvas_printf(&inside, y, 0, STYLE_KEY, "%c %s, Esc goes back.", confirm->key,
			      confirm->label);
}

static void confirm_key(struct ui *ui, struct modal *modal, int key, bool special)
{
	struct confirm *confirm = (struct confirm *)modal;

	if (!special && (key == 27 || key == 3)) {
		ui_pop(ui);
		return;
	}
	if (!guard_key(ui, &confirm->guard))
		return;
	if (!special && key == confirm->key) {
		void (*done)(struct ui *, const char *) = confirm->done;
		char *subject = confirm->subject;

		confirm->subject = NULL;
		ui_pop(ui);
		done(ui, subject);
		free(subject);
	} else if (!special && (key == 'q' || key == 'N')) {
		ui_pop(ui);
	}
}

static void confirm_release(struct modal *modal)
{
	struct confirm *confirm = (struct confirm *)modal;

	free(confirm->title);
	free(confirm->say);
	free(confirm->label);
	free(confirm->subject);
	free(confirm);
}

static const struct modal_ops confirm_ops = {
	.draw = confirm_draw,
	.key = confirm_key,
	.release = confirm_release,
};

void confirm_open(struct ui *ui, const char *title, const char *say, char key, const char *label,
		  char *subject, void (*done)(struct ui *ui, const char *subject))
{
	struct confirm *confirm = xcalloc(1, sizeof(*confirm));

	confirm->modal.ops = &confirm_ops;
	confirm->title = xstrdup(title);
	confirm->say = xstrdup(say);
	confirm->label = xstrdup(label);
	confirm->key = key;
	confirm->subject = subject;
	confirm->done = done;
	guard_begin(ui, &confirm->guard);
	ui_push(ui, &confirm->modal);
}

void confirm_name_open(struct ui *ui, const char *title, const char *say, const char *name,
		       char *subject, form_fn *done)
{
	char *label = xasprintf("Type %s to confirm", name);
	struct form_entry entry = { .label = label };

	form_open(ui, title, say, &entry, 1, true, subject, done);
	free(label);
}
