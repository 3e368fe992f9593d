/*
 * The texts that whatever matches a pattern has: a line without them need not be matched.
 */
#ifndef LIB_RXTEXTS_H
#define LIB_RXTEXTS_H

#include <stddef.h>

#define RXTEXTS_MAX 16 /* at most of one pattern, which has alternatives */

/* Texts one of which every match of the pattern contains, of three bytes and more and without a
 * newline, each NUL-terminated in new memory: how many were put into texts[]; 0 when that is not
 * known. */
size_t rxtexts_of(const char *pattern, char *texts[RXTEXTS_MAX]);

#endif
