/*
 * What the console's files share: the state of the console, views, and what lies above them.
 *
 * Views and modals draw from the session and give its commands; they keep nothing that matters. All
 * acts of an operator end in ui_acted(), which says what came of them and forgets typed-ahead keys.
 */
#ifndef TUI_UI_H
#define TUI_UI_H

#include "tui/draw.h"
#include "tui/keys.h"
#include "tui/screen.h"
#include "tui/tui.h"

struct ui;
struct modal;

/* A view: one file and one row in the table of tui.c. `state` is its own, zeroed at the start. */
struct view_ops {
	const char *title;
	size_t state_size;
	void (*release)(void *state); /* NULL: nothing to release */
	void (*draw)(struct ui *ui, void *state, const struct canvas *canvas);
	/* Whether the act would do something now: what is not possible is neither shown nor done.
	 */
	bool (*can)(struct ui *ui, void *state, enum act act);
	void (*act)(struct ui *ui, void *state, enum act act);
	/* Why it takes no such act now, whatever else is possible; NULL: it does. NULL function:
	 * it refuses none. */
	const char *(*refuses)(struct ui *ui, void *state, enum act act);
	/* What the view shows is not live: says so in front of its keys. False, or a NULL function:
	 * it is. */
	bool (*marker)(struct ui *ui, void *state, char *out, size_t size);
	/* Rows that the header has to take, so that the view stays where it is; 0, or a NULL
	 * function: as many as it needs. */
	int (*header_rows)(void *state);
	/* The text that `/` looks for; NULL function: no search. */
	void (*search)(struct ui *ui, void *state, const char *text);
};

/* What lies above the views and takes all keys: forms, confirmations, pages, menus, the prompt. */
struct modal_ops {
	bool takes_text; /* pastes come as keys; elsewhere they are thrown away */
	bool full;	 /* covers everything below */
	void (*draw)(struct ui *ui, struct modal *modal, const struct canvas *canvas);
	/* May call ui_pop(); the modal is gone then. */
	void (*key)(struct ui *ui, struct modal *modal, int key, bool special);
	void (*release)(struct modal *modal);
};

/* The first member of every modal's own struct. */
struct modal {
	const struct modal_ops *ops;
	struct modal *below;
};

struct ui {
	const struct tui_options *options; /* borrowed */
	struct loop *loop;		   /* borrowed */
	const struct clock *clock;	   /* borrowed */
	struct screen screen;
	struct session *session;	     /* owned */
	const struct view_ops *const *views; /* borrowed: TUI_VIEWS of them */
	enum tui_view view;
	void *states[TUI_VIEWS]; /* owned */
	struct modal *modal;	 /* owned: the topmost */
	char notice[512];	 /* what came of the last act; until the next key, good
				    news for some seconds only */
	enum style notice_style;
	int64_t notice_at; /* monotonic */
	bool begun, ended, leaving;
	int result;	/* of tui_run() */
	struct err err; /* why, when result is -1 */
	bool pasting;
	bool dirty;
	int64_t first_at, drawn_at; /* monotonic: the first frame, the latest */
	int64_t pause_us;	    /* from then to the next frame, while changes flood in */
	int64_t changed_at;	    /* monotonic: the latest change */
	struct watch *keys, *redraw, *wake, *second,
	    *signals[5];    /* owned; redraw to second: timers */
	char *last_command; /* owned: of `:`, or NULL */
};

extern const struct view_ops view_watch, view_decide, view_checklist, view_execute, view_log,
    view_messages;

/* Never NULL; borrowed. */
const struct view_ops *ui_view(const struct ui *ui, enum tui_view view);
int64_t ui_now(const struct ui *ui); /* wall time */
/* The screen was drawn, which took so many bytes. */
void ui_drawn(struct ui *ui, int64_t bytes);
/* Something changed: drawn within a quarter of a second, unless ui_pauses(). */
void ui_dirty(struct ui *ui);
/* So much changes that drawing it now would flood the line to the terminal: it is asked again a
 * little later, or when the flood is over. */
bool ui_pauses(struct ui *ui);
/* Drawn again after so long: an animation-free way to show that a wait is over. */
void ui_wake(struct ui *ui, int64_t after_us);
/* Another view, below what lies above it. */
void ui_show(struct ui *ui, enum tui_view view);
/* Ends tui_run() with this result; a running step goes on. */
void ui_leave(struct ui *ui, int result);
/* Puts a modal on top; ui_pop() releases the topmost. */
void ui_push(struct ui *ui, struct modal *modal);
void ui_pop(struct ui *ui);
/* A line above the keys, until the next one. */
void ui_notice(struct ui *ui, enum style style, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Says what came of an act: `done` when rc is 0, else the error. Typed-ahead keys are forgotten:
 * they were meant for the screen as it was before. Returns rc. */
int ui_acted(struct ui *ui, int rc, const struct err *err, const char *done);
/* Whether an incident is open (not resolved, not closed). */
bool ui_open(const struct ui *ui);

#endif
