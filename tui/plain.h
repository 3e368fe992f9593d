/*
 * The plain console: append-only lines, commands typed on stdin. For screen readers, serial lines,
 * TERM=dumb and scripts.
 */
#ifndef TUI_PLAIN_H
#define TUI_PLAIN_H

#include "tui/tui.h"

/* As tui_run(). The end of stdin leaves. */
int plain_run(const struct tui_options *options, struct err *err);

#endif
