#include "core/skim.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/statefolder.h"
#include "lib/file.h"

#define INCIDENTS_MAX 200  /* more are older than what is worth knowing */
#define LOOKED_AT_MAX 5000 /* also of those that nobody wants: hourly routines are many */

/* True when its incident is wanted. */
static bool line_take(const struct skim *skim, void *data, const char *text, size_t len, bool first)
{
	json_t *line = json_loadb(text, len, 0, NULL);
	bool wanted = !first || skim->wanted(line, data);

	if (!first)
		skim->line(line, data);
	json_decref(line);
	return wanted;
}

/* Whether it was wanted. */
static bool ledger_skim(const struct skim *skim, void *data, const char *path)
{
	FILE *file = fopen(path, "re");
	bool wanted = file, first = true;
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	while (wanted && (n = getline(&text, &cap, file)) > 0) {
		if (first || skim->may_tell(text))
			wanted = line_take(skim, data, text, (size_t)n, first);
		first = false;
	}
	if (wanted && !first && skim->end)
		skim->end(data);
	free(text);
	if (file)
		fclose(file);
	return wanted && !first;
}

void skim_incidents(const struct skim *skim, void *data)
{
	size_t most = skim->most ? skim->most : INCIDENTS_MAX;
	char *above = incidents_path();
	char **ids = above ? incident_ids(above, NULL) : NULL;
	size_t found = 0;

	for (size_t i = 0; ids && ids[i] && i < LOOKED_AT_MAX && found < most; i++) {
		char *folder = path_join(above, ids[i]);
		char *path = path_join(folder, "ledger.jsonl");

		found += ledger_skim(skim, data, path);
		free(path);
		free(folder);
	}
	incident_ids_free(ids);
	free(above);
}
