/* backout-ledger(5) is exact: a verifier written from it alone judges as ours does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "logs/ledger.h"
#include "tests/unit/fault.h"

static const char verifier[] = "tests/verify_ledger.py", manual[] = "man/backout-ledger.5";

struct fixture {
	char folder[64];
	char beginning[SHA256_HEX];
	struct ledger *ledger;
};

static void overwrite(const struct fixture *f, const char *name, const void *bytes, size_t len)
{
	char *path = path_join(f->folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	free(path);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char runbook[SHA256_HEX], target[SHA256_HEX];

	snprintf(f->folder, sizeof(f->folder), "/tmp/backout-verifier.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	overwrite(f, "runbook.json", "{\"system\":1}", 12);
	overwrite(f, "target.json", "{}", 2);
	sha256_hex("{\"system\":1}", 12, runbook);
	sha256_hex("{}", 2, target);
	ledger_beginning(strrchr(f->folder, '/') + 1, runbook, target, f->beginning);
	f->ledger = ledger_create(f->folder, f->beginning, &clock_system, NULL, NULL);
	assert_non_null(f->ledger);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_close(f->ledger);
	file_remove_tree(f->folder, NULL);
	free(f);
	return 0;
}

static void add(struct fixture *f, const char *event, json_t *fields)
{
	assert_int_equal(ledger_append(f->ledger, event, fields, NULL, NULL, NULL, NULL), 0);
	json_decref(fields);
}

static void add_some(struct fixture *f)
{
	add(f, "note", json_pack("{s:s}", "text", "gr\xc3\xbc\xc3\x9f \"dich\" \\ \x1b"));
	add(f, "alert", json_pack("{s:f, s:n, s:[i,b]}", "value", 62.3, "none", "list", 1, 1));
	add(f, "note", NULL);
}

static struct buf content(const struct fixture *f, const char *name)
{
	struct buf text = BUF_INIT;
	char *path = path_join(f->folder, name);

	assert_int_equal(file_read(path, &text, 0, NULL), 0);
	free(path);
	return text;
}

static int run_python(const char *const *argv, struct buf *out)
{
	const struct child_spec spec = { .argv = argv };
	struct child_end end;

	buf_cut(out, 0);
	assert_int_equal(child_run(&spec, NULL, 30 * CLOCK_US, 0, out, NULL, &end, NULL), 0);
	return WEXITSTATUS(end.status);
}

/* Both verifiers say the same; 4 when they find damage, 0 when not. */
static int judge(const struct fixture *f, const char *head)
{
	const char *argv[] = { "python3", verifier, f->folder, head ? "--head" : NULL, head, NULL };
	struct ledger_report report;
	struct buf out = BUF_INIT;
	int theirs = run_python(argv, &out), ours;

	assert_int_equal(ledger_verify(f->folder, f->beginning, head, &report, NULL), 0);
	ours = report.result == LEDGER_DAMAGED ? 4 : 0;
	if (ours != theirs)
		fail_msg("ours: %d (%s), theirs: %d (%s)", ours, report.what, theirs,
			 buf_str(&out));
	if (report.result == LEDGER_TORN)
		assert_non_null(strstr(buf_str(&out), "is torn"));
	if (ours == 0)
		assert_non_null(strstr(buf_str(&out), report.head));
	else if (strncmp(report.what, "ledger", 6) == 0)
		assert_non_null(strstr(buf_str(&out), "line "));
	buf_release(&out);
	return ours;
}

static void an_unharmed_ledger_holds(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(judge(f, NULL), 0);
	add_some(f);
	assert_int_equal(judge(f, NULL), 0);
	assert_int_equal(judge(f, ledger_head(f->ledger).hash), 0);
	assert_int_equal(judge(f, f->beginning), 0);
	assert_int_equal(judge(f, "0123456789abcdef0123"), 4);
	overwrite(f, "target.json", "{ }", 3);
	ledger_beginning("another", "", "", f->beginning);
	assert_int_equal(judge(f, NULL), 4);
}

static void changed_and_torn_ledgers_are_judged_alike(void **state)
{
	struct fixture *f = *state;
	struct buf text;
	int torn = 0;

	add_some(f);
	text = content(f, "ledger.jsonl");
	for (size_t i = 7; i < text.len; i += 131) {
		text.data[i] ^= 1;
		overwrite(f, "ledger.jsonl", text.data, text.len);
		assert_int_equal(judge(f, NULL), 4);
		text.data[i] ^= 1;
	}
	for (size_t len = text.len - 1; len > text.len / 2; len -= 151) {
		overwrite(f, "ledger.jsonl", text.data, len);
		torn += judge(f, NULL) == 0;
	}
	assert_true(torn > 1);
	text.data[text.len - 1] = 'x';
	overwrite(f, "ledger.jsonl", text.data, text.len);
	assert_int_equal(judge(f, NULL), 4);
	buf_release(&text);
}

static void segments_are_joined_alike(void **state)
{
	struct fixture *f = *state;
	struct buf first, last = BUF_INIT, second = BUF_INIT;
	size_t border;

	add_some(f);
	first = content(f, "ledger.jsonl");
	border = first.len - 1;
	while (first.data[border - 1] != '\n')
		border--;
	buf_add(&last, first.data + border, first.len - border);
	/* The last line repeated, whole and torn in the first file, an empty one in between. */
	overwrite(f, "ledger-2.jsonl", last.data, last.len);
	assert_int_equal(judge(f, NULL), 0);
	overwrite(f, "ledger.jsonl", first.data, first.len - 20);
	assert_int_equal(judge(f, NULL), 0);
	overwrite(f, "ledger-2.jsonl", "", 0);
	overwrite(f, "ledger-3.jsonl", last.data, last.len);
	assert_int_equal(judge(f, NULL), 0);
	overwrite(f, "ledger-4.jsonl", last.data, 30);
	assert_int_equal(judge(f, NULL), 0);
	/* The torn one is another line. */
	overwrite(f, "ledger.jsonl", first.data, border);
	buf_add(&second, first.data, border);
	buf_puts(&second, "{\"seq\":3,\"at\":\"x");
	overwrite(f, "ledger.jsonl", second.data, second.len);
	assert_int_equal(judge(f, NULL), 4);
	/* A line repeated inside a file. */
	buf_cut(&second, border);
	buf_add(&second, last.data, last.len);
	buf_add(&second, last.data, last.len);
	overwrite(f, "ledger.jsonl", second.data, second.len);
	assert_int_equal(judge(f, NULL), 4);
	buf_release(&second);
	buf_release(&last);
	buf_release(&first);
}

static void seals_are_judged_alike(void **state)
{
	struct fixture *f = *state;
	char hash[SHA256_HEX];
	struct buf text;

	sha256_hex("{}", 2, hash);
	add(f, "incident.closed", json_pack("{s:{s:s}}", "seal", "target.json", hash));
	assert_int_equal(judge(f, NULL), 0);
	text = content(f, "ledger.jsonl");
	buf_puts(&text, "{");
	overwrite(f, "ledger.jsonl", text.data, text.len);
	assert_int_equal(judge(f, NULL), 4);
	buf_release(&text);
}

/* ---- several segments, sealed: faults that both verifiers must find ---- */

enum { SEGMENTS = 3 };

static const char *const segment_names[SEGMENTS] = { "ledger.jsonl", "ledger-2.jsonl",
						     "ledger-3.jsonl" };

/* What both say: 4 damage, 0 none; -1 when they don't agree. */
static int both(const struct fixture *f, const char *head)
{
	const char *argv[] = { "python3", verifier, f->folder, head ? "--head" : NULL, head, NULL };
	struct ledger_report report;
	struct buf out = BUF_INIT;
	int theirs = run_python(argv, &out), ours = -1;

	if (ledger_verify(f->folder, f->beginning, head, &report, NULL) == 0)
		ours = report.result == LEDGER_DAMAGED ? 4 : 0;
	buf_release(&out);
	return ours == theirs ? ours : -1;
}

static bool ours_finds(const struct fixture *f)
{
	struct ledger_report report;

	return ledger_verify(f->folder, f->beginning, NULL, &report, NULL) == 0 &&
	       report.result == LEDGER_DAMAGED;
}

static size_t last_start(const struct buf *text)
{
	size_t start = text->len - 1;

	while (start > 0 && text->data[start - 1] != '\n')
		start--;
	return start;
}

/* Goes on in another file, as after a failed sync. */
static void next_segment(struct fixture *f, int segment)
{
	struct buf text = content(f, segment_names[segment - 1]);
	size_t start = last_start(&text);

	overwrite(f, segment_names[segment], text.data + start, text.len - start);
	buf_release(&text);
	add_some(f);
}

static void make_segments(struct fixture *f)
{
	add_some(f);
	for (int segment = 1; segment < SEGMENTS; segment++)
		next_segment(f, segment);
}

static void a_torn_end_of_several_segments_is_set_aside(void **state)
{
	const size_t step = getenv("LONG") ? 7 : 60;
	struct fixture *f = *state;
	long cuts = 0, good = 0;
	struct buf text;

	make_segments(f);
	text = content(f, segment_names[SEGMENTS - 1]);
	for (size_t len = last_start(&text) + 1; len < text.len; len += step) {
		bool held;

		overwrite(f, segment_names[SEGMENTS - 1], text.data, len);
		held = both(f, NULL) == 0;
		ledger_close(f->ledger);
		f->ledger = ledger_open(f->folder, f->beginning, &clock_system, NULL, NULL, NULL);
		assert_non_null(f->ledger);
		held = held && ledger_append(f->ledger, "note", NULL, NULL, NULL, NULL, NULL) == 0;
		good += held && both(f, NULL) == 0;
		cuts++;
	}
	fault(9, "three segments, the last line torn: both verifiers", cuts, good, cuts - good);
	assert_int_equal(good, cuts);
	buf_release(&text);
}

/* Flips bits of all segments; each `often`th flip is shown to the other verifier, too. */
static void flip_segments(struct fixture *f, long often, long *flips, long *found)
{
	const int bits = getenv("LONG") ? 8 : 1;

	for (int segment = 0; segment < SEGMENTS; segment++) {
		struct buf text = content(f, segment_names[segment]);

		for (size_t i = 0; i < text.len * (size_t)bits; i++) {
			size_t at = i / (size_t)bits;
			int bit = bits == 8 ? (int)(i % 8) : (int)(at % 8);
			char was = text.data[at];

			text.data[at] = (char)(was ^ (1 << bit));
			overwrite(f, segment_names[segment], text.data, text.len);
			*found += ++*flips % often ? ours_finds(f) : both(f, NULL) == 4;
			text.data[at] = was;
		}
		overwrite(f, segment_names[segment], text.data, text.len);
		buf_release(&text);
	}
}

static void harm_to_a_sealed_ledger_of_several_segments_is_found(void **state)
{
	const long often = getenv("LONG") ? 101 : 307;
	struct fixture *f = *state;
	long flips = 0, found = 0, cuts = 0, missed = 0;
	char hash[SHA256_HEX], head[SHA256_HEX];

	make_segments(f);
	sha256_hex("{}", 2, hash);
	add(f, "incident.closed", json_pack("{s:{s:s}}", "seal", "target.json", hash));
	memcpy(head, ledger_head(f->ledger).hash, sizeof(head));
	assert_int_equal(both(f, head), 0);
	flip_segments(f, often, &flips, &found);
	fault(10, "bits of a sealed ledger of three segments flipped", flips, found, flips - found);
	assert_int_equal(found, flips);
	overwrite(f, "target.json", "{ }", 3);
	assert_int_not_equal(both(f, NULL), 0);
	overwrite(f, "target.json", "{}", 2);
	assert_int_equal(both(f, head), 0);
	/* Line by line from its end; of a segment nothing is left at last. */
	for (int segment = SEGMENTS - 1; segment >= 0; segment--) {
		struct buf text = content(f, segment_names[segment]);

		while (text.len > 0) {
			buf_cut(&text, last_start(&text));
			overwrite(f, segment_names[segment], buf_str(&text), text.len);
			missed += both(f, head) != 4;
			cuts++;
		}
		buf_release(&text);
	}
	fault(11, "the last lines of a sealed ledger of three segments cut off", cuts,
	      cuts - missed, missed);
	assert_int_equal(missed, 0);
}

/* Whoever looks while somebody writes sees a whole ledger: never half a line, never damage. */
static void a_ledger_is_whole_beside_its_writer(void **state)
{
	const long looks = getenv("LONG") ? 200 : 20;
	struct fixture *f = *state;
	long good = 0;
	pid_t pid;

	make_segments(f);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;) {
			if (ledger_append(f->ledger, "note", NULL, NULL, NULL, NULL, NULL) != 0)
				_exit(1);
		}
	}
	for (long i = 0; i < looks; i++) {
		const char *argv[] = { "python3", verifier, f->folder, NULL };
		struct ledger_report report;
		struct buf out = BUF_INIT;
		bool ours = ledger_verify(f->folder, f->beginning, NULL, &report, NULL) == 0 &&
			    report.result == LEDGER_GOOD;
		bool theirs = run_python(argv, &out) == 0 && !strstr(buf_str(&out), "torn");

		good += ours && theirs;
		buf_release(&out);
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it wrote all the time */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fault(9, "both verifiers beside a writer", looks, good, looks - good);
	assert_int_equal(good, looks);
}

/* The example of the manual, as it stands there, without its mdoc escapes. */
static char *example(void)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	const char *p, *end;

	assert_int_equal(file_read(manual, &text, 0, NULL), 0);
	p = strstr(text.data, ".Bd -literal");
	assert_non_null(p);
	end = strstr(p, ".Ed");
	assert_non_null(end);
	for (p = strchr(p, '\n') + 1; p < end; p++) {
		if (strncmp(p, "\\e", 2) == 0)
			buf_putc(&out, *p++);
		else
			buf_putc(&out, *p);
	}
	buf_release(&text);
	return buf_detach(&out);
}

static void the_manuals_example_works(void **state)
{
	struct fixture *f = *state;
	char *script = example();
	const char *argv[] = { "python3", "-c", script, f->folder, NULL };
	struct buf out = BUF_INIT, text;

	add_some(f);
	assert_int_equal(run_python(argv, &out), 0);
	assert_non_null(strstr(buf_str(&out), ledger_head(f->ledger).hash));
	text = content(f, "ledger.jsonl");
	text.data[text.len / 2] ^= 1;
	overwrite(f, "ledger.jsonl", text.data, text.len);
	assert_int_not_equal(run_python(argv, &out), 0);
	buf_release(&text);
	buf_release(&out);
	free(script);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unharmed_ledger_holds),
		TEST(changed_and_torn_ledgers_are_judged_alike),
		TEST(segments_are_joined_alike),
		TEST(seals_are_judged_alike),
		TEST(the_manuals_example_works),
		TEST(a_torn_end_of_several_segments_is_set_aside),
		TEST(harm_to_a_sealed_ledger_of_several_segments_is_found),
		TEST(a_ledger_is_whole_beside_its_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
