/*
 * Ledgers: lines that say anything, with hashes that are right; then with one byte changed, and cut
 * short; and bytes that are no ledger at all. What verifies is exactly what is whole, it is folded
 * to a state and a report whatever it says, and nothing of it can move a terminal's cursor.
 *
 * The input: a byte for what is done to it, two for where, then the lines' own members.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/incident.h"
#include "core/report.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "lib/text.h"

enum { LINES_MAX = 40, HEAD = 3 };

static struct {
	char folder[64];
	char beginning[SHA256_HEX];
	struct loaded loaded;
} here;

static void tidy(void)
{
	file_remove_tree(here.folder, NULL);
}

/* Once: a folder in memory, and a runbook to fold by. */
static void begin(void)
{
	struct findings findings = { .n = 0 };
	struct err err = ERR_INIT;

	if (*here.folder)
		return;
	snprintf(here.folder, sizeof(here.folder), "/dev/shm/backout-fuzz.XXXXXX");
	if (!mkdtemp(here.folder))
		abort();
	atexit(tidy);
	if (load_runbook(&here.loaded, "tests/record/shop.json", "tests/record/test.json",
			 &findings, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	ledger_beginning("2026-11-21-03", here.loaded.runbook_hash, here.loaded.target_hash,
			 here.beginning);
}

/* Stands before the C library's: nobody waits for news here, and giving one back takes the kernel
 * longer than all that is looked at. */
int inotify_init1(int flags)
{
	(void)flags;
	errno = EMFILE;
	return -1;
}

static void ledger_put(const struct buf *text)
{
	char *path = path_join(here.folder, "ledger.jsonl");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, buf_str(text), text->len) != (ssize_t)text->len)
		abort();
	close(fd);
	free(path);
}

/* ---- what a line says, by jansson ---- */

static bool has_kind(const json_t *line, const char *key, json_type type)
{
	const json_t *value = json_object_get(line, key);

	return value && json_typeof(value) == type;
}

/* Members of the input are not to bear the names of those that every line has: then it depends. */
static json_t *line_tree(const char *bytes, size_t len)
{
	/* jansson passes over a byte NUL behind a number, which is no JSON. */
	json_t *line = memchr(bytes, '\0', len)
			   ? NULL
			   : json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

	if (json_is_object(line) && json_object_size(line) <= JFLAT_MAX &&
	    has_kind(line, "event", JSON_STRING))
		return line;
	json_decref(line);
	return NULL;
}

static void same_members(const struct jflat *flat, json_t *tree, const char *bytes, size_t len)
{
	const char *name;
	json_t *value, *member;

	must(flat->n == json_object_size(tree), "a line has the members that jansson finds", bytes,
	     len);
	json_object_foreach(tree, name, value) {
		member = jflat_json(flat, name);
		must(json_equal(member, value) != 0, "a member is what jansson finds", bytes, len);
		json_decref(member);
	}
}

/* ---- making one ---- */

struct made {
	struct buf text;
	size_t lines, good; /* good: up to the first that is no line, or stands behind the end */
	bool closed;
};

static void line_seal(struct buf *text, size_t start, char prev[SHA256_HEX])
{
	buf_printf(text, ",\"prev\":\"%s\"", prev);
	sha256_hex(text->data + start, text->len - start, prev);
	buf_printf(text, ",\"hash\":\"%s\"}\n", prev);
}

static void line_add(struct made *made, const char *members, size_t len, char prev[SHA256_HEX])
{
	size_t start = made->text.len, n = made->lines + 1;
	struct jflat flat = { .n = 0 };
	json_t *tree;

	buf_printf(&made->text,
		   "{\"seq\":%zu,\"at\":\"2026-11-21T21:%02zu:00.000000Z\",\"boot\":\"b\","
		   "\"mono\":%zu.5,\"by\":{\"user\":\"anna\",\"host\":\"db1\"},",
		   n, n % 60, n);
	buf_add(&made->text, members, len);
	line_seal(&made->text, start, prev);
	tree = line_tree(made->text.data + start, made->text.len - start - 1);
	if (jflat_read(&flat, made->text.data + start, made->text.len - start - 1) == 0 && tree)
		same_members(&flat, tree, members, len);
	made->lines++;
	if (tree && made->good == n - 1 && !made->closed) {
		made->good++;
		made->closed = strcmp(json_string_value(json_object_get(tree, "event")),
				      "incident.closed") == 0;
	}
	json_decref(tree);
	jflat_release(&flat);
}

static struct made ledger_make(const char *bytes, size_t len)
{
	struct made made = { .text = BUF_INIT };
	char prev[SHA256_HEX];

	memcpy(prev, here.beginning, sizeof(prev));
	for (const char *p = bytes, *end = bytes + len; p < end && made.lines < LINES_MAX;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		if (n > 0)
			line_add(&made, p, n, prev);
		p += n + 1;
	}
	return made;
}

/* ---- looking at it ---- */

static struct ledger_report verify(const struct buf *text)
{
	struct ledger_report report;
	struct err err = ERR_INIT;

	ledger_put(text);
	must(ledger_verify(here.folder, here.beginning, NULL, &report, &err) == 0,
	     "what is there can be verified", text->data, text->len);
	must(report.result == LEDGER_GOOD || *report.what, "damage says where", text->data,
	     text->len);
	return report;
}

/* Lines and blanks aside, nothing that a terminal acts upon. */
static void must_be_clean(const char *text, const char *what)
{
	struct buf clean = BUF_INIT;
	size_t len = strlen(text);
	const char *p = text;

	for (const char *nl; p <= text + len; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(text + len - p));
		nl = nl ? nl : text + len;
		buf_cut(&clean, 0);
		text_clean(&clean, p, (size_t)(nl - p));
		must(clean.len == (size_t)(nl - p) && memcmp(buf_str(&clean), p, clean.len) == 0,
		     what, text, len);
	}
	buf_release(&clean);
}

static void report_look(const struct incident *incident)
{
	struct report report = { .title = NULL };
	struct err err = ERR_INIT;
	struct buf out = BUF_INIT;

	if (report_fold(&report, incident, &err) == 0) {
		for (const struct report_format *const *format = report_formats; *format;
		     format++) {
			if ((*format)->binary || strcmp((*format)->name, "ps") == 0)
				continue;
			buf_cut(&out, 0);
			must((*format)->write(&report, &out, &err) == 0, err.msg, "", 0);
			must_be_clean(buf_str(&out), (*format)->name);
		}
	}
	buf_release(&out);
	report_release(&report);
}

static void line_fold(const struct ledger_line *line, void *data)
{
	state_fold(data, line);
}

/* Returns how many lines were folded. */
static size_t replay(const struct made *made)
{
	struct incident incident = { .folder = here.folder,
				     .id = (char *)(uintptr_t) "2026-11-21-03",
				     .loaded = here.loaded,
				     .clock = &clock_system };
	struct err err = ERR_INIT;
	struct ledger *ledger;
	bool torn = false;
	size_t n;

	ledger_put(&made->text);
	state_init(&incident.state, here.loaded.runbook, here.loaded.target);
	ledger = ledger_replay(here.folder, here.beginning, &clock_system, NULL, line_fold,
			       &incident.state, &torn, &err);
	must((ledger != NULL) == (made->good == made->lines), "only a whole ledger is opened",
	     made->text.data, made->text.len);
	n = incident.state.ntimeline;
	for (size_t i = 0; i < n; i++) {
		must_be_clean(entry_text(&incident.state.timeline[i]), "an event's line");
		must_be_clean(entry_by(&incident.state.timeline[i]), "who wrote a line");
	}
	/* It takes longer than all the rest. */
	if (ledger && made->text.len % 4 == 0)
		report_look(&incident);
	ledger_close(ledger);
	state_release(&incident.state);
	return n;
}

/* The last lines of a closed one name files that are sealed: these are not here. */
static void whole_look(const struct made *made)
{
	struct ledger_report report = verify(&made->text);

	must(report.lines == made->good, "as many lines verify as are whole", made->text.data,
	     made->text.len);
	if (made->good < made->lines)
		must(report.result == LEDGER_DAMAGED, "what is no line is damage", made->text.data,
		     made->text.len);
	else
		must(report.result == LEDGER_GOOD || made->closed, "what is whole is good",
		     made->text.data, made->text.len);
	must(replay(made) == made->good, "what verifies is what is folded", made->text.data,
	     made->text.len);
}

static void changed_look(struct made *made, size_t at, uint8_t mask)
{
	struct ledger_report report;

	made->text.data[at] ^= (char)mask;
	report = verify(&made->text);
	must(report.result != LEDGER_GOOD, "a changed byte is noticed", made->text.data,
	     made->text.len);
	must(report.result == LEDGER_DAMAGED || at + 1 == made->text.len,
	     "a changed byte is damage, but for the last newline", made->text.data, made->text.len);
	must(report.lines < made->good, "what was changed does not count", made->text.data,
	     made->text.len);
}

static void cut_look(struct made *made, size_t at)
{
	struct ledger_report report;
	size_t lines = 0;
	bool border;

	buf_cut(&made->text, at);
	for (size_t i = 0; i < at; i++)
		lines += made->text.data[i] == '\n';
	border = at == 0 || made->text.data[at - 1] == '\n';
	report = verify(&made->text);
	must(report.result == (border ? LEDGER_GOOD : LEDGER_TORN) && report.lines == lines,
	     "a cut line is torn, those before it count", made->text.data, made->text.len);
}

static void raw_look(const char *bytes, size_t len)
{
	struct buf text = BUF_INIT;
	struct ledger_report report;

	buf_add(&text, bytes, len);
	report = verify(&text);
	must(report.lines == 0 && (report.result == LEDGER_GOOD) == (len == 0),
	     "what has no hashes is no ledger", bytes, len);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *bytes = (const char *)data + HEAD;
	struct made made;
	size_t at;

	begin();
	if (len < HEAD)
		return 0;
	len -= HEAD;
	made = ledger_make(bytes, len);
	at = made.text.len > 0 ? (data[1] * 256U + data[2]) * 7919U % made.text.len : 0;
	if (data[0] % 8 == 7)
		raw_look(bytes, len);
	else
		whole_look(&made);
	if (made.text.len > 0 && made.good == made.lines && !made.closed) {
		if (data[0] % 2 == 0 && data[0] >= 8)
			changed_look(&made, at, data[0] & 0xf8U);
		else
			cut_look(&made, at);
	}
	buf_release(&made.text);
	return 0;
}
