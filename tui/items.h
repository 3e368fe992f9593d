/*
 * Checklists on a screen: the menu of all, one row for each item, and the page of one.
 */
#ifndef TUI_ITEMS_H
#define TUI_ITEMS_H

#include "tui/ui.h"

/* `here`: it is the selected one. */
void item_row(struct ui *ui, const struct checklist_state *list, size_t index,
	      const struct canvas *canvas, int y, bool here);
/* Everything that is known of an item, to read. */
void item_page(struct ui *ui, const struct checklist_state *list, size_t index);
/* What there is to say about it: the evidence, or why it does not apply. */
const char *item_evidence(const struct item_state *own);
/* Whether the item's procedure is chosen and has not ended. */
bool item_under_way(struct ui *ui, const struct item *item);

/* All checklists to choose one from: first `now` (NULL: none is asked for), then those of the
 * suggested procedure. `chosen` gets its name. */
void lists_open(struct ui *ui, const struct checklist *now,
		void (*chosen)(struct ui *ui, const char *name, const char *subject));

#endif
