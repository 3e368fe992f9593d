#include "actions/git_act.h"

#include "lib/argv.h"

int64_t git_act_left(const struct git_act *act)
{
	int64_t left = act->env->deadline - clock_mono(act->env->clock);

	return left > CLOCK_US ? left : CLOCK_US;
}

void git_act_command(const struct git_act *act, const char *const *words, struct buf *out)
{
	char **argv = gitrepo_argv(&act->spec, words);

	buf_puts(out, "$ ");
	argv_text(out, (const char *const *)argv);
	buf_putc(out, '\n');
	argv_free(argv);
}
