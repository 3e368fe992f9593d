/*
 * What the tests of the record share: a runbook and a target in a temporary folder, and incidents
 * in another one.
 */
#ifndef TESTS_UNIT_CORE_RECORD_H
#define TESTS_UNIT_CORE_RECORD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/incident.h"
#include "lib/file.h"

struct record {
	char folder[64];
	struct loaded loaded;
	struct clock_manual clock; /* begins at 2026-11-21T21:00:00Z */
};

#define RECORD_BEGIN 1795294800000000LL

static inline int record_setup(void **state)
{
	struct record *record = calloc(1, sizeof(*record));
	struct findings findings = { .n = 0 };
	struct err err = ERR_INIT;
	char *place;

	snprintf(record->folder, sizeof(record->folder), "/tmp/backout-record.XXXXXX");
	assert_non_null(mkdtemp(record->folder));
	place = path_join(record->folder, "state");
	setenv("BACKOUT_STATE_DIR", place, 1);
	setenv("SHOP_TOKEN", "hunter2-hunter2", 1);
	if (load_runbook(&record->loaded, "tests/record/shop.json", "tests/record/test.json",
			 &findings, &err)) {
		struct buf out = BUF_INIT;

		findings_print(&findings, &out);
		file_remove_tree(record->folder, NULL);
		fail_msg("%s\n%s", err.msg, buf_str(&out));
	}
	clock_manual_init(&record->clock, RECORD_BEGIN);
	free(place);
	*state = record;
	return 0;
}

static inline int record_teardown(void **state)
{
	struct record *record = *state;

	loaded_release(&record->loaded);
	file_remove_tree(record->folder, NULL);
	free(record);
	return 0;
}

static inline void record_open(struct record *record, struct incident *incident)
{
	struct err err = ERR_INIT;

	if (incident_create(incident, &record->loaded, INCIDENT_INCIDENT, SEVERITY_HIGH,
			    "orders fail", &record->clock.clock, &err))
		fail_msg("%s (%s)", err.msg, err.hint);
}

/* Appends one event a second later; `fields` is JSON text with ' for ". */
static inline void record_append(struct record *record, struct incident *incident,
				 enum event_id event, const char *fields)
{
	struct err err = ERR_INIT;
	char *text = strdup(fields);
	json_t *json;

	for (char *p = text; (p = strchr(p, '\''));)
		*p = '"';
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	clock_manual_advance(&record->clock, CLOCK_US);
	if (incident_append(incident, event, json, &err))
		fail_msg("%s", err.msg);
	free(text);
}

#endif
