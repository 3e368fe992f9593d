/*
 * Skimming the state folder: single lines of its newest incidents' ledgers, neither verified nor
 * folded. For what only helps and is read while somebody waits; what can't be read counts for
 * nothing. Makes no folders. Blocking.
 */
#ifndef CORE_SKIM_H
#define CORE_SKIM_H

#include <jansson.h>
#include <stdbool.h>

struct skim {
	/* By its first line: whether an incident is looked at. */
	bool (*wanted)(const json_t *opened, void *data);
	/* Whether a further line may be of use: only such lines are taken apart. */
	bool (*may_tell)(const char *text);
	void (*line)(const json_t *line, void *data);
	/* Behind the last line of one that was looked at. May be NULL. */
	void (*end)(void *data);
	size_t most; /* so many that are wanted at most, the newest; 0: 200 */
};

void skim_incidents(const struct skim *skim, void *data);

#endif
