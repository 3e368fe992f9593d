#include "lib/promtext.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/argv.h"
#include "lib/number.h"

struct cursor {
	const char *at, *end;
};

static void blanks_skip(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r'))
		c->at++;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ':';
}

static size_t name_skip(struct cursor *c)
{
	const char *from = c->at;

	while (c->at < c->end && is_name(*c->at))
		c->at++;
	return (size_t)(c->at - from);
}

/* Past the closing quote; false when there is none. With `out` the text is unescaped into it. */
static bool quoted_read(struct cursor *c, char *out, size_t size)
{
	size_t n = 0;

	if (c->at == c->end || *c->at != '"')
		return false;
	for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
		char one = *c->at;

		if (one == '\\' && c->at + 1 < c->end) {
			one = *++c->at;
			one = one == 'n' ? '\n' : one;
		}
		if (out != NULL && n + 1 < size)
			out[n++] = one;
	}
	if (out != NULL && size > 0)
		out[n] = '\0';
	if (c->at == c->end)
		return false;
	c->at++;
	return true;
}

/* One NAME="value" and the comma behind it. */
static bool label_read(struct cursor *c, const char **name, size_t *len, char *out, size_t size)
{
	blanks_skip(c);
	*name = c->at;
	*len = name_skip(c);
	blanks_skip(c);
	if (*len == 0 || c->at == c->end || *c->at != '=')
		return false;
	c->at++;
	blanks_skip(c);
	if (!quoted_read(c, out, size))
		return false;
	blanks_skip(c);
	if (c->at < c->end && *c->at == ',')
		c->at++;
	return true;
}

static bool value_read(struct cursor *c, double *value)
{
	size_t len;

	blanks_skip(c);
	for (len = 0; c->at + len < c->end && !isspace((unsigned char)c->at[len]);)
		len++;
	if ((len == 4 && strncasecmp(c->at, "+Inf", 4) == 0) ||
	    (len == 3 && strncasecmp(c->at, "Inf", 3) == 0))
		*value = INFINITY;
	else if (len == 4 && strncasecmp(c->at, "-Inf", 4) == 0)
		*value = -INFINITY;
	else if (len == 3 && strncasecmp(c->at, "NaN", 3) == 0)
		*value = NAN;
	else
		return number_parse(c->at, len, value);
	return true;
}

static bool sample_read(struct cursor c, struct prom_sample *sample)
{
	const char *name;
	size_t len;

	*sample = (struct prom_sample){ .name = c.at, .labels = "" };
	sample->name_len = name_skip(&c);
	blanks_skip(&c);
	if (sample->name_len == 0)
		return false;
	if (c.at < c.end && *c.at == '{') {
		sample->labels = ++c.at;
		for (;;) {
			blanks_skip(&c);
			if (c.at < c.end && *c.at == '}')
				break;
			if (!label_read(&c, &name, &len, NULL, 0))
				return false;
		}
		sample->labels_len = (size_t)(c.at - sample->labels);
		c.at++;
	}
	return value_read(&c, &sample->value);
}

size_t prom_read(const char *text, size_t len, prom_fn *fn, void *data)
{
	const char *end = text + len;
	size_t bad = 0;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		struct cursor line = { .at = text, .end = nl != NULL ? nl : end };
		struct prom_sample sample;

		text = line.end + 1;
		blanks_skip(&line);
		if (line.at == line.end || *line.at == '#')
			continue;
		if (sample_read(line, &sample))
			fn(&sample, data);
		else
			bad++;
	}
	return bad;
}

bool prom_label(const struct prom_sample *sample, const char *label, char *out, size_t size)
{
	struct cursor c = { .at = sample->labels, .end = sample->labels + sample->labels_len };
	const char *name;
	size_t len, wanted = strlen(label);

	while (label_read(&c, &name, &len, out, size))
		if (len == wanted && memcmp(name, label, len) == 0)
			return true;
	return false;
}

bool prom_matches(const struct prom_sample *sample, const char *name, const json_t *labels)
{
	const char *label;
	json_t *wanted;
	char has[256];

	if (strlen(name) != sample->name_len || memcmp(name, sample->name, sample->name_len) != 0)
		return false;
	json_object_foreach((json_t *)labels, label, wanted) {
		char *text = argv_scalar(wanted);
		bool same = text != NULL && prom_label(sample, label, has, sizeof(has)) &&
			    strcmp(has, text) == 0;

		free(text);
		if (!same)
			return false;
	}
	return true;
}
