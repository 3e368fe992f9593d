#include "sources/logjournal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/argv.h"
#include "lib/buf.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "sources/logring.h"

/* Of an entry as JSON: a message that is no text is a list of numbers, four times as long. */
#define ENTRY_MAX ((size_t)1 << 20)

struct logjournal {
	struct logchild *child;
	struct logjournal_calls calls;
	json_t *options; /* owned: of every start */
	size_t lines, entries;
	bool named;	/* lines begin with who wrote them */
	bool following; /* what was there has been read */
	bool skipped;	/* and there may be more before it */
	char *cursor;	/* owned: of the latest entry; NULL: none came */
	int64_t began;	/* wall time by the system's clock */
	struct buf text;
	char note[200];
};

/* ---- the command line ---- */

static char **command_line(void *data)
{
	struct logjournal *journal = data;
	json_t *list = json_deep_copy(journal->options);
	char **argv;

	if (journal->following) {
		json_array_append_new(list, json_string("-f"));
		json_array_append_new(list, json_string("--no-tail"));
	}
	if (journal->cursor != NULL)
		json_array_append_new(list, json_sprintf("--after-cursor=%s", journal->cursor));
	else if (journal->following)
		json_array_append_new(list, json_sprintf("--since=@%lld.%06lld",
							 (long long)(journal->began / CLOCK_US),
							 (long long)(journal->began % CLOCK_US)));
	else
		json_array_append_new(list, json_sprintf("--lines=%zu", journal->lines));
	argv = argv_new(list, "journalctl", NULL);
	json_decref(list);
	return argv;
}

static json_t *options_new(const json_t *units, const char *folder)
{
	json_t *list =
	    json_pack("[s, s, s, s, s]", "journalctl", "--no-pager", "--all", "--output=json",
		      "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM,_PID");
	const json_t *unit;
	size_t i;

	if (folder != NULL)
		json_array_append_new(list, json_sprintf("--directory=%s", folder));
	json_array_foreach(units, i, unit)
		json_array_append_new(list, json_sprintf("--unit=%s", json_string_value(unit)));
	return list;
}

/* ---- entries ---- */

static enum loglevel level_of(const char *priority)
{
	static const enum loglevel levels[] = { LOGLEVEL_CRITICAL, LOGLEVEL_CRITICAL,
						LOGLEVEL_CRITICAL, LOGLEVEL_ERROR,
						LOGLEVEL_WARNING,  LOGLEVEL_INFO,
						LOGLEVEL_INFO,	   LOGLEVEL_DEBUG };

	return priority[0] >= '0' && priority[0] <= '7' && priority[1] == '\0'
		   ? levels[priority[0] - '0']
		   : LOGLEVEL_NONE;
}

/* FNV-1a. The lines of one traceback have one priority, too. */
static uint64_t writer_of(const char *name, const char *pid, const char *priority)
{
	const char *const texts[] = { name, pid, priority };
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (const char *at = texts[i]; *at != '\0'; at++)
			hash = (hash ^ (unsigned char)*at) * 1099511628211u;
	return hash | 1;
}

/* A text, a list of bytes, or a list of those when the field is there several times. */
static void message_add(struct buf *out, const json_t *message)
{
	const json_t *part;
	size_t i;

	if (json_is_string(message))
		buf_add(out, json_string_value(message), json_string_length(message));
	json_array_foreach(message, i, part) {
		if (json_is_integer(part)) {
			buf_putc(out, (char)json_integer_value(part));
			continue;
		}
		if (i > 0)
			buf_putc(out, '\n');
		message_add(out, part);
	}
}

/* The lines of the text; the first one begins behind the name. */
static void lines_out(struct logjournal *journal, struct logjournal_line *line)
{
	char *at = journal->text.data, *end = at + journal->text.len;

	while (end > at + line->body && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	for (;;) {
		char *nl = memchr(at, '\n', (size_t)(end - at)), *to = nl != NULL ? nl : end;

		line->bytes = at;
		line->true_len = (size_t)(to - at);
		line->len = line->true_len < LOGRING_LINE_MAX ? line->true_len : LOGRING_LINE_MAX;
		journal->calls.line(line, journal->calls.data);
		if (nl == NULL)
			break;
		line->joins = true;
		line->body = 0;
		at = nl + 1;
	}
}

static void entry_read(struct logjournal *journal, const json_t *entry)
{
	const char *name = json_str(entry, "SYSLOG_IDENTIFIER", json_str(entry, "_COMM", "kernel"));
	const char *pid = json_str(entry, "_PID", ""), *cursor = json_str(entry, "__CURSOR", NULL);
	const char *priority = json_str(entry, "PRIORITY", "");
	struct logjournal_line line = { .level = level_of(priority),
					.writer = writer_of(name, pid, priority),
					.fresh = journal->following };

	line.at = strtoll(json_str(entry, "__REALTIME_TIMESTAMP", "0"), NULL, 10) + clock_ahead();
	if (cursor != NULL) {
		free(journal->cursor);
		journal->cursor = xstrdup(cursor);
	}
	journal->entries++;
	buf_cut(&journal->text, 0);
	if (journal->named)
		buf_printf(&journal->text, pid[0] != '\0' ? "%s[%s]: " : "%s: ", name, pid);
	line.body = journal->text.len;
	message_add(&journal->text, json_object_get(entry, "MESSAGE"));
	buf_putc(&journal->text, '\n'); /* so that there are bytes in any case */
	lines_out(journal, &line);
}

/* What journalctl itself says: why it ends, or which entries this user may not see. */
static void said(struct logjournal *journal, const char *bytes, size_t len)
{
	static const char hint[] = "Hint: ";

	logchild_said(journal->child, bytes, len);
	if (len > sizeof(hint) - 1 && memcmp(bytes, hint, sizeof(hint) - 1) == 0)
		text_clean_to(journal->note, sizeof(journal->note), bytes + sizeof(hint) - 1,
			      len - (sizeof(hint) - 1));
}

static void on_line(const char *bytes, size_t len, size_t true_len, void *data)
{
	struct logjournal *journal = data;
	struct logjournal_line line = { .fresh = journal->following };
	json_t *entry;

	if (len == 0 || bytes[0] != '{') {
		if (len > 0)
			said(journal, bytes, len);
		return;
	}
	entry = len == true_len ? json_loadb(bytes, len, JSON_ALLOW_NUL, NULL) : NULL;
	if (entry != NULL) {
		entry_read(journal, entry);
	} else {
		/* It counts, and says that it was there. */
		journal->entries++;
		buf_cut(&journal->text, 0);
		buf_printf(&journal->text, "an entry of %zu bytes, %s\n", true_len,
			   len < true_len ? "too long to be shown" : "which is no JSON");
		lines_out(journal, &line);
	}
	json_decref(entry);
}

/* The first run ends when all that was there has come; the next one follows. */
static bool on_done(const struct child_end *end, void *data)
{
	struct logjournal *journal = data;

	if (journal->following || !WIFEXITED(end->status) || WEXITSTATUS(end->status) != 0)
		return false;
	journal->following = true;
	journal->skipped = journal->entries >= journal->lines;
	logchild_settled(journal->child);
	return true;
}

static void on_looked(void *data)
{
	struct logjournal *journal = data;

	journal->calls.looked(journal->calls.data);
}

/* ---- life cycle ---- */

struct logjournal *logjournal_new(struct loop *loop, const struct clock *clock, const json_t *units,
				  const char *folder, size_t lines,
				  const struct logjournal_calls *calls, struct err *err)
{
	struct logjournal *journal = xcalloc(1, sizeof(*journal));
	struct logchild_calls ours = { .argv = command_line,
				       .line = on_line,
				       .done = on_done,
				       .looked = on_looked,
				       .data = journal,
				       .package = "systemd",
				       .line_max = ENTRY_MAX };

	journal->calls = *calls;
	journal->options = options_new(units, folder);
	journal->lines = lines;
	journal->named = json_array_size(units) != 1;
	journal->began = clock_wall(&clock_system) - clock_ahead();
	journal->child = logchild_new(loop, clock, &ours, err);
	if (journal->child == NULL) {
		logjournal_free(journal);
		return NULL;
	}
	return journal;
}

void logjournal_free(struct logjournal *journal)
{
	if (journal == NULL)
		return;
	logchild_free(journal->child);
	json_decref(journal->options);
	buf_release(&journal->text);
	free(journal->cursor);
	free(journal);
}

struct logchild *logjournal_child(const struct logjournal *journal)
{
	return journal->child;
}

bool logjournal_skipped(const struct logjournal *journal)
{
	return !journal->following || journal->skipped;
}

const char *logjournal_note(const struct logjournal *journal)
{
	return journal->note;
}
