/*
 * What the benchmarks of the record share: a runbook, and the events of an incident that goes on
 * and on. State is kept below BACKOUT_STATE_DIR. What fails ends the program with a message.
 */
#ifndef TESTS_BENCH_RECORD_H
#define TESTS_BENCH_RECORD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/incident.h"

/* clang-format off */
static const struct {
	enum event_id event;
	const char *fields; /* JSON with ' for " */
} record_round[] = {
	{ EV_ALERT, "{'metric': 'errors', 'level': 'critical', 'was': 'ok', 'value': 62.5, 'unit': '%',"
		" 'threshold': 50}" },
	{ EV_CONDITION, "{'condition': 'bad-orders', 'verdict': 'pass', 'evidence': '1 of 1 symptoms'}" },
	{ EV_ACKNOWLEDGED, "{'metric': 'errors'}" },
	{ EV_NOTE, "{'text': 'the last deploy was at 20:55, release 4.2; its owner knows'}" },
	{ EV_EVIDENCE, "{'source': 'shop-log', 'path': '/var/log/shop.log', 'level': 'error', 'lines': 2,"
		" 'logged': '2026-11-21T21:00:31.000000Z', 'text': '21:00:31 ERROR cart: price is null\\n"
		"  KeyError: 4711'}" },
	{ EV_SEVERITY, "{'severity': 'critical', 'reason': 'customers call'}" },
	{ EV_CHOSEN, "{'procedure': 'restart', 'source': 'tree', 'name': 'damaged'}" },
	{ EV_APPROVED, "{'procedure': 'restart', 'confirmed': 'test', 'digest':"
		" '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8'}" },
	{ EV_INTENT, "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'act': 'run', 'plan':"
		" ['$ systemctl stop shop'], 'out': 'out/01.restart.stop.1.log', 'pid': 4711}" },
	{ EV_OUTCOME, "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'act': 'run',"
		" 'result': 'done', 'elapsed': 2.1}" },
	{ EV_VERIFY, "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'verdict': 'pass',"
		" 'probes': [{'probe': 'shop-stopped', 'verdict': 'pass', 'evidence': 'no process'}]}" },
	{ EV_INTENT, "{'procedure': 'restart', 'step': 'start', 'attempt': 1, 'act': 'run', 'plan':"
		" ['$ systemctl start shop'], 'out': 'out/01.restart.start.1.log', 'pid': 4712}" },
	{ EV_OUTCOME, "{'procedure': 'restart', 'step': 'start', 'attempt': 1, 'act': 'run',"
		" 'result': 'done', 'elapsed': 1.3}" },
	{ EV_VERIFY, "{'procedure': 'restart', 'step': 'start', 'attempt': 1, 'verdict': 'pass',"
		" 'probes': [{'probe': 'shop-running', 'verdict': 'pass', 'evidence': 'process 4713 for 2 s'},"
		" {'probe': 'shop-answers', 'verdict': 'pass', 'evidence': 'HTTP 200 in 31 ms'}]}" },
	{ EV_PROCEDURE_ENDED, "{'procedure': 'restart', 'result': 'done', 'elapsed': 3.9}" },
	{ EV_ALERT, "{'metric': 'errors', 'level': 'ok', 'was': 'critical', 'value': 0.4, 'unit': '%'}" },
	{ EV_CONDITION, "{'condition': 'bad-orders', 'verdict': 'fail', 'evidence': '0 of 1 symptoms'}" },
	{ EV_ITEM, "{'checklist': 'after', 'item': 'look', 'act': 'ticked'}" },
	{ EV_ITEM, "{'checklist': 'after', 'item': 'look', 'act': 'reopened', 'reason': 'again'}" },
	{ EV_SEVERITY, "{'severity': 'high'}" },
};
/* clang-format on */

static inline void record_fail(const struct err *err)
{
	fprintf(stderr, "bench: %s\n", err->msg);
	exit(2);
}

/* New: the fields of the nth event. */
static inline json_t *record_fields(size_t n)
{
	char *text = strdup(record_round[n].fields);
	json_t *json;

	for (char *p = text; (p = strchr(p, '\''));)
		*p = '"';
	json = json_loads(text, 0, NULL);
	free(text);
	return json;
}

/* Appends the events from number `from` on, `n` of them, a second of the clock apart. */
static inline void record_events(struct incident *incident, struct clock_manual *clock, size_t from,
				 size_t n)
{
	enum { ROUND = sizeof(record_round) / sizeof(record_round[0]) };
	struct err err = ERR_INIT;

	for (size_t i = from; i < from + n; i++) {
		clock_manual_advance(clock, CLOCK_US);
		if (incident_append(incident, record_round[i % ROUND].event,
				    record_fields(i % ROUND), &err))
			record_fail(&err);
	}
}

static inline void record_open(struct incident *incident, struct loaded *loaded,
			       struct clock_manual *clock)
{
	struct findings findings = { .n = 0 };
	struct err err = ERR_INIT;

	setenv("SHOP_TOKEN", "hunter2-hunter2", 1);
	clock_manual_init(clock, 1795294800000000LL); /* 2026-11-21T21:00:00Z */
	if (load_runbook(loaded, "tests/record/shop.json", "tests/record/test.json", &findings,
			 &err) ||
	    incident_create(incident, loaded, INCIDENT_INCIDENT, SEVERITY_HIGH, "orders fail",
			    &clock->clock, &err))
		record_fail(&err);
}

static inline void record_close(struct incident *incident, struct loaded *loaded)
{
	incident_close(incident);
	loaded_release(loaded);
}

#endif
