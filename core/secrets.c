#include "core/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checklists/check.h"
#include "lib/file.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/params.h"

#define SECRET_MAX 65536

static json_t *secret_read(const json_t *where)
{
	const char *name = json_str(where, "env", NULL);
	const char *path = json_str(where, "file", NULL);
	const char *value = name ? getenv(name) : NULL;
	struct buf text = BUF_INIT;
	json_t *secret = NULL;

	if (value)
		return json_text(value, strlen(value));
	if (path && file_read(path, &text, SECRET_MAX, NULL) == 0)
		secret = json_text(buf_str(&text), strcspn(buf_str(&text), "\r\n"));
	buf_release(&text);
	return secret;
}

json_t *secrets_values(const struct target *target)
{
	json_t *secrets = json_object();
	const char *name;
	json_t *where;

	json_object_foreach((json_t *)(target ? target->secrets : NULL), name, where) {
		json_t *value = secret_read(where);

		if (value)
			json_object_set_new(secrets, name, value);
	}
	return secrets;
}

struct redactor *secrets_redactor(const struct target *target)
{
	struct redactor *redactor = redactor_new();
	json_t *secrets = secrets_values(target), *value;
	const char *name;

	json_object_foreach(secrets, name, value)
		redactor_add(redactor, json_string_value(value));
	json_decref(secrets);
	return redactor;
}

char **secrets_shell(const struct runbook *runbook, const json_t *values, const json_t *args)
{
	bool *used = xcalloc(runbook->nparams + 1, sizeof(*used));
	json_t *given = json_deep_copy(values);
	char **env;

	params_used(runbook, args, used);
	for (size_t i = 0; i < runbook->nparams; i++) {
		if (runbook->params[i].secret && !used[i])
			json_object_del(given, runbook->params[i].name);
	}
	env = params_env(given);
	json_decref(given);
	free(used);
	return env;
}

json_t *secrets_hidden(const struct runbook *runbook, const json_t *values)
{
	json_t *hidden = json_deep_copy(values);

	for (size_t i = 0; i < runbook->nparams; i++) {
		char *name;

		if (!runbook->params[i].secret)
			continue;
		name = xasprintf("${%s}", runbook->params[i].name);
		json_object_set_new(hidden, runbook->params[i].name, json_string(name));
		free(name);
	}
	return hidden;
}

void secrets_redact_text(const struct redactor *redactor, char *text, size_t size)
{
	struct buf out = BUF_INIT;

	if (!*text)
		return;
	redact_cut(redactor, &out, text, strlen(text));
	snprintf(text, size, "%s", buf_str(&out));
	buf_release(&out);
}

void secrets_redact(const struct redactor *redactor, struct reading *reading)
{
	secrets_redact_text(redactor, reading->evidence, sizeof(reading->evidence));
	secrets_redact_text(redactor, reading->text, sizeof(reading->text));
}
