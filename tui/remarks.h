/*
 * Sentences with a style each: what a panel says below its figures, and on its page of details.
 */
#ifndef TUI_REMARKS_H
#define TUI_REMARKS_H

#include "lib/buf.h"
#include "tui/draw.h"

struct remark {
	enum style style;
	char *text; /* owned */
};

struct remarks {
	struct remark *list; /* owned */
	size_t n, cap;
};

#define REMARKS_INIT \
	{            \
		0    \
	}

void remarks_add(struct remarks *remarks, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* How many there are of this style or a worse one. */
size_t remarks_count(const struct remarks *remarks, enum style style);
/* One row each from row y on. Returns the row below. */
int remarks_draw(const struct remarks *remarks, const struct canvas *canvas, int y);
/* One line each. */
void remarks_print(const struct remarks *remarks, struct buf *text);
void remarks_release(struct remarks *remarks);

#endif
