#include "lib/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

static void buf_reserve(struct buf *buf, size_t more)
{
	buf->data = xgrow(buf->data, &buf->cap, buf->len + more + 1, 1);
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	buf_reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	int need;

	va_copy(again, args);
	need = vsnprintf(NULL, 0, fmt, args);
	if (need > 0) {
		buf_reserve(buf, (size_t)need);
		vsnprintf(buf->data + buf->len, (size_t)need + 1, fmt, again);
		buf->len += (size_t)need;
	}
	va_end(again);
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(buf, fmt, args);
	va_end(args);
}

void buf_drop(struct buf *buf, size_t len)
{
	if (len == 0)
		return;
	if (len > buf->len)
		len = buf->len;
	memmove(buf->data, buf->data + len, buf->len - len + 1);
	buf->len -= len;
}

void buf_cut(struct buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->data[len] = '\0';
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *buf_detach(struct buf *buf)
{
	char *text = buf->data ? buf->data : xstrdup("");

	*buf = (struct buf)BUF_INIT;
	return text;
}

void buf_release(struct buf *buf)
{
	if (!buf)
		return;
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}
