/*
 * A growable byte string. `data` is always NUL-terminated once something was added, and NULL
 * before; buf_str() hides the difference. It may hold NUL bytes; `len` counts without the final
 * NUL.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

#define BUF_INIT                                 \
	{                                        \
		.data = NULL, .len = 0, .cap = 0 \
	}

/* Append; memory that runs out ends the program (lib/mem.h). */
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Removes `len` bytes at the front. */
void buf_drop(struct buf *buf, size_t len);
/* Cuts to `len` bytes; `len` must not be larger than the content. */
void buf_cut(struct buf *buf, size_t len);
/* Borrowed, never NULL. */
const char *buf_str(const struct buf *buf);
/* New: the content, NUL-terminated; the buffer is empty afterwards. */
char *buf_detach(struct buf *buf);
void buf_release(struct buf *buf);

#endif
