#include "sources/sqlanswer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/number.h"
#include "lib/text.h"

/* What a value from the server looks like in one line of evidence. */
static const char *shown(const struct sql_answer *answer, char *out, size_t size)
{
	if (answer->rows == 0)
		return "no row";
	if (answer->value == NULL)
		return "NULL";
	return text_clean_to(out, size, answer->value, strlen(answer->value));
}

static bool number(const char *text, double *value)
{
	return number_parse(text, strlen(text), value);
}

/* PostgreSQL writes truth as "t" and "f", SQLite has 1 and 0 for it: 1, 0, or -1 when it is
 * neither. */
static int truth(const char *value)
{
	double found;

	if (strcmp(value, "t") == 0 || strcmp(value, "f") == 0)
		return *value == 't';
	return number(value, &found) ? found != 0 : -1;
}

static bool equal(const char *value, const json_t *want)
{
	double found;

	if (json_is_boolean(want))
		return truth(value) == json_is_true(want);
	if (json_is_number(want))
		return number(value, &found) && found == json_number_value(want);
	return strcmp(value, json_string_value(want)) == 0;
}

/* ", expected above 3 and below 5"; nothing when nothing was said. */
static void expectation(struct buf *out, const json_t *equals, const json_t *above,
			const json_t *below)
{
	char *text = equals ? json_dumps(equals, JSON_ENCODE_ANY) : NULL;

	if (text)
		buf_printf(out, ", expected %s", text);
	else if (above)
		buf_printf(out, ", expected above %.15g", json_number_value(above));
	if (!text && below)
		buf_printf(out, "%s below %.15g", above ? " and" : ", expected",
			   json_number_value(below));
	free(text);
}

static void judge_value(const struct sql_answer *answer, const json_t *args, int64_t at,
			struct reading *out)
{
	const json_t *equals = json_object_get(args, "equals");
	const json_t *below = json_object_get(args, "below");
	const json_t *above = json_object_get(args, "above");
	struct buf wanted = BUF_INIT;
	char text[120];
	double found = 0;
	bool holds, numeric;

	if (answer->value == NULL) {
		reading_unknown(out, at, "the statement gave %s, there is nothing to compare",
				answer->rows ? "NULL" : "no row");
		return;
	}
	numeric = number(answer->value, &found);
	if ((below || above) && !numeric) {
		reading_unknown(out, at, "%s is no number", shown(answer, text, sizeof text));
		return;
	}
	if (equals)
		holds = equal(answer->value, equals);
	else if (below || above)
		holds = (!below || found < json_number_value(below)) &&
			(!above || found > json_number_value(above));
	else
		holds = truth(answer->value) == 1;
	expectation(&wanted, equals, above, below);
	reading_judge(out, holds, at, "%s is %s%s", answer->column,
		      shown(answer, text, sizeof text), buf_str(&wanted));
	buf_release(&wanted);
	out->has_value = numeric;
	out->value = found;
	if (!numeric)
		text_clean_to(out->text, sizeof out->text, answer->value, strlen(answer->value));
}

/* Where some row is expected, a first value that is no number is what may be proposed. */
static void judge_rows(const struct sql_answer *answer, const json_t *args, int64_t at,
		       struct reading *out)
{
	size_t rows = answer->rows;
	double ignored;
	const json_t *want = json_object_get(args, "rows");

	if (want)
		reading_judge(out, (double)rows == json_number_value(want), at,
			      "%zu rows, expected %.15g", rows, json_number_value(want));
	else
		reading_judge(out, (rows == 0) == (json_bool(args, "empty", 1) != 0), at,
			      "%zu rows, expected %s", rows,
			      json_bool(args, "empty", 1) ? "none" : "some");
	out->has_value = true;
	out->value = (double)rows;
	if (!json_bool(args, "empty", 1) && answer->value && !number(answer->value, &ignored))
		text_clean_to(out->text, sizeof out->text, answer->value, strlen(answer->value));
}

void sql_answer_judge(const struct sql_answer *answer, const json_t *args, int64_t at,
		      struct reading *out)
{
	if (json_object_get(args, "rows") || json_object_get(args, "empty"))
		judge_rows(answer, args, at, out);
	else
		judge_value(answer, args, at, out);
}

void sql_answer_number(const struct sql_answer *answer, int64_t at, struct reading *out)
{
	char text[120];
	double value;

	if (answer->value != NULL && number(answer->value, &value))
		reading_value(out, at, value, "");
	else if (answer->value != NULL && strcmp(answer->value, "t") == 0)
		reading_value(out, at, 1, "");
	else if (answer->value != NULL && strcmp(answer->value, "f") == 0)
		reading_value(out, at, 0, "");
	else
		reading_unknown(out, at, "the statement gave %s, a number is expected",
				shown(answer, text, sizeof text));
}
