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
#include <sys/stat.h>
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

/* New: the path of the shop's runbook, with the sections of another file. */
static inline char *record_runbook(const char *folder, const char *extra)
{
	json_t *whole = json_load_file("tests/record/shop.json", 0, NULL), *more;
	char *path = path_join(folder, "shop.json");

	more = extra ? json_load_file(extra, 0, NULL) : json_object();
	assert_non_null(more);
	json_object_update_recursive(whole, more);
	assert_int_equal(json_dump_file(whole, path, 0), 0);
	chmod(path, 0600);
	json_decref(more);
	json_decref(whole);
	return path;
}

/* `extra`: a file whose sections join the shop's; NULL: none. */
static inline int record_setup_with(void **state, const char *extra)
{
	struct record *record = calloc(1, sizeof(*record));
	struct findings findings = { .n = 0 };
	struct err err = ERR_INIT;
	char *place, *runbook;

	snprintf(record->folder, sizeof(record->folder), "/tmp/backout-record.XXXXXX");
	assert_non_null(mkdtemp(record->folder));
	place = path_join(record->folder, "state");
	setenv("BACKOUT_STATE_DIR", place, 1);
	setenv("SHOP_TOKEN", "hunter2-hunter2", 1);
	runbook = record_runbook(record->folder, extra);
	if (load_runbook(&record->loaded, runbook, "tests/record/test.json", &findings, &err)) {
		struct buf out = BUF_INIT;

		findings_print(&findings, &out);
		file_remove_tree(record->folder, NULL);
		fail_msg("%s\n%s", err.msg, buf_str(&out));
	}
	clock_manual_init(&record->clock, RECORD_BEGIN);
	free(runbook);
	free(place);
	*state = record;
	return 0;
}

static inline int record_setup(void **state)
{
	return record_setup_with(state, NULL);
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
