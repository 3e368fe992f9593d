#include "tests/screens/terminal.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <vterm.h>

#define DEADLINE_MS 10000
#define REST_MS	    700 /* without a change: an update of golden files may take the screen */
#define MASKS	    8
#define VARIED	    12

struct terminal {
	VTerm *vterm;
	VTermScreen *screen;
	int rows, columns;
	int fd;	   /* -1: hung up */
	pid_t pid; /* 0: reaped */
	int status;
	char *raw;
	size_t len, cap;
	char *masks[MASKS][2];
	size_t nmasks;
	struct {
		regex_t regex;
		char *instead;
	} varied[VARIED];
	size_t nvaried;
	const char *box; /* golden files have the box of this title alone; NULL: all */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

struct terminal *terminal_start(int rows, int columns, const char *const *argv,
				const char *const *env)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	assert_non_null(terminal);
	terminal->rows = rows;
	terminal->columns = columns;
	terminal->vterm = vterm_new(rows, columns);
	vterm_set_utf8(terminal->vterm, 1);
	terminal->screen = vterm_obtain_screen(terminal->vterm);
	vterm_screen_enable_altscreen(terminal->screen, 1);
	vterm_screen_reset(terminal->screen, 1);
	terminal->pid = forkpty(&terminal->fd, NULL, NULL, &size);
	assert_true(terminal->pid >= 0);
	if (terminal->pid == 0) {
		char *path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");

		signal(SIGHUP, SIG_DFL); /* also where the tests themselves run under nohup */
		clearenv();
		setenv("PATH", path, 1);
		for (; *env; env++)
			putenv((char *)*env);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	return terminal;
}

static void reap(struct terminal *terminal, int flags)
{
	if (terminal->pid && waitpid(terminal->pid, &terminal->status, flags) == terminal->pid)
		terminal->pid = 0;
}

void terminal_free(struct terminal *terminal)
{
	if (!terminal)
		return;
	if (terminal->pid) {
		kill(terminal->pid, SIGKILL);
		reap(terminal, 0);
	}
	if (terminal->fd >= 0)
		close(terminal->fd);
	vterm_free(terminal->vterm);
	for (size_t i = 0; i < terminal->nmasks; i++) {
		free(terminal->masks[i][0]);
		free(terminal->masks[i][1]);
	}
	for (size_t i = 0; i < terminal->nvaried; i++) {
		regfree(&terminal->varied[i].regex);
		free(terminal->varied[i].instead);
	}
	free(terminal->raw);
	free(terminal);
}

/* Reads what comes within `ms`; false when nothing came. */
static bool pump(struct terminal *terminal, int ms)
{
	struct pollfd wait = { .fd = terminal->fd, .events = POLLIN };
	char bytes[8192];
	ssize_t n;

	if (terminal->fd < 0 || poll(&wait, 1, ms) <= 0)
		return false;
	n = read(terminal->fd, bytes, sizeof(bytes));
	if (n <= 0)
		return false;
	if (terminal->len + (size_t)n + 1 > terminal->cap) {
		terminal->cap = (terminal->cap + (size_t)n) * 2;
		terminal->raw = realloc(terminal->raw, terminal->cap);
		assert_non_null(terminal->raw);
	}
	memcpy(terminal->raw + terminal->len, bytes, (size_t)n);
	terminal->len += (size_t)n;
	vterm_input_write(terminal->vterm, bytes, (size_t)n);
	return true;
}

/* Reads until nothing comes for a moment: a frame may come in several parts, and half of one is
 * half old. */
static void settle(struct terminal *terminal)
{
	int64_t deadline = now_ms() + DEADLINE_MS;

	while (pump(terminal, 10) && now_ms() < deadline)
		;
}

void terminal_keys(struct terminal *terminal, const char *bytes)
{
	size_t len = strlen(bytes);

	assert_int_equal(write(terminal->fd, bytes, len), (ssize_t)len);
}

bool terminal_try_keys(struct terminal *terminal, const char *bytes)
{
	return write(terminal->fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes);
}

void terminal_resize(struct terminal *terminal, int rows, int columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	terminal->rows = rows;
	terminal->columns = columns;
	vterm_set_size(terminal->vterm, rows, columns);
	assert_int_equal(ioctl(terminal->fd, TIOCSWINSZ, &size), 0);
}

void terminal_hang_up(struct terminal *terminal)
{
	close(terminal->fd);
	terminal->fd = -1;
}

pid_t terminal_pid(const struct terminal *terminal)
{
	return terminal->pid;
}

const char *terminal_raw(const struct terminal *terminal, size_t *len)
{
	*len = terminal->len;
	return terminal->raw;
}

static size_t put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* A part of the screen, in cells. */
struct part {
	int y, x, h, w;
};

static uint32_t cell_at(struct terminal *terminal, int row, int column)
{
	VTermPos pos = { .row = row, .col = column };
	VTermScreenCell cell;

	if (!vterm_screen_get_cell(terminal->screen, pos, &cell))
		return UINT32_MAX;
	return cell.chars[0] ? cell.chars[0] : ' ';
}

static bool text_at(struct terminal *terminal, int row, int column, const char *ascii)
{
	for (; *ascii; ascii++)
		if (cell_at(terminal, row, column++) != (unsigned char)*ascii)
			return false;
	return true;
}

static bool is_corner(uint32_t c)
{
	return c == '+' || c == 0x250c || c == 0x2510 || c == 0x2514 || c == 0x2518;
}

/* The box that begins at the row and column of its title. */
static struct part box_of(struct terminal *terminal, int row, int column)
{
	struct part part = { .y = row, .h = 1 };
	int right = column;

	while (column > 0 && !is_corner(cell_at(terminal, row, column)))
		column--;
	while (right + 1 < terminal->columns && !is_corner(cell_at(terminal, row, right)))
		right++;
	part.x = column;
	part.w = right - column + 1;
	do
		part.h++;
	while (row + part.h < terminal->rows &&
	       !is_corner(cell_at(terminal, row + part.h - 1, column)));
	return part;
}

static struct part golden_part(struct terminal *terminal)
{
	struct part all = { .h = terminal->rows, .w = terminal->columns };

	for (int row = 0; terminal->box && row < terminal->rows; row++)
		for (int column = 2; column < terminal->columns; column++)
			if (cell_at(terminal, row, column - 1) == ' ' &&
			    cell_at(terminal, row, column - 2) != ' ' &&
			    text_at(terminal, row, column, terminal->box))
				return box_of(terminal, row, column);
	return all;
}

static char *part_text(struct terminal *terminal, struct part part)
{
	char *text = malloc((size_t)(part.h * (part.w * 3 + 1) + 1)), *at = text;

	assert_non_null(text);
	for (int row = part.y; row < part.y + part.h; row++) {
		char *end = at;

		for (int column = part.x; column < part.x + part.w; column++) {
			uint32_t c = cell_at(terminal, row, column);

			if (c == UINT32_MAX)
				continue;
			at += put_utf8(at, c);
			if (at[-1] != ' ')
				end = at;
		}
		at = end;
		*at++ = '\n';
	}
	*at = '\0';
	return text;
}

char *terminal_text(struct terminal *terminal)
{
	return part_text(terminal, (struct part){ .h = terminal->rows, .w = terminal->columns });
}

bool terminal_has(struct terminal *terminal, const char *text)
{
	char *screen = terminal_text(terminal);
	bool found = strstr(screen, text) != NULL;

	free(screen);
	return found;
}

/* As comments of the test protocol; cmocka's own printing cuts long texts off. */
static void print_screen(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		printf("# %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
	fflush(stdout);
}

static bool wait_for(struct terminal *terminal, const char *text, bool there)
{
	int64_t deadline = now_ms() + DEADLINE_MS;
	char *screen;

	do {
		settle(terminal);
		if (terminal_has(terminal, text) == there)
			return true;
		pump(terminal, 50);
	} while (now_ms() < deadline);
	printf("# the screen %s \"%s\":\n", there ? "never had" : "still has", text);
	screen = terminal_text(terminal);
	print_screen(screen);
	free(screen);
	return false;
}

bool terminal_wait(struct terminal *terminal, const char *text)
{
	return wait_for(terminal, text, true);
}

bool terminal_wait_gone(struct terminal *terminal, const char *text)
{
	return wait_for(terminal, text, false);
}

int terminal_wait_end(struct terminal *terminal, int ms)
{
	int64_t deadline = now_ms() + ms;

	while (terminal->pid && now_ms() < deadline) {
		if (!pump(terminal, 20))
			poll(NULL, 0, 5);
		reap(terminal, WNOHANG);
	}
	if (terminal->pid)
		return -1;
	return WIFEXITED(terminal->status) ? WEXITSTATUS(terminal->status) : 128;
}

/* ---- golden files ---- */

/* What changes from run to run. `wide`: its width changes, too, so that the blanks and rules of its
 * line can't be compared. */
static const struct variable {
	const char *pattern, *instead;
	bool wide;
} variables[] = {
	{ "[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{2}", "YYYY-MM-DD-NN", false },
	{ "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME", true },
	{ "[0-9]{2}:[0-9]{2}:[0-9]{2}", "HH:MM:SS", false },
	{ "[0-9]{2}:[0-9]{2}Z", "HH:MMZ", false },
	{ "│[0-9]{2}-[0-9]{2} HH:MM:SS", "│MM-DD HH:MM:SS", false },
	{ "\\|[0-9]{2}-[0-9]{2} HH:MM:SS", "|MM-DD HH:MM:SS", false },
	{ "[0-9.]+ (us|ms|s|min|h|d)( [0-9]+ (s|min|h))?\\b( ago)?", "AGE", true },
	{ ", now", ", AGE", true },
	{ " now │", " AGE │", true },
	{ " by [^ │,]+,? ?AGE", " by USER, AGE", true },
	{ "[0-9a-f]{16}", "DIGESTDIGESTDIGE", false },
	{ "plan [0-9a-f]{12}", "plan DIGESTDIGEST", false },
	{ "swap [^│|]*", "swap ... ", true },
	{ "[0-9.]+%  ok", "N%  ok", true },
	{ "#[0-9]+ ok", "#N ok", true },
	/* How long the help is changes with each key. */
	{ "1-20 of [0-9]+ ", "1-20 of N ", true },
	/* Charts grow with each second: their dots (three bytes each), what stands above a bar that
	 * comes nearer, marks that wander to the left. */
	{ "(( |─|┆|[AIS])*(\xe2[\xa0-\xa3][\x80-\xbf])+([AIS]|┆)*)+ ?", " DOTS", true },
	{ "( |─)*┆( |─|┆)*", " MARK ", true },
	{ " +[AIS] *│", " LETTER │", true },
	{ " +[AIS] *\\|", " LETTER |", true },
	{ "( |-|!|:|\\.)*\\|{2,}\\+", " BARS|+", true },
	{ "( |-|!|:|\\.)*\\|{3,}", " BARS||", true },
	{ "( |-)+!( |-|!)*\\|", " MARK|", true },
	{ "( |-)* [.:]+\\|", " DOTS|", true },
};

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static char *replace(char *line, const regex_t *regex, const char *instead, bool *any)
{
	char *out = calloc(1, strlen(line) * (strlen(instead) + 1) + 1);
	const char *from = line;
	regmatch_t match;

	assert_non_null(out);
	while (*from && regexec(regex, from, 1, &match, from == line ? 0 : REG_NOTBOL) == 0 &&
	       match.rm_eo > match.rm_so) {
		strncat(out, from, (size_t)match.rm_so);
		strcat(out, instead);
		from += match.rm_eo;
		*any = true;
	}
	strcat(out, from);
	free(line);
	return out;
}

/* Runs of blanks and rules become one. */
static void squeeze(char *line)
{
	char *to = line;

	for (const char *from = line; *from;) {
		static const char rule[] = "─";

		if (to > line && *from == ' ' && to[-1] == ' ') {
			from++;
		} else if (!strncmp(from, rule, 3) && to - line >= 3 && !strncmp(to - 3, rule, 3)) {
			from += 3;
		} else if (*from == '-' && to > line && to[-1] == '-') {
			from++;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static char *mask_texts(const struct terminal *terminal, char *line)
{
	for (size_t i = 0; i < terminal->nmasks; i++) {
		const char *text = terminal->masks[i][0], *name = terminal->masks[i][1];
		char *at;

		while ((at = strstr(line, text))) {
			size_t len = strlen(text), n = strlen(name);

			for (size_t c = 0; c < len; c++)
				at[c] = c < n ? name[c] : '_';
		}
	}
	return line;
}

static char *masked(struct terminal *terminal)
{
	char *text = part_text(terminal, golden_part(terminal)), *rest = text, *line;
	char *out = calloc(1, strlen(text) * 4 + 1);

	assert_non_null(out);
	while ((line = strsep(&rest, "\n")) && rest) {
		char *copy = mask_texts(terminal, strdup(line));
		bool wide = false;

		for (size_t i = 0; i < VARIABLES; i++) {
			regex_t regex;
			bool any = false;

			assert_int_equal(regcomp(&regex, variables[i].pattern, REG_EXTENDED), 0);
			copy = replace(copy, &regex, variables[i].instead, &any);
			regfree(&regex);
			wide = wide || (any && variables[i].wide);
		}
		for (size_t i = 0; i < terminal->nvaried; i++)
			copy = replace(copy, &terminal->varied[i].regex,
				       terminal->varied[i].instead, &wide);
		if (wide)
			squeeze(copy);
		strcat(out, copy);
		strcat(out, "\n");
		free(copy);
	}
	free(text);
	return out;
}

/* What was there, and what is there then: a clock may tick in between, so more than once. */
bool terminal_is_fresh(struct terminal *terminal, const char *keys)
{
	char *before = NULL, *after = NULL;
	bool same = false;

	for (int turn = 0; turn < 5 && !same; turn++) {
		free(before);
		free(after);
		settle(terminal);
		before = masked(terminal);
		/* So that nothing can stay: whoever draws it anew has to write each cell. */
		vterm_screen_reset(terminal->screen, 1);
		terminal_keys(terminal, keys);
		pump(terminal, 500);
		settle(terminal);
		after = masked(terminal);
		same = strcmp(before, after) == 0;
	}
	if (!same) {
		printf("# the screen was:\n");
		print_screen(before);
		printf("# drawn anew it is:\n");
		print_screen(after);
	}
	free(before);
	free(after);
	return same;
}

void terminal_mask(struct terminal *terminal, const char *text, const char *name)
{
	assert_true(terminal->nmasks < MASKS);
	terminal->masks[terminal->nmasks][0] = strdup(text);
	terminal->masks[terminal->nmasks++][1] = strdup(name);
}

void terminal_vary(struct terminal *terminal, const char *pattern, const char *instead)
{
	assert_true(terminal->nvaried < VARIED);
	assert_int_equal(regcomp(&terminal->varied[terminal->nvaried].regex, pattern, REG_EXTENDED),
			 0);
	terminal->varied[terminal->nvaried++].instead = strdup(instead);
}

static char *golden_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 18);

	assert_non_null(text);
	if (file) {
		size_t n = fread(text, 1, (1 << 18) - 1, file);

		text[n] = '\0';
		fclose(file);
	}
	return text;
}

static void golden_update(struct terminal *terminal, const char *path)
{
	int64_t deadline = now_ms() + DEADLINE_MS, since = now_ms();
	char *last = masked(terminal);
	FILE *file;

	while (now_ms() < deadline && now_ms() - since < REST_MS) {
		char *text;

		pump(terminal, 50);
		text = masked(terminal);
		if (strcmp(text, last) != 0)
			since = now_ms();
		free(last);
		last = text;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(last, file);
	fclose(file);
	free(last);
}

void terminal_golden(struct terminal *terminal, const char *name)
{
	int64_t deadline = now_ms() + DEADLINE_MS;
	char path[256], *golden, *text;
	bool same;

	snprintf(path, sizeof(path), "tests/screens/golden/%s.txt", name);
	if (getenv("UPDATE"))
		golden_update(terminal, path);
	golden = golden_read(path);
	do {
		settle(terminal);
		text = masked(terminal);
		same = strcmp(text, golden) == 0;
		if (same)
			break;
		free(text);
		pump(terminal, 50);
	} while (now_ms() < deadline);
	if (!same) {
		text = masked(terminal);
		printf("# the screen differs from %s (UPDATE=1 writes it anew); expected:\n", path);
		print_screen(golden);
		printf("# but it is:\n");
		print_screen(text);
	}
	free(text);
	free(golden);
	assert_true(same);
}

void terminal_golden_box(struct terminal *terminal, const char *title, const char *name)
{
	terminal->box = title;
	terminal_golden(terminal, name);
	terminal->box = NULL;
}
