#include "tui/remarks.h"

#include <stdarg.h>
#include <stdlib.h>

#include "lib/mem.h"

void remarks_add(struct remarks *remarks, enum style style, const char *fmt, ...)
{
	va_list args;

	remarks->list = xgrow(remarks->list, &remarks->cap, remarks->n + 1, sizeof(*remarks->list));
	va_start(args, fmt);
	remarks->list[remarks->n].text = xvasprintf(fmt, args);
	va_end(args);
	remarks->list[remarks->n++].style = style;
}

static int badness(enum style style)
{
	return style == STYLE_CRITICAL ? 2 : style == STYLE_WARNING ? 1 : 0;
}

size_t remarks_count(const struct remarks *remarks, enum style style)
{
	size_t n = 0;

	for (size_t i = 0; i < remarks->n; i++)
		n += badness(remarks->list[i].style) >= badness(style);
	return n;
}

int remarks_draw(const struct remarks *remarks, const struct canvas *canvas, int y)
{
	for (size_t i = 0; i < remarks->n && y < canvas->h; i++)
		canvas_text(canvas, y++, 0, remarks->list[i].style, remarks->list[i].text);
	return y;
}

void remarks_print(const struct remarks *remarks, struct buf *text)
{
	for (size_t i = 0; i < remarks->n; i++)
		buf_printf(text, "%s\n", remarks->list[i].text);
}

void remarks_release(struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->n; i++)
		free(remarks->list[i].text);
	free(remarks->list);
	*remarks = (struct remarks)REMARKS_INIT;
}
