#include "tui/keys.h"

#include <curses.h>
#include <string.h>

#include "core/keys.h"

#define CTRL(c)	 ((c)&0x1f)
#define S(code)	 (KEY_SPECIAL + (code))
#define IN(view) (1u << TUI_##view)
#define ALL	 KEYS_EVERYWHERE

/* A row of our own, or one whose first key, name and help are core's. */
struct row {
	bool shared;
	enum key_id id;
	struct key_binding binding;
};

#define OWN(...)                     \
	{                            \
		false, KEY_ID_COUNT, \
		{                    \
			__VA_ARGS__  \
		}                    \
	}
#define SHARED(id, ...)             \
	{                           \
		true, id,           \
		{                   \
			__VA_ARGS__ \
		}                   \
	}

/* The footer shows rows from the top until it is full: what matters most stands first. */
static const struct row rows[] = {
	/* Decide */
	SHARED(KEY_ID_RATIFY, ACT_TAKE, IN(DECIDE) | IN(EXECUTE), { '\n', S(KEY_ENTER) }, NULL,
	       "take", NULL, NULL),
	SHARED(KEY_ID_YES, ACT_YES, IN(DECIDE) | IN(EXECUTE), { 0 }, NULL, "yes", NULL, NULL),
	SHARED(KEY_ID_NO, ACT_NO, IN(DECIDE) | IN(EXECUTE), { 0 }, NULL, "no", NULL, NULL),
	SHARED(KEY_ID_CHOOSE, ACT_CHOOSE, IN(DECIDE), { 0 }, NULL, "choose", NULL, NULL),
	SHARED(KEY_ID_BACK_TO, ACT_BACK_TO, IN(DECIDE), { 0 }, NULL, "back", NULL, NULL),
	SHARED(KEY_ID_PROCEDURES, ACT_PROCEDURES, IN(DECIDE) | IN(EXECUTE), { 0 }, NULL,
	       "procedures", NULL, "procedures"),
	OWN(ACT_MATRIX, IN(DECIDE), { 'm' }, "m", "matrix",
	    "the decision matrix: severity, response time, scope, who may decide", "matrix"),
	/* Execute */
	SHARED(KEY_ID_APPROVE, ACT_APPROVE, IN(EXECUTE), { 0 }, NULL, "approve", NULL, NULL),
	SHARED(KEY_ID_BREAK_GLASS, ACT_BREAK_GLASS, IN(EXECUTE), { 0 }, NULL, "break glass", NULL,
	       NULL),
	OWN(ACT_PARAMETERS, IN(EXECUTE), { 'i' }, "i", "inputs",
	    "answer what the plan must know: which backup, which commit", "inputs"),
	SHARED(KEY_ID_RUN, ACT_RUN, IN(EXECUTE), { 0 }, NULL, "run", NULL, NULL),
	SHARED(KEY_ID_DONE, ACT_DONE, IN(EXECUTE), { 0 }, NULL, "done", NULL, NULL),
	SHARED(KEY_ID_CHECK, ACT_CHECK, IN(EXECUTE), { 0 }, NULL, "check again", NULL, NULL),
	SHARED(KEY_ID_AGAIN, ACT_AGAIN, IN(EXECUTE), { 0 }, NULL, "run again", NULL, NULL),
	SHARED(KEY_ID_ALTERNATIVE, ACT_ALTERNATIVE, IN(EXECUTE), { 0 }, NULL, "alternative", NULL,
	       NULL),
	SHARED(KEY_ID_UNDO, ACT_UNDO, IN(EXECUTE), { 0 }, NULL, "undo", NULL, NULL),
	SHARED(KEY_ID_SKIP, ACT_SKIP, IN(EXECUTE), { 0 }, NULL, "skip", NULL, NULL),
	SHARED(KEY_ID_THROUGH, ACT_THROUGH, IN(EXECUTE), { ' ' }, NULL, "straight through", NULL,
	       NULL),
	SHARED(KEY_ID_STOP, ACT_STOP, IN(EXECUTE), { 0 }, NULL, "stop", NULL, NULL),
	OWN(ACT_OUTPUT, IN(EXECUTE), { 'o' }, "o", "output",
	    "the output of the latest step, in full", "output"),
	OWN(ACT_PLAN, IN(EXECUTE), { 'P' }, "P", "plan", "the whole plan again", "plan"),
	/* Checklist */
	SHARED(KEY_ID_TICK, ACT_TICK, IN(CHECKLIST), { 0 }, NULL, "tick", NULL, "tick"),
	OWN(ACT_RUN_ITEM, IN(CHECKLIST), { ' ', 'r' }, "Space", "run",
	    "show the plan of the item's action, to approve and run it", "run-item"),
	OWN(ACT_REOPEN, IN(CHECKLIST), { ' ' }, "Space", "open again",
	    "lift an override, take a tick back", "reopen"),
	SHARED(KEY_ID_ITEM, ACT_NEXT_ITEM, IN(CHECKLIST), { 0 }, NULL, "next", NULL, "next"),
	SHARED(KEY_ID_DEFER, ACT_DEFER, IN(CHECKLIST), { 0 }, NULL, "defer", NULL, "defer"),
	OWN(ACT_OVERRIDE, IN(CHECKLIST), { 'o' }, "o", "override",
	    "override the item, with a reason; it is never shown green", "override"),
	SHARED(KEY_ID_GATE, ACT_GATE, IN(CHECKLIST), { 0 }, NULL, "gate", NULL, NULL),
	OWN(ACT_LISTS, IN(CHECKLIST), { 'c' }, "c", "lists",
	    "all checklists: what each belongs to; Enter turns to one", "checklists"),
	/* Log */
	OWN(ACT_FILTER, IN(LOG), { 'f' }, "f", "filter",
	    "what is listed: all, operator, runner, sensed, notes", "filter"),
	OWN(ACT_FILL, IN(LOG), { 'r' }, "r", "report",
	    "answer what the runbook's report asks for, before it is closed", "fill"),
	/* Messages */
	OWN(ACT_SEND, IN(MESSAGES), { 's' }, "s", "send",
	    "send the message through its messenger; asks, and is on record", NULL),
	SHARED(KEY_ID_PAGE, ACT_PAGE, IN(MESSAGES) | IN(EXECUTE), { 0 }, NULL, "page", NULL, NULL),
	OWN(ACT_COPY, IN(MESSAGES) | IN(EXECUTE), { 'y' }, "y", "copy",
	    "copy the message into the paste buffer of tmux; it is on record then", NULL),
	OWN(ACT_WRITE, IN(MESSAGES), { 'w' }, "w", "write",
	    "write the message into the incident's folder, to be printed or sent from there", NULL),
	/* Watch */
	SHARED(KEY_ID_ACKNOWLEDGE, ACT_ACKNOWLEDGE, ALL, { 0 }, NULL, "acknowledge", NULL,
	       "acknowledge"),
	OWN(ACT_MARK, IN(WATCH), { 'm' }, "m", "mark",
	    "mark what is selected as evidence: a log line with what goes on with it, a session",
	    "mark"),
	/* Watch, a log with the focus */
	OWN(ACT_GO_ON, IN(WATCH), { ' ' }, "Space", "follow",
	    "the held log follows its newest lines again; End does, too", "follow"),
	OWN(ACT_HOLD, IN(WATCH), { ' ' }, "Space", "hold",
	    "hold the log as it is, whatever comes in; moving the selection holds it, too", "hold"),
	OWN(ACT_OLDER_ERROR, IN(WATCH), { ',' }, ", .", "errors",
	    "to the next older error of the log, with . to the newer one", "older-error"),
	OWN(ACT_NEWER_ERROR, IN(WATCH), { '.' }, "", NULL, "to the next newer error of the log",
	    "newer-error"),
	OWN(ACT_OLDER_MATCH, IN(WATCH), { '[' }, "[ ]", "matches",
	    "to the next older match of the search, with ] to the newer one", "older-match"),
	OWN(ACT_NEWER_MATCH, IN(WATCH), { ']' }, "", NULL, "to the next newer match of the search",
	    "newer-match"),
	OWN(ACT_SEARCH, IN(WATCH), { '/' }, "/", "search",
	    "look for a pattern in the log, back from the selection; an empty one ends it",
	    "search"),
	OWN(ACT_LEVEL, IN(WATCH), { 'L' }, "L", "level",
	    "lines of all levels, warnings and above, or errors alone", "level"),
	OWN(ACT_ONLY, IN(WATCH), { 'f' }, "f F", "filter",
	    "show only what matches a pattern, with F hide it; an empty one ends that", "only"),
	OWN(ACT_WITHOUT, IN(WATCH), { 'F' }, "", NULL,
	    "hide what matches a pattern; an empty one ends it", "hide"),
	OWN(ACT_OPEN, IN(WATCH), { 'o' }, "o", "open",
	    "open the selected line's traceback in place, or close it", "open"),
	OWN(ACT_COPY, IN(WATCH), { 'y' }, "y", "copy",
	    "copy the selected line, with what goes on with it, into the paste buffer of tmux",
	    NULL),
	/* Watch, a table of sessions with the focus */
	OWN(ACT_SORT, IN(WATCH), { 's' }, "s", "sort",
	    "sort the table by its next column: state, transaction, statement, wait, ...", "sort"),
	OWN(ACT_REVERSE, IN(WATCH), { 'S' }, "S", "reverse", "turn the table's order around",
	    "reverse"),
	OWN(ACT_SPAN, IN(WATCH), { 't' }, "t", "time span",
	    "how far back the chart looks: 10 min, 1 h, 6 h, 24 h", "span"),
	OWN(ACT_ENTER, ALL, { '\r', '\n', S(KEY_ENTER) }, "Enter", "details",
	    "details of what is selected", NULL),
	OWN(ACT_ZOOM, IN(WATCH), { 'z' }, "z", "zoom", "one panel alone, or all again", "zoom"),
	OWN(ACT_THAW, IN(WATCH), { 'p' }, "p", "go on", "the frozen panels go on", NULL),
	OWN(ACT_FREEZE, IN(WATCH), { 'p' }, "p", "freeze",
	    "freeze all panels as they are; p again goes on", "freeze"),
	OWN(ACT_MUTE, IN(WATCH), { 'M' }, "M", "mute",
	    "mute an alert for a time, or end a mute; mutes that are on are listed", "mutes"),
	/* everywhere */
	SHARED(KEY_ID_RESOLVE, ACT_RESOLVE, ALL, { 0 }, NULL, "resolve", NULL, "resolve"),
	SHARED(KEY_ID_CLOSE, ACT_CLOSE, ALL, { 0 }, NULL, "close", NULL, "close"),
	SHARED(KEY_ID_ROUTINES, ACT_ROUTINES, ALL, { 0 }, NULL, "routines", NULL, "routines"),
	OWN(ACT_PHASES, ALL, { 0 }, "", NULL, "how far the phases are, and how stable", "phases"),
	SHARED(KEY_ID_DECLARE, ACT_DECLARE, ALL, { 0 }, NULL, "incident", NULL, "declare"),
	OWN(ACT_SEARCH, IN(LOG), { '/' }, "/", "search",
	    "show only lines with this text; an empty one ends it", NULL),
	SHARED(KEY_ID_NOTE, ACT_NOTE, ALL, { 0 }, NULL, "note", NULL, "note"),
	OWN(ACT_HELP, ALL, { '?', S(KEY_F(1)) }, "?", "help", "this page", "help"),
	OWN(ACT_COMMAND, ALL, { ':' }, ":", "command", "any command by its name; Tab completes",
	    NULL),
	OWN(ACT_TAB, ALL, { '\t' }, "Tab", NULL, "the next panel or list", NULL),
	OWN(ACT_BACKTAB, ALL, { S(KEY_BTAB) }, "Shift-Tab", NULL, "the one before", NULL),
	OWN(ACT_UP, ALL, { 'k', S(KEY_UP) }, "k Up", NULL, "up", NULL),
	OWN(ACT_DOWN, ALL, { 'j', S(KEY_DOWN) }, "j Down", NULL, "down", NULL),
	OWN(ACT_LEFT, ALL, { 'h', S(KEY_LEFT) }, "h Left", NULL, "the panel or list before", NULL),
	OWN(ACT_RIGHT, ALL, { 'l', S(KEY_RIGHT) }, "l Right", NULL, "the next panel or list", NULL),
	OWN(ACT_PAGE_UP, ALL, { S(KEY_PPAGE), CTRL('b') }, "PgUp", NULL, "a page up", NULL),
	OWN(ACT_PAGE_DOWN, ALL, { S(KEY_NPAGE), CTRL('f') }, "PgDn", NULL, "a page down", NULL),
	OWN(ACT_TOP, ALL, { S(KEY_HOME), '<' }, "Home", NULL, "the first line", NULL),
	OWN(ACT_BOTTOM, ALL, { S(KEY_END), '>' }, "End", NULL, "the last line; a log follows again",
	    NULL),
	SHARED(KEY_ID_WATCH, ACT_WATCH, ALL, { 0 }, NULL, NULL, NULL, "watch"),
	SHARED(KEY_ID_DECIDE, ACT_DECIDE, ALL, { 0 }, NULL, NULL, NULL, "decide"),
	SHARED(KEY_ID_CHECKLIST, ACT_CHECKLIST, ALL, { 0 }, NULL, NULL, NULL, "checklist"),
	SHARED(KEY_ID_EXECUTE, ACT_EXECUTE, ALL, { 0 }, NULL, NULL, NULL, "execute"),
	SHARED(KEY_ID_LOG, ACT_LOG, ALL, { 0 }, NULL, NULL, NULL, "log"),
	SHARED(KEY_ID_MESSAGES, ACT_MESSAGES, ALL, { 0 }, NULL, NULL, NULL, "messages"),
	OWN(ACT_BACK, ALL, { 'q', 27, CTRL('c') }, "q Esc", NULL,
	    "back; on Watch it asks whether to leave (a running step goes on)", NULL),
	OWN(ACT_QUIT, ALL, { 0 }, "", NULL, "leave the console; asks", "q"),
	OWN(ACT_QUIT, ALL, { 0 }, "", NULL, "leave the console; asks", "quit"),
	OWN(ACT_REPAINT, ALL, { CTRL('l') }, "^L", NULL, "draw the screen anew", "redraw"),
	OWN(ACT_SUSPEND, ALL, { CTRL('z') }, "^Z", NULL, "stop the console; fg brings it back",
	    NULL),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

bool key_row(size_t i, struct key_binding *row)
{
	const struct key_def *def;

	if (i >= ROWS)
		return false;
	*row = rows[i].binding;
	if (rows[i].shared) {
		def = &key_defs[rows[i].id];
		memmove(row->keys + 1, row->keys, sizeof(row->keys) - sizeof(row->keys[0]));
		row->keys[0] = def->key;
		row->name = def->name;
		row->help = def->help;
	}
	return true;
}

enum act key_act(enum tui_view view, int key, bool special, bool (*can)(void *data, enum act act),
		 void *data)
{
	struct key_binding row;
	int code = special ? KEY_SPECIAL + key : key;
	enum act first = ACT_NONE;

	for (size_t i = 0; key_row(i, &row); i++) {
		bool bound = false;

		for (size_t k = 0; k < sizeof(row.keys) / sizeof(row.keys[0]) && row.keys[k]; k++)
			bound = bound || row.keys[k] == code;
		if (!bound || !(row.where & 1u << view))
			continue;
		if (can(data, row.act))
			return row.act;
		if (first == ACT_NONE)
			first = row.act;
	}
	return first;
}

int act_rows(enum act act, int page)
{
	switch (act) {
	case ACT_UP:
		return -1;
	case ACT_DOWN:
		return 1;
	case ACT_PAGE_UP:
		return -page;
	case ACT_PAGE_DOWN:
		return page;
	case ACT_TOP:
		return -MOVE_FAR;
	case ACT_BOTTOM:
		return MOVE_FAR;
	default:
		return 0;
	}
}

enum act key_command(const char *name)
{
	for (size_t i = 0; i < ROWS; i++) {
		const char *command = rows[i].binding.command;

		if (command && !strcmp(command, name))
			return rows[i].binding.act;
	}
	return ACT_NONE;
}

static void place_print(struct buf *out, const char *name, unsigned where)
{
	struct key_binding row;

	buf_printf(out, "%s\n", name);
	for (size_t i = 0; key_row(i, &row); i++) {
		bool everywhere = row.where == KEYS_EVERYWHERE;

		if (row.name && *row.name &&
		    (where == KEYS_EVERYWHERE ? everywhere : !everywhere && (row.where & where)))
			buf_printf(out, "\t%s\t%s\t%s\n", row.name, row.help,
				   row.command ? row.command : "");
	}
}

void keys_print(struct buf *out)
{
	struct key_binding row;

	place_print(out, "everywhere", KEYS_EVERYWHERE);
	/* A view bears the name of the command that shows it. */
	for (unsigned view = 0; view < TUI_VIEWS; view++) {
		for (size_t i = 0; key_row(i, &row); i++) {
			if (row.act == (enum act)(ACT_WATCH + view))
				place_print(out, row.command, 1u << view);
		}
	}
	buf_puts(out, "commands\n");
	for (const struct command *command = session_commands; command->name; command++)
		buf_printf(out, "\t:%s %s\t%s\t\n", command->name,
			   command->args ? command->args : "", command->help);
}
