#include "lib/jdoc.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/jscan.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

/* Larger than any runbook; a log given by mistake is refused instead of read into memory. */
enum { JDOC_MAX = 64 << 20 };

int jdoc_load(struct jdoc *doc, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int result;

	*doc = (struct jdoc){ .name = NULL };
	result = file_read(path, &text, JDOC_MAX, err);
	if (result == 0)
		result = jdoc_parse(doc, path, buf_str(&text), text.len, err);
	buf_release(&text);
	return result;
}

static int by_pointer(const void *a, const void *b)
{
	return strcmp(((const struct jpos *)a)->pointer, ((const struct jpos *)b)->pointer);
}

int jdoc_parse(struct jdoc *doc, const char *name, const char *text, size_t len, struct err *err)
{
	json_error_t error;

	*doc = (struct jdoc){ .name = xstrdup(name) };
	if (jscan(name, text, len, &doc->pos, &doc->npos, err) < 0)
		return -1;
	qsort(doc->pos, doc->npos, sizeof(*doc->pos), by_pointer);
	doc->root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!doc->root)
		return err_set(err, "%s:%d:%d: %s", name, error.line, error.column, error.text);
	return 0;
}

void jdoc_release(struct jdoc *doc)
{
	if (!doc)
		return;
	free(doc->name);
	json_decref(doc->root);
	for (size_t i = 0; i < doc->npos; i++)
		free(doc->pos[i].pointer);
	free(doc->pos);
	*doc = (struct jdoc){ .name = NULL };
}

static const struct jpos *pos_nearest(const struct jdoc *doc, const char *pointer)
{
	struct jpos key = { .pointer = xstrdup(pointer) };
	const struct jpos *found = NULL;

	while (doc->npos > 0) {
		char *slash;

		found = bsearch(&key, doc->pos, doc->npos, sizeof(key), by_pointer);
		slash = strrchr(key.pointer, '/');
		if (found || !slash)
			break;
		*slash = '\0';
	}
	free(key.pointer);
	return found;
}

struct jwhere jdoc_key(const struct jdoc *doc, const char *pointer)
{
	const struct jpos *pos = pos_nearest(doc, pointer);

	if (!pos)
		return (struct jwhere){ 1, 1 };
	return pos->key.line ? pos->key : pos->value;
}

struct jwhere jdoc_value(const struct jdoc *doc, const char *pointer)
{
	const struct jpos *pos = pos_nearest(doc, pointer);

	return pos ? pos->value : (struct jwhere){ 1, 1 };
}

char *json_line(const json_t *value)
{
	/* 15 digits: every double that was written with as many comes back as it was (DBL_DIG). */
	char *line = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

	return line ? line : xstrdup("null");
}

char *json_ascii(const json_t *value, size_t indent)
{
	size_t flags = JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15);
	char *text = json_dumps(value, flags | (indent > 0 ? JSON_INDENT(indent) : JSON_COMPACT));
	struct buf out = BUF_INIT;

	if (!text)
		return xstrdup("null");
	/* jansson takes DEL, which can only stand in a string, for a character that is printed. */
	for (const char *p = text, *del; *p; p = del + (*del != '\0')) {
		del = strchrnul(p, 0x7f);
		buf_add(&out, p, (size_t)(del - p));
		if (*del)
			buf_puts(&out, "\\u007f");
	}
	free(text);
	return buf_detach(&out);
}

json_t *json_text(const char *bytes, size_t len)
{
	struct buf text = BUF_INIT;
	json_t *result;

	for (size_t i = 0; i < len;) {
		int32_t cp;
		size_t step = utf8_decode(bytes + i, len - i, &cp);

		/* jansson reads no NUL back. */
		if (cp <= 0)
			buf_printf(&text, "\\x%02X", (unsigned char)bytes[i]);
		else
			buf_add(&text, bytes + i, step);
		i += step;
	}
	result = json_stringn(buf_str(&text), text.len);
	buf_release(&text);
	return result;
}

const char *json_str(const json_t *object, const char *key, const char *fallback)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : fallback;
}

double json_num(const json_t *object, const char *key, double fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : fallback;
}

int json_bool(const json_t *object, const char *key, int fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

/* The next part of a path, and what stands for "/" and "~" in it; the rest, or NULL when it is too
 * long. */
static const char *path_part(const char *path, bool pointer, char *part, size_t size)
{
	size_t n = 0;

	for (; *path != '\0' && *path != (pointer ? '/' : '.'); path++) {
		if (n + 1 >= size)
			return NULL;
		part[n++] = *path;
		if (pointer && path[0] == '~' && (path[1] == '0' || path[1] == '1'))
			part[n - 1] = *++path == '0' ? '~' : '/';
	}
	part[n] = '\0';
	return path + (*path != '\0');
}

const json_t *json_at(const json_t *value, const char *path)
{
	bool pointer = *path == '/';
	char part[128];

	path += pointer;
	while (value != NULL && path != NULL && *path != '\0') {
		char *end;
		size_t index;

		path = path_part(path, pointer, part, sizeof(part));
		index = strtoul(part, &end, 10);
		if (!json_is_array(value))
			value = json_object_get(value, part);
		else
			value = *end == '\0' && part[0] >= '0' && part[0] <= '9'
				    ? json_array_get(value, index)
				    : NULL;
	}
	return path != NULL ? value : NULL;
}

long long json_us(const json_t *object, const char *key, long long fallback)
{
	const char *text = json_str(object, key, NULL);
	int64_t us;

	return text && duration_parse(text, &us) == 0 ? us : fallback;
}
