/*
 * The shape of a message: its text with what differs from time to time replaced, so that
 * repetitions can be told. Numbers become #, hexadecimal words <hex>, UUIDs <uuid>, and what stands
 * in quotes is left out ("*"). Of JSON and logfmt only the message counts, of an access log's line
 * the method, the path without its query, and the status.
 */
#ifndef LIB_LOGSHAPE_H
#define LIB_LOGSHAPE_H

#include <stddef.h>

/* Writes at most `size` bytes (not NUL-terminated, as raw as the line) and returns how many. `body`
 * is where the text begins (struct logline). */
size_t logshape(const char *line, size_t len, size_t body, char *out, size_t size);

#endif
