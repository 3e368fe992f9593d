/* The incident's folder: made once, shared by several, refused when it must be. */
#include "tests/unit/core_record.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static json_t *note(const char *text)
{
	return json_pack("{s:s}", "text", text);
}

static json_t *chosen(void)
{
	return json_pack("{s:s}", "procedure", "restart");
}

static void open_again(struct record *record, const struct incident *incident,
		       struct incident *other)
{
	struct err err = ERR_INIT;

	if (incident_open(other, incident->id, &record->clock.clock, &err))
		fail_msg("%s", err.msg);
}

static mode_t mode_of(const char *folder, const char *name)
{
	char *path = path_join(folder, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	free(path);
	return st.st_mode & 07777;
}

static char *contents(const char *folder, const char *name)
{
	char *path = path_join(folder, name);
	struct buf bytes = BUF_INIT;

	assert_int_equal(file_read(path, &bytes, 0, NULL), 0);
	free(path);
	return buf_detach(&bytes);
}

static void test_folder(void **state)
{
	struct record *record = *state;
	struct incident incident, second;
	struct ledger_report report;
	struct err err = ERR_INIT;
	char *frozen;

	record_open(record, &incident);
	assert_string_equal(incident.id, "2026-11-21-01");
	assert_int_equal(mode_of(incident.folder, ""), 0700);
	assert_int_equal(mode_of(incident.folder, "out"), 0700);
	assert_int_equal(mode_of(incident.folder, "runbook.json"), 0600);
	frozen = contents(incident.folder, "runbook.json");
	assert_string_equal(frozen, record->loaded.frozen_runbook);
	free(frozen);
	assert_int_equal(incident_verify(incident.id, NULL, &report, &err), 0);
	assert_int_equal(report.result, LEDGER_GOOD);
	assert_int_equal(report.lines, 1);
	record_open(record, &second);
	assert_string_equal(second.id, "2026-11-21-02");
	incident_close(&second);
	incident_close(&incident);
}

static void test_group_folder(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct chart_point point = { .at = RECORD_BEGIN, .value = 1 };
	struct err err = ERR_INIT;

	assert_int_equal(mkdir(getenv("BACKOUT_STATE_DIR"), 0700), 0);
	assert_int_equal(chmod(getenv("BACKOUT_STATE_DIR"), 02770), 0);
	umask(077);
	record_open(record, &incident);
	assert_int_equal(mode_of(incident.folder, ""), 02770);
	assert_int_equal(mode_of(incident.folder, "out"), 02770);
	assert_int_equal(mode_of(incident.folder, "target.json"), 0660);
	assert_int_equal(incident_metrics_append(&incident, "errors", &point, 1, &err), 0);
	assert_int_equal(mode_of(incident.folder, "metrics.jsonl"), 0660);
	assert_int_equal(mode_of(incident.folder, "ledger.jsonl"), 0660);
	incident_close(&incident);
}

/* A console that has not read yet that the incident is closed goes on appending. */
static void test_sampling_while_it_is_closed(void **state)
{
	struct record *record = *state;
	struct incident mine, other;
	struct chart_point point = { .at = RECORD_BEGIN, .value = 1 };
	struct ledger_report report;
	struct err err = ERR_INIT;
	char seen[200];
	int ends[2];
	pid_t pid;

	record_open(record, &mine);
	open_again(record, &mine, &other);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		close(ends[0]);
		while (incident_metrics_append(&other, "errors", &point, 1, NULL) == 0 &&
		       write(ends[1], "x", 1) == 1)
			;
		_exit(1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], seen, 1), 1);
	assert_int_equal(incident_append(&mine, EV_RESOLVED, json_object(), &err), 0);
	assert_int_equal(incident_append(&mine, EV_CLOSED, json_object(), &err), 0);
	for (size_t n = 0; n < sizeof(seen);)
		n += (size_t)read(ends[0], seen, 1);
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(incident_verify(mine.id, NULL, &report, &err), 0);
	assert_string_equal(report.what, "");
	assert_true(report.sealed_ok);
	incident_close(&other);
	incident_close(&mine);
}

/* What can't be gone on with in another way is still there in the old one. */
static void test_adopting_changes_all_or_nothing(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct err err = ERR_INIT;
	char *ledger, *apart;

	record_open(record, &incident);
	ledger = path_join(incident.folder, "ledger.jsonl");
	apart = path_join(incident.folder, "apart");
	assert_int_equal(rename(ledger, apart), 0);
	assert_int_equal(incident_adopt(&incident, &record->loaded, &err), -1);
	assert_true(err.set);
	assert_non_null(record->loaded.runbook);
	assert_int_equal(rename(apart, ledger), 0);
	assert_int_equal(incident_append(&incident, EV_NOTE, note("still here"), NULL), 0);
	assert_int_equal(incident.state.phase, INCIDENT_OPEN);
	incident_close(&incident);
	free(ledger);
	free(apart);
}

static void test_two_consoles(void **state)
{
	struct record *record = *state;
	struct incident mine, other;
	struct err err = ERR_INIT;
	bool moved = false;

	record_open(record, &mine);
	open_again(record, &mine, &other);

	/* Notes and sensed events in between change nothing about an act. */
	assert_int_equal(incident_append(&other, EV_NOTE, note("hello"), &err), 0);
	assert_int_equal(incident_append(&other, EV_CONDITION,
					 json_pack("{s:s, s:s}", "condition", "bad-orders",
						   "verdict", "pass"),
					 &err),
			 0);
	assert_int_equal(incident_act(&mine, EV_CHOSEN, chosen(), &moved, &err), 0);
	assert_false(moved);
	assert_int_equal(mine.state.ntimeline, 4);

	/* What another operator did in between does. */
	assert_int_equal(incident_refresh(&other, &err), 0);
	assert_int_equal(incident_append(&other, EV_CHOSEN, chosen(), &err), 0);
	assert_int_equal(incident_act(&mine, EV_APPROVED,
				      json_pack("{s:s, s:s}", "procedure", "restart", "digest",
						"x"),
				      &moved, &err),
			 -1);
	assert_true(moved);
	assert_true(err.set);
	err_clear(&err);

	/* Nothing was written; after looking, the same act goes through. */
	assert_int_equal(incident_refresh(&mine, &err), 0);
	assert_int_equal(mine.state.ntimeline, 5);
	assert_int_equal(incident_act(&mine, EV_APPROVED,
				      json_pack("{s:s, s:s}", "procedure", "restart", "digest",
						"x"),
				      &moved, &err),
			 0);
	assert_int_equal(incident_refresh(&other, &err), 0);
	assert_int_equal(other.state.ntimeline, 6);
	assert_true(state_attempt(&other.state)->procedure.approved);
	incident_close(&other);
	incident_close(&mine);
}

static void test_nothing_after_closing(void **state)
{
	struct record *record = *state;
	struct incident mine, other;
	struct ledger_report report;
	struct err err = ERR_INIT;
	char *path;

	record_open(record, &mine);
	open_again(record, &mine, &other);
	path = path_join(mine.folder, "out/step.log");
	assert_int_equal(file_replace(path, "output\n", 7, 0600, &err), 0);
	assert_int_equal(incident_append(&mine, EV_CLOSED, NULL, &err), 0);
	/* The other console does not know yet. */
	assert_int_equal(incident_append(&other, EV_NOTE, note("late"), &err), -1);
	err_clear(&err);
	assert_int_equal(incident_verify(mine.id, NULL, &report, &err), 0);
	assert_int_equal(report.result, LEDGER_GOOD);
	assert_true(report.closed);
	assert_true(report.sealed_ok);
	assert_int_equal(report.lines, 2);
	/* What was sealed can't change unnoticed. */
	assert_int_equal(file_replace(path, "0utput\n", 7, 0600, &err), 0);
	assert_int_equal(incident_verify(mine.id, NULL, &report, &err), 0);
	assert_false(report.result == LEDGER_GOOD && report.sealed_ok);
	assert_non_null(strstr(report.what, "out/step.log"));
	free(path);
	incident_close(&other);
	incident_close(&mine);
}

static void test_bad_fields_are_not_written(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct err err = ERR_INIT;

	record_open(record, &incident);
	assert_int_equal(incident_append(&incident, EV_NOTE, json_object(), &err), -1);
	assert_string_equal(err.msg, "event note: \"text\" is missing");
	assert_int_equal(incident.state.ntimeline, 1);
	assert_int_equal(ledger_head(incident.ledger).seq, 1);
	incident_close(&incident);
}

static void test_secrets_stay_out(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct err err = ERR_INIT;
	char *ledger;

	record_open(record, &incident);
	assert_int_equal(incident_append(&incident, EV_NOTE, note("it is hunter2-hunter2"), &err),
			 0);
	assert_string_equal(entry_text(&incident.state.timeline[1]), "note: it is [redacted]");
	ledger = contents(incident.folder, "ledger.jsonl");
	assert_null(strstr(ledger, "hunter2"));
	free(ledger);
	incident_close(&incident);
}

static void change_byte(const char *folder, const char *name, const char *old, char to)
{
	char *text = contents(folder, name), *path = path_join(folder, name);
	char *at = strstr(text, old);
	int fd = open(path, O_WRONLY);

	assert_non_null(at);
	assert_int_equal(pwrite(fd, &to, 1, at - text), 1);
	close(fd);
	free(path);
	free(text);
}

static void test_damage_is_read_not_written(void **state)
{
	struct record *record = *state;
	struct incident incident, other;
	struct ledger_report report;
	struct err err = ERR_INIT;
	char *before, *after;

	record_open(record, &incident);
	record_append(record, &incident, EV_NOTE, "{'text': 'first'}");
	record_append(record, &incident, EV_NOTE, "{'text': 'second'}");
	record_append(record, &incident, EV_NOTE, "{'text': 'third'}");
	change_byte(incident.folder, "ledger.jsonl", "second", 'S');
	before = contents(incident.folder, "ledger.jsonl");
	open_again(record, &incident, &other);
	assert_non_null(strstr(other.damage, "line 3"));
	assert_int_equal(other.state.ntimeline, 2); /* up to the damage */
	assert_string_equal(entry_text(&other.state.timeline[1]), "note: first");
	assert_int_equal(incident_append(&other, EV_NOTE, note("more"), &err), -1);
	assert_non_null(strstr(err.msg, "line 3"));
	assert_true(*err.hint);
	after = contents(incident.folder, "ledger.jsonl");
	assert_string_equal(after, before);
	err_clear(&err);
	assert_int_equal(incident_verify(incident.folder, NULL, &report, &err), 0);
	assert_int_equal(report.result, LEDGER_DAMAGED);
	assert_non_null(strstr(report.what, "line 3"));
	free(before);
	free(after);
	incident_close(&other);
	incident_close(&incident);
}

static void test_frozen_files_are_named(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct ledger_report report;
	struct err err = ERR_INIT;

	record_open(record, &incident);
	change_byte(incident.folder, "target.json", "staging", 'S');
	assert_int_equal(incident_verify(incident.id, NULL, &report, &err), 0);
	assert_int_equal(report.result, LEDGER_DAMAGED);
	assert_non_null(strstr(report.what, "target.json"));
	incident_close(&incident);
}

static void test_finding(void **state)
{
	struct record *record = *state;
	struct incident incident, second;
	struct err err = ERR_INIT;
	char *folder;

	assert_null(incident_find(NULL, &err));
	assert_true(*err.hint);
	err_clear(&err);
	record_open(record, &incident);
	record_open(record, &second);
	folder = incident_find(NULL, &err);
	assert_string_equal(folder, second.folder);
	free(folder);
	assert_int_equal(incident_append(&second, EV_CLOSED, NULL, &err), 0);
	folder = incident_find(NULL, &err);
	assert_string_equal(folder, incident.folder);
	free(folder);
	assert_null(incident_find("2026-11-21", &err));
	assert_non_null(strstr(err.msg, "both"));
	err_clear(&err);
	folder = incident_find("2026-11-21-02", &err);
	assert_string_equal(folder, second.folder);
	free(folder);
	assert_null(incident_find("2027", &err));
	assert_string_equal(err.msg, "there is no incident \"2027\"");
	err_clear(&err);
	assert_null(incident_find(record->folder, &err));
	assert_non_null(strstr(err.msg, "no incident's folder"));
	incident_close(&second);
	incident_close(&incident);
}

static void add_id(const char *id, const char *folder, void *data)
{
	(void)folder;
	buf_printf(data, "%s ", id);
}

static void test_newest_first(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct buf ids = BUF_INIT;
	struct err err = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		record_open(record, &incident);
		incident_close(&incident);
	}
	clock_manual_advance(&record->clock, 86400 * CLOCK_US);
	record_open(record, &incident);
	incident_close(&incident);
	assert_int_equal(incidents_each(add_id, &ids, &err), 0);
	assert_string_equal(buf_str(&ids),
			    "2026-11-22-01 2026-11-21-03 2026-11-21-02 2026-11-21-01 ");
	buf_release(&ids);
}

#define RACERS 50

static void test_no_two_get_one_id(void **state)
{
	struct record *record = *state;
	struct buf ids = BUF_INIT;
	struct err err = ERR_INIT;
	pid_t pids[RACERS];
	int status, words = 0, start[2];

	assert_int_equal(pipe(start), 0);
	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct incident incident;
			char go;

			close(start[1]);
			if (read(start[0], &go, 1) < 0)
				_exit(2);
			_exit(incident_create(&incident, &record->loaded, INCIDENT_INCIDENT,
					      SEVERITY_LOW, "race", &record->clock.clock, &err)
				  ? 1
				  : 0);
		}
		assert_true(pids[i] > 0);
	}
	close(start[0]);
	close(start[1]); /* all go at once */
	for (int i = 0; i < RACERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(incidents_each(add_id, &ids, &err), 0);
	for (const char *p = buf_str(&ids); *p; p++)
		words += *p == ' ';
	assert_int_equal(words, RACERS);
	assert_non_null(strstr(buf_str(&ids), "2026-11-21-50 "));
	buf_release(&ids);
}

/* As somebody who may not write there; root may everywhere. */
static void test_unwritable_state(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	assert_int_equal(chmod(record->folder, 0755), 0);
	assert_int_equal(mkdir(getenv("BACKOUT_STATE_DIR"), 0755), 0);
	pid = fork();
	if (pid == 0) {
		int result;

		if (getuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(9);
		if (getuid() != 65534 && chmod(getenv("BACKOUT_STATE_DIR"), 0555))
			_exit(9);
		result = incident_create(&incident, &record->loaded, INCIDENT_INCIDENT,
					 SEVERITY_LOW, "x", &record->clock.clock, &err);
		_exit(result == -1 && strstr(err.msg, getenv("BACKOUT_STATE_DIR")) &&
			      strstr(err.msg, "Permission denied") &&
			      strstr(err.hint, "BACKOUT_STATE_DIR")
			  ? 0
			  : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	/* A file where the folder should be. */
	assert_int_equal(rmdir(getenv("BACKOUT_STATE_DIR")), 0);
	assert_int_equal(file_replace(getenv("BACKOUT_STATE_DIR"), "", 0, 0600, &err), 0);
	assert_int_equal(incident_create(&incident, &record->loaded, INCIDENT_INCIDENT,
					 SEVERITY_LOW, "x", &record->clock.clock, &err),
			 -1);
	assert_non_null(strstr(err.msg, getenv("BACKOUT_STATE_DIR")));
	assert_true(*err.hint);
}

static void test_metrics(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct chart_point points[] = { { 2 * CLOCK_US, 2.5 }, { 3 * CLOCK_US, 0.0 / 0.0 } };
	struct chart_point earlier = { CLOCK_US, 1 };
	struct chart_point *back;
	struct err err = ERR_INIT;
	char *path;
	size_t n;
	int fd;

	record_open(record, &incident);
	assert_int_equal(incident_metrics_append(&incident, "errors", points, 2, &err), 0);
	assert_int_equal(incident_metrics_append(&incident, "errors", &earlier, 1, &err), 0);
	assert_int_equal(incident_metrics_append(&incident, "others", &earlier, 1, &err), 0);
	path = path_join(incident.folder, "metrics.jsonl");
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"at\": \"2026", 12), 12); /* cut by a crash */
	close(fd);
	free(path);
	back = incident_metrics(incident.folder, "errors", &n);
	assert_int_equal(n, 2);
	assert_int_equal(back[0].at, CLOCK_US);
	assert_true(back[1].value == 2.5);
	free(back);
	assert_null(incident_metrics(incident.folder, "none", &n));
	assert_int_equal(n, 0);
	incident_close(&incident);
}

static void test_out_files_differ(void **state)
{
	struct record *record = *state;
	struct incident incident;
	struct err err = ERR_INIT;
	char *first, *again, *undo;

	record_open(record, &incident);
	assert_int_equal(incident_append(&incident, EV_CHOSEN, chosen(), &err), 0);
	first = incident_out(&incident, "code/stop", 1, false);
	undo = incident_out(&incident, "code/stop", 1, true);
	assert_int_equal(incident_append(&incident, EV_CHOSEN, chosen(), &err), 0);
	again = incident_out(&incident, "code/stop", 1, false);
	assert_string_not_equal(first, undo);
	assert_string_not_equal(first, again);
	assert_non_null(strstr(first, "/out/01.restart.code.stop.1.log"));
	free(first);
	free(again);
	free(undo);
	incident_close(&incident);
}

/* For tests/faults/incident_errors.sh: opens an incident and prints its folder, or seals the one
 * that is there. Between two calls of getpriority() faults are injected. */
static int act_and_tell(bool seal, const char *first, const char *second)
{
	struct incident incident = { .folder = NULL };
	struct findings findings = { 0 };
	struct loaded loaded = { 0 };
	struct err err = ERR_INIT;
	int result = seal ? incident_open(&incident, first, &clock_system, &err)
			  : load_runbook(&loaded, first, second, &findings, &err);

	if (result == 0) {
		(void)getpriority(PRIO_PROCESS, 0);
		result = seal ? incident_append(&incident, EV_CLOSED, json_object(), &err)
			      : incident_create(&incident, &loaded, INCIDENT_INCIDENT,
						SEVERITY_HIGH, "Test", &clock_system, &err);
		(void)getpriority(PRIO_PROCESS, 0);
	}
	if (result == 0)
		printf("%s\n", incident.folder);
	else
		fprintf(stderr, "%s\n", err.msg);
	if (incident.folder)
		incident_close(&incident);
	findings_release(&findings);
	loaded_release(&loaded);
	return result ? 1 : 0;
}

#define WITH_RECORD(test) cmocka_unit_test_setup_teardown(test, record_setup, record_teardown)

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--open") == 0)
		return act_and_tell(false, argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "--seal") == 0)
		return act_and_tell(true, argv[2], NULL);

	const struct CMUnitTest tests[] = {
		WITH_RECORD(test_folder),
		WITH_RECORD(test_group_folder),
		WITH_RECORD(test_two_consoles),
		WITH_RECORD(test_adopting_changes_all_or_nothing),
		WITH_RECORD(test_sampling_while_it_is_closed),
		WITH_RECORD(test_nothing_after_closing),
		WITH_RECORD(test_bad_fields_are_not_written),
		WITH_RECORD(test_secrets_stay_out),
		WITH_RECORD(test_damage_is_read_not_written),
		WITH_RECORD(test_frozen_files_are_named),
		WITH_RECORD(test_finding),
		WITH_RECORD(test_newest_first),
		WITH_RECORD(test_no_two_get_one_id),
		WITH_RECORD(test_unwritable_state),
		WITH_RECORD(test_metrics),
		WITH_RECORD(test_out_files_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
