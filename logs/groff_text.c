/* Text as groff prints it: nothing in it is a request, an escape or a table's end. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "logs/report_groff.h"

#define WORD_LONG     12 /* characters: such a word may be broken */
#define WORD_PIECE    6	 /* characters between its breaks where nothing parts it */
#define UNICODE_COUNT 0x110000

static void put_char(struct buf *out, int32_t cp, unsigned char byte)
{
	static const struct {
		int32_t cp;
		const char *name;
	} names[] = {
		{ '\\', "rs" }, { '"', "dq" }, { '\'', "aq" },
		{ '`', "ga" },	{ '~', "ti" }, { '^', "ha" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (cp == names[i].cp) {
			buf_printf(out, "\\[%s]", names[i].name);
			return;
		}
	}
	if (cp > 0x7e)
		buf_printf(out, "\\[u%04X]", (unsigned)cp);
	else if (cp < 0)
		buf_printf(out, "\\[rs]x%02X", byte);
	else if (cp < 0x20)
		buf_putc(out, ' ');
	else
		buf_putc(out, (char)cp);
}

static bool parts_word(char c)
{
	return c && strchr("/-_.,;:=@&?+|)", c);
}

/* Characters up to the next blank, or to what parts a word. */
static int length_of(const char *at, bool part)
{
	int length = 0;

	for (; *at && *at != ' ' && *at != '\n' && !(part && parts_word(*at)); at++)
		length += ((unsigned char)*at & 0xc0) != 0x80;
	return length;
}

/* How a text goes on: where its words may be broken. */
struct breaks {
	bool word;  /* where something parts this word */
	bool piece; /* anywhere: nothing parts it for long */
	int since;  /* characters since the last break */
};

static void word_begins(struct breaks *breaks, const char *at)
{
	breaks->word = length_of(at, false) > WORD_LONG;
	breaks->piece = length_of(at, true) > WORD_LONG;
	breaks->since = 0;
}

/* After the character `cp` that ends before `next`. One that the font lacks is shown as eight
 * others: such text may be broken anywhere. */
static void put_break(struct buf *out, struct breaks *breaks, int32_t cp, const char *next)
{
	bool parts = breaks->word && cp < 0x80 && parts_word((char)cp) && !parts_word(*next);

	breaks->since++;
	if (cp > 0x17f || parts || (breaks->piece && breaks->since >= WORD_PIECE)) {
		buf_puts(out, "\\:");
		breaks->since = 0;
	}
	if (parts)
		breaks->piece = length_of(next, true) > WORD_LONG;
}

void groff_text(struct buf *out, const char *text, bool lines)
{
	struct breaks breaks = { .word = false };
	size_t len = strlen(text), i = 0;

	buf_puts(out, "\\&");
	while (i < len) {
		int32_t cp;
		size_t step = utf8_decode(text + i, len - i, &cp);

		if (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n')
			word_begins(&breaks, text + i);
		if (cp == '\n') {
			buf_puts(out, lines ? "\n.br\n\\&" : " ");
		} else {
			put_char(out, cp, (unsigned char)text[i]);
			put_break(out, &breaks, cp, text + i + step);
		}
		i += step;
	}
}

void groff_verbatim(struct buf *out, const char *line)
{
	struct breaks breaks = { .word = false };
	size_t len = strlen(line);

	buf_puts(out, "\\&");
	for (size_t i = 0, step; i < len; i += step) {
		int32_t cp;

		step = utf8_decode(line + i, len - i, &cp);
		if (i == 0 || line[i - 1] == ' ')
			word_begins(&breaks, line + i);
		if (cp == ' ') {
			buf_puts(out, "\\ \\:");
		} else {
			put_char(out, cp, (unsigned char)line[i]);
			put_break(out, &breaks, cp, line + i + step);
		}
	}
}

void groff_string(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	buf_puts(out, "\"\\&");
	for (size_t i = 0, step; i < len; i += step) {
		int32_t cp;

		step = utf8_decode(text + i, len - i, &cp);
		put_char(out, cp, (unsigned char)text[i]);
	}
	buf_putc(out, '"');
}

/* Asked of groff itself, in each font that is used: what it has differs from release to release. */
static void put_fallback(struct buf *out, unsigned long cp)
{
	static const char *const fonts[] = { "HR", "HB", "CR" };

	for (size_t i = 0; i < sizeof(fonts) / sizeof(fonts[0]); i++)
		buf_printf(out, ".ft %s\n.if !c\\[u%04lX] .schar \\[u%04lX] <U+%04lX>\n", fonts[i],
			   cp, cp, cp);
}

void groff_fallbacks(struct buf *out, const char *body)
{
	bool *seen = xcalloc(UNICODE_COUNT, sizeof(*seen));

	for (const char *at = strstr(body, "\\[u"); at; at = strstr(at + 3, "\\[u")) {
		unsigned long cp = strtoul(at + 3, NULL, 16);

		if (cp < UNICODE_COUNT && !seen[cp]) {
			seen[cp] = true;
			put_fallback(out, cp);
		}
	}
	buf_puts(out, ".ft HR\n");
	free(seen);
}
