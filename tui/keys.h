/*
 * The one table of keys: it gives the bindings, the footer, the help page and the names behind `:`.
 * Keys that sentences of core/ name come from core/keys.h.
 */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "tui/tui.h"

enum act {
	ACT_NONE,
	/* everywhere */
	ACT_WATCH,
	ACT_DECIDE,
	ACT_CHECKLIST,
	ACT_EXECUTE,
	ACT_LOG,
	ACT_MESSAGES,
	ACT_TAB,
	ACT_BACKTAB,
	ACT_UP,
	ACT_DOWN,
	ACT_LEFT,
	ACT_RIGHT,
	ACT_PAGE_UP,
	ACT_PAGE_DOWN,
	ACT_TOP,
	ACT_BOTTOM,
	ACT_ENTER,
	ACT_DECLARE,
	ACT_NOTE,
	ACT_COMMAND,
	ACT_SEARCH,
	ACT_HELP,
	ACT_BACK,
	ACT_QUIT,
	ACT_REPAINT,
	ACT_SUSPEND,
	ACT_ACKNOWLEDGE,
	ACT_MUTE,
	ACT_RESOLVE,
	ACT_CLOSE,
	ACT_FILL,
	ACT_ROUTINES,
	ACT_PHASES,
	/* Watch */
	ACT_ZOOM,
	ACT_MARK,
	ACT_SORT,
	ACT_REVERSE,
	ACT_FREEZE,
	ACT_THAW,
	ACT_SPAN,
	ACT_HOLD,
	ACT_GO_ON,
	ACT_OPEN,
	ACT_LEVEL,
	ACT_ONLY,
	ACT_WITHOUT,
	ACT_OLDER_ERROR,
	ACT_NEWER_ERROR,
	ACT_OLDER_MATCH,
	ACT_NEWER_MATCH,
	/* Decide */
	ACT_TAKE,
	ACT_YES,
	ACT_NO,
	ACT_CHOOSE,
	ACT_BACK_TO,
	ACT_PROCEDURES,
	ACT_MATRIX,
	/* Execute */
	ACT_APPROVE,
	ACT_BREAK_GLASS,
	ACT_PARAMETERS,
	ACT_RUN,
	ACT_THROUGH,
	ACT_DONE,
	ACT_CHECK,
	ACT_AGAIN,
	ACT_UNDO,
	ACT_SKIP,
	ACT_ALTERNATIVE,
	ACT_STOP,
	ACT_PLAN,
	ACT_OUTPUT,
	/* Checklist */
	ACT_TICK,
	ACT_RUN_ITEM,
	ACT_REOPEN,
	ACT_NEXT_ITEM,
	ACT_DEFER,
	ACT_OVERRIDE,
	ACT_GATE,
	ACT_LISTS,
	/* Log */
	ACT_FILTER,
	/* Messages */
	ACT_COPY,
	ACT_WRITE,
	ACT_SEND,
	ACT_PAGE,
};

struct key_binding {
	enum act act;
	unsigned where;	   /* bit for each view; KEYS_EVERYWHERE */
	int keys[5];	   /* characters, or KEY_SPECIAL + a curses code; 0 ends them */
	const char *name;  /* as the footer and sentences write it: "Enter" */
	const char *label; /* in the footer; NULL: not there */
	const char *help;
	const char *command; /* its name behind `:`, or NULL */
};

#define KEYS_EVERYWHERE ((1u << TUI_VIEWS) - 1)
#define KEY_SPECIAL	0x1000000

/* Row `i` of the table, filled up from core/keys.h; false behind its end. */
bool key_row(size_t i, struct key_binding *row);
/* What a key does in a view: the first row of which `can` says that it is possible now, else the
 * first of all. */
enum act key_act(enum tui_view view, int key, bool special, bool (*can)(void *data, enum act act),
		 void *data);
/* By how many rows an act moves in a list that shows `page` rows at once: MOVE_FAR to its ends; 0:
 * it is none that moves. */
#define MOVE_FAR 100000
int act_rows(enum act act, int page);
/* The act of a `:` name, ACT_NONE when it is none. */
enum act key_command(const char *name);

/* The table as lines for the manual: a view's name (or "everywhere"), then TAB key TAB help TAB
 * name behind `:`, one a line; at the end, under "commands", those of the session. */
void keys_print(struct buf *out);

#endif
