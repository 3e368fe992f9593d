/*
 * The terminal: taken, given back, and what it can show.
 *
 * At most one is open at a time (curses has one screen). Styles carry meaning only together with
 * text, so that a terminal without colours loses nothing.
 */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include <curses.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/chart.h"
#include "lib/err.h"

enum style {
	STYLE_NORMAL,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_BORDER,
	STYLE_FOCUS,
	STYLE_SELECTED,
	STYLE_KEY,
	STYLE_OK,
	STYLE_INFO,
	STYLE_WARNING,
	STYLE_CRITICAL,
	STYLE_LIVE,
	STYLE_DRILL,
	STYLE_NEXT,
	STYLE_COUNT
};

/* Characters that depend on what the terminal shows. */
struct glyphs {
	const char *horizontal, *vertical, *top_left, *top_right, *bottom_left, *bottom_right;
	const char *bar, *ellipsis, *arrow;
	enum chart_glyphs chart;
};

struct screen {
	SCREEN *curses; /* owned; NULL: not open */
	bool utf8;
	bool lost; /* the terminal is gone: nothing is written any more */
	int io;	   /* owned: what the kernel counts of this process; -1: nothing */
	attr_t attrs[STYLE_COUNT];
	short pairs[STYLE_COUNT];
	const struct glyphs *glyphs;
};

/* Key codes of our own, above curses'. */
enum { KEY_PASTE_BEGIN = KEY_MAX + 1, KEY_PASTE_END };

/* Takes the terminal of stdin and stdout. -1 (with a hint at --plain) when it can't be driven. */
int screen_open(struct screen *screen, struct err *err);
/* Gives it back. Accepts one that is not open. */
void screen_close(struct screen *screen);
/* Whether stdin and stdout are a terminal that can move its cursor. */
bool screen_possible(void);
/* Brings what was drawn to the terminal. How many bytes that took, as far as the kernel counts
 * them; 0 when it doesn't. */
int64_t screen_update(struct screen *screen);
/* Follows the terminal's size. */
void screen_resize(struct screen *screen);
/* Everything is drawn anew at the next update (after a stop, or ^L). */
void screen_repaint(struct screen *screen);
/* Stops the program as ^Z does elsewhere; returns when it goes on. */
void screen_suspend(struct screen *screen);
/* Whether the terminal still answers. */
bool screen_alive(const struct screen *screen);
/* One key: a code point, or a KEY_ code with *special true. False when there is none now. */
bool screen_key(struct screen *screen, int *key, bool *special);
/* Forgets keys that were typed ahead. */
void screen_drain(struct screen *screen);

#endif
