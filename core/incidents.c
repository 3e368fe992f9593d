/* All incidents of the state folder: finding one, listing, verifying. */
#include "core/incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/statefolder.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

#define FIRST_SEGMENT "ledger.jsonl"

static bool has_ledger(const char *folder)
{
	char *path = path_join(folder, FIRST_SEGMENT);
	bool there = file_exists(path);

	free(path);
	return there;
}

/* What the chain begins with, by the files as they are now. */
static int beginning_now(const char *folder, char runbook[SHA256_HEX], char target[SHA256_HEX],
			 char beginning[SHA256_HEX], struct err *err)
{
	char *runbook_path = path_join(folder, "runbook.json");
	char *target_path = path_join(folder, "target.json");
	int result = -1;

	if (sha256_file(runbook_path, runbook, err) == 0 && sha256_file(target_path, target, err) == 0) {
		ledger_beginning(strrchr(folder, '/') + 1, runbook, target, beginning);
		result = 0;
	}
	free(runbook_path);
	free(target_path);
	return result;
}

static int verify_folder(const char *folder, const char *head, struct ledger_report *report,
			 struct err *err)
{
	char runbook[SHA256_HEX], target[SHA256_HEX], beginning[SHA256_HEX];

	if (beginning_now(folder, runbook, target, beginning, err))
		return -1;
	return ledger_verify(folder, beginning, head, report, err);
}

static bool is_closed(const char *folder)
{
	struct ledger_report report = { .closed = false };

	return verify_folder(folder, NULL, &report, NULL) == 0 && report.closed;
}

/* ---- Finding ---- */

static char *find_folder(const char *path, struct err *err)
{
	char *real = realpath(path, NULL);

	if (!real) {
		err_sys(err, "there is no incident in %s", path);
	} else if (!has_ledger(real)) {
		err_set(err, "%s is no incident's folder: it has no " FIRST_SEGMENT, path);
		free(real);
		real = NULL;
	}
	return real;
}

/* New: the one of `ids` that is meant. */
static const char *find_id(char **ids, const char *id, struct err *err)
{
	const char *found = NULL;

	for (size_t i = 0; ids[i]; i++) {
		if (strcmp(ids[i], id) == 0)
			return ids[i];
	}
	for (size_t i = 0; ids[i]; i++) {
		if (strncmp(ids[i], id, strlen(id)) != 0)
			continue;
		if (found) {
			err_set(err, "incident \"%s\": both %s and %s begin like that", id, found,
				ids[i]);
			err_hint(err, "write more of the id");
			return NULL;
		}
		found = ids[i];
	}
	if (!found) {
		err_set(err, "there is no incident \"%s\"", id);
		err_hint(err, "backout incidents lists them");
	}
	return found;
}

static const char *find_latest(char **ids, const char *above, struct err *err)
{
	for (size_t i = 0; ids[i]; i++) {
		char *folder = path_join(above, ids[i]);
		bool open = has_ledger(folder) && !is_closed(folder);

		free(folder);
		if (open)
			return ids[i];
	}
	err_set(err, "no incident is open in %s", above);
	err_hint(err, "backout incidents lists those that are closed; name one of them");
	return NULL;
}

char *incident_find(const char *id, struct err *err)
{
	char *above, *folder = NULL, **ids;
	const char *found;

	if (id && (strchr(id, '/') || strcmp(id, ".") == 0))
		return find_folder(id, err);
	above = incidents_folder(err);
	ids = above ? incident_ids(above, err) : NULL;
	if (ids) {
		found = id && *id ? find_id(ids, id, err) : find_latest(ids, above, err);
		folder = found ? path_join(above, found) : NULL;
	}
	if (folder && !has_ledger(folder)) {
		err_set(err, "incident %s has no " FIRST_SEGMENT ": it was never opened", found);
		err_hint(err, "remove %s if nothing in it is needed", folder);
		free(folder);
		folder = NULL;
	}
	incident_ids_free(ids);
	free(above);
	return folder;
}

int incidents_each(void (*fn)(const char *id, const char *folder, void *data), void *data,
		   struct err *err)
{
	char *above = incidents_folder(err);
	char **ids = above ? incident_ids(above, err) : NULL;
	int result = ids ? 0 : -1;

	for (size_t i = 0; ids && ids[i]; i++) {
		char *folder = path_join(above, ids[i]);

		if (has_ledger(folder))
			fn(ids[i], folder, data);
		free(folder);
	}
	incident_ids_free(ids);
	free(above);
	return result;
}

/* ---- Verifying ---- */

/* New: the first line's JSON, as far as it is any; NULL. */
static json_t *first_line(const char *folder)
{
	char *path = path_join(folder, FIRST_SEGMENT);
	struct buf bytes = BUF_INIT;
	json_t *line = NULL;

	if (file_read(path, &bytes, 0, NULL) == 0) {
		const char *text = buf_str(&bytes);

		line = json_loadb(text, (size_t)(strchrnul(text, '\n') - text), 0, NULL);
	}
	buf_release(&bytes);
	free(path);
	return line;
}

/* When the chain is whole by the hashes that incident.opened recorded, then not the ledger was changed
 * but a frozen file. */
static void blame_frozen(const char *folder, const char *head, struct ledger_report *report)
{
	char runbook[SHA256_HEX], target[SHA256_HEX], beginning[SHA256_HEX];
	struct ledger_report other = { .closed = false };
	json_t *opened = first_line(folder);
	const char *was_runbook = json_str(opened, "runbook_hash", "");
	const char *was_target = json_str(opened, "target_hash", "");

	if (beginning_now(folder, runbook, target, beginning, NULL) == 0) {
		ledger_beginning(strrchr(folder, '/') + 1, was_runbook, was_target, beginning);
		if (ledger_verify(folder, beginning, head, &other, NULL) == 0 &&
		    (other.result != LEDGER_DAMAGED || other.closed)) {
			bool is_runbook = strcmp(runbook, was_runbook) != 0;

			other.result = LEDGER_DAMAGED;
			snprintf(other.what, sizeof(other.what),
				 "%s: it is not what was frozen when the incident was opened",
				 is_runbook ? "runbook.json" : "target.json");
			*report = other;
		}
	}
	json_decref(opened);
}

int incident_verify(const char *id, const char *head, struct ledger_report *report, struct err *err)
{
	char *folder = incident_find(id, err);
	int result = -1;

	if (!folder)
		return -1;
	result = verify_folder(folder, head, report, err);
	if (!result && report->result == LEDGER_DAMAGED)
		blame_frozen(folder, head, report);
	free(folder);
	return result;
}
