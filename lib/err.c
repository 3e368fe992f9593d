#include "lib/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* False when nothing is to be said: nobody asks, or something is said already. */
__attribute__((format(printf, 2, 0))) static bool say(struct err *err, const char *fmt,
						      va_list args)
{
	if (!err || err->set)
		return false;
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	err->hint[0] = '\0';
	err->set = true;
	return true;
}

int err_set(struct err *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(err, fmt, args);
	va_end(args);
	return -1;
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	char reason[128];
	va_list args;
	size_t used;

	va_start(args, fmt);
	if (say(err, fmt, args)) {
		used = strlen(err->msg);
		snprintf(err->msg + used, sizeof(err->msg) - used, ": %s",
			 strerror_r(saved, reason, sizeof(reason)));
	}
	va_end(args);
	errno = saved;
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list args;

	if (!err || !err->set || err->hint[0])
		return -1;
	va_start(args, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char before[sizeof(err->msg)];
	size_t used, keep;
	va_list args;

	if (!err || !err->set)
		return -1;
	va_start(args, fmt);
	vsnprintf(before, sizeof(before) / 2, fmt, args);
	va_end(args);
	used = strlen(before);
	before[used++] = ':';
	before[used++] = ' ';
	keep = strlen(err->msg);
	if (keep > sizeof(err->msg) - 1 - used)
		keep = sizeof(err->msg) - 1 - used;
	memmove(err->msg + used, err->msg, keep);
	err->msg[used + keep] = '\0';
	memcpy(err->msg, before, used);
	return -1;
}

void err_clear(struct err *err)
{
	if (!err)
		return;
	err->set = false;
	err->msg[0] = '\0';
	err->hint[0] = '\0';
}
