/* The report: the runbook's own fields, from facts, from answers, or as lines to write on. */
#include <stdlib.h>
#include <string.h>

#include "core/facts.h"
#include "core/report.h"
#include "core/report_parts.h"
#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

#define TO_WRITE_ON "________________________________________"

/* The latest answer to a field; NULL: there is none. */
static const struct timeline_entry *answer_of(const struct incident_state *state, const char *field)
{
	if (!json_object_get(state->filled, field))
		return NULL;
	for (size_t i = state->ntimeline; i-- > 0;) {
		const struct timeline_entry *entry = &state->timeline[i];

		if (entry->event == EV_FILLED && !entry->misfit &&
		    strcmp(json_str(entry_json(entry), "field", ""), field) == 0)
			return entry;
	}
	return NULL;
}

char *report_value(const struct incident *incident, const struct report_field_def *field)
{
	const struct timeline_entry *answer = answer_of(&incident->state, field->id);
	const struct target *target = incident->state.target;
	struct err err = ERR_INIT;

	if (answer)
		return xstrdup(json_str(entry_json(answer), "text", ""));
	return field->from
		   ? facts_fill(field->from, target ? target->params : NULL, incident, NULL, &err)
		   : NULL;
}

static const char *choice_text(const json_t *choice)
{
	return json_is_string(choice) ? json_string_value(choice) : "?";
}

/* New: "[X] critical  [ ] high": boxes, to tick by hand where nothing is known. */
static char *boxes(const json_t *choices, const char *value)
{
	struct buf out = BUF_INIT;
	bool ticked = false;
	const char *key;
	json_t *choice;

	json_object_foreach((json_t *)choices, key, choice) {
		bool on = value && strcmp(key, value) == 0;

		buf_printf(&out, "%s[%c] %s", out.len ? "  " : "", on ? 'X' : ' ',
			   choice_text(choice));
		ticked = ticked || on;
	}
	if (value && !ticked)
		buf_printf(&out, "  [X] %s", value);
	buf_puts(&out, "");
	return buf_detach(&out);
}

static json_t *field_fact(const struct report_field_def *field, const char *value,
			  const struct timeline_entry *answer)
{
	json_t *fact = json_object();

	fact_text(fact, "field", field->id);
	fact_text(fact, "say", field->say);
	/* What nobody told and nothing says is null, not left out: it is asked for. */
	json_object_set_new(fact, "value", value ? json_text(value, strlen(value)) : json_null());
	if (answer) {
		fact_text(fact, "by", entry_by(answer));
		fact_time(fact, "at", answer->at);
	}
	return fact;
}

void report_fields(struct report_work *work, struct report_section *section,
		   const struct report_section_def *def, json_t *facts)
{
	for (size_t i = 0; i < def->nfields; i++) {
		const struct report_field_def *field = &def->fields[i];
		const struct timeline_entry *answer = answer_of(work->state, field->id);
		char *value = report_value(work->incident, field);
		char *shown = field->choices ? boxes(field->choices, value) : NULL;

		section_field(section, field->say, "%s",
			      shown   ? shown
			      : value ? value
				      : TO_WRITE_ON);
		json_array_append_new(facts, field_fact(field, value, answer));
		free(shown);
		free(value);
	}
}
