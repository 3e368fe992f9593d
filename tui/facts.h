/*
 * Sentences with a style each: what a panel says below its figures, and on its page of details.
 */
#ifndef TUI_FACTS_H
#define TUI_FACTS_H

#include "lib/buf.h"
#include "tui/draw.h"

struct fact {
	enum style style;
	char *text; /* owned */
};

struct facts {
	struct fact *list; /* owned */
	size_t n, cap;
};

#define FACTS_INIT \
	{          \
		0  \
	}

void facts_add(struct facts *facts, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* How many there are of this style or a worse one. */
size_t facts_count(const struct facts *facts, enum style style);
/* One row each from row y on. Returns the row below. */
int facts_draw(const struct facts *facts, const struct canvas *canvas, int y);
/* One line each. */
void facts_print(const struct facts *facts, struct buf *text);
void facts_release(struct facts *facts);

#endif
