#include "core/recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/events.h"
#include "core/skim.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/timefmt.h"

/* Routines may be hourly: a month of them, with all else. */
#define INCIDENTS_MAX 2000

/* ---- What is found ---- */

/* Something that routines begin with. */
struct beginning {
	enum schedule_start kind;
	char of[64]; /* the event's or the deployment's name; "" */
	char id[RECORDED_ID];
	int64_t at;
	int64_t said; /* when that was put on record: the latest word about an event counts */
};

struct run {
	const struct routine *routine;
	char id[RECORDED_ID];
	int64_t due, start, ended;
	char result[16];
	bool open;
};

/* One incident, as far as its lines were read. */
struct told {
	char id[RECORDED_ID], kind[16], deployment[64];
	int64_t t0, resolved, closed;
	bool go, declared;
	struct run run; /* routine NULL: it is none */
};

struct search {
	const struct runbook *runbook;
	const char *target;
	int64_t now;
	struct told told;
	bool *holding; /* owned, of each condition: it holds, by this incident's lines */
	int64_t *held; /* owned, of each condition: on record last */
	struct beginning *beginnings;
	size_t nbeginnings, cap_beginnings; /* owned */
	struct run *runs;
	size_t nruns, cap_runs; /* owned */
	struct recorded *out;
};

static void keep(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}

static int64_t time_of(const json_t *line, const char *key)
{
	int64_t at = 0;

	return time_parse_rfc3339(json_str(line, key, ""), &at) == 0 ? at : 0;
}

static void beginning_add(struct search *search, enum schedule_start kind, const char *of,
			  int64_t at, int64_t said)
{
	struct beginning *one;

	search->beginnings = xgrow(search->beginnings, &search->cap_beginnings,
				   search->nbeginnings + 1, sizeof(*search->beginnings));
	one = &search->beginnings[search->nbeginnings++];
	*one = (struct beginning){ .kind = kind, .at = at, .said = said };
	keep(one->of, sizeof(one->of), of);
	keep(one->id, sizeof(one->id), search->told.id);
}

/* ---- Lines ---- */

static void line_planned(struct search *search, const json_t *line)
{
	struct told *told = &search->told;
	const char *name = json_str(line, "deployment", "");

	/* Another one begins undecided. */
	if (strncmp(told->deployment, name, sizeof(told->deployment) - 1) != 0)
		told->go = false;
	keep(told->deployment, sizeof(told->deployment), name);
	told->t0 = time_of(line, "t0");
}

static void line_condition(struct search *search, const json_t *line)
{
	const struct condition *condition =
	    runbook_condition(search->runbook, json_str(line, "condition", ""));
	bool holds = strcmp(json_str(line, "verdict", ""), "pass") == 0;
	int64_t at = time_of(line, "at");
	size_t i;

	if (!condition)
		return;
	i = (size_t)(condition - search->runbook->conditions);
	if ((holds || search->holding[i]) && at > search->held[i])
		search->held[i] = at;
	search->holding[i] = holds;
}

static void line_routine(struct search *search, const json_t *line)
{
	struct run *run = &search->told.run;

	*run = (struct run){
		.routine = runbook_routine(search->runbook, json_str(line, "routine", "")),
		.due = time_of(line, "due"),
		.start = time_of(line, "start"),
		.open = true,
	};
	keep(run->id, sizeof(run->id), search->told.id);
}

static void line_routine_ended(struct search *search, const json_t *line)
{
	search->told.run.ended = time_of(line, "at");
	keep(search->told.run.result, sizeof(search->told.run.result),
	     json_str(line, "result", ""));
}

static struct recorded_phase *phase_of(struct search *search, const json_t *line)
{
	const struct phase *phase = runbook_phase(search->runbook, json_str(line, "phase", ""));

	return phase ? &search->out->phases[phase - search->runbook->phases] : NULL;
}

/* Incidents are read newest first: a later word goes before an earlier one. */
static void line_phase(struct search *search, const json_t *line)
{
	struct recorded_phase *phase = phase_of(search, line);
	int64_t at = time_of(line, "at");

	if (phase && at > phase->begun_at)
		phase->begun_at = at;
}

static void line_phase_ended(struct search *search, const json_t *line)
{
	struct recorded_phase *phase = phase_of(search, line);
	int64_t at = time_of(line, "at");

	if (!phase || at <= phase->ended_at)
		return;
	phase->ended_at = at;
	phase->finished = strcmp(json_str(line, "result", ""), "finished") == 0;
}

static void line_occasion(struct search *search, const json_t *line)
{
	beginning_add(search, START_EVENT, json_str(line, "name", ""), time_of(line, "time"),
		      time_of(line, "at"));
}

static void line_decided(struct search *search, const json_t *line)
{
	search->told.go = strcmp(json_str(line, "decision", ""), "go") == 0;
}

static void line_severity(struct search *search, const json_t *line)
{
	(void)line;
	search->told.declared = true;
}

static void line_resolved(struct search *search, const json_t *line)
{
	search->told.resolved = time_of(line, "at");
}

static void line_closed(struct search *search, const json_t *line)
{
	search->told.closed = time_of(line, "at");
}

static const struct {
	enum event_id event;
	void (*take)(struct search *search, const json_t *line);
} takers[] = {
	{ EV_PLANNED, line_planned },	  { EV_GATE_DECIDED, line_decided },
	{ EV_CONDITION, line_condition }, { EV_SEVERITY, line_severity },
	{ EV_ROUTINE, line_routine },	  { EV_ROUTINE_ENDED, line_routine_ended },
	{ EV_PHASE, line_phase },	  { EV_PHASE_ENDED, line_phase_ended },
	{ EV_OCCASION, line_occasion },	  { EV_RESOLVED, line_resolved },
	{ EV_CLOSED, line_closed },
};

#define TAKERS (sizeof(takers) / sizeof(takers[0]))

static bool may_tell(const char *text)
{
	const char *event = strstr(text, "\"event\":\"");

	for (size_t i = 0; event && i < TAKERS; i++) {
		const char *name = event_defs[takers[i].event].name;
		size_t len = strlen(name);

		if (strncmp(event + 9, name, len) == 0 && event[9 + len] == '"')
			return true;
	}
	return false;
}

static void line_take(const json_t *line, void *data)
{
	const char *event = json_str(line, "event", "");

	for (size_t i = 0; i < TAKERS; i++) {
		if (strcmp(event, event_defs[takers[i].event].name) == 0)
			takers[i].take(data, line);
	}
}

/* ---- One incident ---- */

static bool wanted(const json_t *opened, void *data)
{
	struct search *search = data;

	search->told = (struct told){ .t0 = 0 };
	keep(search->told.id, sizeof(search->told.id), json_str(opened, "incident", ""));
	keep(search->told.kind, sizeof(search->told.kind), json_str(opened, "kind", ""));
	memset(search->holding, 0, search->runbook->nconditions * sizeof(bool));
	return strcmp(json_str(opened, "system", ""), search->runbook->system) == 0 &&
	       strcmp(json_str(opened, "target", ""), search->target) == 0;
}

/* Trouble that is over: a deployment is none until somebody declares it, a routine never. */
static bool is_over(const struct told *told)
{
	if (!told->resolved || strcmp(told->kind, "routine") == 0)
		return false;
	return told->declared || (strcmp(told->kind, "deployment") != 0 && !*told->deployment);
}

static void told_end(void *data)
{
	struct search *search = data;
	struct told *told = &search->told;
	int64_t until = told->resolved ? told->resolved : told->closed ? told->closed : search->now;

	if (told->go && told->t0 && told->t0 <= search->now)
		beginning_add(search, START_DEPLOYMENT, told->deployment, told->t0, told->t0);
	if (is_over(told))
		beginning_add(search, START_INCIDENT, "", told->resolved, told->resolved);
	for (size_t i = 0; i < search->runbook->nconditions; i++) {
		if (search->holding[i] && until > search->held[i])
			search->held[i] = until;
	}
	if (!told->run.routine)
		return;
	told->run.open = !told->run.ended && !told->resolved && !told->closed;
	search->runs =
	    xgrow(search->runs, &search->cap_runs, search->nruns + 1, sizeof(*search->runs));
	search->runs[search->nruns++] = told->run;
}

/* ---- All of them ---- */

/* What was done of a routine since this beginning. */
static void entry_add(struct search *search, const struct routine *routine, int64_t start,
		      const char *id)
{
	struct recorded *out = search->out;
	struct recorded_routine *entry;
	size_t cap = out->n;

	out->routines = xgrow(out->routines, &cap, out->n + 1, sizeof(*out->routines));
	entry = &out->routines[out->n++];
	*entry = (struct recorded_routine){ .routine = routine, .start = start };
	keep(entry->start_id, sizeof(entry->start_id), id);
	for (size_t i = 0; i < search->nruns; i++) {
		const struct run *run = &search->runs[i];

		if (run->routine != routine || run->start != start)
			continue;
		if (run->open && (!*entry->open_id || run->due > entry->open_due)) {
			entry->open_due = run->due;
			keep(entry->open_id, sizeof(entry->open_id), run->id);
		}
		if (!run->ended || run->ended <= entry->done_at)
			continue;
		entry->done = run->due > entry->done ? run->due : entry->done;
		entry->done_at = run->ended;
		keep(entry->done_id, sizeof(entry->done_id), run->id);
		keep(entry->result, sizeof(entry->result), run->result);
	}
}

/* The latest beginning of that kind and name ("": any); NULL. */
static const struct beginning *latest(const struct search *search, enum schedule_start kind,
				      const char *of)
{
	const struct beginning *best = NULL;

	for (size_t i = 0; i < search->nbeginnings; i++) {
		const struct beginning *one = &search->beginnings[i];

		if (one->kind == kind && (!*of || strncmp(one->of, of, sizeof(one->of) - 1) == 0) &&
		    (!best || one->said > best->said))
			best = one;
	}
	return best;
}

/* Each incident has follow-ups of its own, as long as they are asked for. */
static void entries_of_incidents(struct search *search, const struct routine *routine)
{
	size_t before = search->out->n;
	struct due due;

	for (size_t i = 0; i < search->nbeginnings; i++) {
		const struct beginning *one = &search->beginnings[i];

		if (one->kind != START_INCIDENT)
			continue;
		schedule_due(&routine->schedule, one->at, 0, search->now, &due);
		if (due.state != DUE_NEVER)
			entry_add(search, routine, one->at, one->id);
	}
	if (search->out->n == before)
		entry_add(search, routine, 0, "");
}

static void entries_of(struct search *search, const struct routine *routine)
{
	const struct schedule *schedule = &routine->schedule;
	const struct recorded_phase *phase;
	const struct beginning *one;

	switch (schedule->start) {
	case START_INCIDENT:
		entries_of_incidents(search, routine);
		break;
	case START_DEPLOYMENT:
	case START_EVENT:
		one = latest(search, schedule->start, schedule->of ? schedule->of : "");
		entry_add(search, routine, one ? one->at : 0, one && one->at ? one->id : "");
		break;
	case START_PHASE:
		phase = &search->out->phases[runbook_phase(search->runbook, schedule->of) -
					     search->runbook->phases];
		entry_add(search, routine, phase->finished ? phase->ended_at : 0, "");
		break;
	default:
		entry_add(search, routine, 0, "");
		break;
	}
}

static void phases_finish(struct search *search)
{
	for (size_t i = 0; i < search->runbook->nphases; i++) {
		const struct phase *phase = &search->runbook->phases[i];
		struct recorded_phase *out = &search->out->phases[i];

		/* It was begun anew. */
		if (out->begun_at > out->ended_at) {
			out->ended_at = 0;
			out->finished = false;
		}
		for (size_t c = 0; c < phase->nconditions; c++) {
			int64_t held =
			    search->held[phase->conditions[c] - search->runbook->conditions];

			if (held <= out->shaken_at)
				continue;
			out->shaken_at = held;
			out->shaken_by = phase->conditions[c];
		}
	}
}

void recorded_read(const struct runbook *runbook, const char *target, int64_t now,
		   struct recorded *out)
{
	static const struct skim skim = { .wanted = wanted,
					  .may_tell = may_tell,
					  .line = line_take,
					  .end = told_end,
					  .most = INCIDENTS_MAX };
	struct search search = { .runbook = runbook,
				 .target = target,
				 .now = now,
				 .holding = xcalloc(runbook->nconditions + 1, sizeof(bool)),
				 .held = xcalloc(runbook->nconditions + 1, sizeof(int64_t)),
				 .out = out };

	*out = (struct recorded){ .phases = xcalloc(runbook->nphases + 1, sizeof(*out->phases)) };
	skim_incidents(&skim, &search);
	phases_finish(&search);
	for (size_t i = 0; i < runbook->nroutines; i++)
		entries_of(&search, &runbook->routines[i]);
	free(search.holding);
	free(search.held);
	free(search.beginnings);
	free(search.runs);
}

void recorded_release(struct recorded *recorded)
{
	free(recorded->routines);
	free(recorded->phases);
	*recorded = (struct recorded){ .routines = NULL };
}

bool recorded_is_asked(const struct recorded_routine *routine, const struct due *due)
{
	bool is_due = due->state == DUE_NOW || due->state == DUE_OVERDUE;

	return is_due && !(*routine->open_id && routine->open_due >= due->at);
}

/* ---- As JSON ---- */

json_t *recorded_to_json(const struct runbook *runbook, const struct recorded *recorded)
{
	json_t *routines = json_array(), *phases = json_array();

	for (size_t i = 0; i < recorded->n; i++) {
		const struct recorded_routine *one = &recorded->routines[i];

		json_array_append_new(routines,
				      json_pack("{s:s, s:I, s:s, s:I, s:I, s:s, s:s, s:s, s:I}",
						"routine", one->routine->name, "start",
						(json_int_t)one->start, "start_id", one->start_id,
						"done", (json_int_t)one->done, "done_at",
						(json_int_t)one->done_at, "done_id", one->done_id,
						"result", one->result, "open_id", one->open_id,
						"open_due", (json_int_t)one->open_due));
	}
	for (size_t i = 0; i < runbook->nphases; i++) {
		const struct recorded_phase *one = &recorded->phases[i];

		json_array_append_new(phases,
				      json_pack("{s:I, s:I, s:b, s:I, s:s}", "begun_at",
						(json_int_t)one->begun_at, "ended_at",
						(json_int_t)one->ended_at, "finished",
						one->finished, "shaken_at",
						(json_int_t)one->shaken_at, "shaken_by",
						one->shaken_by ? one->shaken_by->name : ""));
	}
	return json_pack("{s:o, s:o}", "routines", routines, "phases", phases);
}

static int64_t whole(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void routine_from_json(const json_t *json, struct recorded_routine *out)
{
	out->start = whole(json, "start");
	out->done = whole(json, "done");
	out->done_at = whole(json, "done_at");
	keep(out->start_id, sizeof(out->start_id), json_str(json, "start_id", ""));
	keep(out->done_id, sizeof(out->done_id), json_str(json, "done_id", ""));
	keep(out->result, sizeof(out->result), json_str(json, "result", ""));
	keep(out->open_id, sizeof(out->open_id), json_str(json, "open_id", ""));
	out->open_due = whole(json, "open_due");
}

bool recorded_from_json(const json_t *json, const struct runbook *runbook, struct recorded *out)
{
	const json_t *routines = json_object_get(json, "routines");
	const json_t *phases = json_object_get(json, "phases");
	size_t n = json_array_size(routines);

	*out = (struct recorded){ 0 };
	if (!json_is_array(routines) || json_array_size(phases) != runbook->nphases)
		return false;
	out->routines = xcalloc(n + 1, sizeof(*out->routines));
	out->phases = xcalloc(runbook->nphases + 1, sizeof(*out->phases));
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(routines, i);
		const struct routine *routine =
		    runbook_routine(runbook, json_str(one, "routine", ""));

		if (!routine)
			continue;
		out->routines[out->n].routine = routine;
		routine_from_json(one, &out->routines[out->n++]);
	}
	for (size_t i = 0; i < runbook->nphases; i++) {
		const json_t *one = json_array_get(phases, i);

		out->phases[i] = (struct recorded_phase){
			.begun_at = whole(one, "begun_at"),
			.ended_at = whole(one, "ended_at"),
			.finished = json_is_true(json_object_get(one, "finished")),
			.shaken_at = whole(one, "shaken_at"),
			.shaken_by = runbook_condition(runbook, json_str(one, "shaken_by", "")),
		};
	}
	return true;
}
