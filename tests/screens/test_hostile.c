/* Logs that hold what a terminal would obey: of a file, a command and systemd's journal. All of it
 * is shown, nothing reaches the terminal as it is. */
#include "tests/screens/desk.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/unit/fault.h"

#define JOURNAL_WRITER "/lib/systemd/systemd-journal-remote"
/* Stands before each payload, so that one that leaked is found among the program's own sequences.
 */
#define MARK "q7"
#define LIST(...)                 \
	{                         \
		__VA_ARGS__, NULL \
	}

static const char *const sequences[] =
    LIST("\033[2J", "\033[31m", "\033[10;10H", "\033[?1049l", "\033[?25l", "\033[6n", "\033c",
	 "\033(0", "\033]0;title\007", "\033]52;c;YQ==\007", "\033]8;;http://x\033\\",
	 "\033P+q\033\\", "\033_x\033\\", "\033^x\033\\", "\033Xx\033\\", "\033#8", "\033[5i",
	 "\033[21t");
static const char *const characters[] =
    LIST("\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad",
	 "\xe2\x80\xae",						 /* U+202A.. */
	 "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9", /* U+2066.. */
	 "\xe2\x80\x8e", "\xe2\x80\x8f", "\xd8\x9c",			 /* marks */
	 "\xe2\x80\x8b", "\xe2\x81\xa0", "\xef\xbb\xbf",		 /* without width */
	 "\xe2\x80\xa8", "\xe2\x80\xa9", "\xc2\x85",
	 "\xc2\x9b"
	 "31m",
	 "\xc2\x9d"
	 "0;x\xc2\x9c");
static const char *const broken[] = LIST("\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
					 "\xf4\x90\x80\x80", "\xe2\x80", "\xfe", "\xff");

static void put(FILE *file, const char *bytes, size_t len)
{
	fputs(MARK, file);
	fwrite(bytes, 1, len, file);
}

/* One line for each group of payloads, short enough for a panel; the last one has no end. */
static void lines_write(const char *path, const char *end)
{
	FILE *file = fopen(path, "w");
	char c;

	assert_non_null(file);
	for (int i = 0; i < 10 << 20; i++)
		fputs(i % 1000 == 0 ? "\033" : "x", file);
	fputc('\n', file);
	for (int i = 0; i < 256; i++) {
		c = (char)i;
		if (i < 32 || i >= 127)
			put(file, &c, i != '\n');
		if (i % 8 == 7 && (i < 32 || i >= 127))
			fputc('\n', file);
	}
	for (size_t i = 0; sequences[i] != NULL; i++) {
		put(file, sequences[i], strlen(sequences[i]));
		fputs(i % 3 == 2 ? "\n" : " ", file);
	}
	for (size_t i = 0; characters[i] != NULL; i++) {
		put(file, characters[i], strlen(characters[i]));
		fputs(i % 5 == 4 ? "\n" : " ", file);
	}
	for (size_t i = 0; broken[i] != NULL; i++)
		put(file, broken[i], strlen(broken[i]));
	fprintf(file, "\nERROR the %s ends", end);
	fclose(file);
}

/* Nothing of it is among the bytes that the program wrote. Returns how many payloads were looked
 * for. */
static long assert_clean(struct terminal *terminal)
{
	char payload[64];
	const char *raw;
	size_t len;
	long n = 0;

	raw = terminal_raw(terminal, &len);
	for (int i = 0; i < 256; i++) {
		if (i >= 32 && i < 127)
			continue;
		memcpy(payload, MARK, 2);
		payload[2] = (char)i;
		/* What moves the cursor to the next line or cell may follow a mark that ends there.
		 */
		if (strchr("\r\n\b\033", i) != NULL && i != 0)
			continue;
		n++;
		if (memmem(raw, len, payload, 3) != NULL)
			fail_msg("byte %02x reached the terminal", i);
	}
	for (size_t i = 0; sequences[i] != NULL; i++, n++) {
		snprintf(payload, sizeof(payload), MARK "%s", sequences[i]);
		if (memmem(raw, len, payload, strlen(payload)) != NULL)
			fail_msg("sequence %zu reached the terminal", i);
	}
	/* These are no part of anything that the program may write. */
	for (size_t i = 0; characters[i] != NULL; i++, n++)
		if (memmem(raw, len, characters[i], strlen(characters[i])) != NULL)
			fail_msg("character %zu reached the terminal", i);
	for (size_t i = 0; broken[i] != NULL; i++, n++) {
		snprintf(payload, sizeof(payload), MARK "%s", broken[i]);
		if (memmem(raw, len, payload, strlen(payload)) != NULL)
			fail_msg("broken character %zu reached the terminal", i);
	}
	assert_null(memmem(raw, len, "\033]", 2));
	assert_null(memmem(raw, len, "\033P", 2));
	return n;
}

/* An entry of the journal for each line. */
static void journal_write(const char *folder)
{
	char path[128], command[1024], *line = NULL;
	size_t cap = 0;
	FILE *in, *out;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/hostile.log", folder);
	in = fopen(path, "r");
	snprintf(path, sizeof(path), "%s/export", folder);
	out = fopen(path, "w");
	assert_true(in != NULL && out != NULL);
	for (int i = 0; (n = getline(&line, &cap, in)) > 0; i++) {
		uint64_t len = (uint64_t)(line[n - 1] == '\n' ? n - 1 : n);

		if (len > 100000) /* more than systemd takes */
			continue;
		fprintf(out,
			"__REALTIME_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\n"
			"SYSLOG_IDENTIFIER=" MARK "\033[2J\nPRIORITY=6\nMESSAGE\n",
			1000000 + i);
		fwrite(&len, sizeof(len), 1, out);
		fwrite(line, 1, len, out);
		fputs("\n\n", out);
	}
	free(line);
	fclose(in);
	fclose(out);
	snprintf(command, sizeof(command),
		 "mkdir %s/journal && " JOURNAL_WRITER " -o %s/journal/x.journal %s 2>%s/said",
		 folder, folder, path, folder);
	assert_int_equal(system(command), 0);
}

static void console_open(struct desk *desk, const char *log)
{
	char text[600];
	static char path[128], target[128];
	const char *args[] = { path, "--target", target, NULL };

	snprintf(text, sizeof(text),
		 "{\"format\": 1, \"system\": \"desk\", \"title\": \"Ticket desk\",\n"
		 " \"parameters\": {\"root\": {\"type\": \"path\", \"help\": \"its folder\"}},\n"
		 " \"sources\": {\"app\": {\"log\": {%s}}},\n"
		 " \"panels\": [{\"kind\": \"log\", \"title\": \"app\", \"source\": \"app\"}]}\n",
		 log);
	desk_write(desk, "hostile.json", text, 0644);
	snprintf(path, sizeof(path), "%s/hostile.json", desk->folder);
	snprintf(target, sizeof(target), "%s/target.json", desk->folder);
	desk_start(desk, 60, 160, args, NULL);
}

static void shown_and_clean(struct desk *desk, const char *end)
{
	char what[64];
	long n;

	assert_true(terminal_wait(desk->terminal, end));
	/* It was there to be seen: controls, sequences, characters. */
	assert_true(terminal_has(desk->terminal, MARK "^A" MARK "^B"));
	assert_true(terminal_has(desk->terminal, MARK "^[[2J"));
	assert_true(terminal_has(desk->terminal, MARK "<U+202E>"));
	assert_true(terminal_has(desk->terminal, MARK "\\xC0\\xAF"));
	/* One of them alone, and held. */
	desk_press(desk, "k", "HELD");
	terminal_keys(desk->terminal, "k\r");
	assert_true(terminal_wait_gone(desk->terminal, end));
	assert_true(terminal_wait(desk->terminal, MARK "\\x9B31m"));
	n = assert_clean(desk->terminal);
	snprintf(what, sizeof(what), "escapes in a log, until %s", end);
	fault(15, what, n, n, 0);
}

static void lines_make(const struct desk *desk, const char *end)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/hostile.log", desk->folder);
	lines_write(path, end);
}

static void a_file(void **state)
{
	struct desk *desk = *state;

	lines_make(desk, "file");
	console_open(desk, "\"path\": \"${root}/hostile.log\"");
	shown_and_clean(desk, "the file ends");
}

static void a_command(void **state)
{
	struct desk *desk = *state;

	lines_make(desk, "command");
	console_open(desk, "\"command\": [\"sh\", \"-c\", \"cat $1; echo; exec sleep 1000\", "
			   "\"sh\", \"${root}/hostile.log\"]");
	shown_and_clean(desk, "the command ends");
}

static void the_journal(void **state)
{
	struct desk *desk = *state;

	if (access(JOURNAL_WRITER, X_OK) != 0)
		skip();
	lines_make(desk, "journal");
	journal_write(desk->folder);
	console_open(desk, "\"journal\": [], \"journal_folder\": \"${root}/journal\"");
	shown_and_clean(desk, "the journal ends");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file),
		TEST(a_command),
		TEST(the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
