/*
 * The report as groff source (ms, tbl, pic), which becomes PostScript and PDF. Pure ASCII; what is
 * not ASCII goes in as \[uXXXX], and a character that the fonts don't have is printed as <U+XXXX>.
 */
#ifndef LOGS_REPORT_GROFF_H
#define LOGS_REPORT_GROFF_H

#include <stdbool.h>

#include "lib/buf.h"
#include "logs/report.h"

/* Appends the whole document, A4. */
void groff_source(const struct report *report, struct buf *out);

/* ---- What the files of this format share ---- */

/* Appends text that groff prints and never acts upon. Each newline becomes a line break where
 * `lines`, else a blank. Long words may be broken. */
void groff_text(struct buf *out, const char *text, bool lines);
/* Appends one verbatim line: its blanks hold. */
void groff_verbatim(struct buf *out, const char *line);
/* Appends a quoted string for pic, without breaks. */
void groff_string(struct buf *out, const char *text);
/* Appends the fallbacks of all characters beyond ASCII that `body` (made of the above) names. */
void groff_fallbacks(struct buf *out, const char *body);
/* A chart: its title and a picture. */
void groff_chart(struct buf *out, const struct report_chart *chart);

#endif
