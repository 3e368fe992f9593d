/* The runbook's own report: its questions are answered at any time until the record is sealed. */
#include <string.h>

#include "core/report.h"
#include "core/session_parts.h"
#include "lib/buf.h"

/* "critical, high, low": what an answer may be. */
static int not_a_choice(const struct report_field_def *field, const char *text, struct err *err)
{
	struct buf list = BUF_INIT;
	const char *key;
	json_t *choice;

	json_object_foreach((json_t *)field->choices, key, choice)
		buf_printf(&list, "%s%s", list.len ? ", " : "", key);
	err_set(err, "%s: \"%s\" is none of: %s", field->say, text, buf_str(&list));
	buf_release(&list);
	return -1;
}

int session_fill_check(const struct session *session, const char *name, const char *text,
		       struct err *err)
{
	const struct report_field_def *field = runbook_report_field(session->loaded->runbook, name);

	if (!field) {
		err_set(err, "the runbook's report has no field \"%s\"", name);
		return err_hint(err, "\":fill\" alone lists them");
	}
	if (*text && field->choices && !json_object_get(field->choices, text))
		return not_a_choice(field, text, err);
	return 0;
}

int session_fill(struct session *session, const char *name, const char *text, struct err *err)
{
	if (session_fill_check(session, name, text, err) < 0)
		return -1;
	return session_append(session, false, EV_FILLED,
			      json_pack("{s:s, s:o}", "field", name, "text",
					json_text(text, strlen(text))),
			      err);
}

char *session_report_value(const struct session *session, const struct report_field_def *field)
{
	return session->open ? report_value(&session->incident, field) : NULL;
}
