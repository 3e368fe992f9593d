#include "tui/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

static const struct glyphs glyphs_ascii = {
	"-", "|", "+", "+", "+", "+", "#", "~", ">", CHART_ASCII
};
static const struct glyphs glyphs_unicode = { "─", "│", "┌", "┐", "└",
					      "┘", "█", "…", "▸", CHART_BRAILLE };
/* The Linux console's font has blocks but no braille. */
static const struct glyphs glyphs_console = { "─", "│", "┌", "┐", "└",
					      "┘", "█", "~", ">", CHART_BLOCK };

struct style_def {
	attr_t attr;		/* without colours this alone */
	short color8, color256; /* -1: the terminal's own */
	short back8, back256;
	attr_t with_color; /* attributes beside the colour */
};

static const struct style_def style_defs[STYLE_COUNT] = {
	[STYLE_NORMAL] = { A_NORMAL, -1, -1, -1, -1, A_NORMAL },
	[STYLE_DIM] = { A_DIM, -1, 245, -1, -1, A_NORMAL },
	[STYLE_BOLD] = { A_BOLD, -1, -1, -1, -1, A_BOLD },
	[STYLE_BORDER] = { A_NORMAL, -1, 240, -1, -1, A_NORMAL },
	[STYLE_FOCUS] = { A_BOLD, COLOR_CYAN, 81, -1, -1, A_BOLD },
	[STYLE_SELECTED] = { A_REVERSE, -1, -1, -1, -1, A_REVERSE },
	[STYLE_KEY] = { A_BOLD, COLOR_CYAN, 81, -1, -1, A_BOLD },
	[STYLE_OK] = { A_NORMAL, COLOR_GREEN, 77, -1, -1, A_NORMAL },
	[STYLE_INFO] = { A_NORMAL, COLOR_CYAN, 81, -1, -1, A_NORMAL },
	[STYLE_WARNING] = { A_BOLD, COLOR_YELLOW, 221, -1, -1, A_BOLD },
	[STYLE_CRITICAL] = { A_REVERSE | A_BOLD, COLOR_RED, 203, -1, -1, A_BOLD },
	[STYLE_LIVE] = { A_REVERSE | A_BOLD, COLOR_WHITE, 231, COLOR_RED, 124, A_BOLD },
	[STYLE_DRILL] = { A_BOLD, COLOR_BLACK, 16, COLOR_GREEN, 77, A_BOLD },
	[STYLE_NEXT] = { A_BOLD, -1, 231, -1, -1, A_BOLD },
};

bool screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

/* UTF-8 where the locale or C.UTF-8 gives it, unless the terminal is of a kind that never had it.
 */
static bool utf8_choose(void)
{
	const char *term = getenv("TERM");

	if (term && (!strncmp(term, "vt", 2) || !strcmp(term, "ansi")))
		return false;
	if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
		return true;
	return !strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") && setlocale(LC_CTYPE, "C.UTF-8");
}

static void styles_plain(struct screen *screen)
{
	for (int i = 0; i < STYLE_COUNT; i++)
		screen->attrs[i] = style_defs[i].attr;
}

static void styles_init(struct screen *screen)
{
	const char *none = getenv("NO_COLOR");
	bool defaults;

	styles_plain(screen);
	if ((none && *none) || !has_colors() || start_color() == ERR || COLORS < 8 ||
	    COLOR_PAIRS <= STYLE_COUNT)
		return;
	defaults = use_default_colors() == OK;
	for (int i = 1; i < STYLE_COUNT; i++) {
		const struct style_def *def = &style_defs[i];
		short fore = COLORS >= 256 ? def->color256 : def->color8;
		short back = COLORS >= 256 ? def->back256 : def->back8;

		if (fore < 0 && back < 0) {
			/* Attributes alone; dim text keeps A_DIM where there are only eight. */
			continue;
		}
		if (!defaults && fore < 0)
			fore = COLOR_WHITE;
		if (!defaults && back < 0)
			back = COLOR_BLACK;
		if (init_pair((short)i, fore, back) == OK) {
			screen->pairs[i] = (short)i;
			screen->attrs[i] = def->with_color;
		}
	}
}

static void glyphs_choose(struct screen *screen)
{
	const char *term = getenv("TERM");

	screen->utf8 = utf8_choose();
	if (!screen->utf8)
		screen->glyphs = &glyphs_ascii;
	else
		screen->glyphs = term && !strcmp(term, "linux") ? &glyphs_console : &glyphs_unicode;
}

static void write_all(const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void paste_mode(bool on)
{
	const char *term = getenv("TERM");

	if (term && (!strncmp(term, "vt", 2) || !strcmp(term, "linux") || !strcmp(term, "ansi")))
		return;
	write_all(on ? "\033[?2004h" : "\033[?2004l");
}

static int newterm_fallback(struct screen *screen, struct err *err)
{
	static const char *const names[] = { NULL, "xterm-256color", "xterm", "vt100" };
	int status = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* newterm() itself says nothing and leaves the program alive, unlike initscr(). */
		if (setupterm(names[i], STDOUT_FILENO, &status) == ERR)
			continue;
		del_curterm(cur_term);
		screen->curses = newterm(names[i], stdout, stdin);
		if (screen->curses)
			return 0;
	}
	err_set(err, "the terminal type \"%s\" is unknown, and so are xterm and vt100",
		getenv("TERM") ? getenv("TERM") : "");
	return err_hint(err, "use --plain, or install ncurses-term");
}

int screen_open(struct screen *screen, struct err *err)
{
	memset(screen, 0, sizeof(*screen));
	screen->io = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
	glyphs_choose(screen);
	set_escdelay(25);
	if (newterm_fallback(screen, err) < 0)
		return -1;
	set_term(screen->curses);
	raw();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	intrflush(stdscr, FALSE);
	leaveok(stdscr, TRUE);
	typeahead(-1); /* frames are whole, also when keys wait */
	curs_set(0);
	define_key("\033[200~", KEY_PASTE_BEGIN);
	define_key("\033[201~", KEY_PASTE_END);
	/* Until it has come back from here once, curses flushes at every move of the cursor. That
	 * is before there are colours: it would reset the terminal's palette. */
	def_prog_mode();
	endwin();
	refresh();
	styles_init(screen);
	paste_mode(true);
	screen_resize(screen);
	return 0;
}

void screen_close(struct screen *screen)
{
	if (!screen->curses)
		return;
	if (screen->io >= 0)
		close(screen->io);
	if (screen->lost) {
		/* A write to what is gone could block or raise a signal: leave it. */
		screen->curses = NULL;
		return;
	}
	paste_mode(false);
	curs_set(1);
	endwin();
	delscreen(screen->curses);
	screen->curses = NULL;
}

/* Bytes that this process has written. */
static int64_t written(const struct screen *screen)
{
	char text[256];
	const char *found;
	ssize_t n = screen->io >= 0 ? pread(screen->io, text, sizeof(text) - 1, 0) : -1;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	found = strstr(text, "wchar: ");
	return found ? strtoll(found + strlen("wchar: "), NULL, 10) : 0;
}

int64_t screen_update(struct screen *screen)
{
	int64_t before = written(screen);

	wnoutrefresh(stdscr);
	doupdate();
	return written(screen) - before;
}

void screen_resize(struct screen *screen)
{
	struct winsize size;

	(void)screen;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		return;
	if (size.ws_row != LINES || size.ws_col != COLS)
		resizeterm(size.ws_row, size.ws_col);
	/* Also at the same size: it may have been another one in between, and what was cut off then
	 * is gone from the terminal. */
	clearok(curscr, TRUE);
}

void screen_repaint(struct screen *screen)
{
	(void)screen;
	clearok(curscr, TRUE);
}

void screen_suspend(struct screen *screen)
{
	paste_mode(false);
	def_prog_mode();
	endwin();
	raise(SIGTSTP);
	reset_prog_mode();
	paste_mode(true);
	screen_resize(screen);
	screen_repaint(screen);
}

bool screen_alive(const struct screen *screen)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct termios mode;

	if (screen->lost)
		return false;
	if (poll(&in, 1, 0) > 0 && (in.revents & (POLLHUP | POLLERR | POLLNVAL)))
		return false;
	return tcgetattr(STDIN_FILENO, &mode) == 0 || errno == EINTR;
}

bool screen_key(struct screen *screen, int *key, bool *special)
{
	wint_t got = 0;
	int kind;

	if (screen->lost)
		return false;
	kind = get_wch(&got);
	if (kind == ERR)
		return false;
	*key = (int)got;
	*special = kind == KEY_CODE_YES;
	return true;
}

void screen_drain(struct screen *screen)
{
	int key;
	bool special;

	if (screen->lost)
		return;
	flushinp();
	while (screen_key(screen, &key, &special))
		;
}
