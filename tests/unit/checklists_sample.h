/*
 * For the tests of checklists/: a small vocabulary of its own, and documents from text.
 */
#ifndef TESTS_CHECKLISTS_SAMPLE_H
#define TESTS_CHECKLISTS_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checklists/runbook.h"
#include "checklists/target.h"

#define F(n, t)                                      \
	{                                            \
		.name = n, .type = t, .help = "a " n \
	}
#define NEEDED(n, t, o)                                                         \
	{                                                                       \
		.name = n, .type = t, .required = true, .help = "a " n, .of = o \
	}
#define END                  \
	{                    \
		.name = NULL \
	}

static const struct field s_log[] = { NEEDED("path", FIELD_PATH, NULL), END };
static const struct field s_log_metric[] = { F("window", FIELD_DURATION), F("match", FIELD_REGEX),
					     END };
static const struct read_def s_log_reads[] = { { "error_percent", "%", "share of errors" },
					       { "matching", "", "lines that match" },
					       { NULL, NULL, NULL } };
static const struct field s_db[] = { NEEDED("host", FIELD_STRING, NULL), F("port", FIELD_INT),
				     F("size", FIELD_SIZE), F("tls", FIELD_BOOL), END };
static const struct field s_flags[] = { NEEDED("path", FIELD_PATH, NULL),
					NEEDED("names", FIELD_MAP, "flags"), END };
static const struct field s_service[] = { NEEDED("unit", FIELD_STRING, NULL), END };

static const struct field p_log[] = { NEEDED("log", FIELD_SOURCE, "log"), F("shows", FIELD_REGEX),
				      F("silent", FIELD_REGEX), F("within", FIELD_DURATION), END };
static const char *const p_log_one[] = { "shows", "silent", NULL };
static const char *const *const p_log_groups[] = { p_log_one, NULL };
static const struct field p_flag[] = { NEEDED("flag", FIELD_FLAG, "of"),
				       NEEDED("of", FIELD_SOURCE, "flags"),
				       NEEDED("is", FIELD_SCALAR, NULL), END };
static const struct field p_metric[] = { NEEDED("metric", FIELD_REF, "metrics"),
					 F("below", FIELD_NUMBER), END };
static const struct field p_file[] = { NEEDED("file", FIELD_PATH, NULL), F("larger", FIELD_SIZE),
				       END };

static const char *const a_words[] = { "start", "stop", "restart", NULL };
static const struct field a_service[] = { NEEDED("service", FIELD_SOURCE, "service"),
					  { .name = "do",
					    .type = FIELD_CHOICE,
					    .required = true,
					    .help = "what",
					    .choices = a_words },
					  END };
static const struct field a_flags[] = { NEEDED("flags", FIELD_SOURCE, "flags"),
					NEEDED("set", FIELD_FLAGS, "flags"), END };
static const struct field a_sql[] = { NEEDED("db", FIELD_SOURCE, "db"),
				      NEEDED("sql", FIELD_LITERAL, NULL), F("with", FIELD_SCALARS),
				      END };
static const struct field a_command[] = { NEEDED("command", FIELD_STRINGS, NULL),
					  F("shell", FIELD_LITERAL),
					  { "env", FIELD_MAP, false, "h", "secret", NULL },
					  END };
static const struct field a_wait[] = { NEEDED("wait", FIELD_PROBE, NULL), END };
static const struct field a_manual[] = { NEEDED("manual", FIELD_TEXT, NULL), END };

#define TYPE(variable, word, table) \
	static const struct type variable = { .name = word, .help = "a " word, .fields = table }
static const struct type source_log = { .name = "log",
					.help = "a log",
					.fields = s_log,
					.reads = s_log_reads,
					.metric_fields = s_log_metric };
TYPE(source_db, "db", s_db);
TYPE(source_flags, "flags", s_flags);
TYPE(source_service, "service", s_service);
static const struct type probe_log = {
	.name = "log", .help = "a log probe", .fields = p_log, .one_of = p_log_groups
};
TYPE(probe_flag, "flag", p_flag);
TYPE(probe_metric, "metric", p_metric);
TYPE(probe_file, "file", p_file);
TYPE(action_service, "service", a_service);
TYPE(action_flags, "flags", a_flags);
TYPE(action_db, "db", a_sql);
TYPE(action_command, "command", a_command);
TYPE(action_wait, "wait", a_wait);
TYPE(action_manual, "manual", a_manual);

static const struct type *const sample_sources[] = { &source_log, &source_db, &source_flags,
						     &source_service, NULL };
static const struct type *const sample_probes[] = { &probe_log, &probe_flag, &probe_metric,
						    &probe_file, NULL };
static const struct type *const sample_actions[] = {
	&action_service, &action_flags,	 &action_db, &action_command,
	&action_wait,	 &action_manual, NULL
};
static const struct vocabulary sample_vocabulary = { .sources = sample_sources,
						     .probes = sample_probes,
						     .actions = sample_actions,
						     .manual = &action_manual };

/* A document from text with ' for ". */
static inline void sample_doc(struct jdoc *doc, const char *name, const char *text)
{
	struct err err = ERR_INIT;
	char *json = strdup(text);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	if (jdoc_parse(doc, name, json, strlen(json), &err) < 0)
		fail_msg("%s", err.msg);
	free(json);
}

/* Sources and metrics that most tests need. */
#define SAMPLE_HEAD                                                                      \
	"'format': 1, 'system': 's', 'title': 'S',"                                      \
	"'sources': {'bot-log': {'log': {'path': '/l'}}, 'main': {'db': {'host': 'h'}}," \
	"  'config': {'flags': {'path': '/c', 'names': {'LIVE': 'x', 'BETA': 'y'}}},"    \
	"  'bot': {'service': {'unit': 'u'}}},"                                          \
	"'metrics': {'errors': {'log': 'bot-log', 'read': 'error_percent', 'warning': 20}}"

#define SAMPLE_STEP "{'id': 'a', 'say': 'A', 'action': {'service': 'bot', 'do': 'stop'}}"

#endif
