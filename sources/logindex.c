#include "sources/logindex.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

#define HASH_BYTES 64

void logindex_release(struct logindex *index)
{
	free(index->list);
	*index = (struct logindex){ 0 };
}

bool logindex_wants(const struct logindex *index, const struct logplace *last, uint64_t seq,
		    int32_t part, off_t at)
{
	uint64_t lines = seq > last->seq ? seq - last->seq : last->seq - seq;
	off_t bytes = at > last->at ? at - last->at : last->at - at;

	return part != last->part || lines >= (uint64_t)LOGINDEX_LINES << index->thinned ||
	       bytes >= LOGINDEX_BYTES << index->thinned;
}

static void thin(struct logindex *index)
{
	size_t kept = 0;

	for (size_t i = 0; i < index->n; i++) {
		const struct logplace *place = &index->list[i];
		bool first = i == 0 || place[-1].part != place->part;

		if (i % 2 == 0 || place->fixed || first)
			index->list[kept++] = *place;
	}
	index->n = kept;
	index->thinned++;
}

/* How many places are at or before the line. */
static size_t count_below(const struct logindex *index, uint64_t seq)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (index->list[middle].seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void logindex_add(struct logindex *index, const struct logplace *place)
{
	size_t at;

	if (index->n >= LOGINDEX_MAX)
		thin(index);
	at = count_below(index, place->seq);
	index->list = xgrow(index->list, &index->cap, index->n + 1, sizeof(*index->list));
	memmove(index->list + at + 1, index->list + at, (index->n - at) * sizeof(*index->list));
	index->list[at] = *place;
	index->n++;
}

const struct logplace *logindex_below(const struct logindex *index, uint64_t seq)
{
	size_t n = count_below(index, seq);

	return n > 0 ? &index->list[n - 1] : NULL;
}

/* FNV-1a. */
uint32_t logindex_hash(const char *bytes, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len && i < HASH_BYTES; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
	return hash;
}
