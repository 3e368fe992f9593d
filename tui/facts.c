#include "tui/facts.h"

#include <stdarg.h>
#include <stdlib.h>

#include "lib/mem.h"

void facts_add(struct facts *facts, enum style style, const char *fmt, ...)
{
	va_list args;

	facts->list = xgrow(facts->list, &facts->cap, facts->n + 1, sizeof(*facts->list));
	va_start(args, fmt);
	facts->list[facts->n].text = xvasprintf(fmt, args);
	va_end(args);
	facts->list[facts->n++].style = style;
}

static int badness(enum style style)
{
	return style == STYLE_CRITICAL ? 2 : style == STYLE_WARNING ? 1 : 0;
}

size_t facts_count(const struct facts *facts, enum style style)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->n; i++)
		n += badness(facts->list[i].style) >= badness(style);
	return n;
}

int facts_draw(const struct facts *facts, const struct canvas *canvas, int y)
{
	for (size_t i = 0; i < facts->n && y < canvas->h; i++)
		canvas_text(canvas, y++, 0, facts->list[i].style, facts->list[i].text);
	return y;
}

void facts_print(const struct facts *facts, struct buf *text)
{
	for (size_t i = 0; i < facts->n; i++)
		buf_printf(text, "%s\n", facts->list[i].text);
}

void facts_release(struct facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		free(facts->list[i].text);
	free(facts->list);
	*facts = (struct facts)FACTS_INIT;
}
