#include "core/incident.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/seal.h"
#include "core/secrets.h"
#include "core/statefolder.h"
#include "core/who.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"

/* What a step may write at least: its output, its pre-state, its lines. */
enum { ROOM = 32 << 10 };

/* ---- Making ---- */

static int freeze(const char *folder, const char *name, const char *text, struct err *err)
{
	char *path = path_join(folder, name);
	mode_t mode = incident_file_mode(folder);
	int result = file_replace(path, text, strlen(text), mode, err);

	if (!result && chmod(path, mode))
		result = err_sys(err, "%s: its mode can't be set", path);
	free(path);
	return result;
}

static int subfolder(const char *folder, const char *name, struct err *err)
{
	char *path = path_join(folder, name);
	int result = incident_subfolder(folder, path, err);

	free(path);
	return result;
}

/* What the folder alone must hold, synced before the first event. */
static int folder_fill(const char *folder, const struct loaded *loaded, struct err *err)
{
	if (freeze(folder, "runbook.json", loaded->frozen_runbook, err) ||
	    freeze(folder, "target.json", loaded->frozen_target, err) ||
	    subfolder(folder, "out", err) || subfolder(folder, "steps", err))
		return -1;
	return file_sync_folder(folder, err);
}

static json_t *opened_fields(const struct incident *incident, enum incident_kind kind,
			     enum severity severity, const char *title)
{
	json_t *fields = json_object();

	json_object_set_new(fields, "incident", json_string(incident->id));
	json_object_set_new(fields, "kind", json_string(kind_name(kind)));
	json_object_set_new(fields, "system", json_string(incident->loaded.runbook->system));
	json_object_set_new(fields, "target", json_string(incident->loaded.target->name));
	json_object_set_new(fields, "severity", json_string(severity_name(severity)));
	json_object_set_new(fields, "title", json_text(title, strlen(title)));
	json_object_set_new(fields, "runbook_hash", json_string(incident->loaded.runbook_hash));
	json_object_set_new(fields, "target_hash", json_string(incident->loaded.target_hash));
	if (kind == INCIDENT_DRILL)
		json_object_set_new(fields, "drill", json_true());
	return fields;
}

static void write_as_me(struct ledger *ledger)
{
	json_t *by = who_am_i();

	ledger_by(ledger, by);
	json_decref(by);
}

/* Runbook, target, secrets and an empty state from the frozen files. */
static int begin(struct incident *incident, struct err *err)
{
	if (load_frozen(&incident->loaded, incident->folder, err))
		return err_wrap(err, "incident %s", incident->id);
	incident->redactor = secrets_redactor(incident->loaded.target);
	state_init(&incident->state, incident->loaded.runbook, incident->loaded.target);
	return 0;
}

static void beginning_of(const struct incident *incident, char out[SHA256_HEX])
{
	ledger_beginning(incident->id, incident->loaded.runbook_hash, incident->loaded.target_hash,
			 out);
}

int incident_create(struct incident *incident, const struct loaded *loaded, enum incident_kind kind,
		    enum severity severity, const char *title, const struct clock *clock,
		    struct err *err)
{
	char beginning[SHA256_HEX];

	*incident = (struct incident){ .clock = clock };
	if (!loaded->target)
		return err_set(err, "an incident needs a target: say which one with --target");
	if (incident_folder_make(clock_wall(clock), &incident->id, &incident->folder, err))
		return -1;
	if (folder_fill(incident->folder, loaded, err) || begin(incident, err))
		goto undo;
	beginning_of(incident, beginning);
	incident->ledger =
	    ledger_create(incident->folder, beginning, clock, incident->redactor, err);
	if (!incident->ledger)
		goto undo;
	write_as_me(incident->ledger);
	if (incident_append(incident, EV_OPENED,
			    opened_fields(incident, kind, severity, title ? title : ""), err))
		goto undo;
	return 0;
undo:
	err_wrap(err, "no incident could be opened");
	file_remove_tree(incident->folder, NULL);
	incident_close(incident);
	return -1;
}

/* ---- Opening ---- */

static void fold_one(const struct ledger_line *line, void *data)
{
	struct incident *incident = data;

	state_fold(&incident->state, line);
}

/* Whether the record is damaged; says where. */
static bool note_damage(struct incident *incident)
{
	struct ledger_report report;

	if (incident_verify(incident->folder, NULL, &report, NULL) ||
	    report.result != LEDGER_DAMAGED)
		return false;
	snprintf(incident->damage, sizeof(incident->damage), "%s", report.what);
	return true;
}

static int ledger_attach(struct incident *incident, struct err *err)
{
	char beginning[SHA256_HEX];
	struct err why = ERR_INIT;

	beginning_of(incident, beginning);
	incident->ledger =
	    ledger_replay(incident->folder, beginning, incident->clock, incident->redactor,
			  fold_one, incident, &incident->torn, &why);
	if (incident->ledger) {
		write_as_me(incident->ledger);
		return 0;
	}
	/* The state is the one up to the damage. */
	if (note_damage(incident))
		return 0;
	/* Not damaged: it could not be opened for another reason, which is for the caller to see.
	 */
	err_set(err, "%s", why.msg);
	return *why.hint ? err_hint(err, "%s", why.hint) : -1;
}

int incident_open(struct incident *incident, const char *id, const struct clock *clock,
		  struct err *err)
{
	*incident = (struct incident){ .clock = clock };
	incident->folder = incident_find(id, err);
	if (!incident->folder)
		return -1;
	incident->id = xstrdup(strrchr(incident->folder, '/') + 1);
	if (begin(incident, err) || ledger_attach(incident, err)) {
		incident_close(incident);
		return -1;
	}
	return 0;
}

void incident_close(struct incident *incident)
{
	ledger_close(incident->ledger);
	state_release(&incident->state);
	loaded_release(&incident->loaded);
	redactor_free(incident->redactor);
	free(incident->folder);
	free(incident->id);
	*incident = (struct incident){ .folder = NULL };
}

int incident_adopt(struct incident *incident, struct loaded *loaded, struct err *err)
{
	char beginning[SHA256_HEX];
	struct ledger *anew;

	beginning_of(incident, beginning);
	anew = ledger_open(incident->folder, beginning, incident->clock, incident->redactor,
			   &incident->torn, err);
	if (!anew)
		return -1;
	write_as_me(anew);
	ledger_close(incident->ledger);
	incident->ledger = anew;
	state_release(&incident->state);
	loaded_release(&incident->loaded);
	incident->loaded = *loaded;
	*loaded = (struct loaded){ 0 };
	state_init(&incident->state, incident->loaded.runbook, incident->loaded.target);
	/* What can't be read now is read later. */
	incident_refresh(incident, NULL);
	return 0;
}

/* ---- Appending ---- */

static int refuse_damaged(const struct incident *incident, struct err *err)
{
	err_set(err, "incident %s: %s; nothing can be appended", incident->id, incident->damage);
	return err_hint(err, "keep a copy of %s, see backout verify, and open a new incident",
			incident->folder);
}

/* Notes how reading the record ended. */
static int took_in(struct incident *incident, int result)
{
	incident->unread = result != 0;
	if (incident->unread)
		note_damage(incident);
	return result;
}

int incident_refresh(struct incident *incident, struct err *err)
{
	if (*incident->damage)
		return refuse_damaged(incident, err);
	return took_in(incident, ledger_read(incident->ledger, fold_one, incident, err));
}

bool incident_is_lost(const struct incident *incident)
{
	return incident->unread || incident->unwritten || *incident->damage;
}

/* Notes and sensed events may come in between; what a person or a runner did may not. */
static bool expect_quiet(const struct ledger_line *line, void *data)
{
	(void)data;
	return event_is_quiet(event_find(line->event));
}

static void drop_nulls(json_t *fields)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(fields, next, key, value) {
		if (json_is_null(value))
			json_object_del(fields, key);
	}
}

static int append(struct incident *incident, enum event_id event, json_t *fields,
		  bool (*expect)(const struct ledger_line *line, void *data), bool *moved,
		  struct err *err)
{
	json_t *seal;
	bool came = false;
	int result = -1, held = -1;

	if (!fields)
		fields = json_object();
	drop_nulls(fields);
	if (*incident->damage) {
		refuse_damaged(incident, err);
		goto out;
	}
	if (incident->state.phase == INCIDENT_CLOSED) {
		err_set(err, "incident %s is closed and sealed: nothing can be appended",
			incident->id);
		err_hint(err, "open a new incident for what comes after");
		goto out;
	}
	if (event == EV_CLOSED && !json_object_get(fields, "seal")) {
		/* Other consoles go on sampling until they have read that it is closed. */
		held = incident_metrics_hold(incident->folder);
		seal = seal_make(incident->folder, err);
		if (!seal)
			goto out;
		json_object_set_new(fields, "seal", seal);
	}
	if (event_check(event, fields, err))
		goto out;
	result = ledger_append(incident->ledger, event_defs[event].name, fields, expect, incident,
			       &came, err);
	incident->unwritten = result != 0 && !came;
	if (!result)
		result = took_in(incident,
				 ledger_read_appended(incident->ledger, fold_one, incident, err));
out:
	if (moved)
		*moved = came;
	if (held >= 0)
		close(held);
	json_decref(fields);
	return result;
}

int incident_append(struct incident *incident, enum event_id event, json_t *fields, struct err *err)
{
	return append(incident, event, fields, NULL, NULL, err);
}

int incident_act(struct incident *incident, enum event_id event, json_t *fields, bool *moved,
		 struct err *err)
{
	return append(incident, event, fields, expect_quiet, moved, err);
}

/* ---- Room ---- */

/* Asked by taking it: what statvfs() says knows no quotas. */
/* A file that nobody sees, and that is gone with this process; where the file system can't, one
 * that is there for a moment. -1 with errno. */
static int room_open(const struct incident *incident)
{
	int fd = open(incident->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	path = path_join(incident->folder, ".room.XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

int incident_has_room(const struct incident *incident, struct err *err)
{
	int fd = room_open(incident), taken = -1;

	do
		taken = fd < 0 ? -1 : fallocate(fd, 0, 0, ROOM);
	while (fd >= 0 && taken < 0 && errno == EINTR);
	/* A file system that can't reserve says nothing; the append itself will. */
	if (fd < 0 || (taken < 0 && errno != EOPNOTSUPP)) {
		err_sys(err, "the record has no room for what is to come");
		err_hint(err, "see to the disk of %s, then start it again", incident->folder);
	} else {
		taken = 0;
	}
	if (fd >= 0)
		close(fd);
	return taken;
}

/* ---- Names ---- */

static void name_add(struct buf *out, const char *name)
{
	for (; *name; name++)
		buf_putc(out, isalnum((unsigned char)*name) || strchr("-_", *name) ? *name : '.');
}

char *incident_out(const struct incident *incident, const char *step, int attempt, bool undo)
{
	const struct attempt *current = state_attempt(&incident->state);
	struct buf path = BUF_INIT;

	/* The same step may run again under another procedure, or in another try of the same one.
	 */
	buf_printf(&path, "%s/out/%02zu.", incident->folder, incident->state.nattempts);
	if (current) {
		name_add(&path, current->procedure.procedure->name);
		buf_putc(&path, '.');
	}
	name_add(&path, step);
	buf_printf(&path, ".%d%s.log", attempt, undo ? ".undo" : "");
	return buf_detach(&path);
}
