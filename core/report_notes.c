/* The report: what was written down on the way: evidence and first errors, messages, notes. */
#include <stdlib.h>
#include <string.h>

#include "core/report_parts.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

#define ERRORS_MAX (16 << 20)
#define QUOTE_MAX  (64 * 1024) /* a report is no log file */

/* One record that the operator marked, under a line that says whose word it is. */
static void evidence_quote(struct report_section *section, json_t *facts,
			   const struct timeline_entry *entry)
{
	static const char *const told[] = { "source", "path", "logged", "level", "text", NULL };
	const json_t *json = entry_json(entry);
	const char *path = json_str(json, "path", "");
	char clock[TIME_RFC3339_MAX], logged[TIME_TEXT_MAX] = "";
	json_t *fact = json_object();
	int64_t at;
	char *head;

	/* What a panel shows, and a line without a time, are of the moment they were marked. */
	if (time_parse_rfc3339(json_str(json, "logged", ""), &at) == 0)
		time_text(at, logged);
	head = xasprintf("== %s%s%s\n== %s%s%smarked by %s at %s", json_str(json, "source", ""),
			 *path ? ": " : "", path, *logged ? "of " : "", logged, *logged ? ", " : "",
			 entry_by(entry), time_clock(entry->at, clock));
	section_quote(section, head);
	section_quote(section, json_str(json, "text", ""));
	for (size_t i = 0; told[i]; i++)
		fact_text(fact, told[i], json_str(json, told[i], NULL));
	fact_text(fact, "by", entry_by(entry));
	fact_time(fact, "marked", entry->at);
	json_array_append_new(facts, fact);
	free(head);
}

static void errors_quote(struct report_work *work, struct report_section *section, struct buf *text)
{
	size_t whole = text->len;

	json_object_set_new(work->facts, "errors", json_text(text->data, text->len));
	if (text->len > QUOTE_MAX) {
		buf_cut(text, QUOTE_MAX);
		while (text->len && text->data[text->len - 1] != '\n')
			buf_cut(text, text->len - 1);
		buf_printf(text, "... %zu more bytes in errors.txt", whole - text->len);
	}
	while (text->len && text->data[text->len - 1] == '\n')
		buf_cut(text, text->len - 1);
	if (section->quoted)
		section_quote(section, "== The first errors, as the console kept them");
	section_quote(section, buf_str(text));
}

/* What the operator marked, then what was kept of the logs by itself. */
void report_errors(struct report_work *work)
{
	struct report_section *section = part_section(work, "Error details");
	const struct incident_state *state = work->state;
	struct err err = ERR_INIT;
	struct buf text = BUF_INIT;
	char *path = path_join(work->incident->folder, "errors.txt");
	json_t *evidence = json_array();

	for (size_t i = 0; i < state->ntimeline; i++) {
		if (state->timeline[i].event == EV_EVIDENCE && !state->timeline[i].misfit)
			evidence_quote(section, evidence, &state->timeline[i]);
	}
	json_object_set_new(work->facts, "evidence", evidence);
	if (file_exists(path) && file_read(path, &text, ERRORS_MAX, &err) != 0)
		section_field(section, "Not quoted", "%s", err.msg);
	else if (text.len)
		errors_quote(work, section, &text);
	buf_release(&text);
	free(path);
}

struct told {
	struct report_table *table;
	json_t *facts;
};

/* `line` names message, contact and the like; `how`: "copied to tmux", "discord: HTTP/1.1 204". */
static void message_tell(struct told *told, const struct timeline_entry *entry, const json_t *line,
			 const char *to, const char *how)
{
	static const char *const members[] = { "message", "contact", "channel", "to",
					       "through", "file",    "result",	"end",
					       "status",  "text",    NULL };
	const char *contact = json_str(line, "contact", NULL);
	char at[TIME_RFC3339_MAX];
	char *what =
	    contact ? xasprintf("page of %s", contact) : xstrdup(json_str(line, "message", ""));
	json_t *fact = json_object();

	table_row(told->table,
		  (const char *[]){ time_clock(entry->at, at), what, to, how, entry_by(entry) });
	fact_time(fact, "at", entry->at);
	fact_text(fact, "by", entry_by(entry));
	for (size_t i = 0; members[i]; i++) {
		json_t *value = json_object_get(line, members[i]);

		if (json_is_integer(value))
			json_object_set(fact, members[i], value);
		else
			fact_text(fact, members[i], json_str(line, members[i], NULL));
	}
	json_array_append_new(told->facts, fact);
	free(what);
}

static void sent_tell(struct told *told, const struct timeline_entry *entry, const json_t *line,
		      const char *end, const char *detail)
{
	char *how = xasprintf("%s %s%s%s", json_str(line, "through", ""),
			      strcmp(end, "taken") == 0	    ? "took it"
			      : strcmp(end, "refused") == 0 ? "did NOT take it"
							    : "may have taken it",
			      *detail ? ": " : "", detail);

	message_tell(told, entry, line, json_str(line, "to", "-"), how);
	free(how);
}

static void entry_tell(struct told *told, const struct timeline_entry *entry)
{
	const json_t *line, *facts;

	if (entry->misfit ||
	    (entry->event != EV_MESSAGE && entry->event != EV_SENT && entry->event != EV_OUTCOME))
		return;
	line = entry_json(entry);
	facts = json_object_get(line, "facts");
	if (entry->event == EV_MESSAGE)
		message_tell(told, entry, line, json_str(line, "channel", "-"),
			     json_str(line, "file", json_str(line, "to", "")));
	else if (entry->event == EV_SENT)
		sent_tell(told, entry, line, json_str(line, "result", ""),
			  json_str(line, "detail", ""));
	else if (json_str(facts, "end", NULL) && json_str(facts, "through", NULL))
		sent_tell(told, entry, facts, json_str(facts, "end", ""),
			  json_str(facts, "said", ""));
}

/* Whether somebody sent on what was copied or written is for a note to say. */
void report_messages(struct report_work *work)
{
	static const char *const columns[] = { "At", "Message", "For", "Handed to", "By" };
	const struct incident_state *state = work->state;
	struct report_section *section = part_section(work, "Messages");
	struct told told = { .table = section_table(section, columns, 5), .facts = json_array() };

	for (size_t i = 0; i < state->ntimeline; i++)
		entry_tell(&told, &state->timeline[i]);
	json_object_set_new(work->facts, "messages", told.facts);
}

void report_notes(struct report_work *work)
{
	static const char *const columns[] = { "At", "By", "Note" };
	const struct incident_state *state = work->state;
	struct report_section *section = part_section(work, "Notes");
	struct report_table *table = section_table(section, columns, 3);
	json_t *facts = json_array();

	for (size_t i = 0; i < state->ntimeline; i++) {
		const struct timeline_entry *entry = &state->timeline[i];
		char at[TIME_RFC3339_MAX];
		json_t *fact;

		if (entry->event != EV_NOTE)
			continue;
		table_row(table, (const char *[]){ time_clock(entry->at, at), entry_by(entry),
						   json_str(entry_json(entry), "text", "") });
		fact = json_object();
		fact_time(fact, "at", entry->at);
		fact_text(fact, "by", entry_by(entry));
		fact_text(fact, "text", json_str(entry_json(entry), "text", ""));
		json_array_append_new(facts, fact);
	}
	json_object_set_new(work->facts, "notes", facts);
}
