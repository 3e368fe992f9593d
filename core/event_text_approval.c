/* What was said about a plan, as readable lines. */
#include <stdlib.h>
#include <string.h>

#include "core/event_text_parts.h"
#include "lib/jdoc.h"
#include "lib/text.h"

#define DIGEST_SHOWN 12
#define ACCEPTED     "; data loss accepted: "

static void put(struct buf *out, const char *text)
{
	text_clean(out, text, strlen(text));
}

static void put_scalar(struct buf *out, const json_t *value)
{
	char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);

	put(out, text ? text : json_is_string(value) ? json_string_value(value) : "");
	free(text);
}

static void put_list(struct buf *out, const char *before, const json_t *list, const char *between)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		buf_puts(out, i ? between : before);
		put_scalar(out, json_array_get(list, i));
	}
}

static void put_procedure(struct buf *out, const json_t *line)
{
	buf_puts(out, "procedure ");
	put(out, json_str(line, "procedure", ""));
}

static void put_reason(struct buf *out, const json_t *line)
{
	buf_puts(out, ", because ");
	put(out, json_str(line, "reason", ""));
}

static void put_plan(struct buf *out, const char *loss, const json_t *line)
{
	const char *key, *digest = json_str(line, "digest", "");
	const json_t *value;
	bool first = true;

	put_list(out, loss, json_object_get(line, "loss"), "; ");
	json_object_foreach(json_object_get(line, "params"), key, value) {
		buf_puts(out, first ? "; with " : ", ");
		first = false;
		put(out, key);
		buf_puts(out, " = ");
		put_scalar(out, value);
	}
	if (*digest) {
		buf_puts(out, "; plan ");
		text_clean(out, digest, strnlen(digest, DIGEST_SHOWN));
	}
}

void text_asked(struct buf *out, const json_t *line)
{
	buf_puts(out, "approval asked for ");
	put_procedure(out, line);
	put_list(out, " of ", json_object_get(line, "roles"), ", ");
	put_plan(out, "; data loss: ", line);
}

void text_approved(struct buf *out, const json_t *line)
{
	put_procedure(out, line);
	buf_puts(out, " approved");
	put_list(out, " as ", json_object_get(line, "roles"), ", ");
	put_plan(out, ACCEPTED, line);
}

void text_rejected(struct buf *out, const json_t *line)
{
	const char *digest = json_str(line, "digest", "");

	put_procedure(out, line);
	buf_puts(out, " rejected");
	put_list(out, " as ", json_object_get(line, "roles"), ", ");
	put_reason(out, line);
	buf_puts(out, "; plan ");
	text_clean(out, digest, strnlen(digest, DIGEST_SHOWN));
}

void text_broken(struct buf *out, const json_t *line)
{
	buf_puts(out, "BREAK-GLASS: ");
	put_procedure(out, line);
	buf_puts(out, " approved without authority");
	put_list(out, " (missing: ", json_object_get(line, "roles"), ", ");
	if (json_array_size(json_object_get(line, "roles")))
		buf_putc(out, ')');
	put_reason(out, line);
	put_plan(out, ACCEPTED, line);
}
