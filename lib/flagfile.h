/*
 * Flags in configuration files: read one, set several, and leave every other byte as it is.
 *
 * Formats: Python (assignments `NAME = value` and `NAME["name"] = value`, dict entries
 * `"name": value`), JSON, env
 * (`KEY=value`, `export` allowed) and ini (`[section]`, `key = value`). A name stands for exactly
 * one place; none, or two, is an error that says where. A name may carry what it stands in:
 * "FLAGS.live" is the entry "live" of the dict FLAGS, "bot.debug" the key debug of section [bot].
 * Only literals count as values: an expression is neither read nor replaced.
 */
#ifndef LIB_FLAGFILE_H
#define LIB_FLAGFILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/field.h"

/* The "flags" source declaration. */
extern const struct field flags_fields[];

enum flag_format { FLAG_PYTHON, FLAG_JSON, FLAG_ENV, FLAG_INI };

/* "python", "json", "env", "ini"; 0 or -1. */
int flag_format_parse(const char *name, enum flag_format *format);

struct flagfile {
	char *path; /* owned */
	enum flag_format format;
	struct buf text;   /* as it will be saved */
	struct buf loaded; /* as it was read */
};

/* One place where a value stands; offsets into the text. */
struct flag_place {
	size_t from, to;
	int line; /* from 1 */
};

/* The file's bytes; what they mean is asked later. Release works after a failure, too. */
int flagfile_load(struct flagfile *file, const char *path, enum flag_format format,
		  struct err *err);
/* Loads what a "flags" source declares. */
int flagfile_open(struct flagfile *file, const json_t *declared, struct err *err);
void flagfile_release(struct flagfile *file);

/* Where the value of a name stands; -1 when it stands nowhere, or in two places. */
int flagfile_find(const struct flagfile *file, const char *name, struct flag_place *place,
		  struct err *err);
/* New: the value; text for env and ini, whose values have no types. NULL on failure. */
json_t *flagfile_get(const struct flagfile *file, const char *name, struct err *err);
/* New: the value's bytes as they stand in the file. NULL on failure. */
char *flagfile_raw(const struct flagfile *file, const char *name, struct err *err);
/* New: the whole line that the name stands in, cleaned. NULL on failure. */
char *flagfile_line(const struct flagfile *file, const char *name, struct err *err);
/* Change the text, not yet the file; a failure changes nothing. flagfile_set() writes the value in
 * the file's way (True, true, on, quotes as they were); flagfile_set_raw() puts back what
 * flagfile_raw() gave. */
int flagfile_set(struct flagfile *file, const char *name, const json_t *value, struct err *err);
int flagfile_set_raw(struct flagfile *file, const char *name, const char *raw, struct err *err);
/* Whether it can be saved: a regular file, no symlink, in a folder that can be written. */
int flagfile_writable(const struct flagfile *file, struct err *err);
/* Replaces the file atomically, keeping mode and owner; refused when somebody changed it since it
 * was loaded. */
int flagfile_save(struct flagfile *file, struct err *err);

/* Whether a value that was read means `wanted`: text of env and ini files is compared as what
 * `wanted` is (true, yes, on and 1 are true); elsewhere a text is never a boolean or a number: to
 * Python "False" is true. */
bool flag_is(enum flag_format format, const json_t *seen, const json_t *wanted);
/* New: a value as text for people. */
char *flag_text(const json_t *value);

/* ---- For the formats' own files ---- */

/* Called for each place: `path` is the whole name with dots ("FLAGS.live"). */
typedef void flag_place_fn(const char *path, const struct flag_place *place, void *data);
/* Python and JSON: all assignments and entries. -1 with the line when brackets or quotes don't
 * close. */
int flag_scan_code(const struct buf *text, bool json, flag_place_fn *fn, void *data,
		   struct err *err);
/* env and ini. */
int flag_scan_lines(const struct buf *text, bool ini, flag_place_fn *fn, void *data,
		    struct err *err);

#endif
