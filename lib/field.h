/*
 * Field tables: what a JSON object of some type may hold.
 *
 * Each source, probe, action and fault type exports one; the checker, the JSON Schema and the
 * manual are made from the same tables, and know no type by name. Any string, and the text form of
 * any scalar, may hold parameters ("${name}"), except where a type says "literal".
 */
#ifndef LIB_FIELD_H
#define LIB_FIELD_H

#include <stdbool.h>
#include <stddef.h>

enum field_type {
	/* Text, parameters allowed. `of` "secret", here and for FIELD_MAP: also secret ones, since
	 * the value reaches nobody but whom it is for (an environment, curl's standard input).
	 * "secret only": it is as good as a password, and has to come from a secret one. */
	FIELD_STRING,
	FIELD_LITERAL, /* text without parameters: SQL, shell (they get values by other ways) */
	FIELD_PATH,    /* an absolute path, parameters allowed */
	FIELD_INT,
	FIELD_NUMBER,
	FIELD_BOOL,
	FIELD_SCALAR,	/* string, number or boolean */
	FIELD_DURATION, /* "30s"; lib/timefmt.h */
	FIELD_RANGE,	/* "2m-5m" */
	FIELD_SIZE,	/* "10MB", "1GiB", or a number of bytes */
	FIELD_REGEX,	/* PCRE2, literal */
	FIELD_CHOICE,	/* one of `choices` */
	FIELD_STRINGS, /* a list of strings; an argv when the type runs a command. With `of` "flags"
			  in a source's table: it declares the flags' names (see FIELD_FLAGS) */
	FIELD_SCALARS, /* a list of scalars */
	FIELD_MAP,   /* an object of scalars; keys are free. `of` "flags": its keys declare flags */
	FIELD_FLAGS, /* an object of scalars; keys are names declared by the flags source that the
			field `of` of the same object names */
	FIELD_FLAG,  /* one such name */
	FIELD_MODE,  /* a name declared among the modes (an OBJECT_MAP of "mode") of the source that
			the field `of` of the same object names, or "normal" */
	FIELD_SOURCE, /* the name of a declared source of type `of` */
	FIELD_REF,   /* a name declared in the runbook's section `of` ("metrics", "procedures", ...)
		      */
	FIELD_READ,  /* a number that the object's source can read: a name of its `reads` table */
	FIELD_PROBE, /* a probe: the name of a declared one, or an object */
	FIELD_PROBES, /* a list of probes */
	/* The rest is used by the runbook's own objects (checklists/shapes.h), not by types. */
	FIELD_TEXT,	/* a line for people; parameters are not filled in */
	FIELD_TEMPLATE, /* text with facts and parameters, filled in when it is used */
	FIELD_OFFSET,	/* "-2h", "0s", "30m": before or after T */
	FIELD_OFFSETS,	/* a list of them */
	FIELD_DEADLINE, /* a duration, or "next business day" */
	FIELD_NAMES,	/* a list of names declared in the section `of` */
	FIELD_ACTION,	/* an action */
	FIELD_OUTCOME,	/* what to do next: `of` says which forms ("tree", "question") a string may
			   take */
	FIELD_OBJECT,	/* an object of the shape `of` */
	FIELD_OBJECTS,	/* a list of them */
	FIELD_OBJECT_MAP, /* an object: declared name -> object of the shape `of` */
	FIELD_SOURCE_DEF, /* {"TYPE": {...}, "title": ...} */
	FIELD_SETTINGS,	  /* what a source type's own table describes */
	FIELD_METRIC,	  /* a metric */
	FIELD_ROWS,	  /* a list of lists of text */
	FIELD_CRITERIA,	  /* a list of probes and {"checklist": NAME} */
};

struct field {
	const char *name; /* NULL ends a table */
	enum field_type type;
	bool required;
	const char *help;	    /* one line, for schema and manual */
	const char *of;		    /* see the types above; else NULL */
	const char *const *choices; /* FIELD_CHOICE: NULL-terminated */
};

/* A number that a source type can read as a metric. */
struct read_def {
	const char *name; /* NULL ends a table */
	const char *unit;
	const char *help;
};

/*
 * One type of the vocabulary. For probes, actions and metrics the object is recognised by the key
 * that is the type's name, and `fields[0]` describes that key's value ("{"log": "bot", ...}"). For
 * sources `fields` describes the object below the type's name ("{"log": {"path": ...}}").
 */
struct type {
	const char *name;
	const char *help;
	const struct field *fields;
	const struct read_def *reads; /* sources that metrics can read, else NULL */
	const struct field
	    *metric_fields; /* sources: further keys of a metric object; NULL: none */
	/* Each non-empty group of names, NULL-terminated, ended by a NULL group: exactly one field
	 * of the group must be there (a log probe `shows` or is `silent`). NULL when there are
	 * none. */
	const char *const *const *one_of;
	/* Objects of the type as a runbook has them, one a line, for the manual; NULL: none. Every
	 * action has some, and a test holds them against the checker. */
	const char *examples;
};

#endif
