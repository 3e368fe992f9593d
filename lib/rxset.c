#include "lib/rxset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "lib/rxtexts.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Three bytes as one number, of which there are so many different ones. */
#define GRAM  3
#define GRAMS 65536
/* How many bytes are looked at at once: a gram, and the next one where the text has one. */
#define WINDOW 4

struct text {
	char *bytes; /* owned */
	size_t len, pattern;
	size_t offset; /* of the bytes that tell it */
	uint16_t next; /* 1 + index of another one that is told by the same gram */
};

struct rxset {
	struct rx **rx; /* owned */
	bool *always;	/* owned */
	size_t n;
	struct text *texts; /* owned */
	size_t ntexts, texts_cap;
	uint64_t *grams; /* owned: a bit for each gram that tells a text */
	uint16_t *heads; /* owned: by gram, 1 + index of its first text */
	/* The texts are dealt into eight groups, a bit each: by the halves of each byte of the
	 * window, which of them may have it. */
	uint8_t low[WINDOW][16], high[WINDOW][16];
	bool wide; /* this processor has what is needed to ask that of 32 bytes at once */
};

static uint32_t gram_of(const char *p)
{
	uint32_t bytes = (uint32_t)(unsigned char)p[0] | (uint32_t)(unsigned char)p[1] << 8 |
			 (uint32_t)(unsigned char)p[2] << 16;

	return (bytes * 0x9e3779b1u) >> 16;
}

static const char *window_of(const struct text *text)
{
	return text->bytes + text->offset;
}

/* ---- life cycle ---- */

static void texts_add(struct rxset *set, size_t pattern, const char *source)
{
	char *texts[RXTEXTS_MAX];
	size_t n = rxtexts_of(source, texts);

	set->always[pattern] = n == 0;
	set->texts = xgrow(set->texts, &set->texts_cap, set->ntexts + n, sizeof(*set->texts));
	for (size_t i = 0; i < n; i++)
		set->texts[set->ntexts++] =
		    (struct text){ .bytes = texts[i], .len = strlen(texts[i]), .pattern = pattern };
}

static void group_add(struct rxset *set, const struct text *text, uint8_t bit)
{
	for (size_t i = 0; i < WINDOW; i++) {
		unsigned char byte = (unsigned char)window_of(text)[i];

		/* A text of three bytes: whatever stands behind it. */
		for (size_t half = 0; half < 16; half++) {
			bool any = text->offset + i >= text->len;

			set->low[i][half] |= any || (byte & 15) == half ? bit : 0;
			set->high[i][half] |= any || byte >> 4 == half ? bit : 0;
		}
	}
}

static int window_compare(const void *a, const void *b)
{
	return memcmp(window_of(a), window_of(b), GRAM);
}

/* Those that are told by similar bytes come into one group. */
static void tables_fill(struct rxset *set)
{
	memset(set->grams, 0, GRAMS / 8);
	memset(set->heads, 0, GRAMS * sizeof(*set->heads));
	memset(set->low, 0, sizeof(set->low));
	memset(set->high, 0, sizeof(set->high));
	if (set->ntexts > 1)
		qsort(set->texts, set->ntexts, sizeof(*set->texts), window_compare);
	for (size_t i = 0; i < set->ntexts; i++) {
		struct text *text = &set->texts[i];
		uint32_t gram = gram_of(window_of(text));

		text->next = set->heads[gram];
		set->heads[gram] = (uint16_t)(i + 1);
		set->grams[gram / 64] |= (uint64_t)1 << gram % 64;
		group_add(set, text, (uint8_t)(1 << i * 8 / set->ntexts));
	}
}

struct rxset *rxset_new(const char *const *patterns, size_t n, struct err *err)
{
	struct rxset *set = xcalloc(1, sizeof(*set));

	set->rx = xcalloc(n + 1, sizeof(struct rx *));
	set->always = xcalloc(n + 1, sizeof(bool));
	for (; set->n < n; set->n++) {
		set->rx[set->n] = rx_new(patterns[set->n], false, err);
		if (set->rx[set->n] == NULL) {
			rxset_free(set);
			return NULL;
		}
		texts_add(set, set->n, patterns[set->n]);
	}
	set->grams = xcalloc(GRAMS / 64, sizeof(*set->grams));
	set->heads = xcalloc(GRAMS, sizeof(*set->heads));
	tables_fill(set);
#ifdef __x86_64__
	set->wide = __builtin_cpu_supports("avx2");
#endif
	return set;
}

void rxset_free(struct rxset *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		rx_free(set->rx[i]);
	for (size_t i = 0; i < set->ntexts; i++)
		free(set->texts[i].bytes);
	free(set->rx);
	free(set->always);
	free(set->texts);
	free(set->grams);
	free(set->heads);
	free(set);
}

void rxset_sample(struct rxset *set, const char *bytes, size_t len)
{
	uint32_t *counts = xcalloc(GRAMS, sizeof(*counts));

	for (size_t i = 0; i + GRAM <= len; i++)
		counts[gram_of(bytes + i)]++;
	for (size_t i = 0; i < set->ntexts; i++) {
		struct text *text = &set->texts[i];
		size_t last = text->len > WINDOW ? text->len - WINDOW : 0;

		for (size_t offset = 0; offset <= last; offset++)
			if (counts[gram_of(text->bytes + offset)] <
			    counts[gram_of(window_of(text))])
				text->offset = offset;
	}
	free(counts);
	tables_fill(set);
}

/* ---- looking ---- */

/* Whether a text is told by the gram at p; their patterns are marked. */
static bool texts_at(const struct rxset *set, uint32_t gram, const char *begin, const char *p,
		     const char *end, bool *hits)
{
	bool any = false;

	for (size_t i = set->heads[gram]; i != 0; i = set->texts[i - 1].next) {
		const struct text *text = &set->texts[i - 1];

		if (text->offset > (size_t)(p - begin) ||
		    text->len - text->offset > (size_t)(end - p) ||
		    memcmp(p - text->offset, text->bytes, text->len) != 0)
			continue;
		any = true;
		if (hits != NULL)
			hits[text->pattern] = true;
	}
	return any;
}

static inline bool text_at(const struct rxset *set, const char *begin, const char *p,
			   const char *end)
{
	uint32_t gram = gram_of(p);

	return (set->grams[gram / 64] >> gram % 64 & 1) != 0 &&
	       texts_at(set, gram, begin, p, end, NULL);
}

#ifdef __x86_64__
/* For each of 32 bytes at p the groups one of whose texts may have it at that place of its window.
 */
__attribute__((target("avx2"))) static inline __m256i groups_of(const struct rxset *set,
								size_t place, const char *p)
{
	__m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i half = _mm256_set1_epi8(15);
	__m256i low = _mm256_broadcastsi128_si256(
	    _mm_loadu_si128((const __m128i *)(const void *)set->low[place]));
	__m256i high = _mm256_broadcastsi128_si256(
	    _mm_loadu_si128((const __m128i *)(const void *)set->high[place]));

	return _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
				_mm256_shuffle_epi8(high,
						    _mm256_and_si256(_mm256_srli_epi16(bytes, 4),
								     half)));
}

/* As rxset_next(), 32 places at a time (after Hyperscan's "Teddy"); returns how far it came when
 * there is none. Reading byte by byte takes eight times as long. */
__attribute__((target("avx2"))) static const char *
wide_next(const struct rxset *set, const char *begin, const char *p, const char *end, bool *found)
{
	for (; end - p >= 32 + WINDOW - 1; p += 32) {
		__m256i groups = _mm256_and_si256(_mm256_and_si256(groups_of(set, 0, p),
								   groups_of(set, 1, p + 1)),
						  _mm256_and_si256(groups_of(set, 2, p + 2),
								   groups_of(set, 3, p + 3)));
		uint32_t maybe = ~(uint32_t)_mm256_movemask_epi8(
		    _mm256_cmpeq_epi8(groups, _mm256_setzero_si256()));

		for (; maybe != 0; maybe &= maybe - 1) {
			const char *place = p + __builtin_ctz(maybe);

			if (text_at(set, begin, place, end)) {
				*found = true;
				return place;
			}
		}
	}
	return p;
}
#endif

const char *rxset_next(const struct rxset *set, const char *begin, const char *from,
		       const char *end)
{
	bool found = false;

	if (set->ntexts == 0)
		return end;
#ifdef __x86_64__
	if (set->wide)
		from = wide_next(set, begin, from, end, &found);
#endif
	if (found)
		return from;
	for (; end - from >= GRAM; from++)
		if (text_at(set, begin, from, end))
			return from;
	return end;
}

void rxset_mark(const struct rxset *set, const char *begin, const char *place, const char *end,
		bool *hits)
{
	texts_at(set, gram_of(place), begin, place, end, hits);
}

bool rxset_always(const struct rxset *set, size_t pattern)
{
	return set->always[pattern];
}

bool rxset_match(const struct rxset *set, size_t pattern, const char *bytes, size_t len)
{
	return rx_match(set->rx[pattern], bytes, len);
}
