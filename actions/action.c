#include "actions/action.h"

#include <stdlib.h>

enum risk_class risk_safe(const json_t *args)
{
	(void)args;
	return ACTION_SAFE;
}

enum risk_class risk_caution(const json_t *args)
{
	(void)args;
	return ACTION_CAUTION;
}

enum risk_class risk_destructive(const json_t *args)
{
	(void)args;
	return ACTION_DESTRUCTIVE;
}

const char *risk_class_name(enum risk_class risk)
{
	switch (risk) {
	case ACTION_SAFE:
		return "safe";
	case ACTION_CAUTION:
		return "caution";
	case ACTION_DESTRUCTIVE:
		return "destructive";
	}
	return "unknown";
}

void plan_release(struct plan *plan)
{
	buf_release(&plan->lines);
	buf_release(&plan->loss);
	buf_release(&plan->undo);
}

void outgoing_release(struct outgoing *out)
{
	free(out->to);
	free(out->title);
	free(out->text);
	free(out->through);
	*out = (struct outgoing){ 0 };
}
