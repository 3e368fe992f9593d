/* A question that is answered otherwise than proposed: why? */
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "tui/modal.h"
#include "tui/say.h"

void answer_open(struct ui *ui, const char *ask, const char *name, const struct proposal *proposal,
		 bool yes, form_fn *done)
{
	char *say =
	    xasprintf("%s\nProposed is %s: %s\nYou answer %s: why?", ask,
		      answer_word(proposal->verdict), proposal->evidence, yes ? "YES" : "NO");

	reason_open(ui, "Answer otherwise than proposed", say,
		    xasprintf("%s %s", yes ? "yes" : "no", name), done);
	free(say);
}

const char *answer_parse(const char *subject, bool *yes)
{
	*yes = *subject == 'y';
	return strchr(subject, ' ') + 1;
}
