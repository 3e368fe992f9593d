/* The different errors of a scan: as many as have room; then the rarer half is forgotten. */
#include <stdlib.h>
#include <string.h>

#include "lib/logshape.h"
#include "lib/mem.h"
#include "sources/scanparts.h"

#define ERRORS_MAX 2048
#define SLOTS	   (4 * ERRORS_MAX)

void errors_init(struct errors *errors)
{
	*errors = (struct errors){ .n = 0 };
	errors->list = xmalloc(ERRORS_MAX * sizeof(*errors->list));
	errors->hashes = xmalloc(ERRORS_MAX * sizeof(*errors->hashes));
	errors->slots = xcalloc(SLOTS, sizeof(*errors->slots));
}

void errors_release(struct errors *errors)
{
	free(errors->list);
	free(errors->hashes);
	free(errors->slots);
}

/* Eight bytes at a time, each mixed as in splitmix64 (G. Steele and others, 2014). */
static uint64_t hash_of(const char *bytes, size_t len)
{
	uint64_t hash = len, word;

	for (size_t i = 0; i < len; i += sizeof(word)) {
		word = 0;
		if (len - i >= sizeof(word))
			memcpy(&word, bytes + i, sizeof(word));
		else
			memcpy(&word, bytes + i, len - i);
		hash = (hash ^ word) * 0xbf58476d1ce4e5b9u;
		hash ^= hash >> 29;
	}
	return hash;
}

int errors_compare(const void *a, const void *b)
{
	const struct scan_error *x = a, *y = b;

	return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
				    : (x->first > y->first) - (x->first < y->first);
}

static size_t slot_of(const struct errors *errors, uint64_t hash, const char *shape, size_t len)
{
	size_t i = (size_t)(hash >> 32) % SLOTS;

	for (; errors->slots[i] != 0; i = (i + 1) % SLOTS) {
		const struct scan_error *error = &errors->list[errors->slots[i] - 1];

		if (errors->hashes[errors->slots[i] - 1] == hash && error->nshape == len &&
		    memcmp(error->shape, shape, len) == 0)
			break;
	}
	return i;
}

static void forget(struct errors *errors)
{
	qsort(errors->list, errors->n, sizeof(*errors->list), errors_compare);
	errors->n /= 2;
	errors->lost = true;
	memset(errors->slots, 0, SLOTS * sizeof(*errors->slots));
	for (size_t i = 0; i < errors->n; i++) {
		const struct scan_error *error = &errors->list[i];
		uint64_t hash = hash_of(error->shape, error->nshape);

		errors->hashes[i] = hash;
		errors->slots[slot_of(errors, hash, error->shape, error->nshape)] =
		    (uint16_t)(i + 1);
	}
}

static struct scan_error *error_new(struct errors *errors, size_t slot, uint64_t hash)
{
	struct scan_error *error = &errors->list[errors->n];

	*error = (struct scan_error){ .count = 0 };
	errors->hashes[errors->n] = hash;
	errors->slots[slot] = (uint16_t)++errors->n;
	return error;
}

void errors_add(struct errors *errors, const char *line, size_t len, size_t body, int64_t at)
{
	char shape[SCAN_SHAPE];
	size_t nshape, slot;
	uint64_t hash;
	struct scan_error *error;

	len -= len > 0 && line[len - 1] == '\r';
	nshape = logshape(line, len, body, shape, sizeof(shape));
	hash = hash_of(shape, nshape);
	if (errors->n == ERRORS_MAX)
		forget(errors);
	slot = slot_of(errors, hash, shape, nshape);
	if (errors->slots[slot] != 0) {
		error = &errors->list[errors->slots[slot] - 1];
	} else {
		error = error_new(errors, slot, hash);
		memcpy(error->shape, shape, nshape);
		error->nshape = nshape;
		error->nexample = len < SCAN_EXAMPLE ? len : SCAN_EXAMPLE;
		memcpy(error->example, line, error->nexample);
	}
	error->count++;
	if (at == 0)
		return;
	if (error->first == 0 || at < error->first)
		error->first = at;
	if (at > error->last)
		error->last = at;
}
