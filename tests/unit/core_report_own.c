/*
 * A report with sections of the runbook: what the facts say, what was answered, and lines to write
 * on. Held against tests/reports/own.txt and own.json; UPDATE=1 writes them anew.
 */
#include "core/facts.h"
#include "tests/unit/golden.h"
#include "tests/unit/reportscript.h"

static int setup(void **state)
{
	return record_setup_with(state, "tests/record/own.json");
}

static void fill(struct record *record, struct incident *incident, const char *field,
		 const char *text)
{
	struct err err = ERR_INIT;

	clock_manual_advance(&record->clock, CLOCK_US);
	assert_int_equal(incident_append(incident, EV_FILLED,
					 json_pack("{s:s, s:s}", "field", field, "text", text),
					 &err),
			 0);
}

/* New: the value of a field in the facts; NULL: nobody has said. */
static char *value_in(struct incident *incident, const char *field)
{
	struct report report;
	struct err err = ERR_INIT;
	json_t *section, *one;
	char *value = NULL;
	size_t i, k;

	assert_int_equal(report_fold(&report, incident, &err), 0);
	json_array_foreach(json_object_get(report.facts, "report"), i, section) {
		json_array_foreach(json_object_get(section, "fields"), k, one) {
			const char *text = json_string_value(json_object_get(one, "value"));

			if (text &&
			    !strcmp(json_string_value(json_object_get(one, "field")), field))
				value = strdup(text);
		}
	}
	report_release(&report);
	return value;
}

static void holds(struct incident *incident, const char *field, const char *want)
{
	char *value = value_in(incident, field);

	if (want && value)
		assert_string_equal(value, want);
	else
		assert_true(!value && !want);
	free(value);
}

static void the_whole_template_comes_out(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	script(record, &incident);
	fill(record, &incident, "cause", "A discount without a default.");
	fill(record, &incident, "kind", "code");
	fill(record, &incident, "gone", "nobody calls any more");
	text = report_text_of(&incident, "text");
	no_line_is_wider(text, 72);
	golden_hold("tests/reports/own.txt", text);
	free(text);
	text = report_text_of(&incident, "json");
	golden_hold("tests/reports/own.json", text);
	free(text);
	incident_close(&incident);
}

/* In every format each heading and each field stands once, with its value. */
static void every_format_has_all_of_it(void **state)
{
	struct record *record = *state;
	const struct report_def *report = &record->loaded.runbook->report;
	static const char *const formats[] = { "text", "md", "html", NULL };
	struct incident incident;

	script(record, &incident);
	fill(record, &incident, "cause", "No default.");
	for (size_t f = 0; f < 4; f++) {
		char *text =
		    formats[f] ? report_text_of(&incident, formats[f]) : source_text_of(&incident);

		for (size_t s = 0; s < report->nsections; s++) {
			assert_non_null(strstr(text, report->sections[s].title));
			for (size_t i = 0; i < report->sections[s].nfields; i++)
				if (!strpbrk(report->sections[s].fields[i].say, "/-"))
					assert_non_null(
					    strstr(text, report->sections[s].fields[i].say));
		}
		assert_non_null(strstr(text, "No default."));
		assert_non_null(strstr(text, "CRITICAL"));
		free(text);
	}
	incident_close(&incident);
}

static void answers_go_before_facts_and_can_be_taken_back(void **state)
{
	struct record *record = *state;
	struct incident incident;

	script(record, &incident);
	holds(&incident, "impact", "Customers get wrong parcels");
	holds(&incident, "users", NULL);
	fill(record, &incident, "impact", "Some were late");
	fill(record, &incident, "impact", "Most were late");
	fill(record, &incident, "users", "all");
	holds(&incident, "impact", "Most were late");
	holds(&incident, "users", "all");
	fill(record, &incident, "impact", "");
	fill(record, &incident, "users", "");
	holds(&incident, "impact", "Customers get wrong parcels");
	holds(&incident, "users", NULL);
	incident_close(&incident);
}

/* A line about a field that the runbook does not have is kept, and said to be a misfit. */
static void a_field_that_is_not_there_is_a_misfit(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	fill(record, &incident, "causes", "this");
	assert_true(incident.state.timeline[incident.state.ntimeline - 1].misfit);
	incident_close(&incident);
}

static void filled(const struct incident *incident, const char *text, const char *want)
{
	struct err err = ERR_INIT;
	char *got = facts_fill(text, NULL, incident, NULL, &err);

	assert_string_equal(got ? got : err.msg, want);
	free(got);
}

/* What a message says while the rollback is under way. */
static void facts_follow_the_way(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	filled(&incident, "[${step.restore/swap.mark}] ${step.restore/swap.state}", "[ ] waiting");
	filled(&incident, "${step.restore/swap.outcome}",
	       "nothing is known about \"step.restore/swap.outcome\" yet");
	filled(&incident, "${procedure.approved}",
	       "nothing is known about \"procedure.approved\" yet");
	filled(&incident, "${incident.impact}", "nothing is known about \"incident.impact\" yet");
	filled(&incident, "${metric.errors.worst}",
	       "nothing is known about \"metric.errors.worst\" yet");
	script_decide(record, &incident);
	filled(&incident, "${procedure.title}, by ${procedure.expected} (${procedure.estimate})",
	       "Restore the orders, by 2026-11-21 21:10:11 UTC (5 min to 10 min)");
	filled(&incident, "${step.restart/start.outcome}, ${step.restart/start.state}",
	       "no part of this procedure, not applicable");
	script_restore(record, &incident);
	filled(&incident, "[${step.restore/swap.mark}] ${step.restore/swap.state}", "[X] done");
	filled(&incident, "${item.after/look.mark}${item.after/tell.mark}", "X ");
	filled(&incident, "${checklist.after.outcome}", "50%; missing: Tell the owner");
	filled(&incident, "${procedure.loss}", "1,204 orders newer than the backup");
	filled(&incident, "${incident.how}", "restored from the backup");
	filled(&incident, "${incident.nobody}", "nothing is known about \"incident.nobody\" yet");
	incident_close(&incident);
}

/* A step is found wherever it ran: here as a part of another procedure. */
static void a_step_is_found_in_another_procedure(void **state)
{
	struct record *record = *state;
	struct incident incident;

	record_open(record, &incident);
	record_append(record, &incident, EV_CHOSEN, "{'procedure': 'whole', 'source': 'operator'}");
	record_append(record, &incident, EV_APPROVED, "{'procedure': 'whole', 'digest': '01'}");
	record_append(record, &incident, EV_INTENT,
		      "{'procedure': 'whole', 'step': 'data/swap', 'attempt': 1, 'act': 'run'}");
	filled(&incident, "${step.restore/swap.state}", "running");
	record_append(record, &incident, EV_OUTCOME,
		      "{'procedure': 'whole', 'step': 'data/swap', 'attempt': 1, 'act': 'run', "
		      "'result': 'done'}");
	record_append(record, &incident, EV_VERIFY,
		      "{'procedure': 'whole', 'step': 'data/swap', 'attempt': 1, 'verdict': "
		      "'pass'}");
	filled(&incident, "[${step.restore/swap.mark}] ${step.whole/data/swap.mark}", "[X] X");
	incident_close(&incident);
}

int main(void)
{
#define OWN(test) cmocka_unit_test_setup_teardown(test, setup, record_teardown)
	const struct CMUnitTest tests[] = {
		OWN(the_whole_template_comes_out),
		OWN(every_format_has_all_of_it),
		OWN(answers_go_before_facts_and_can_be_taken_back),
		OWN(a_field_that_is_not_there_is_a_misfit),
		OWN(facts_follow_the_way),
		OWN(a_step_is_found_in_another_procedure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
