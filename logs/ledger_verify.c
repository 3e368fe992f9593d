/* Verifying a ledger from its first byte to its last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/jdoc.h"
#include "logs/ledger.h"
#include "logs/ledger_line.h"
#include "logs/ledger_walk.h"
#include "logs/segment.h"

/* Fewer digits of a head could be hit by trying. */
enum { HEAD_MIN = 16 };

struct verification {
	const char *head; /* wanted, or NULL */
	size_t head_len;
	bool has_head;
	json_t *seal; /* of the last line, when it closes the incident; owned */
};

static void verify_head(struct verification *verification, const char *hash)
{
	if (verification->head && verification->head_len >= HEAD_MIN &&
	    strncmp(hash, verification->head, verification->head_len) == 0)
		verification->has_head = true;
}

static bool verify_line(const struct ledger_line *line, void *data)
{
	struct verification *verification = data;

	verify_head(verification, jflat_str(line->fields, "hash", ""));
	json_decref(verification->seal);
	verification->seal = NULL;
	if (strcmp(line->event, "incident.closed") == 0)
		verification->seal = jflat_json(line->fields, "seal");
	return true;
}

/* A name out of the ledger must not lead out of the folder. */
static bool is_inside(const char *name)
{
	for (const char *p = name; *p;) {
		size_t len = strcspn(p, "/");

		if (len == 0 || (len == 1 && *p == '.') || (len == 2 && strncmp(p, "..", 2) == 0))
			return false;
		p += len + (p[len] == '/');
	}
	return *name != '\0';
}

static void set_damage(struct ledger_report *report, const char *name, const char *problem)
{
	report->result = LEDGER_DAMAGED;
	snprintf(report->what, sizeof(report->what), "%.150s: %s", name, problem);
}

static void verify_seal(const char *folder, json_t *seal, struct ledger_report *report)
{
	size_t there = 0;
	const char *name, *missing = NULL;
	json_t *hash;

	json_object_foreach(seal, name, hash) {
		const char *sealed = json_string_value(hash);
		char now[SHA256_HEX], *path;
		bool found, same;

		if (!sealed || !is_inside(name)) {
			set_damage(report, name, "is no file that can be sealed");
			return;
		}
		path = path_join(folder, name);
		found = file_exists(path);
		same = found && sha256_file(path, now, NULL) == 0 && strcmp(now, sealed) == 0;
		free(path);
		there += found;
		if (!found)
			missing = name;
		if (found && !same) {
			set_damage(report, name, "does not match its sealed hash");
			return;
		}
	}
	if (missing && there > 0)
		set_damage(report, missing, "is sealed, but missing");
	else if (missing)
		snprintf(report->what, sizeof(report->what),
			 "none of the sealed files is here: only the chain was verified");
	else
		report->sealed_ok = true;
}

static void verify_tail(const struct cursor *cursor, const struct walk_end *end,
			struct ledger_report *report)
{
	char name[SEGMENT_NAME];
	const char *problem = "is torn: never acknowledged, the next append sets it aside";
	size_t line = end->newest > cursor->segment ? 1 : cursor->line + 1;

	if (end->tail.len == 0)
		return;
	report->result = LEDGER_TORN;
	if (cursor->closed)
		problem = "stands behind incident.closed";
	else if (!line_is_torn(end->tail.data, end->tail.len))
		problem = "its end was overwritten";
	else
		goto out;
	report->result = LEDGER_DAMAGED;
out:
	snprintf(report->what, sizeof(report->what), "%s line %zu: %s",
		 segment_name(end->newest, name), line, problem);
}

static void verify_rest(const char *folder, const struct cursor *cursor, const struct walk_end *end,
			struct verification *verification, struct ledger_report *report)
{
	report->result = LEDGER_GOOD;
	report->closed = cursor->closed;
	verify_tail(cursor, end, report);
	if (report->result != LEDGER_DAMAGED && cursor->closed)
		verify_seal(folder, verification->seal, report);
	if (report->result == LEDGER_DAMAGED || !verification->head || verification->has_head)
		return;
	if (verification->head_len < HEAD_MIN)
		set_damage(report, "head", "give at least 16 of its digits");
	else
		set_damage(report, "head", "is not in this chain: lines were cut off or rewritten");
}

int ledger_verify(const char *folder, const char beginning[SHA256_HEX], const char *head,
		  struct ledger_report *report, struct err *err)
{
	struct verification verification = { .head = head, .head_len = head ? strlen(head) : 0 };
	struct cursor cursor = cursor_beginning(beginning);
	struct walk_end end;
	enum walk_result result;
	/* Shared with other readers: no line is half written while it is held. */
	int lock = segment_lock(folder, LOCK_SH, err);

	*report = (struct ledger_report){ .result = LEDGER_DAMAGED };
	if (lock < 0)
		return -1;
	verify_head(&verification, beginning);
	result = ledger_walk(folder, &cursor, verify_line, &verification, &end, err);
	close(lock);
	report->lines = cursor.head.seq;
	memcpy(report->head, cursor.head.hash, sizeof(report->head));
	if (result == WALK_DAMAGED)
		memcpy(report->what, end.what, sizeof(report->what));
	else if (result == WALK_END)
		verify_rest(folder, &cursor, &end, &verification, report);
	buf_release(&end.tail);
	json_decref(verification.seal);
	return result == WALK_ERROR ? -1 : 0;
}
