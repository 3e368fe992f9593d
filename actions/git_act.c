#include "actions/git_act.h"

#include "lib/argv.h"
#include "lib/jdoc.h"

int64_t git_act_left(const struct git_act *act)
{
	int64_t left = act->env->deadline - clock_mono(act->env->clock);

	return left > CLOCK_US ? left : CLOCK_US;
}

int64_t git_act_now(const struct git_act *act)
{
	return clock_wall(act->env->clock) - clock_ahead();
}

int git_act_unlock(struct git_act *act, const json_t *before, struct err *err)
{
	int64_t since = (int64_t)json_integer_value(json_object_get(before, "at"));

	return since > 0 ? gitrepo_unlock(act->repo, since, err) : 0;
}

void git_act_command(const struct git_act *act, const char *const *words, struct buf *out)
{
	char **argv = gitrepo_argv(&act->spec, words);

	buf_puts(out, "$ ");
	argv_text(out, (const char *const *)argv);
	buf_putc(out, '\n');
	argv_free(argv);
}
