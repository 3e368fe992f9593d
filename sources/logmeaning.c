#include "sources/logmeaning.h"

#include <stdlib.h>

#include "lib/argv.h"
#include "lib/mem.h"
#include "lib/rx.h"

int logmeaning_init(struct logmeaning *meaning, json_t *map, struct err *err)
{
	size_t n = json_object_size(map);
	const char *pattern;
	json_t *text;

	meaning->rx = xcalloc(n + 1, sizeof(struct rx *));
	meaning->texts = xcalloc(n + 1, sizeof(char *));
	json_object_foreach(map, pattern, text) {
		struct rx *rx = rx_new(pattern, false, err);

		if (rx == NULL)
			return -1;
		meaning->rx[meaning->n] = rx;
		meaning->texts[meaning->n++] = argv_scalar(text);
	}
	return 0;
}

void logmeaning_release(struct logmeaning *meaning)
{
	for (size_t i = 0; i < meaning->n; i++) {
		rx_free(meaning->rx[i]);
		free(meaning->texts[i]);
	}
	free(meaning->rx);
	free(meaning->texts);
	*meaning = (struct logmeaning){ .n = 0 };
}

unsigned logmeaning_find(const struct logmeaning *meaning, const char *bytes, size_t len)
{
	for (size_t i = 0; i < meaning->n; i++)
		if (rx_match(meaning->rx[i], bytes, len))
			return (unsigned)i + 1;
	return 0;
}
