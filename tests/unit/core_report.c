/*
 * The report of a scripted incident, held against tests/reports/restore.txt and restore.json. Run
 * with UPDATE=1 to write them anew.
 */
#include "tests/unit/core_record.h"
#include "tests/unit/golden.h"

#include "core/report.h"
#include "lib/sha256.h"
#include "logs/report_groff.h"

/* Who writes differs from machine to machine. */
static json_t *maria(void)
{
	return json_pack("{s:s, s:s, s:s}", "user", "root", "sudo", "maria", "host", "db1");
}

/* incident.opened was written by whoever runs the test. */
static void first_as_maria(struct timeline_entry *first)
{
	json_t *json = json_deep_copy(entry_json(first));
	struct ledger_line line = { .seq = first->seq, .at = first->at };
	struct timeline_entry anew;
	char *text;

	json_object_set_new(json, "by", maria());
	text = json_dumps(json, 0);
	line.bytes = text;
	line.len = strlen(text);
	anew = timeline_entry(&line, first->event, NULL);
	timeline_entry_release(first);
	*first = anew;
	free(text);
	json_decref(json);
}

static void write_as_maria(struct incident *incident)
{
	json_t *by = maria();

	ledger_by(incident->ledger, by);
	json_decref(by);
}

static void replace_all(char **text, const char *old, const char *with)
{
	struct buf out = BUF_INIT;
	const char *at = *text, *hit;

	for (; *old && (hit = strstr(at, old)); at = hit + strlen(old)) {
		buf_add(&out, at, (size_t)(hit - at));
		buf_puts(&out, with);
	}
	buf_puts(&out, at);
	free(*text);
	*text = buf_detach(&out);
}

static void samples(struct record *record, struct incident *incident, double value, int seconds)
{
	struct chart_point points[60];
	struct err err = ERR_INIT;

	for (int i = 0; i < seconds; i++) {
		clock_manual_advance(&record->clock, CLOCK_US);
		points[i] = (struct chart_point){ record->clock.wall_us, value };
	}
	assert_int_equal(incident_metrics_append(incident, "errors", points, (size_t)seconds, &err),
			 0);
}

static void script_decide(struct record *record, struct incident *incident)
{
	record_append(record, incident, EV_ALERT,
		      "{'metric': 'errors', 'level': 'critical', 'was': 'ok', 'value': 62.5, "
		      "'unit': '%', 'threshold': 50}");
	record_append(record, incident, EV_CONDITION,
		      "{'condition': 'bad-orders', 'verdict': 'pass', 'evidence': '1 of 1 "
		      "symptoms'}");
	record_append(record, incident, EV_ACKNOWLEDGED, "{'metric': 'errors'}");
	record_append(record, incident, EV_NOTE, "{'text': 'deploy 4.2 was at 20:55'}");
	record_append(record, incident, EV_EVIDENCE,
		      "{'source': 'app-log', 'path': '/var/log/shop/app.log', "
		      "'logged': '2026-11-21T21:00:31.000000Z', 'level': 'error', 'lines': 2, "
		      "'text': '21:00:31 ERROR cart: token=hunter2-hunter2\\n  KeyError: 4711'}");
	record_append(record, incident, EV_MESSAGE,
		      "{'message': 'maintenance', 'channel': '#news', 'to': 'file', "
		      "'file': 'messages/01-maintenance.txt', 'text': 'Orders are down.'}");
	record_append(record, incident, EV_SEVERITY,
		      "{'severity': 'critical', 'reason': 'customers call'}");
	record_append(record, incident, EV_ANSWERED,
		      "{'question': 'up', 'answer': 'yes', 'proposed': 'pass', "
		      "'evidence': 'HTTP 200 in 31 ms'}");
	record_append(record, incident, EV_ANSWERED,
		      "{'question': 'damaged', 'answer': 'yes', 'proposed': 'fail', "
		      "'evidence': '0 rows without a price', 'reason': 'I see them on the site'}");
	record_append(record, incident, EV_CHOSEN,
		      "{'procedure': 'restore', 'source': 'tree', 'name': 'damaged', "
		      "'decide_by': '2026-11-21T21:04:53.000000Z'}");
	record_append(record, incident, EV_APPROVED,
		      "{'procedure': 'restore', 'digest': '0123456789abcdef', "
		      "'params': {'backup': '/backups/shop-2026-11-21.dump'}, "
		      "'loss': ['1,204 orders newer than the backup', "
		      "'not measured: /srv/shop is not readable'], 'confirmed': 'test'}");
}

static void script_restore(struct record *record, struct incident *incident)
{
	record_append(record, incident, EV_INTENT,
		      "{'procedure': 'restore', 'step': 'swap', 'attempt': 1, 'act': 'run', "
		      "'plan': ['$ pg_restore shop'], 'out': 'out/01.log', 'pid': 4711}");
	samples(record, incident, 60, 20);
	record_append(record, incident, EV_OUTCOME,
		      "{'procedure': 'restore', 'step': 'swap', 'attempt': 1, 'act': 'run', "
		      "'result': 'failed', 'detail': 'no space left on device', 'elapsed': 21.0}");
	record_append(record, incident, EV_INTENT,
		      "{'procedure': 'restore', 'step': 'swap', 'attempt': 2, 'act': 'run'}");
	samples(record, incident, 60, 30);
	record_append(record, incident, EV_OUTCOME,
		      "{'procedure': 'restore', 'step': 'swap', 'attempt': 2, 'act': 'run', "
		      "'result': 'done', 'elapsed': 31.0, 'facts': {'rows': 118204}}");
	record_append(record, incident, EV_VERIFY,
		      "{'procedure': 'restore', 'step': 'swap', 'attempt': 2, 'verdict': 'pass', "
		      "'probes': [{'probe': 'orders-priced', 'verdict': 'pass', "
		      "'evidence': '0 rows without a price'}, {'probe': 'rows', 'verdict': 'pass', "
		      "'evidence': '118204 rows, as in the backup of 20:50'}]}");
	record_append(record, incident, EV_PROCEDURE_ENDED,
		      "{'procedure': 'restore', 'result': 'done', 'elapsed': 54.0}");
	samples(record, incident, 0.4, 40);
	record_append(record, incident, EV_ALERT,
		      "{'metric': 'errors', 'level': 'ok', 'was': 'critical', 'value': 0.4, "
		      "'unit': '%'}");
	record_append(record, incident, EV_ITEM,
		      "{'checklist': 'after', 'item': 'look', 'act': 'ticked'}");
	record_append(record, incident, EV_RESOLVED, "{'how': 'restored from the backup'}");
}

static void write_errors(const struct incident *incident)
{
	static const char errors[] =
	    "21:00:31 ERROR orders: price is null\n"
	    "Traceback (most recent call last):\n"
	    "  File \"shop/orders.py\", line 212, in total\n"
	    "    return sum(line.price for line in self.lines) * (1 - self.discount)\n"
	    "TypeError: unsupported operand \x1b[31m\n";
	char *path = path_join(incident->folder, "errors.txt");
	struct err err = ERR_INIT;

	assert_int_equal(file_replace(path, errors, strlen(errors), 0600, &err), 0);
	free(path);
}

/* New: the report in a format, with what no two runs share taken out. */
static char *report_text_of(struct incident *incident, const char *format)
{
	struct report report;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	char *text, head[SHA256_HEX];

	if (report_fold(&report, incident, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(report_format(format)->write(&report, &out, &err), 0);
	text = buf_detach(&out);
	snprintf(head, sizeof(head), "%s",
		 json_string_value(
		     json_object_get(json_object_get(report.facts, "record"), "head")));
	replace_all(&text, head, "HEAD-HASH");
	head[16] = '\0';
	replace_all(&text, head, "HEAD");
	report_release(&report);
	return text;
}

/* New: what PostScript and PDF are made of. */
static char *source_text_of(struct incident *incident)
{
	struct report report;
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	if (report_fold(&report, incident, &err))
		fail_msg("%s", err.msg);
	groff_source(&report, &out);
	report_release(&report);
	return buf_detach(&out);
}

static void script(struct record *record, struct incident *incident)
{
	record_open(record, incident);
	write_as_maria(incident);
	write_errors(incident);
	samples(record, incident, 2, 30);
	samples(record, incident, 62.5, 12);
	script_decide(record, incident);
	script_restore(record, incident);
	first_as_maria(&incident->state.timeline[0]);
}

static void no_line_is_wider(const char *text, int columns)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		assert_true(end - text <= columns);
		assert_true(end == text || end[-1] != ' ');
	}
}

static void test_restored(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	script(record, &incident);
	text = report_text_of(&incident, "text");
	no_line_is_wider(text, 72);
	golden_hold("tests/reports/restore.txt", text);
	free(text);
	text = report_text_of(&incident, "json");
	golden_hold("tests/reports/restore.json", text);
	free(text);
	incident_close(&incident);
}

/* Nothing happened yet: no empty heading, nothing that has no source. */
static void test_just_opened(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	record_open(record, &incident);
	text = report_text_of(&incident, "text");
	for (const char *const *title =
		 (const char *const[]){ "Execution", "Validation", "Charts", "Times", "Decision",
					"Notes", "Data lost", "Error details", "Drill score",
					NULL };
	     *title; title++)
		assert_null(strstr(text, *title));
	assert_non_null(strstr(text, "Root cause"));
	assert_non_null(strstr(text, "good, not closed yet"));
	free(text);
	incident_close(&incident);
}

/* A procedure that is done may have mended nothing: recovered is what was resolved. */
static void test_done_is_not_recovered(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	record_open(record, &incident);
	script_decide(record, &incident);
	record_append(record, &incident, EV_PROCEDURE_ENDED,
		      "{'procedure': 'restore', 'result': 'done'}");
	text = report_text_of(&incident, "text");
	assert_non_null(strstr(text, "Time to decide"));
	assert_null(strstr(text, "Time to recover"));
	assert_null(strstr(text, "Recovery"));
	free(text);
	incident_close(&incident);
}

/* A runner that died, an undo, a step that was skipped; nothing is over yet. */
static void test_rough_way(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	record_open(record, &incident);
	record_append(record, &incident, EV_EVIDENCE,
		      "{'source': 'main', 'lines': 1, 'text': 'session 4711 blocks 3'}");
	record_append(record, &incident, EV_CHOSEN,
		      "{'procedure': 'restart', 'source': 'operator', 'reason': '.br T} \\u202e'}");
	record_append(record, &incident, EV_APPROVED,
		      "{'procedure': 'restart', 'digest': '01', 'params': {}}");
	record_append(record, &incident, EV_INTENT,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'act': 'run'}");
	record_append(record, &incident, EV_DIED,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1}");
	record_append(record, &incident, EV_SETTLED,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'settled': "
		      "'unknown', "
		      "'evidence': 'nobody can tell'}");
	text = report_text_of(&incident, "text");
	assert_non_null(strstr(text, "== main\n"));
	assert_non_null(strstr(text, "| == marked by "));
	assert_non_null(strstr(text, "session 4711 blocks 3"));
	assert_non_null(strstr(text, "runner died, unknown"));
	assert_non_null(strstr(text, "Restart the shop: not ended; 1 unknown"));
	assert_non_null(strstr(text, "nobody can tell"));
	assert_non_null(strstr(text, ".br T} <U+202E>"));
	no_line_is_wider(text, 72);
	free(text);
	record_append(record, &incident, EV_INTENT,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'act': 'undo'}");
	record_append(record, &incident, EV_OUTCOME,
		      "{'procedure': 'restart', 'step': 'stop', 'attempt': 1, 'act': 'undo', "
		      "'result': 'done'}");
	record_append(record, &incident, EV_SKIPPED,
		      "{'procedure': 'restart', 'step': 'start', 'reason': 'it runs'}");
	record_append(record, &incident, EV_STOPPED,
		      "{'procedure': 'restart', 'reason': 'enough'}");
	record_append(record, &incident, EV_PROCEDURE_ENDED,
		      "{'procedure': 'restart', 'result': 'stopped'}");
	text = report_text_of(&incident, "text");
	assert_non_null(strstr(text, "Restart the shop: stopped; 1 skipped, 1 undone"));
	assert_non_null(strstr(text, "UNDO: Stop it"));
	assert_non_null(strstr(text, "it runs"));
	assert_non_null(strstr(text, "enough"));
	assert_null(strstr(text, "Time to recover"));
	free(text);
	incident_close(&incident);
}

static void test_closed(void **state)
{
	struct record *record = *state;
	struct incident incident;
	char *text;

	script(record, &incident);
	record_append(record, &incident, EV_CLOSED,
		      "{'root_cause': 'No default.', 'remediation': 'Added one.', 'lessons': "
		      "'Test with rows.'}");
	for (size_t i = 0; report_formats[i]; i++) {
		if (report_formats[i]->binary)
			continue;
		text = report_text_of(&incident, report_formats[i]->name);
		assert_non_null(strstr(text, "No default."));
		assert_non_null(strstr(text, "Added one."));
		assert_non_null(strstr(text, "Test with rows."));
		free(text);
	}
	text = report_text_of(&incident, "text");
	assert_non_null(strstr(text, "good, sealed"));
	free(text);
	text = source_text_of(&incident);
	assert_non_null(strstr(text, "No default."));
	assert_non_null(strstr(text, "Added one."));
	assert_non_null(strstr(text, "Test with rows."));
	free(text);
	incident_close(&incident);
}

#define WITH_RECORD(test) cmocka_unit_test_setup_teardown(test, record_setup, record_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RECORD(test_restored),
		WITH_RECORD(test_just_opened),
		WITH_RECORD(test_done_is_not_recovered),
		WITH_RECORD(test_rough_way),
		WITH_RECORD(test_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
