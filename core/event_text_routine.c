/* Routines, events and phases as readable lines. */
#include <string.h>

#include "core/event_text_parts.h"
#include "lib/jdoc.h"
#include "lib/text.h"

static void put(struct buf *out, const json_t *line, const char *key)
{
	const char *text = json_str(line, key, "");

	text_clean(out, text, strlen(text));
}

static void put_if(struct buf *out, const char *before, const json_t *line, const char *key)
{
	if (!*json_str(line, key, ""))
		return;
	buf_puts(out, before);
	put(out, line, key);
}

void text_routine(struct buf *out, const json_t *line)
{
	buf_puts(out, "routine ");
	put(out, line, "routine");
	buf_puts(out, " begun");
	put_if(out, ", due ", line, "due");
}

void text_period(struct buf *out, const json_t *line)
{
	buf_puts(out, "summed up from ");
	put(out, line, "from");
	put_if(out, " to ", line, "until");
	buf_printf(out, ": %zu metrics, %zu affairs",
		   json_array_size(json_object_get(line, "metrics")),
		   json_array_size(json_object_get(line, "affairs")));
}

void text_routine_ended(struct buf *out, const json_t *line)
{
	const json_t *left = json_object_get(line, "left");

	buf_puts(out, "routine ");
	put(out, line, "routine");
	put_if(out, " is done: ", line, "result");
	for (size_t i = 0; i < json_array_size(left); i++) {
		const json_t *one = json_array_get(left, i);

		buf_puts(out, i ? "; " : "; left: ");
		put(out, one, "say");
		put_if(out, " (", one, "status");
		buf_puts(out, *json_str(one, "status", "") ? ")" : "");
	}
}

void text_occasion(struct buf *out, const json_t *line)
{
	buf_puts(out, "event ");
	put(out, line, "name");
	buf_puts(out, *json_str(line, "time", "") ? " is at " : " does not take place");
	put(out, line, "time");
}

void text_phase(struct buf *out, const json_t *line)
{
	buf_puts(out, "phase ");
	put(out, line, "phase");
	buf_puts(out, " begins");
	put_if(out, ", because ", line, "reason");
}

void text_phase_ended(struct buf *out, const json_t *line)
{
	buf_puts(out, "phase ");
	put(out, line, "phase");
	put_if(out, " is over: ", line, "result");
	put_if(out, ", because ", line, "reason");
}
