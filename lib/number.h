/*
 * Numbers in text from outside: in no locale, no hexadecimal, no "nan", no "inf".
 */
#ifndef LIB_NUMBER_H
#define LIB_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* The number that `bytes` begin with: "12", "-0.5", "1e3", also with units behind it. */
bool number_find(const char *bytes, size_t len, double *value);
/* The same, and nothing but blanks follows. */
bool number_parse(const char *bytes, size_t len, double *value);

#endif
