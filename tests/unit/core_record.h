/*
 * What the tests of the record share: a runbook and a target in a temporary folder, and incidents in
 * another one.
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

static const char record_runbook[] =
	"{\"format\": 1, \"system\": \"shop\", \"title\": \"The shop\","
	" \"parameters\": {\"limit\": {\"type\": \"number\", \"help\": \"critical errors\","
	"   \"default\": 50}, \"token\": {\"type\": \"string\", \"secret\": true, \"help\": \"a key\"}},"
	" \"sources\": {\"shop-log\": {\"log\": {\"path\": \"/var/log/shop.log\"}}},"
	" \"metrics\": {\"errors\": {\"log\": \"shop-log\", \"read\": \"error_percent\","
	"   \"title\": \"Error rate\", \"unit\": \"%\", \"warning\": 20, \"critical\": \"${limit}\"}},"
	" \"conditions\": {\"bad-orders\": {\"title\": \"Orders are damaged\", \"severity\": \"critical\","
	"   \"impact\": \"Customers get wrong parcels\","
	"   \"symptoms\": [{\"metric\": \"errors\", \"above\": 50}],"
	"   \"suggest\": {\"procedure\": \"restore\"}}},"
	" \"tree\": {\"start\": \"up\", \"questions\": {"
	"   \"up\": {\"ask\": \"Is the shop up?\", \"yes\": \"damaged\", \"no\": {\"procedure\": \"restart\"}},"
	"   \"damaged\": {\"ask\": \"Are orders damaged?\", \"yes\": {\"procedure\": \"restore\"},"
	"     \"no\": {\"procedure\": \"restart\"}}}},"
	" \"procedures\": {"
	"   \"restart\": {\"title\": \"Restart the shop\", \"estimate\": \"1m-2m\", \"budget\": \"5m\","
	"     \"data_loss\": \"none\", \"risk\": \"low\", \"steps\": ["
	"       {\"id\": \"stop\", \"say\": \"Stop it\","
	"        \"action\": {\"command\": [\"true\", \"${token}\"]}},"
	"       {\"id\": \"start\", \"say\": \"Start it\", \"action\": {\"command\": [\"true\"]}}]},"
	"   \"restore\": {\"title\": \"Restore the orders\", \"estimate\": \"5m-10m\", \"budget\": \"15m\","
	"     \"data_loss\": \"orders since the backup\", \"risk\": \"high\", \"steps\": ["
	"       {\"id\": \"swap\", \"say\": \"Swap the databases\", \"action\": {\"command\": [\"true\"]}}]}},"
	" \"checklists\": {\"after\": {\"title\": \"After\", \"sections\": [{\"title\": \"Now\","
	"   \"items\": [{\"id\": \"look\", \"say\": \"Look at the shop\"},"
	"               {\"id\": \"tell\", \"say\": \"Tell the owner\"}]}]}}}";

static const char record_target[] =
	"{\"target\": \"test\", \"system\": \"shop\", \"class\": \"staging\","
	" \"secrets\": {\"token\": {\"env\": \"SHOP_TOKEN\"}}}";

static inline void record_write(const struct record *record, const char *name, const char *text)
{
	char *path = path_join(record->folder, name);
	struct err err = ERR_INIT;

	if (file_replace(path, text, strlen(text), 0644, &err))
		fail_msg("%s", err.msg);
	free(path);
}

static inline int record_setup(void **state)
{
	struct record *record = calloc(1, sizeof(*record));
	struct findings findings = { .n = 0 };
	struct err err = ERR_INIT;
	char *runbook, *target, *place;

	snprintf(record->folder, sizeof(record->folder), "/tmp/backout-record.XXXXXX");
	assert_non_null(mkdtemp(record->folder));
	place = path_join(record->folder, "state");
	setenv("BACKOUT_STATE_DIR", place, 1);
	setenv("SHOP_TOKEN", "hunter2-hunter2", 1);
	record_write(record, "shop.json", record_runbook);
	record_write(record, "test.json", record_target);
	runbook = path_join(record->folder, "shop.json");
	target = path_join(record->folder, "test.json");
	if (load_runbook(&record->loaded, runbook, target, &findings, &err)) {
		struct buf out = BUF_INIT;

		findings_print(&findings, &out);
		file_remove_tree(record->folder, NULL);
		fail_msg("%s\n%s", err.msg, buf_str(&out));
	}
	clock_manual_init(&record->clock, RECORD_BEGIN);
	free(runbook);
	free(target);
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

	if (incident_create(incident, &record->loaded, INCIDENT_INCIDENT, SEVERITY_HIGH, "orders fail",
			    &record->clock.clock, &err))
		fail_msg("%s (%s)", err.msg, err.hint);
}

/* Appends one event a second later; `fields` is JSON text with ' for ". */
static inline void record_append(struct record *record, struct incident *incident, enum event_id event,
				 const char *fields)
{
	struct err err = ERR_INIT;
	char *text = strdup(fields);
	json_t *json;

	for (char *p = text; (p = strchr(p, '\'')); )
		*p = '"';
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	clock_manual_advance(&record->clock, CLOCK_US);
	if (incident_append(incident, event, json, &err))
		fail_msg("%s", err.msg);
	free(text);
}

#endif
