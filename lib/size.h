/*
 * Sizes as people and files write them.
 */
#ifndef LIB_SIZE_H
#define LIB_SIZE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* A whole number and a unit: B, kB (or KB), MB, GB, TB by thousands; KiB, MiB, GiB, TiB by 1024s;
 * none: bytes. 0, or -1 when it isn't one or too large. */
int size_parse(const char *text, int64_t *bytes);
/* The same from a JSON value: such a text, or a number of bytes. */
int size_of(const json_t *value, int64_t *bytes);
/* "512 B", "1.2 kB", "212 MB", "4.1 GB" (by thousands). Returns `out`. */
char *size_text(int64_t bytes, char *out, size_t size);

#endif
