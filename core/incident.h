/*
 * One incident's folder: its ledger, its frozen runbook and target, its state. Every append of the
 * program goes through here.
 *
 *     incidents/ID/  ledger.jsonl  runbook.json  target.json  metrics.jsonl  out/  steps/  seal
 */
#ifndef CORE_INCIDENT_H
#define CORE_INCIDENT_H

#include "core/events.h"
#include "core/load.h"
#include "core/state.h"
#include "lib/chart.h"
#include "lib/clock.h"
#include "logs/ledger.h"

struct incident {
	char *folder;	      /* owned, absolute */
	char *id;	      /* owned */
	struct loaded loaded; /* from the frozen files */
	struct incident_state state;
	struct ledger *ledger;	   /* owned */
	struct redactor *redactor; /* owned */
	const struct clock *clock; /* borrowed */
	bool torn;		   /* a torn tail was found when it was opened */
	bool unread, unwritten; /* the latest refresh or append failed: the record can't be used */
	char damage[256]; /* where the ledger is damaged ("ledger.jsonl line 12: ..."), "": it is
			     not. The state is the one up to the damage, and nothing can be
			     appended; `ledger` is NULL when that was found at opening */
};

/* New: the state folder: $BACKOUT_STATE_DIR, else /var/lib/backout when it is writable, else
 * $XDG_STATE_HOME/backout, else ~/.local/state/backout. Created if need be. */
char *state_folder(struct err *err);
/* Makes the folder with the next id of the day, freezes runbook and target, and appends
 * incident.opened. */
int incident_create(struct incident *incident, const struct loaded *loaded, enum incident_kind kind,
		    enum severity severity, const char *title, const struct clock *clock,
		    struct err *err);
/* Opens by id (a unique beginning is enough), by folder, or the latest that is not closed for NULL.
 * Replays the ledger. A damaged ledger is opened for reading only: see `damage`. After a failure
 * incident_close() may be called, and need not. */
int incident_open(struct incident *incident, const char *id, const struct clock *clock,
		  struct err *err);
/* Releases what incident_open() or incident_create() made; the incident itself is not closed by it.
 */
void incident_close(struct incident *incident);
/* Goes on with `loaded` (stolen) in the place of what was read from the frozen files, which it was
 * frozen to: whoever holds pointers into it can keep them. After a failure everything is as before.
 */
int incident_adopt(struct incident *incident, struct loaded *loaded, struct err *err);

/* Folds what others appended. -1 on damage. */
int incident_refresh(struct incident *incident, struct err *err);
/* Whether the record can't be read or written now, or is damaged. */
bool incident_is_lost(const struct incident *incident);
/* Appends and folds. The fields are checked against the event table, ones that are null are left
 * out; `fields` is stolen, also on failure. incident.closed gets its `seal` here. After it nothing
 * is appended. A start or an approval uses incident_act(): refused with *moved when an operator's
 * or runner's event other than a note came since the caller last refreshed. */
int incident_append(struct incident *incident, enum event_id event, json_t *fields,
		    struct err *err);
int incident_act(struct incident *incident, enum event_id event, json_t *fields, bool *moved,
		 struct err *err);

/* New: the folder that an id (or its unique beginning), a folder, or NULL (the latest that is not
 * closed) means. */
char *incident_find(const char *id, struct err *err);
/* Lists the incidents: calls `fn` with id and folder, newest first. */
int incidents_each(void (*fn)(const char *id, const char *folder, void *data), void *data,
		   struct err *err);
/* Whether the folder takes new files with some content: -1 when its disk is full, or it can't be
 * written for another reason. The ledger's own reserve is for ending what has begun. */
int incident_has_room(const struct incident *incident, struct err *err);
/* New: path of the output file of one attempt of a step, below out/. */
char *incident_out(const struct incident *incident, const char *step, int attempt, bool undo);
/* Verifies as `backout verify` does: chain, frozen files, seal. */
int incident_verify(const char *id, const char *head, struct ledger_report *report,
		    struct err *err);

/*
 * Metric samples: metrics.jsonl beside the ledger, one {"at", "metric", "value"} a line, not synced
 * one by one. Several writers may append; the reader sorts by time and passes over lines that are
 * cut.
 */
int incident_metrics_append(const struct incident *incident, const char *metric,
			    const struct chart_point *points, size_t n, struct err *err);
/* Keeps everyone from appending until the result is closed: while the file is sealed. -1: there is
 * none. Not to be held across a fork. */
int incident_metrics_hold(const char *folder);
/* The same into any file of such lines; made with `mode` if need be. */
int metric_file_append(const char *path, mode_t mode, const char *metric,
		       const struct chart_point *points, size_t n, struct err *err);
/* New: the points of a metric, oldest first; NULL and *n 0 when there are none. */
struct chart_point *incident_metrics(const char *folder, const char *metric, size_t *n);

#endif
