#include "sources/logring.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

void logring_init(struct logring *ring, size_t size, uint64_t first)
{
	ring->lines = xcalloc(size, sizeof(*ring->lines));
	ring->size = size;
	ring->first = ring->next = first;
}

void logring_release(struct logring *ring)
{
	for (size_t i = 0; i < ring->size; i++)
		free(ring->lines[i].bytes);
	free(ring->lines);
	*ring = (struct logring){ 0 };
}

struct logring_line *logring_add(struct logring *ring, const char *bytes, size_t len,
				 size_t true_len)
{
	struct logring_line *line = &ring->lines[ring->next % ring->size];
	char *keep = line->bytes;
	size_t cap = line->cap;

	if (len > LOGRING_LINE_MAX)
		len = LOGRING_LINE_MAX;
	if (cap < len + 1) {
		cap = len + 1 > 128 ? len + 1 : 128;
		keep = xrealloc(keep, cap);
	}
	if (len > 0)
		memcpy(keep, bytes, len);
	keep[len] = '\0';
	*line = (struct logring_line){
		.seq = ring->next++, .bytes = keep, .len = len, .cap = cap, .true_len = true_len
	};
	return line;
}

struct logring_line *logring_get(const struct logring *ring, uint64_t seq)
{
	struct logring_line *line = &ring->lines[seq % ring->size];

	return seq > 0 && line->seq == seq ? line : NULL;
}

uint64_t logring_oldest(const struct logring *ring)
{
	return ring->next - ring->first > ring->size ? ring->next - ring->size : ring->first;
}
