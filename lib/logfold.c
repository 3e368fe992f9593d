/* Which lines go on with the record before them. */
#include "lib/logline.h"

/* Inside a traceback a line without head goes on with it: in a log whose lines have heads each one,
 * in one of plain lines only up to the exception's own line. */
static bool trace_joins(struct logfold *fold, const struct logline *line)
{
	if (line->kin == LOGKIN_INDENTED || line->kin == LOGKIN_EMPTY ||
	    line->kin == LOGKIN_FRAME || (fold->headed && !line->tagged))
		return true;
	if (fold->ended)
		return false;
	fold->ended = true;
	return true;
}

static bool line_joins(struct logfold *fold, const struct logline *line)
{
	bool headed = line->at != 0 && !(line->tagged && fold->tagged);

	if (!fold->any)
		return false;
	switch (line->kin) {
	case LOGKIN_DETAIL:
		return true;
	case LOGKIN_TRACEBACK:
		return fold->traceback || fold->last >= LOGLEVEL_WARNING;
	case LOGKIN_EXCEPTION:
		return fold->traceback ? trace_joins(fold, line) : fold->last >= LOGLEVEL_WARNING;
	case LOGKIN_INDENTED:
		return true;
	case LOGKIN_NONE:
	case LOGKIN_EMPTY:
	case LOGKIN_FRAME:
		break;
	}
	return fold->traceback && !headed && line->level == LOGLEVEL_NONE &&
	       trace_joins(fold, line);
}

bool logfold_joins(struct logfold *fold, struct logline *line)
{
	bool was = fold->traceback, joins, trace;

	if (line->kin == LOGKIN_NONE && line->level != LOGLEVEL_NONE) {
		logfold_begins(fold, line->level);
		return false;
	}
	joins = line_joins(fold, line);
	trace = line->kin == LOGKIN_TRACEBACK || (line->kin == LOGKIN_EXCEPTION && !was);

	if (trace) {
		fold->traceback = true;
		fold->ended = line->kin == LOGKIN_EXCEPTION;
		fold->tagged = line->tagged;
	} else if (!joins) {
		fold->traceback = false;
		fold->headed = line->at != 0 || line->level != LOGLEVEL_NONE;
	}
	if (joins)
		return true;
	if (line->kin == LOGKIN_TRACEBACK || line->kin == LOGKIN_EXCEPTION)
		line->level = LOGLEVEL_ERROR;
	fold->last = line->level;
	fold->any = true;
	return false;
}
