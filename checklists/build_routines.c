/* Routines and their schedules. */
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* Something that is due once is overdue so long after it. */
#define WITHIN_US (3600 * CLOCK_US)

static bool is_text(const struct node *up, const char *key)
{
	return json_is_string(json_object_get(up->value, key));
}

/* What it begins with: one of three keys, or none. */
static void build_start(struct checker *checker, struct schedule *schedule, const struct node *node)
{
	static const char *const keys[] = { "after", "phase", "event" };
	const char *first = NULL, *after = build_text(node, "after");
	struct node event = node_member(node, "event"), of = node_member(node, "deployment");

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct node member = node_member(node, keys[i]);

		if (member.value && first)
			say_key(checker, &member, NULL, "it begins with \"%s\" already", first);
		else if (member.value)
			first = keys[i];
	}
	if (after)
		schedule->start =
		    strcmp(after, "incident") == 0 ? START_INCIDENT : START_DEPLOYMENT;
	else if (is_text(node, "phase"))
		schedule->start = START_PHASE;
	else if (is_text(node, "event"))
		schedule->start = START_EVENT;
	schedule->of = schedule->start == START_PHASE	     ? build_text(node, "phase")
		       : schedule->start == START_EVENT	     ? build_text(node, "event")
		       : schedule->start == START_DEPLOYMENT ? build_text(node, "deployment")
							     : NULL;
	if (of.value && schedule->start != START_DEPLOYMENT)
		say_key(checker, &of, NULL, "it does not begin \"after\" a deployment");
	if (is_text(node, "event") && !name_valid(json_string_value(event.value)))
		say(checker, &event, NULL,
		    "expected one word of letters, digits, \".\", \"_\", \"-\"");
}

/* False: it is none, which was said already. */
static bool offset_of(const json_t *value, int64_t *us)
{
	const char *text = json_string_value(value);
	bool before = text && *text == '-';

	if (!text || duration_parse(text + before, us) != 0)
		return false;
	*us = before ? -*us : *us;
	return true;
}

static void build_offsets(struct checker *checker, struct schedule *schedule,
			  const struct node *list)
{
	size_t n = json_array_size(list->value);

	if (json_is_array(list->value) && n == 0)
		say(checker, list, NULL, "expected at least one time, such as \"1h\"");
	schedule->at_us = xcalloc(n + 1, sizeof(*schedule->at_us));
	for (size_t i = 0; i < n; i++) {
		struct node element = node_element(list, i);
		int64_t us;

		if (!offset_of(element.value, &us))
			continue;
		if (us < 0 && schedule->start != START_EVENT)
			say(checker, &element, NULL,
			    "nobody knows before it begins: only what lies around an \"event\" is "
			    "due before it");
		if (schedule->nat && us <= schedule->at_us[schedule->nat - 1])
			say(checker, &element, NULL, "expected a time after the one before it");
		schedule->at_us[schedule->nat++] = us;
	}
}

/* A duration that is given and is none. */
static void check_some_time(struct checker *checker, const struct node *node, const char *key,
			    int64_t us)
{
	struct node member = node_member(node, key);
	int64_t none;

	if (!us && json_is_string(member.value) &&
	    duration_parse(json_string_value(member.value), &none) == 0)
		say(checker, &member, NULL, "expected some time");
}

static void check_every(struct checker *checker, const struct schedule *schedule,
			const struct node *node)
{
	struct node span = node_member(node, "for"), from = node_member(node, "from");

	if (span.value && schedule->start == START_ALWAYS)
		say_key(checker, &span, NULL,
			"\"for\" counts from a beginning: \"after\", \"phase\" or \"event\"");
	else if (!span.value && schedule->start == START_INCIDENT)
		say_key(checker, node, NULL,
			"every incident would be followed up for ever: \"for\" says how long");
	else if (span.value && schedule->for_us && schedule->for_us < schedule->every_us)
		say(checker, &span, NULL, "it would never be due: \"every\" is longer");
	if (from.value && schedule->start != START_ALWAYS)
		say_key(checker, &from, NULL,
			"what has a beginning is due by that one, not by the clock");
	else if (from.value && schedule->every_us && schedule->from_us >= schedule->every_us)
		say(checker, &from, NULL, "expected less than \"every\"");
}

static void build_schedule(struct checker *checker, struct schedule *schedule,
			   const struct node *node)
{
	static const char *const of_every[] = { "for", "from", NULL };
	struct node at = node_member(node, "at"), every = node_member(node, "every");

	build_start(checker, schedule, node);
	schedule->every_us = build_duration(checker, node, "every");
	schedule->for_us = build_duration(checker, node, "for");
	schedule->from_us = build_duration(checker, node, "from");
	schedule->within_us = build_duration(checker, node, "within");
	check_some_time(checker, node, "every", schedule->every_us);
	check_some_time(checker, node, "within", schedule->within_us);
	build_offsets(checker, schedule, &at);
	if (every.value)
		check_every(checker, schedule, node);
	else
		check_absent(checker, node, "a routine without \"every\"", of_every);
	if (at.value && schedule->start == START_ALWAYS)
		say_key(checker, &at, NULL,
			"\"at\" counts from a beginning: \"after\", \"phase\" or \"event\"");
	if (!schedule->within_us)
		schedule->within_us = schedule->every_us ? schedule->every_us : WITHIN_US;
}

static void build_metric_names(struct checker *checker, struct routine *routine,
			       const struct node *node)
{
	const json_t *list = json_object_get(node->value, "metrics");

	routine->metrics = xcalloc(json_array_size(list) + 1, sizeof(*routine->metrics));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		const struct metric *metric = name ? runbook_metric(checker->runbook, name) : NULL;

		if (metric)
			routine->metrics[routine->nmetrics++] = metric;
	}
}

void build_routines(struct checker *checker)
{
	static const char *const of_period[] = { "metrics", NULL };
	const struct names *names = &checker->names[SECTION_ROUTINES];

	for (size_t i = 0; i < names->n; i++) {
		const struct node *node = &names->list[i];
		struct routine *routine = &checker->runbook->routines[i];
		const char *checklist = build_text(node, "checklist");

		routine->title = build_text(node, "title");
		routine->note = build_text(node, "note");
		routine->checklist =
		    checklist ? runbook_checklist(checker->runbook, checklist) : NULL;
		build_schedule(checker, &routine->schedule, node);
		routine->period_us = build_duration(checker, node, "period");
		check_some_time(checker, node, "period", routine->period_us);
		build_metric_names(checker, routine, node);
		if (!routine->period_us)
			check_absent(checker, node, "a routine without \"period\"", of_period);
		/* Both are run by their names alone. */
		if (declared(checker, SECTION_PROCEDURES, node->key))
			say_key(checker, node, NULL,
				"there is a procedure of this name: \"backout run\" could mean "
				"either");
	}
}
