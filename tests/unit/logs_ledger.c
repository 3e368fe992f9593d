/* What a ledger says: its bytes; changes, torn ends and what comes after the end are found. */
#include "tests/unit/fault.h"
#include "tests/unit/ledgerfixture.h"

/* ---- the format ---- */

static void line_has_the_documented_bytes(void **state)
{
	struct fixture *f = *state;
	struct buf text;
	char expected[1024], hash[SHA256_HEX], boot[64] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY);

	assert_true(read(fd, boot, 36) == 36);
	close(fd);
	add_good(f, "gr\xc3\xbc\xc3\x9f \"dich\"");
	snprintf(expected, sizeof(expected),
		 "{\"seq\":1,\"at\":\"2026-11-21T22:26:41.623456Z\",\"boot\":\"%s\","
		 "\"mono\":2.500000,\"by\":{\"user\":\"anna\",\"host\":\"pult\"},"
		 "\"event\":\"note\",\"text\":\"gr\xc3\xbc\xc3\x9f \\\"dich\\\"\",\"prev\":\"%s\"",
		 boot, f->beginning);
	sha256_hex(expected, strlen(expected), hash);
	snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
		 ",\"hash\":\"%s\"}\n", hash);
	text = content(f, "ledger.jsonl");
	assert_string_equal(text.data, expected);
	assert_string_equal(ledger_head(f->ledger).hash, hash);
	buf_release(&text);
}

static void beginning_is_the_hash_of_id_runbook_and_target(void **state)
{
	char expected[SHA256_HEX];

	(void)state;
	sha256_hex("id\nr\nt\n", 7, expected);
	ledger_beginning("id", "r", "t", (*(struct fixture **)state)->beginning);
	assert_string_equal((*(struct fixture **)state)->beginning, expected);
}

static void fields_of_every_line_are_refused(void **state)
{
	static const char *const names[] = { "seq", "at",    "boot", "mono",
					     "by",  "event", "prev", "hash" };
	struct fixture *f = *state;

	for (size_t i = 0; i < 8; i++) {
		json_t *fields = json_pack("{s:i}", names[i], 1);

		err_clear(&f->err);
		assert_int_equal(ledger_append(f->ledger, "note", fields, NULL, NULL, NULL,
					       &f->err),
				 -1);
		assert_non_null(strstr(f->err.msg, names[i]));
		json_decref(fields);
	}
	assert_int_equal(verify(f, NULL).lines, 0);
}

static void secrets_never_reach_the_file(void **state)
{
	struct fixture *f = *state;
	struct redactor *redactor = redactor_new();
	json_t *fields = json_pack("{s:[ssss], s:s, s:{s:s}}", "plan", "curl", "--token",
				   "abcdef99", "https://u:pw-in-url@host/", "text",
				   "host=db password='top secret' hunter2hunter2", "db", "password",
				   "plainpass");
	struct buf text;

	redactor_add(redactor, "hunter2hunter2");
	ledger_close(f->ledger);
	f->ledger = ledger_open(f->folder, f->beginning, &f->clock.clock, redactor, NULL, &f->err);
	assert_int_equal(ledger_append(f->ledger, "note", fields, NULL, NULL, NULL, &f->err), 0);
	text = content(f, "ledger.jsonl");
	assert_null(strstr(text.data, "abcdef99"));
	assert_null(strstr(text.data, "pw-in-url"));
	assert_null(strstr(text.data, "top secret"));
	assert_null(strstr(text.data, "hunter2"));
	assert_null(strstr(text.data, "plainpass"));
	assert_non_null(strstr(text.data, "[redacted]"));
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	buf_release(&text);
	json_decref(fields);
	ledger_close(f->ledger);
	f->ledger = NULL;
	redactor_free(redactor);
}

static void a_string_with_nul_can_be_read_back(void **state)
{
	struct fixture *f = *state;
	json_t *fields = json_object();

	json_object_set_new(fields, "text", json_stringn("a\0b", 3));
	assert_int_equal(ledger_append(f->ledger, "note", fields, NULL, NULL, NULL, &f->err), 0);
	assert_int_equal(verify(f, NULL).lines, 1);
	json_decref(fields);
}

static void an_append_returns_after_its_sync(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	for (int i = 1; i <= 3; i++) {
		syncs = 0;
		add_good(f, "x");
		assert_int_equal(syncs, 1);
		text = content(f, "ledger.jsonl");
		assert_int_equal(synced_size, text.len); /* nothing was written after it */
		buf_release(&text);
	}
}

/* Each line once and in order, whoever wrote it, read again or not. */
static void what_was_appended_is_told_once(void **state)
{
	struct fixture *f = *state;
	struct texts texts = { .seen = "" }, others = { .seen = "" };
	struct ledger *other;

	add_good(f, "a");
	assert_int_equal(ledger_read_appended(f->ledger, collect, &texts, &f->err), 0);
	assert_string_equal(texts.seen, "a");
	other = ledger_replay(f->folder, f->beginning, &f->clock.clock, NULL, collect, &others,
			      NULL, &f->err);
	assert_non_null(other);
	assert_string_equal(others.seen, "a");
	assert_int_equal(ledger_append(other, "note", NULL, NULL, NULL, NULL, &f->err), 0);
	add_good(f, "b"); /* behind a line that was not read yet */
	assert_int_equal(ledger_read_appended(f->ledger, collect, &texts, &f->err), 0);
	assert_string_equal(texts.seen, "a?b");
	assert_int_equal(ledger_read_appended(other, collect, &others, &f->err), 0);
	assert_string_equal(others.seen, "a?"); /* up to its own */
	assert_int_equal(ledger_read(other, collect, &others, &f->err), 0);
	assert_string_equal(others.seen, "a?b");
	add_good(f, "c"); /* never asked for: reading tells it */
	add_good(f, "d");
	assert_int_equal(ledger_read(f->ledger, collect, &texts, &f->err), 0);
	assert_int_equal(ledger_read_appended(f->ledger, collect, &texts, &f->err), 0);
	assert_string_equal(texts.seen, "a?bcd");
	ledger_close(other);
	assert_int_equal(verify(f, NULL).lines, 5);
}

/* ---- changes are found ---- */

static void any_changed_byte_is_found(void **state)
{
	struct fixture *f = *state;
	long flips = 0, found = 0;
	struct buf text;

	add_good(f, "one");
	add_good(f, "two");
	add_good(f, "three");
	text = content(f, "ledger.jsonl");
	for (size_t i = 0; i < text.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct ledger_report report;

			text.data[i] = (char)(text.data[i] ^ (1 << bit));
			overwrite(f, "ledger.jsonl", text.data, text.len);
			report = verify(f, NULL);
			flips++;
			found += report.result == LEDGER_DAMAGED &&
				 strstr(report.what, "ledger.jsonl line ");
			if (flips != found)
				fail_msg("byte %zu, bit %d: not found", i, bit);
			text.data[i] = (char)(text.data[i] ^ (1 << bit));
		}
	}
	fault(10, "every bit of a ledger flipped", flips, found, flips - found);
	buf_release(&text);
}

static void removed_and_exchanged_lines_are_found(void **state)
{
	struct fixture *f = *state;
	struct buf text, changed = BUF_INIT;
	size_t starts[8], n;

	for (int i = 0; i < 5; i++)
		add_good(f, &"abcde"[i]);
	text = content(f, "ledger.jsonl");
	n = borders(&text, starts);
	assert_int_equal(n, 5);
	for (size_t gone = 0; gone + 1 < n; gone++) {
		struct ledger_report report;
		char where[64];

		buf_cut(&changed, 0);
		buf_add(&changed, text.data, starts[gone]);
		buf_add(&changed, text.data + starts[gone + 1], text.len - starts[gone + 1]);
		overwrite(f, "ledger.jsonl", changed.data, changed.len);
		report = verify(f, NULL);
		assert_int_equal(report.result, LEDGER_DAMAGED);
		snprintf(where, sizeof(where), "ledger.jsonl line %zu", gone + 1);
		assert_non_null(strstr(report.what, where));

		buf_cut(&changed, 0);
		buf_add(&changed, text.data, starts[gone]);
		buf_add(&changed, text.data + starts[gone + 1],
			starts[gone + 2] - starts[gone + 1]);
		buf_add(&changed, text.data + starts[gone], starts[gone + 1] - starts[gone]);
		buf_add(&changed, text.data + starts[gone + 2], text.len - starts[gone + 2]);
		overwrite(f, "ledger.jsonl", changed.data, changed.len);
		assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	}
	buf_cut(&changed, 0);
	buf_add(&changed, text.data, text.len);
	buf_add(&changed, text.data + starts[4], text.len - starts[4]);
	overwrite(f, "ledger.jsonl", changed.data, changed.len);
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	buf_release(&changed);
	buf_release(&text);
}

static void a_cut_off_tail_is_found_by_its_head(void **state)
{
	struct fixture *f = *state;
	long found = 0;
	size_t lines;
	struct buf text;
	size_t starts[8];
	char head[SHA256_HEX];

	add_good(f, "one");
	add_good(f, "two");
	memcpy(head, ledger_head(f->ledger).hash, sizeof(head));
	assert_int_equal(verify(f, head).result, LEDGER_GOOD);
	add_good(f, "three");
	assert_int_equal(verify(f, head).result, LEDGER_GOOD);
	head[20] = '\0';
	assert_int_equal(verify(f, head).result, LEDGER_GOOD);
	head[8] = '\0';
	assert_int_equal(verify(f, head).result, LEDGER_DAMAGED);
	memcpy(head, ledger_head(f->ledger).hash, sizeof(head));
	text = content(f, "ledger.jsonl");
	lines = borders(&text, starts);
	for (size_t left = 0; left < lines; left++) {
		overwrite(f, "ledger.jsonl", text.data, starts[left]);
		assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
		found += verify(f, head).result == LEDGER_DAMAGED;
	}
	fault(11, "the last lines cut off, any number of them", (long)lines, found,
	      (long)lines - found);
	assert_int_equal(found, lines);
	/* A chain that is whole in itself, written anew. */
	overwrite(f, "ledger.jsonl", "", 0);
	reopen(f, NULL);
	add_good(f, "one");
	add_good(f, "two");
	add_good(f, "other");
	assert_int_equal(verify(f, NULL).result, LEDGER_GOOD);
	found = verify(f, head).result == LEDGER_DAMAGED;
	fault(11, "the whole chain written anew", 1, found, 1 - found);
	assert_int_equal(found, 1);
	buf_release(&text);
}

static void another_runbook_or_target_is_found(void **state)
{
	struct fixture *f = *state;

	add_good(f, "one");
	ledger_beginning("2026-11-21-03", "aa", "cc", f->beginning);
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	assert_null(ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL, &f->err));
	assert_true(f->err.set);
}

/* ---- torn ends ---- */

/* Cut at `len`, in the line that begins at `start`: it is torn, is kept aside whole, and the next
 * one is written. */
static bool is_set_aside(struct fixture *f, const struct buf *text, size_t start, size_t len)
{
	char *path = path_in(f, "ledger.jsonl.torn-1");
	struct buf after, aside = BUF_INIT;
	bool torn, good;

	unlink(path);
	overwrite(f, "ledger.jsonl", text->data, len);
	good = verify(f, NULL).result == LEDGER_TORN && verify(f, NULL).lines == 1;
	reopen(f, &torn);
	after = content(f, "ledger.jsonl");
	/* Looking changes nothing. */
	good = good && torn && after.len == len;
	good = good && add(f, "note", "three") == 0 && verify(f, NULL).result == LEDGER_GOOD &&
	       verify(f, NULL).lines == 2;
	good = good && file_read(path, &aside, 0, NULL) == 0 && aside.len == len - start &&
	       memcmp(aside.data, text->data + start, aside.len) == 0;
	buf_release(&after);
	buf_release(&aside);
	free(path);
	return good;
}

static void torn_at_every_byte_is_set_aside(void **state)
{
	struct fixture *f = *state;
	long cuts = 0, good = 0;
	struct buf text;
	size_t starts[8];
	bool torn;

	add_good(f, "one");
	add_good(f, "two");
	text = content(f, "ledger.jsonl");
	borders(&text, starts);
	for (size_t len = starts[1] + 1; len < text.len; len++) {
		cuts++;
		good += is_set_aside(f, &text, starts[1], len);
	}
	fault(9, "cut at every byte of the last line: set aside, the next one written", cuts, good,
	      cuts - good);
	assert_int_equal(good, cuts);
	reopen(f, &torn);
	assert_false(torn);
	buf_release(&text);
}

static void a_wrong_line_in_the_middle_is_never_cut(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	add_good(f, "one");
	add_good(f, "two");
	text = content(f, "ledger.jsonl");
	text.data[30] = '!';
	overwrite(f, "ledger.jsonl", text.data, text.len);
	assert_int_equal(add(f, "note", "three"), 0); /* this one knows what it has verified */
	ledger_close(f->ledger);
	f->ledger = ledger_open(f->folder, f->beginning, &f->clock.clock, NULL, NULL, &f->err);
	assert_null(f->ledger);
	assert_non_null(strstr(f->err.msg, "ledger.jsonl line 1"));
	buf_release(&text);
}

static void an_overwritten_end_is_never_cut(void **state)
{
	struct fixture *f = *state;
	struct buf text, after;

	add_good(f, "one");
	add_good(f, "two");
	text = content(f, "ledger.jsonl");
	text.data[text.len - 1] = ' '; /* a whole line stood there */
	overwrite(f, "ledger.jsonl", text.data, text.len);
	reopen(f, NULL);
	assert_int_equal(add(f, "note", "three"), -1);
	assert_non_null(strstr(f->err.msg, "overwritten"));
	after = content(f, "ledger.jsonl");
	assert_int_equal(after.len, text.len);
	buf_release(&after);
	buf_release(&text);
}

/* ---- closed ---- */

static void close_sealed(struct fixture *f, const char *name, const char *hash)
{
	json_t *fields = json_pack("{s:{s:s}}", "seal", name, hash);

	assert_int_equal(ledger_append(f->ledger, "incident.closed", fields, NULL, NULL, NULL,
				       &f->err),
			 0);
	json_decref(fields);
}

static void sealed_files_are_compared(void **state)
{
	struct fixture *f = *state;
	char hash[SHA256_HEX], *path = path_in(f, "runbook.json");
	struct ledger_report report;

	sha256_hex("hello", 5, hash);
	overwrite(f, "runbook.json", "hello", 5);
	close_sealed(f, "runbook.json", hash);
	report = verify(f, NULL);
	assert_int_equal(report.result, LEDGER_GOOD);
	assert_true(report.closed && report.sealed_ok);
	overwrite(f, "runbook.json", "hellO", 5);
	report = verify(f, NULL);
	assert_int_equal(report.result, LEDGER_DAMAGED);
	assert_non_null(strstr(report.what, "runbook.json"));
	unlink(path);
	report = verify(f, NULL);
	assert_int_equal(report.result, LEDGER_GOOD);
	assert_false(report.sealed_ok);
	free(path);
}

static void seal_leads_nowhere_else(void **state)
{
	struct fixture *f = *state;

	close_sealed(f, "../../etc/passwd", "00");
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
}

static void nothing_comes_after_the_end(void **state)
{
	struct fixture *f = *state;
	struct buf text;

	close_sealed(f, "x", "00");
	assert_int_equal(add(f, "note", "late"), -1);
	text = content(f, "ledger.jsonl");
	buf_puts(&text, "{\"seq\":2");
	overwrite(f, "ledger.jsonl", text.data, text.len);
	assert_int_equal(verify(f, NULL).result, LEDGER_DAMAGED);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(line_has_the_documented_bytes),
		TEST(beginning_is_the_hash_of_id_runbook_and_target),
		TEST(fields_of_every_line_are_refused),
		TEST(secrets_never_reach_the_file),
		TEST(a_string_with_nul_can_be_read_back),
		TEST(an_append_returns_after_its_sync),
		TEST(what_was_appended_is_told_once),
		TEST(any_changed_byte_is_found),
		TEST(removed_and_exchanged_lines_are_found),
		TEST(a_cut_off_tail_is_found_by_its_head),
		TEST(another_runbook_or_target_is_found),
		TEST(torn_at_every_byte_is_set_aside),
		TEST(a_wrong_line_in_the_middle_is_never_cut),
		TEST(an_overwritten_end_is_never_cut),
		TEST(sealed_files_are_compared),
		TEST(seal_leads_nowhere_else),
		TEST(nothing_comes_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
