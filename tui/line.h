/*
 * One line of text under the operator's hands.
 */
#ifndef TUI_LINE_H
#define TUI_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "tui/draw.h"

struct line {
	struct buf text; /* UTF-8 */
	size_t cursor;	 /* in bytes */
};

/* Replaces the text; the cursor stands at its end. A zeroed struct is an empty line. */
void line_set(struct line *line, const char *text);
void line_release(struct line *line);
/* Editing keys and printable characters; false when the key is none of its own. */
bool line_key(struct line *line, int key, bool special);
/* Draws it with a cursor, scrolled so that the cursor is in sight. */
void line_draw(const struct line *line, const struct canvas *canvas, int y, int x, bool focus);

#endif
