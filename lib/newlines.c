#include "lib/newlines.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

/* Sixteen bytes as a bit each: set where a newline is. Every x86-64 has these instructions; wider
 * ones, chosen at run time, gain nothing here: reading the lines takes longer by far. */
static uint64_t sixteen(const char *bytes)
{
	__m128i block = _mm_loadu_si128((const __m128i *)(const void *)bytes);

	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\n')));
}

/* Whole blocks of 64 bytes; how many bytes they are. Most hold one newline or none, so that the
 * first one is put down without asking whether there is one. */
static size_t blocks_find(struct newlines *newlines, const char *bytes, size_t len)
{
	size_t n = newlines->n, at = 0;

	for (; len - at >= 64; at += 64) {
		uint64_t mask = sixteen(bytes + at) | sixteen(bytes + at + 16) << 16 |
				sixteen(bytes + at + 32) << 32 | sixteen(bytes + at + 48) << 48;

		newlines->at[n] = (uint16_t)(at + (size_t)__builtin_ctzll(mask | 1ull << 63));
		n += mask != 0;
		for (mask &= mask - 1; mask != 0; mask &= mask - 1)
			newlines->at[n++] = (uint16_t)(at + (size_t)__builtin_ctzll(mask));
	}
	newlines->n = n;
	return at;
}
#else
static size_t blocks_find(struct newlines *newlines, const char *bytes, size_t len)
{
	(void)newlines;
	(void)bytes;
	(void)len;
	return 0;
}
#endif

void newlines_find(struct newlines *newlines, const char *bytes, size_t len)
{
	const char *end = bytes + len, *p, *nl;

	newlines->n = 0;
	p = bytes + blocks_find(newlines, bytes, len);
	for (; (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; p = nl + 1)
		newlines->at[newlines->n++] = (uint16_t)(nl - bytes);
}
