#include "core/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "core/who.h"
#include "lib/mem.h"

struct timeline_kept {
	json_t *json; /* NULL, as all here: not asked for yet */
	char *text, *by;
	char *why; /* it does not fit; NULL: it does */
	size_t len;
	char bytes[]; /* the line */
};

struct timeline_entry timeline_entry(const struct ledger_line *line, enum event_id event,
				     const char *why)
{
	struct timeline_kept *kept = xmalloc(sizeof(*kept) + line->len);

	*kept = (struct timeline_kept){ .why = why ? xstrdup(why) : NULL, .len = line->len };
	memcpy(kept->bytes, line->bytes, line->len);
	return (struct timeline_entry){
		.seq = line->seq,
		.at = line->at,
		.event = event,
		.hidden = event < EV_COUNT && event_defs[event].hidden,
		.misfit = why != NULL,
		.kept = kept,
	};
}

void timeline_entry_release(struct timeline_entry *entry)
{
	struct timeline_kept *kept = entry->kept;

	if (!kept)
		return;
	json_decref(kept->json);
	free(kept->text);
	free(kept->by);
	free(kept->why);
	free(kept);
	entry->kept = NULL;
}

const json_t *entry_json(const struct timeline_entry *entry)
{
	struct timeline_kept *kept = entry->kept;

	if (!kept->json)
		kept->json = json_loadb(kept->bytes, kept->len, JSON_ALLOW_NUL, NULL);
	return kept->json;
}

const char *entry_text(const struct timeline_entry *entry)
{
	struct timeline_kept *kept = entry->kept;
	char *text;

	if (kept->text)
		return kept->text;
	text = event_text(entry_json(entry));
	if (kept->why) {
		kept->text = xasprintf("%s [does not fit: %s]", text, kept->why);
		free(text);
	} else {
		kept->text = text;
	}
	return kept->text;
}

const char *entry_by(const struct timeline_entry *entry)
{
	struct timeline_kept *kept = entry->kept;

	if (!kept->by)
		kept->by = who_text(json_object_get(entry_json(entry), "by"));
	return kept->by;
}
