/*
 * An approval covers exactly what was approved: bytes of runbook, target, answers and record are
 * changed behind it, and a real runner is asked.
 */
#include "core/approve.h"
#include "tests/unit/authority.h"

#define SHORT_RUNS  150 /* runners of a sweep in its short form */
#define SHORT_LOADS 400

static bool is_long(void)
{
	return getenv("LONG") != NULL;
}

static size_t stride(size_t bytes, size_t runs)
{
	return is_long() || bytes <= runs ? 1 : bytes / runs;
}

static void sweep_file(struct lamp *lamp, struct incident *incident, const char *name, size_t from,
		       const char *what)
{
	char *path = path_join(incident->folder, name);
	struct tally tally = { 0 };
	struct buf text = BUF_INIT;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	for (size_t i = from; i < text.len; i += stride(text.len - from, SHORT_RUNS)) {
		char changed = (char)(text.data[i] ^ (char)(1 << (i % 8)));

		assert_int_equal(pwrite(fd, &changed, 1, (off_t)i), 1);
		count_run(lamp, incident, &tally);
		assert_int_equal(pwrite(fd, text.data + i, 1, (off_t)i), 1);
	}
	told(what, &tally);
	close(fd);
	buf_release(&text);
	free(path);
}

/* Each byte of what is frozen, and of the approval's own line; then, with nothing changed, it runs.
 */
static void changed_bytes_are_refused(void **state)
{
	struct lamp *lamp = *state;
	struct incident incident;
	struct buf ledger = BUF_INIT;
	char *path;
	const char *line;

	incident_begin(lamp, &incident);
	approve(&incident, "mend");
	path = path_join(incident.folder, "ledger.jsonl");
	assert_int_equal(file_read(path, &ledger, 0, NULL), 0);
	line = strstr(buf_str(&ledger), "procedure.approved");
	assert_non_null(line);
	sweep_file(lamp, &incident, "runbook.json", 0, "bytes of the frozen runbook changed");
	sweep_file(lamp, &incident, "target.json", 0, "bytes of the frozen target changed");
	sweep_file(lamp, &incident, "ledger.jsonl", (size_t)(line - buf_str(&ledger)),
		   "bytes of the approval on record, its answers and digest, changed");
	assert_int_equal(run(&incident, "write", RUNNER_RUN), RUNNER_DONE);
	assert_false(is_untouched(lamp));
	buf_release(&ledger);
	free(path);
	incident_close(&incident);
}

/* Loads what a changed document gives; false when it is refused as no runbook or target. */
static bool load_changed(const struct lamp *lamp, struct loaded *loaded)
{
	char *runbook = path_join(lamp->folder, "runbook.json");
	char *target = path_join(lamp->folder, "target.json");
	struct findings findings = { 0 };
	bool loads = load_runbook(loaded, runbook, target, &findings, NULL) == 0;

	findings_release(&findings);
	free(runbook);
	free(target);
	return loads;
}

/* Whoever rewrites the whole record still has the old digest in it: whatever can be made of a
 * document by changing one byte has another one. */
static void sweep_digest(struct lamp *lamp, const char *name, const char *what)
{
	char *path = path_join(lamp->folder, name), before[SHA256_HEX], after[SHA256_HEX];
	json_t *params = json_pack("{s:s}", "colour", "green");
	struct tally tally = { 0 };
	struct buf text = BUF_INIT;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	assert_int_equal(digest_of(&lamp->loaded, params, before), 0);
	for (size_t i = 0; i < text.len; i += stride(text.len, SHORT_LOADS)) {
		struct loaded changed = { 0 };
		char byte = (char)(text.data[i] ^ 1);

		assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
		if (load_changed(lamp, &changed)) {
			tally.injected++;
			tally.refused +=
			    digest_of(&changed, params, after) != 0 || strcmp(before, after) != 0;
		}
		loaded_release(&changed);
		assert_int_equal(pwrite(fd, text.data + i, 1, (off_t)i), 1);
	}
	told(what, &tally);
	json_decref(params);
	close(fd);
	buf_release(&text);
	free(path);
}

static void sweep_answer(const struct lamp *lamp)
{
	char before[SHA256_HEX], after[SHA256_HEX], answer[] = "green";
	json_t *params = json_pack("{s:s}", "colour", answer);
	struct tally tally = { 0 };

	assert_int_equal(digest_of(&lamp->loaded, params, before), 0);
	for (size_t bit = 0; bit < 7 * (sizeof(answer) - 1); bit++) {
		answer[bit / 7] = (char)(answer[bit / 7] ^ 1 << bit % 7);
		if (answer[bit / 7]) {
			json_object_set_new(params, "colour", json_string(answer));
			tally.injected++;
			tally.refused += digest_of(&lamp->loaded, params, after) != 0 ||
					 strcmp(before, after) != 0;
		}
		answer[bit / 7] = (char)(answer[bit / 7] ^ 1 << bit % 7);
	}
	told("bits of an answer changed: another digest", &tally);
	json_decref(params);
}

static void the_digest_covers_every_byte(void **state)
{
	struct lamp *lamp = *state;

	sweep_digest(lamp, "runbook.json", "one byte of a runbook changed: another digest");
	sweep_digest(lamp, "target.json", "one byte of a target changed: another digest");
	sweep_answer(lamp);
}

/* A record made anew over a changed runbook, with the approval of the old one in it. */
static void an_old_approval_is_none_of_a_new_plan(void **state)
{
	static const char *const changes[][2] = { { "echo well", "echo bell" },
						  { "'within': '5s', 'verify'",
						    "'within': '6s', 'verify'" },
						  { "'Write the state'", "'Write the stale'" } };
	struct lamp *lamp = *state;
	json_t *params = json_pack("{s:s}", "colour", "green");
	char digest[SHA256_HEX], *path = path_join(lamp->folder, "runbook.json");
	struct tally tally = { 0 };

	assert_int_equal(digest_of(&lamp->loaded, params, digest), 0);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *parts = xasprintf("%s%s%s", lamp_runbook, lamp_procedures, lamp_day);
		char *at = strstr(parts, changes[i][0]), *text;
		struct incident incident;

		assert_non_null(at);
		memcpy(at, changes[i][1], strlen(changes[i][1]));
		text = lamp_json(parts);
		unlink(path);
		scratch_puts(path, text);
		loaded_release(&lamp->loaded);
		lamp_load(lamp, &lamp->loaded);
		incident_begin(lamp, &incident);
		append(&incident, EV_CHOSEN,
		       json_pack("{s:s, s:s}", "procedure", "mend", "source", "operator"));
		append(&incident, EV_APPROVED,
		       json_pack("{s:s, s:s, s:O}", "procedure", "mend", "digest", digest, "params",
				 params));
		count_run(lamp, &incident, &tally);
		incident_close(&incident);
		free(text);
		free(parts);
	}
	told("an old approval on a record with another plan", &tally);
	json_decref(params);
	free(path);
}

/* ---- Time and people ---- */

int main(int argc, char **argv)
{
	LAMP_RUNNER(argc, argv);
	const struct CMUnitTest tests[] = {
		LAMP_TEST(changed_bytes_are_refused),
		LAMP_TEST(the_digest_covers_every_byte),
		LAMP_TEST(an_old_approval_is_none_of_a_new_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
