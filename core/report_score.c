/* The report: a drill's score, as it was told when the drill was over. */
#include <stdlib.h>
#include <string.h>

#include "core/report_parts.h"
#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* "detect_s" -> "Detect", "wrong_paths" -> "Wrong paths". New. */
static char *score_name(const char *key, bool seconds)
{
	char *name = xstrndup(key, strlen(key) - (seconds ? 2 : 0));

	for (char *c = name; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	if (*name >= 'a' && *name <= 'z')
		*name = (char)(*name - 'a' + 'A');
	return name;
}

/* New: "name: text; name: text". */
static char *score_parts(const json_t *object)
{
	struct buf out = BUF_INIT;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		char *other = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);

		buf_printf(&out, "%s%s: %s", out.len ? "; " : "", key,
			   other ? other : json_string_value(value));
		free(other);
	}
	buf_puts(&out, "");
	return buf_detach(&out);
}

/* New. */
static char *score_value(const json_t *value, bool seconds)
{
	char text[64];

	if (json_is_null(value))
		return xstrdup("-"); /* never reached */
	if (seconds && json_is_number(value))
		return xstrdup(duration_text((int64_t)(json_number_value(value) * (double)CLOCK_US),
					     text, sizeof(text)));
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "yes" : "no");
	if (json_is_object(value))
		return score_parts(value);
	return json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
}

/* What stands above it already is left out, and what there is none of; a time that was not reached
 * is told. */
static bool score_is_left_out(const char *key, const json_t *value)
{
	return (json_is_null(value) && strcmp(key, "budget_s") == 0) ||
	       (json_is_string(value) && !json_string_length(value)) ||
	       strcmp(key, "incident") == 0 || strcmp(key, "runbook") == 0 ||
	       (json_is_object(value) && !json_object_size(value)) ||
	       (json_is_array(value) && !json_array_size(value));
}

/* New: " (0.3% of the budget)"; "" when nothing was recovered, or there is no budget. */
static char *budget_share(const json_t *score)
{
	double took = json_num(score, "recover_s", -1), budget = json_num(score, "budget_s", 0);

	return took < 0 || budget <= 0 ? xstrdup("")
				       : xasprintf(" (%.1f%% of the budget)", 100 * took / budget);
}

void report_score(struct report_work *work)
{
	struct report_section *section;
	const char *key;
	json_t *value;

	if (!work->state->scored)
		return;
	section = part_section(work, "Drill score");
	json_object_foreach(work->state->scored, key, value) {
		size_t len = strlen(key);
		bool seconds = len > 2 && strcmp(key + len - 2, "_s") == 0;
		char *name, *text, *share;

		if (score_is_left_out(key, value))
			continue;
		name = score_name(key, seconds);
		text = score_value(value, seconds);
		share =
		    strcmp(key, "recover_s") == 0 ? budget_share(work->state->scored) : xstrdup("");
		section_field(section, name, "%s%s", text ? text : "", share);
		free(share);
		free(text);
		free(name);
	}
	json_object_set(work->facts, "score", work->state->scored);
}
