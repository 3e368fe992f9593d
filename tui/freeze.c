#include "tui/freeze.h"

int freeze_take(struct freeze *freeze, const struct canvas *canvas, int64_t at)
{
	if (canvas->h <= 0 || canvas->w <= 0)
		return -1;
	/* A pad: curses resizes windows with the terminal, but leaves pads as they are. */
	freeze->cells = newpad(canvas->h, canvas->w);
	if (!freeze->cells)
		return -1;
	copywin(stdscr, freeze->cells, canvas->y, canvas->x, 0, 0, canvas->h - 1, canvas->w - 1,
		FALSE);
	freeze->at = at;
	return 0;
}

void freeze_draw(const struct freeze *freeze, const struct canvas *canvas)
{
	int h = getmaxy(freeze->cells), w = getmaxx(freeze->cells);

	h = h < canvas->h ? h : canvas->h;
	w = w < canvas->w ? w : canvas->w;
	if (h > 0 && w > 0)
		copywin(freeze->cells, stdscr, 0, 0, canvas->y, canvas->x, canvas->y + h - 1,
			canvas->x + w - 1, FALSE);
}

void freeze_release(struct freeze *freeze)
{
	if (freeze->cells)
		delwin(freeze->cells);
	*freeze = (struct freeze){ 0 };
}
