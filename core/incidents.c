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

/* What the chain begins with: by the frozen files as they are now, or as incident.opened recorded
 * them. */
struct beginning {
	char runbook[SHA256_HEX], target[SHA256_HEX], hash[SHA256_HEX];
};

static void beginning_hash(const char *folder, struct beginning *beginning)
{
	ledger_beginning(strrchr(folder, '/') + 1, beginning->runbook, beginning->target,
			 beginning->hash);
}

static void beginning_recorded(const char *folder, struct beginning *beginning)
{
	json_t *opened = first_line(folder);

	snprintf(beginning->runbook, sizeof(beginning->runbook), "%s",
		 json_str(opened, "runbook_hash", ""));
	snprintf(beginning->target, sizeof(beginning->target), "%s",
		 json_str(opened, "target_hash", ""));
	beginning_hash(folder, beginning);
	json_decref(opened);
}

/* A ledger that was copied without the frozen files has but its own word for them: *alone says so.
 */
static int beginning_now(const char *folder, struct beginning *beginning, bool *alone,
			 struct err *err)
{
	char *runbook = path_join(folder, "runbook.json"),
	     *target = path_join(folder, "target.json");
	int result = -1;

	*alone = !file_exists(runbook) && !file_exists(target);
	if (*alone) {
		beginning_recorded(folder, beginning);
		result = 0;
	} else if (sha256_file(runbook, beginning->runbook, err) == 0 &&
		   sha256_file(target, beginning->target, err) == 0) {
		beginning_hash(folder, beginning);
		result = 0;
	}
	free(runbook);
	free(target);
	return result;
}

static int verify_folder(const char *folder, const char *head, struct ledger_report *report,
			 struct err *err)
{
	struct beginning beginning;
	bool alone;

	if (beginning_now(folder, &beginning, &alone, err) ||
	    ledger_verify(folder, beginning.hash, head, report, err))
		return -1;
	if (alone && report->result == LEDGER_GOOD)
		snprintf(report->what, sizeof(report->what),
			 "runbook.json and target.json are not here: only the chain was verified");
	return 0;
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

/* When the chain is whole by the hashes that incident.opened recorded, then not the ledger was
 * changed but a frozen file. */
static void blame_frozen(const char *folder, const char *head, struct ledger_report *report)
{
	struct beginning now, was;
	struct ledger_report other;
	bool alone;

	if (beginning_now(folder, &now, &alone, NULL))
		return;
	beginning_recorded(folder, &was);
	if (strcmp(now.hash, was.hash) == 0 ||
	    ledger_verify(folder, was.hash, head, &other, NULL) ||
	    (other.result == LEDGER_DAMAGED && strncmp(other.what, "ledger", 6) == 0))
		return;
	*report = other;
	report->result = LEDGER_DAMAGED;
	snprintf(report->what, sizeof(report->what),
		 "%s: it is not what was frozen when the incident was opened",
		 strcmp(now.runbook, was.runbook) != 0 ? "runbook.json" : "target.json");
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
