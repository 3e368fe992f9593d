/*
 * The modals: page, menu, form, confirmation, prompt. Each function puts one on top of the console.
 *
 * `subject` is stolen by all of them and handed to the callback: a name of what they are about.
 */
#ifndef TUI_MODAL_H
#define TUI_MODAL_H

#include "tui/ui.h"

/*
 * The sleepy-hands guard: keys typed before a question was read don't answer it. Pending input is
 * thrown away when it opens, and every key restarts a pause that must pass first.
 */
struct guard {
	int64_t quiet_since; /* monotonic */
	bool armed;
};
/* Pending keys are thrown away; the pause begins. */
void guard_begin(struct ui *ui, struct guard *guard);
/* Whether the question may be answered by now; for drawing. */
bool guard_armed(struct ui *ui, struct guard *guard);
/* Whether this key counts. */
bool guard_key(struct ui *ui, struct guard *guard);

/* A text to read (stolen); lines separated by \n. Esc, q and Enter close it. */
void page_open(struct ui *ui, const char *title, char *text);
/* The same, but Enter goes on to a view, when it is another one. */
void page_open_to(struct ui *ui, const char *title, char *text, enum tui_view view);
/* Any key closes it, and then `closed` is called. The text is stolen. */
void page_open_any(struct ui *ui, const char *title, char *text, void (*closed)(struct ui *ui));

struct menu_entry {
	char *label, *detail; /* owned by the menu; detail may be NULL */
	char *value;	      /* owned: what the callback gets */
};
/* A list to choose from; the entries are stolen. Nothing is chosen by opening it. */
void menu_open(struct ui *ui, const char *title, struct menu_entry *entries, size_t n,
	       char *subject,
	       void (*chosen)(struct ui *ui, const char *value, const char *subject));

struct form_entry {
	const char *label;
	const char *value;	    /* what stands there at first; NULL: nothing */
	const char *hint;	    /* dimmed below it; NULL: none */
	const char *const *choices; /* NULL-terminated: Left and Right change it; NULL: free text */
	const char *needed;	    /* the error when it is left empty; NULL: it may be */
};
/* What a form gives, in the order of its entries: 0 closes it, -1 shows the error in it. */
typedef int form_fn(struct ui *ui, const char *const *values, const char *subject, struct err *err);
/* Asks for texts; everything is copied. With `guarded` it opens behind the sleepy-hands guard and
 * takes no paste. */
void form_open(struct ui *ui, const char *title, const char *say, const struct form_entry *entries,
	       size_t n, bool guarded, char *subject, form_fn *done);
/* Asks for the reason of what is not as proposed: one text, which must be there. */
void reason_open(struct ui *ui, const char *title, const char *say, char *subject, form_fn *done);
/* Asks why a question is answered otherwise than proposed. The subject that `done` gets says how,
 * and what NAME is answered: for answer_parse(), which returns NAME. */
void answer_open(struct ui *ui, const char *ask, const char *name, const struct proposal *proposal,
		 bool yes, form_fn *done);
const char *answer_parse(const char *subject, bool *yes);

/* Asks before something is done. `key` confirms and must differ from the key that opened it. */
void confirm_open(struct ui *ui, const char *title, const char *say, char key, const char *label,
		  char *subject, void (*done)(struct ui *ui, const char *subject));
/* As confirm_open(), for what destroys: `name` must be typed, letter by letter. */
void confirm_name_open(struct ui *ui, const char *title, const char *say, const char *name,
		       char *subject, form_fn *done);

/* The `:` line, where a bare name of an act is handed to `act`; and the `/` line of the view. */
typedef void act_fn(struct ui *ui, enum act act);
void prompt_command(struct ui *ui, act_fn *act);
void prompt_search(struct ui *ui);
/* A line of the same kind: `sign` stands before it, `hint` above it, `value` is there at first
 * (NULL: nothing). They are copied; `data` goes to the callback, which gets the text once Enter is
 * pressed. */
typedef void prompt_fn(struct ui *ui, const char *text, void *data);
void prompt_text(struct ui *ui, const char *sign, const char *hint, const char *value,
		 prompt_fn *done, void *data);

/* All keys and commands, those of this view first. */
void help_open(struct ui *ui);
/* The form that declares an incident or changes its severity; the note; resolve and close. */
void declare_open(struct ui *ui);
void note_open(struct ui *ui);
void resolve_open(struct ui *ui);
void close_open(struct ui *ui);
/* The questions of the runbook's report: whether it has any that can be answered now, and a list to
 * choose one from. */
bool fill_possible(const struct ui *ui);
void fill_open(struct ui *ui);
/* The routines, what is due first, to begin one of; and a page of the phases. */
bool routines_possible(const struct ui *ui);
void routines_open(struct ui *ui);
void phases_open(struct ui *ui);
/* Asks for a procedure out of all, then for a reason where it is not the suggested one. */
void procedures_open(struct ui *ui);
void choose_procedure(struct ui *ui, const char *name);

#endif
