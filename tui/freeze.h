/*
 * A part of the screen that stands still: a copy of its cells, put back at every drawing.
 */
#ifndef TUI_FREEZE_H
#define TUI_FREEZE_H

#include "tui/draw.h"

struct freeze {
	WINDOW *cells; /* owned: a pad; NULL: nothing stands still */
	int64_t at;    /* wall time of what it shows */
};

/* Keeps what the screen shows in this part. -1 when there is no memory for it. */
int freeze_take(struct freeze *freeze, const struct canvas *canvas, int64_t at);
/* Puts it back at the canvas' upper left; what of it does not fit is cut off. */
void freeze_draw(const struct freeze *freeze, const struct canvas *canvas);
/* Forgets it. */
void freeze_release(struct freeze *freeze);

#endif
