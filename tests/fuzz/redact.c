/*
 * Redaction: the input's first two lines are known secrets; in the rest a byte below 8 stands for a
 * place where a secret is written in one of the ways that are promised to be found.
 */
#include "tests/fuzz/fuzz.h"

#include "lib/jdoc.h"
#include "lib/redact.h"

/* A secret that nobody has told the redactor. Its first letter stands nowhere else. */
#define CANARY "Zq7Kx9Wv"

static const char *const shapes[] = {
	NULL, /* a known secret */
	NULL,
	" password=" CANARY " ",
	"\"api_key\": \"" CANARY "\"",
	" --token " CANARY " ",
	" postgresql://anna:" CANARY "@db/x ",
	"\nAuthorization: Bearer " CANARY "\n",
	"&secret=" CANARY "&",
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]), WRITTEN_MAX = 16 };

struct sample {
	char *secret[2];
	struct buf text;
};

static size_t line_take(const uint8_t **p, const uint8_t *end, char **line)
{
	const uint8_t *nl = memchr(*p, '\n', (size_t)(end - *p));
	size_t len = (size_t)((nl ? nl : end) - *p);

	*line = strndup((const char *)*p, len);
	*p = nl ? nl + 1 : end;
	return len;
}

static void sample_make(struct sample *sample, const uint8_t *data, size_t len)
{
	const uint8_t *p = data, *end = data + len;
	int written = 0;

	line_take(&p, end, &sample->secret[0]);
	line_take(&p, end, &sample->secret[1]);
	sample->text = (struct buf)BUF_INIT;
	for (; p < end; p++) {
		if (*p >= SHAPES || written++ >= WRITTEN_MAX)
			buf_putc(&sample->text, (char)*p);
		else
			buf_puts(&sample->text, *p < 2 ? sample->secret[*p] : shapes[*p]);
	}
}

/* Whether its absence can be asked for: what stands in the replacement itself, or may begin or end
 * there, is in every text that something was replaced in. */
static bool is_askable(const char *secret)
{
	return strlen(secret) >= 4 && !strpbrk(secret, "[]") && !strstr("redacted", secret);
}

static bool holds(const struct buf *text, const char *secret)
{
	return memmem(buf_str(text), text->len, secret, strlen(secret)) != NULL;
}

static void nothing_survives(const struct sample *sample, const struct buf *out, const char *how)
{
	for (int i = 0; i < 2; i++)
		must(!is_askable(sample->secret[i]) || !holds(out, sample->secret[i]), how,
		     sample->text.data, sample->text.len);
	must(!holds(out, CANARY), how, sample->text.data, sample->text.len);
}

static void bytes_are_redacted(const struct redactor *redactor, const struct sample *sample)
{
	struct buf out = BUF_INIT, again = BUF_INIT;
	char *text = exactly(buf_str(&sample->text), sample->text.len);

	redact(redactor, &out, text, sample->text.len);
	nothing_survives(sample, &out, "no secret survives");
	/* Each replacement stands for a byte at least. */
	must(out.len <= sample->text.len * strlen("[redacted]"), "output is bounded", text,
	     sample->text.len);
	redact(redactor, &again, buf_str(&out), out.len);
	nothing_survives(sample, &again, "no secret comes back");
	free(text);
	buf_release(&again);
	buf_release(&out);
}

/* Strings of JSON, wherever they stand. */
static void check_strings(const struct sample *sample, const json_t *value)
{
	struct buf text = BUF_INIT;
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_string(value)) {
		buf_add(&text, json_string_value(value), json_string_length(value));
		nothing_survives(sample, &text, "no secret survives in JSON");
		buf_release(&text);
	}
	json_array_foreach(value, i, member)
		check_strings(sample, member);
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
		check_strings(sample, member);
}

static void json_is_redacted(const struct redactor *redactor, const struct sample *sample)
{
	json_t *text = json_stringn(buf_str(&sample->text), sample->text.len), *value, *out;

	if (!text)
		return;
	value = json_pack("{s:O, s:s, s:[s,s,O], s:{s:[O]}}", "text", text, "db_password", CANARY,
			  "argv", "--token", CANARY, text, "more", "list", text);
	out = redact_json(redactor, value);
	check_strings(sample, out);
	must(json_object_size(out) == json_object_size(value), "all members stay",
	     sample->text.data, sample->text.len);
	json_decref(out);
	json_decref(value);
	json_decref(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct redactor *redactor = redactor_new();
	uint8_t *bytes = malloc(len + 1);
	struct sample sample;

	for (size_t i = 0; i < len; i++)
		bytes[i] = data[i] == *CANARY ? 'z' : data[i];
	sample_make(&sample, bytes, len);
	for (int i = 0; i < 2; i++)
		redactor_add(redactor, sample.secret[i]);
	bytes_are_redacted(redactor, &sample);
	json_is_redacted(redactor, &sample);
	redactor_free(redactor);
	for (int i = 0; i < 2; i++)
		free(sample.secret[i]);
	buf_release(&sample.text);
	free(bytes);
	return 0;
}
