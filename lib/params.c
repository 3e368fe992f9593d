#include "lib/params.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"

/* A piece of a string: text as it stands, or a parameter's name. */
struct piece {
	const char *start;
	size_t len;
	bool param, closed;
};

/* Takes the next piece off *text; false at the end. */
static bool piece_next(const char **text, struct piece *piece)
{
	const char *p = *text, *close;

	if (!*p)
		return false;
	if (strncmp(p, "$${", 3) == 0) {
		*piece = (struct piece){ .start = p + 1, .len = 2 };
		*text = p + 3;
		return true;
	}
	if (strncmp(p, "${", 2) == 0) {
		close = strchr(p, '}');
		*piece = (struct piece){ .start = p + 2,
					 .param = true,
					 .closed = close != NULL,
					 .len = close ? (size_t)(close - p - 2) : strlen(p + 2) };
		*text = close ? close + 1 : p + strlen(p);
		return true;
	}
	do
		p++;
	while (*p && strncmp(p, "${", 2) != 0 && strncmp(p, "$${", 3) != 0);
	*piece = (struct piece){ .start = *text, .len = (size_t)(p - *text) };
	*text = p;
	return true;
}

void params_each(const char *text, void (*fn)(const char *name, size_t len, void *data), void *data)
{
	struct piece piece;

	while (piece_next(&text, &piece))
		if (piece.param)
			fn(piece.start, piece.len, data);
}

static const json_t *piece_value(const struct piece *piece, const json_t *values, struct err *err)
{
	const json_t *value;
	char *name = xstrndup(piece->start, piece->len);

	value = json_object_get(values, name);
	if (!piece->closed) {
		err_set(err, "\"${%s\" is not closed with \"}\"", name);
		err_hint(err, "write $${ for a literal ${");
		value = NULL;
	} else if (!value || json_is_null(value)) {
		err_set(err, "parameter \"%s\" has no value", name);
		err_hint(err, "give it one in the target's parameters; write $${ for a literal ${");
		value = NULL;
	} else if (json_is_object(value) || json_is_array(value)) {
		err_set(err, "parameter \"%s\" is neither text, nor a number, nor a boolean", name);
		value = NULL;
	}
	free(name);
	return value;
}

static void scalar_text(struct buf *out, const json_t *value)
{
	if (json_is_string(value))
		buf_add(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%.15g", json_real_value(value));
	else
		buf_puts(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "");
}

static json_t *fill_string(const json_t *string, const json_t *values, struct err *err)
{
	const char *text = json_string_value(string), *rest = text;
	struct buf out = BUF_INIT;
	struct piece piece;
	json_t *result = NULL;

	if (piece_next(&rest, &piece) && piece.param && !*rest) {
		const json_t *value = piece_value(&piece, values, err);

		return value ? json_deep_copy(value) : NULL;
	}
	while (piece_next(&text, &piece)) {
		const json_t *value;

		if (!piece.param) {
			buf_add(&out, piece.start, piece.len);
			continue;
		}
		value = piece_value(&piece, values, err);
		if (!value)
			goto out;
		scalar_text(&out, value);
	}
	result = json_stringn(buf_str(&out), out.len);
out:
	buf_release(&out);
	return result;
}

json_t *params_fill(const json_t *value, const json_t *values, struct err *err)
{
	json_t *result, *part;

	if (json_is_string(value))
		return fill_string(value, values, err);
	if (json_is_array(value)) {
		result = json_array();
		for (size_t i = 0; i < json_array_size(value); i++) {
			part = params_fill(json_array_get(value, i), values, err);
			if (!part || json_array_append_new(result, part) < 0)
				goto fail;
		}
		return result;
	}
	if (json_is_object(value)) {
		const char *key;
		json_t *member;

		result = json_object();
		json_object_foreach((json_t *)(uintptr_t)value, key, member) {
			part = params_fill(member, values, err);
			if (!part || json_object_set_new(result, key, part) < 0)
				goto fail;
		}
		return result;
	}
	return json_deep_copy(value);
fail:
	json_decref(result);
	return NULL;
}

char **params_env(const json_t *values)
{
	char **env = xcalloc(json_object_size(values) + 1, sizeof(*env));
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)values, key, value) {
		struct buf out = BUF_INIT;

		buf_puts(&out, "BACKOUT_");
		for (const char *p = key; *p; p++)
			buf_putc(&out, isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p)
								  : '_');
		buf_putc(&out, '=');
		scalar_text(&out, value);
		env[n++] = buf_detach(&out);
	}
	return env;
}
