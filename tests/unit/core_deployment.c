/* Deployment day in the fold: lines of a ledger change the state, those that do not fit are kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/deployed.h"
#include "core/load.h"
#include "core/state.h"
#include "lib/buf.h"

#define RUNBOOK "tests/runbooks/valid/deployment"

struct day {
	struct loaded loaded;
	struct incident_state state;
	uint64_t seq;
};

/* `text`: a line with ' for ". Returns its entry in the timeline. */
static const struct timeline_entry *fold(struct day *day, const char *text)
{
	char *json = strdup(text);
	struct jflat fields = { .n = 0 };
	struct ledger_line line = { .seq = ++day->seq,
				    .at = (int64_t)day->seq * 1000000,
				    .bytes = json,
				    .len = strlen(json),
				    .fields = &fields };

	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_int_equal(jflat_read(&fields, line.bytes, line.len), 0);
	line.event = jflat_str(&fields, "event", "");
	state_fold(&day->state, &line);
	jflat_release(&fields);
	free(json);
	return &day->state.timeline[day->state.ntimeline - 1];
}

#define BY "'by': {'user': 'anna', 'host': 'desk'}"
#define PLANNED \
	"{'event': 'deployment.planned', 'deployment': 'launch', 't0': '2026-11-21T21:00:00Z'}"

static int begin(void **state)
{
	struct day *day = calloc(1, sizeof(*day));
	struct findings findings = { .n = 0 };
	struct err err = ERR_INIT;

	if (load_runbook(&day->loaded, RUNBOOK, NULL, &findings, &err))
		fail_msg("%s", err.msg);
	state_init(&day->state, day->loaded.runbook, NULL);
	fold(day, "{'event': 'incident.opened', 'incident': 'x', 'kind': 'deployment', "
		  "'severity': 'low', 'title': 'Launch'}");
	*state = day;
	return 0;
}

static int end(void **state)
{
	struct day *day = *state;

	state_release(&day->state);
	loaded_release(&day->loaded);
	free(day);
	return 0;
}

static void test_planned(void **state)
{
	struct day *day = *state;
	const struct deployment_state *now = &day->state.deployment;

	assert_true(fold(day, "{'event': 'deployment.planned', 'deployment': 'lunch', "
			      "'t0': '2026-11-21T21:00:00Z'}")
			->misfit);
	assert_true(
	    fold(day, "{'event': 'deployment.planned', 'deployment': 'launch', 't0': 'noon'}")
		->misfit);
	assert_null(now->deployment);
	assert_false(fold(day, PLANNED)->misfit);
	assert_string_equal(now->deployment->name, "launch");
	assert_int_equal(now->t0, 1795294800000000LL);
	assert_int_equal(now->decided, DECISION_UNDECIDED);
}

static void test_gate(void **state)
{
	struct day *day = *state;
	const struct deployment_state *now = &day->state.deployment;
	const struct timeline_entry *entry;
	uint64_t act;

	/* Nothing is planned that has this gate. */
	assert_true(
	    fold(day, "{'event': 'gate.computed', 'gate': 'launch', 'computed': 'go'}")->misfit);
	fold(day, PLANNED);
	act = day->state.last_act;
	entry = fold(day, "{'event': 'gate.computed', 'gate': 'launch', 'computed': 'no-go', "
			  "'was': 'undecided', 'criteria': [{'kind': 'go', 'say': 'the app runs', "
			  "'verdict': 'fail'}, {'kind': 'no-go', 'say': 'it is broken', "
			  "'verdict': 'pass', 'evidence': 'failed'}]}");
	assert_string_equal(entry_text(entry),
			    "gate launch is now: no-go: it is broken (failed), was undecided");
	assert_int_equal(now->computed, DECISION_NO_GO);
	assert_false(now->at_t0);
	/* What is sensed is no act: a decision is not refused because of it. */
	assert_int_equal(day->state.last_act, act);
	fold(day, "{'event': 'gate.computed', 'gate': 'launch', 'computed': 'go', 'at_t0': true}");
	assert_int_equal(now->computed, DECISION_GO);
	assert_true(now->at_t0);
	/* Another T has not come yet. */
	fold(day, PLANNED);
	assert_false(now->at_t0);
}

static void test_decided(void **state)
{
	struct day *day = *state;
	const struct deployment_state *now = &day->state.deployment;
	const struct timeline_entry *entry;

	fold(day, PLANNED);
	assert_true(fold(day, "{'event': 'gate.decided', 'gate': 'launch', 'decision': 'go', "
			      "'computed': 'no-go'}")
			->misfit);
	assert_int_equal(now->decided, DECISION_UNDECIDED);
	entry = fold(day, "{'event': 'gate.decided', 'gate': 'launch', 'decision': 'go', "
			  "'computed': 'no-go', 'reason': 'it must', " BY "}");
	assert_false(entry->misfit);
	assert_string_equal(entry_text(entry), "gate launch decided: go (the criteria say: no-go), "
					       "because it must");
	assert_int_equal(now->decided, DECISION_GO);
	assert_int_equal(now->against, DECISION_NO_GO);
	assert_non_null(strstr(now->decided_by, "anna"));
	assert_string_equal(now->reason, "it must");
	assert_int_equal(deployed_state(&day->state, now->t0 - 1), 0);
	assert_int_equal(deployed_state(&day->state, now->t0), now->t0);
	/* Decided anew: the latest counts, without the old reason. */
	fold(day, "{'event': 'gate.decided', 'gate': 'launch', 'decision': 'no-go', "
		  "'computed': 'no-go', " BY "}");
	assert_int_equal(now->decided, DECISION_NO_GO);
	assert_null(now->reason);
	assert_int_equal(deployed_state(&day->state, now->t0), 0);
}

static void step(struct day *day, const char *event, const char *fields)
{
	char *text = NULL;

	assert_true(asprintf(&text,
			     "{'event': 'step.%s', 'procedure': 'roll-out', 'step': 'restart', "
			     "'attempt': 1, %s}",
			     event, fields) > 0);
	assert_false(fold(day, text)->misfit);
	free(text);
}

/* What is dumped while all is well is no dump of the trouble: it begins when somebody says so. */
static void test_a_deployment_is_no_trouble(void **state)
{
	struct day *day = *state;

	assert_int_equal(state_trouble(&day->state), 0);
	fold(day, PLANNED);
	assert_int_equal(state_trouble(&day->state), 0);
	fold(day, "{'event': 'incident.severity', 'severity': 'low'}");
	assert_int_equal(state_trouble(&day->state), 0);
	fold(day, "{'event': 'incident.severity', 'severity': 'high'}");
	assert_int_equal(state_trouble(&day->state), (int64_t)day->seq * 1000000);
	fold(day, "{'event': 'incident.severity', 'severity': 'critical'}");
	assert_int_equal(state_trouble(&day->state), (int64_t)(day->seq - 1) * 1000000);
}

/* An item that names a procedure follows it; one that was dropped unbegun proves nothing. */
static void test_an_item_follows_its_procedure(void **state)
{
	struct day *day = *state;
	struct checklist_state *list = &day->state.checklists[0];
	int item = checklist_index(list, "roll-out");

	assert_true(item >= 0);
	assert_int_equal(checklist_apply(list, (size_t)item, ITEM_EV_TICKED, VERDICT_UNKNOWN, NULL,
					 1, NULL),
			 -1);
	fold(day, "{'event': 'procedure.chosen', 'procedure': 'roll-out'}");
	fold(day, "{'event': 'procedure.ended', 'procedure': 'roll-out', 'result': 'stopped'}");
	assert_int_equal(list->items[item].status, ITEM_OPEN);
	fold(day, "{'event': 'procedure.chosen', 'procedure': 'roll-out'}");
	fold(day,
	     "{'event': 'procedure.approved', 'procedure': 'roll-out', 'digest': 'a', " BY "}");
	step(day, "intent", "'act': 'run'");
	assert_int_equal(list->items[item].status, ITEM_OPEN);
	assert_non_null(strstr(list->items[item].evidence, "running: "));
	step(day, "outcome", "'act': 'run', 'result': 'failed', 'detail': 'no space'");
	assert_int_equal(list->items[item].status, ITEM_RED);
	assert_string_equal(list->items[item].evidence, "failed: no space");
	step(day, "intent", "'act': 'run'");
	assert_int_equal(list->items[item].status, ITEM_OPEN);
	step(day, "outcome", "'act': 'run', 'result': 'done'");
	step(day, "verify",
	     "'verdict': 'fail', 'probes': [{'probe': 'it answers', 'verdict': 'fail'}]");
	assert_int_equal(list->items[item].status, ITEM_RED);
	assert_string_equal(list->items[item].evidence, "not verified: it answers");
	step(day, "verify", "'verdict': 'pass'");
	fold(day, "{'event': 'procedure.ended', 'procedure': 'roll-out', 'result': 'done'}");
	assert_int_equal(list->items[item].status, ITEM_GREEN);
	assert_string_equal(list->items[item].evidence, "done and verified");
	assert_non_null(strstr(list->items[item].by, "anna"));
	/* Undone: it is open again. */
	step(day, "intent", "'act': 'undo'");
	step(day, "outcome", "'act': 'undo', 'result': 'done'");
	assert_int_equal(list->items[item].status, ITEM_OPEN);
	assert_string_equal(list->items[item].evidence, "undone");
}

/* Who did it, and whether it applies, is of the record; an override has its reason. */
static void test_items(void **state)
{
	struct day *day = *state;
	struct checklist_state *list = &day->state.checklists[0];
	int item = checklist_index(list, "told");
	uint64_t act;

	assert_true(item >= 0);
	fold(day, "{'event': 'item', 'checklist': 'launch', 'item': 'told', 'act': 'ticked', "
		  "'reason': 'by phone', " BY "}");
	assert_int_equal(list->items[item].status, ITEM_GREEN);
	assert_string_equal(list->items[item].evidence, "by phone");
	assert_non_null(strstr(list->items[item].by, "anna"));
	act = day->state.last_act;
	assert_string_equal(entry_text(
				fold(day,
				     "{'event': 'item.applies', 'checklist': 'launch', 'item': "
				     "'told', 'applies': false, 'evidence': 'nobody is there'}")),
			    "item launch/told does not apply: nobody is there");
	assert_int_equal(list->items[item].status, ITEM_NOT_APPLICABLE);
	assert_int_equal(day->state.last_act, act);
	fold(day, "{'event': 'item.applies', 'checklist': 'launch', 'item': 'told', "
		  "'applies': true}");
	assert_int_equal(list->items[item].status, ITEM_GREEN);
	assert_true(fold(day, "{'event': 'item.applies', 'checklist': 'launch', 'item': 'tol', "
			      "'applies': true}")
			->misfit);
	fold(day,
	     "{'event': 'item', 'checklist': 'launch', 'item': 'told', 'act': 'reopened', " BY "}");
	assert_string_equal(list->items[item].by, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_planned, begin, end),
		cmocka_unit_test_setup_teardown(test_gate, begin, end),
		cmocka_unit_test_setup_teardown(test_decided, begin, end),
		cmocka_unit_test_setup_teardown(test_a_deployment_is_no_trouble, begin, end),
		cmocka_unit_test_setup_teardown(test_an_item_follows_its_procedure, begin, end),
		cmocka_unit_test_setup_teardown(test_items, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
