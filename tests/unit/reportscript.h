/*
 * A scripted incident of the shop: errors rise, its orders are restored, it is resolved. And its
 * report as text, with what no two runs share taken out.
 */
#ifndef TESTS_UNIT_REPORTSCRIPT_H
#define TESTS_UNIT_REPORTSCRIPT_H

#include "tests/unit/core_record.h"

#include "core/report.h"
#include "lib/sha256.h"
#include "logs/report_groff.h"

/* Who writes differs from machine to machine. */
static inline json_t *maria(void)
{
	return json_pack("{s:s, s:s, s:s}", "user", "root", "sudo", "maria", "host", "db1");
}

/* incident.opened was written by whoever runs the test. */
static inline void first_as_maria(struct timeline_entry *first)
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

static inline void write_as_maria(struct incident *incident)
{
	json_t *by = maria();

	ledger_by(incident->ledger, by);
	json_decref(by);
}

static inline void replace_all(char **text, const char *old, const char *with)
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

static inline void samples(struct record *record, struct incident *incident, double value,
			   int seconds)
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

static inline void script_decide(struct record *record, struct incident *incident)
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

static inline void script_restore(struct record *record, struct incident *incident)
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

static inline void write_errors(const struct incident *incident)
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
static inline char *report_text_of(struct incident *incident, const char *format)
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
static inline char *source_text_of(struct incident *incident)
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

static inline void script(struct record *record, struct incident *incident)
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

static inline void no_line_is_wider(const char *text, int columns)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		assert_true(end - text <= columns);
		assert_true(end == text || end[-1] != ' ');
	}
}

#endif
