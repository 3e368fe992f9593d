/* The report: what was said about each plan, by whom, in which role, and whether in time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/authority.h"
#include "core/report_parts.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* Whether there is more to say of it than that whoever operated approved it. */
static bool is_told(const struct attempt *attempt, const struct authority *authority)
{
	return attempt->broken.at || attempt->nwords > 1 ||
	       (attempt->nwords == 1 && (authority->ruled || attempt->words[0].rejects));
}

/* Until when this person had to decide, by the rules that they could meet; 0: nothing is said. */
static int64_t due_for(const struct authority *authority, const char *login)
{
	int64_t due = 0;

	for (size_t i = 0; i < authority->n; i++) {
		int64_t own = authority->of[i].answer.due;

		if (own && (!due || own < due) && approval_may(authority->of[i].rule, login))
			due = own;
	}
	return due;
}

static void put_row(struct report_table *table, json_t *facts, const struct attempt *attempt,
		    const char *said, const char *by, const char *role, const char *reason,
		    int64_t at, int64_t due)
{
	char clock[TIME_RFC3339_MAX], late[48], in_time[64] = "-";
	json_t *fact = json_object();
	char *words = *reason ? xasprintf("%s: %s", said, reason) : xstrdup(said);

	if (due && at > due)
		snprintf(in_time, sizeof(in_time), "%s late",
			 duration_text(at - due, late, sizeof(late)));
	else if (due)
		snprintf(in_time, sizeof(in_time), "in time");
	table_row(table,
		  (const char *[]){ time_clock(at, clock), attempt->procedure.procedure->title, by,
				    *role ? role : "-", words, in_time });
	fact_time(fact, "at", at);
	fact_text(fact, "procedure", attempt->procedure.procedure->name);
	fact_text(fact, "by", by);
	fact_text(fact, "role", role);
	fact_text(fact, "said", said);
	fact_text(fact, "reason", reason);
	fact_time(fact, "due", due);
	json_array_append_new(facts, fact);
	free(words);
}

static void put_words(const struct report_work *work, const struct attempt *attempt,
		      const struct authority *authority, struct report_table *table, json_t *facts)
{
	for (size_t i = 0; i < attempt->nwords; i++) {
		const struct approval *word = &attempt->words[i];
		char *role = authority_titles_of(work->state, word->who);
		bool other = strcmp(word->digest, attempt->digest) != 0;

		if (word->carried)
			continue;
		put_row(table, facts, attempt,
			word->rejects ? "rejected"
			: other	      ? "approved another plan"
				      : "approved",
			word->by, role, word->reason, word->at, due_for(authority, word->who));
		free(role);
	}
	if (attempt->broken.at)
		put_row(table, facts, attempt, "BREAK-GLASS, without authority", attempt->broken.by,
			"", attempt->broken.reason, attempt->broken.at, 0);
}

void report_approvals(struct report_work *work, struct report_section *section)
{
	static const char *const columns[] = { "At", "Plan", "Who", "Role", "Said", "In time" };
	const struct incident_state *state = work->state;
	struct report_table *table = NULL;
	json_t *facts = NULL;

	for (size_t i = 0; i < state->nattempts; i++) {
		const struct attempt *attempt = &state->attempts[i];
		struct authority authority;

		authority_judge(state, attempt, attempt->digest, attempt->approved_at, &authority);
		if (!is_told(attempt, &authority))
			continue;
		if (!table) {
			table = section_table(section, columns, 6);
			facts = json_array();
		}
		put_words(work, attempt, &authority, table, facts);
	}
	if (facts)
		json_object_set_new(work->facts, "approvals", facts);
}
