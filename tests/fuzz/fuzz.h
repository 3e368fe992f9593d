/*
 * What the targets of this folder share. Each is one file with libFuzzer's entry, and says what
 * must hold of any bytes. tests/func/fuzz.sh runs them under libFuzzer (make check-long); linked
 * with replay.c they are ordinary tests, which read their corpora (corpus/NAME) and changes of
 * them.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Ends the program when something does not hold: libFuzzer then keeps the input. */
static inline void must(bool holds, const char *what, const void *bytes, size_t len)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n%.*s\n", what, (int)(len < 3000 ? len : 3000),
		(const char *)bytes);
	abort();
}

/* New: exactly as long as its bytes, so that sanitizers see every byte too far. */
static inline char *exactly(const void *bytes, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

#endif
