#include "checklists/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#define SUGGEST_EDITS 2 /* a word further away is another word, not a misspelt one */
#define VALUE_MAX     40

void findings_add(struct findings *findings, const struct jdoc *doc, const char *pointer,
		  const char *suggestion, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *message = xvasprintf(fmt, args);
	va_end(args);

	findings->list =
	    xgrow(findings->list, &findings->cap, findings->n + 1, sizeof(*findings->list));
	struct jwhere where = jdoc_value(doc, pointer);
	findings->list[findings->n++] = (struct finding){
		.file = xstrdup(doc->name),
		.line = where.line,
		.column = where.column,
		.path = xstrdup(pointer),
		.message = message,
		.suggestion = suggestion ? xstrdup(suggestion) : NULL,
	};
}

void findings_release(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		struct finding *f = &findings->list[i];
		free(f->file);
		free(f->path);
		free(f->message);
		free(f->suggestion);
	}
	free(findings->list);
	*findings = (struct findings){ 0 };
}

static bool finding_after(const struct finding *a, const struct finding *b)
{
	int files = strcmp(a->file, b->file);
	if (files)
		return files > 0;
	return a->line != b->line ? a->line > b->line : a->column > b->column;
}

void findings_sort(struct findings *findings, size_t first)
{
	for (size_t i = first + 1; i < findings->n; i++) {
		struct finding moving = findings->list[i];
		size_t k = i;
		for (; k > first && finding_after(&findings->list[k - 1], &moving); k--)
			findings->list[k] = findings->list[k - 1];
		findings->list[k] = moving;
	}
}

struct node node_root(const struct jdoc *doc)
{
	return (struct node){ .doc = doc, .value = doc->root };
}

struct node node_member(const struct node *up, const char *key)
{
	return (struct node){
		.doc = up->doc, .up = up, .key = key, .value = json_object_get(up->value, key)
	};
}

struct node node_element(const struct node *up, size_t index)
{
	return (struct node){
		.doc = up->doc, .up = up, .index = index, .value = json_array_get(up->value, index)
	};
}

static void pointer_add(struct buf *out, const struct node *node)
{
	if (!node->up)
		return;
	pointer_add(out, node->up);
	if (!node->key) {
		buf_printf(out, "/%zu", node->index);
		return;
	}
	buf_putc(out, '/');
	for (const char *c = node->key; *c; c++) {
		if (*c == '~')
			buf_puts(out, "~0");
		else if (*c == '/')
			buf_puts(out, "~1");
		else
			buf_putc(out, *c);
	}
}

char *node_pointer(const struct node *node)
{
	struct buf out = BUF_INIT;
	pointer_add(&out, node);
	buf_puts(&out, "");
	return out.data ? buf_detach(&out) : xstrdup("");
}

void say(struct checker *checker, const struct node *node, const char *suggestion, const char *fmt,
	 ...)
{
	va_list args;
	va_start(args, fmt);
	char *message = xvasprintf(fmt, args);
	va_end(args);

	/* A missing value is reported where its object stands. */
	const struct node *there = node;
	while (!there->value && there->up)
		there = there->up;
	char *pointer = node_pointer(there);
	findings_add(checker->findings, node->doc, pointer, suggestion, "%s", message);
	free(pointer);
	free(message);
}

void say_key(struct checker *checker, const struct node *node, const char *suggestion,
	     const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *message = xvasprintf(fmt, args);
	va_end(args);

	char *pointer = node_pointer(node);
	findings_add(checker->findings, node->doc, pointer, suggestion, "%s", message);
	struct finding *last = &checker->findings->list[checker->findings->n - 1];
	struct jwhere where = jdoc_key(node->doc, pointer);
	last->line = where.line;
	last->column = where.column;
	free(pointer);
	free(message);
}

const char *nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	int best_distance = SUGGEST_EDITS + 1;

	for (size_t i = 0; i < n; i++) {
		int distance = text_distance(word, names[i]);
		if (distance < best_distance && (size_t)distance < strlen(names[i])) {
			best = names[i];
			best_distance = distance;
		}
	}
	return best;
}

char *suggest(const char *word, const char *const *names, size_t n)
{
	const char *best = nearest(word, names, n);
	return best ? xasprintf("did you mean \"%s\"?", best) : NULL;
}

static char *clean(const char *text)
{
	char out[VALUE_MAX * 4];
	size_t len = strlen(text);
	if (len > VALUE_MAX) {
		char cut[VALUE_MAX + 8];
		size_t keep = VALUE_MAX;
		while (keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80)
			keep--;
		memcpy(cut, text, keep);
		memcpy(cut + keep, "…", sizeof("…"));
		return xstrdup(text_clean_to(out, sizeof(out), cut, strlen(cut)));
	}
	return xstrdup(text_clean_to(out, sizeof(out), text, len));
}

char *value_text(const json_t *value)
{
	if (!value)
		return xstrdup("nothing");
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return xstrdup("an object");
	case JSON_ARRAY:
		return xstrdup("a list");
	case JSON_STRING: {
		char *text = clean(json_string_value(value));
		char *out = xasprintf("the string \"%s\"", text);
		free(text);
		return out;
	}
	case JSON_INTEGER:
		return xasprintf("the number %lld", (long long)json_integer_value(value));
	case JSON_REAL:
		return xasprintf("the number %g", json_real_value(value));
	case JSON_TRUE:
		return xstrdup("true");
	case JSON_FALSE:
		return xstrdup("false");
	case JSON_NULL:
		break;
	}
	return xstrdup("null");
}

bool name_valid(const char *name)
{
	if (!*name || *name == '.' || *name == '-')
		return false;
	for (const char *c = name; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
		bool digit = *c >= '0' && *c <= '9';
		if (!letter && !digit && !strchr("._-", *c))
			return false;
	}
	return true;
}

void checker_release(struct checker *checker)
{
	for (size_t i = 0; i < SECTION_COUNT; i++)
		free(checker->names[i].list);
	for (size_t i = 0; i < checker->ntops; i++)
		free(checker->tops[i]);
	free(checker->tops);
	free(checker->used);
	free(checker->built);
}
