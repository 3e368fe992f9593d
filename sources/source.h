/*
 * Sources measure. They never act and never draw.
 *
 * One file a type, thin over its driver in lib/, exporting one `const struct source_type`; the list
 * in sources/registry.c has one row for each. A live source keeps state between samples (a followed
 * log, a kept connection) and lives in the event loop: sample() and its callbacks never block.
 * Types whose sample is NULL are mere declarations that probes and actions refer to by name (a
 * repository, a flags file).
 */
#ifndef SOURCES_SOURCE_H
#define SOURCES_SOURCE_H

#include <jansson.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/field.h"
#include "lib/loop.h"
#include "lib/reading.h"

struct source_env {
	struct loop *loop; /* NULL: there is none; the source is only read by blocking probes */
	const struct clock *clock;
	/* Called when something worth redrawing came in. May be NULL. */
	void (*changed)(void *data);
	void *data;
};

/* What every source begins with; a type's own struct has it as its first member. */
struct source {
	const struct source_type *type;
	char *name;		      /* owned */
	const struct source_env *env; /* borrowed, outlives the source */
};

struct source_type {
	struct type type;
	/* New, or NULL. `args` have their parameters filled in; not kept. A source whose subject is
	 * not there yet (no file, server down) opens all the same and says so in its readings. */
	struct source *(*open)(const struct source_env *env, const char *name, const json_t *args,
			       struct err *err);
	/* Frees the type's whole struct, but not `name`: source_close() does. NULL: a plain free().
	 */
	void (*close)(struct source *source);
	/* Begins one sample; called about once a second. NULL: nothing to sample. */
	void (*sample)(struct source *source);
	/* A metric will be read: whatever must be noted of what comes for it is noted from now on.
	 * Called before anything came. NULL: nothing must. */
	void (*watch)(struct source *source, const json_t *metric);
	/* The number that a metric's object asks for ("read" names a row of type.reads, further
	 * keys are in type.metric_fields). `since` (wall time, 0: none): rates and counts begin
	 * there, not earlier. */
	void (*read)(struct source *source, const json_t *metric, int64_t since,
		     struct reading *out);
	/* Whether read() of that name may block (a query, a command, a file system that hangs). A
	 * console calls it in a copy of itself then, which must not touch the loop; it keeps
	 * nothing there. NULL: none does. */
	bool (*slow)(const char *read);
	/* Adds what it knows besides numbers, for a page of details: clean lines "Name: text".
	 * NULL: nothing. */
	void (*tell)(struct source *source, struct buf *out);
	/* Whether there is nothing to be had from it now; then why, in a few words: "the file is
	 * not there". From memory: it never blocks. NULL: its readings say all. */
	bool (*unwell)(const struct source *source, char *why, size_t size);
	/* New: who is there, text by name ("system_identifier", "database"): what must still be the
	 * same when it is changed. Blocks, until `deadline` (monotonic) at most, and opens nothing
	 * that stays open. NULL (err): it can't be told; or somebody else is there than `args`
	 * declare, or one that can't be changed, and *wrong is true. A NULL function: nothing of
	 * this type could be mistaken for another. */
	json_t *(*identity)(const json_t *args, int64_t deadline, bool *wrong, struct err *err);
	/* Whether what `args` declare lies in that folder, so that it becomes another one when the
	 * folder does. NULL: it lies in none. */
	bool (*within)(const json_t *args, const char *folder);
	/* Whether both declarations lead to the same place, so that who is there can be told by
	 * either: two databases of one server. NULL: never. */
	bool (*same_place)(const json_t *one, const json_t *other);
};

/* NULL-terminated. */
extern const struct source_type *const source_types[];
/* NULL when there is none of that name. */
const struct source_type *source_type(const char *name);

/* For types all of whose reads may block. */
bool source_all_slow(const char *read);
/* Fills the common part; for open(). */
void source_init(struct source *source, const struct source_type *type,
		 const struct source_env *env, const char *name);
/* Accepts NULL. */
void source_close(struct source *source);

#endif
