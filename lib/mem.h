/*
 * Allocation that never returns NULL.
 *
 * When memory runs out these print one line to stderr and _exit(1): whatever matters is in the
 * ledger already (an append returns only after fdatasync), so leaving is safer than limping on.
 * All results are new: the caller frees them with free().
 */
#ifndef LIB_MEM_H
#define LIB_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* For a library that has none left: prints that line and ends. */
_Noreturn void mem_exhausted(void);
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
/* Grows an array so that it holds at least `need` elements; `*cap` is in elements. */
void *xgrow(void *old, size_t *cap, size_t need, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

#endif
