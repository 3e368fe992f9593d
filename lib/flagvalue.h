/*
 * Values of flags as bytes in a file, and back. For lib/flagfile.c.
 */
#ifndef LIB_FLAGVALUE_H
#define LIB_FLAGVALUE_H

#include <jansson.h>

#include "lib/flagfile.h"

/* New; NULL when the bytes are no plain value (an expression, a list). */
json_t *flag_decode(enum flag_format format, const char *raw, size_t len);
/* New: the bytes for `value`, in the manner of the value that stands there now; NULL when the
 * format can't hold it. */
char *flag_encode(enum flag_format format, const json_t *value, const char *old, size_t len);

#endif
