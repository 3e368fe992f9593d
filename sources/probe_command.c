/* Probe type "command": how a command exits and what it prints. It is meant to read only. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/argv.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/rx.h"
#include "lib/text.h"
#include "sources/types.h"

#define TIMEOUT_US (10 * CLOCK_US)
#define OUTPUT_MAX ((size_t)256 << 10)

static const struct field fields[] = {
	{ "command", FIELD_STRINGS, true, "the command: a program and its arguments, no shell",
	  NULL, NULL },
	{ "exit", FIELD_INT, false, "its exit status (0)", NULL, NULL },
	{ "output", FIELD_REGEX, false, "its standard output matches", NULL, NULL },
	{ "cwd", FIELD_PATH, false, "the folder it runs in", NULL, NULL },
	{ "env", FIELD_MAP, false, "additions to its environment", "secret", NULL },
	{ "timeout", FIELD_DURATION, false, "it must end within this time (10s)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static void first_line(const struct buf *output, char *out, size_t size)
{
	const char *text = buf_str(output);

	text_clean_to(out, size, text, strcspn(text, "\r\n"));
}

static void judge(const json_t *args, const struct child_end *end, const struct buf *output,
		  int64_t now, struct reading *out)
{
	const char *pattern = json_str(args, "output", NULL);
	int wanted = (int)json_num(args, "exit", 0);
	char how[96], line[160];
	struct err err = ERR_INIT;
	struct rx *rx = pattern != NULL ? rx_new(pattern, false, &err) : NULL;
	bool holds;

	child_end_text(end, how, sizeof(how));
	first_line(output, line, sizeof(line));
	if (end->timed_out || !WIFEXITED(end->status)) {
		reading_unknown(out, now, "%s", how);
	} else if (pattern != NULL && rx == NULL) {
		reading_unknown(out, now, "%s", err.msg);
	} else if (WEXITSTATUS(end->status) == wanted && end->lost > 0 && rx != NULL &&
		   !rx_match(rx, buf_str(output), output->len)) {
		reading_unknown(out, now, "it printed %zu bytes more than are read", end->lost);
	} else {
		holds = WEXITSTATUS(end->status) == wanted &&
			(rx == NULL || rx_match(rx, buf_str(output), output->len));
		reading_judge(out, holds, now, "%s%s%s", how, line[0] != '\0' ? ": " : "", line);
		snprintf(out->text, sizeof(out->text), "%s", line);
	}
	rx_free(rx);
}

static void eval(const struct probe_env *env, const json_t *args, struct reading *out)
{
	struct err err = ERR_INIT;
	char **argv = argv_new(json_object_get(args, "command"), "command", &err);
	char **more = argv_env(json_object_get(args, "env"));
	int64_t timeout = json_us(args, "timeout", TIMEOUT_US),
		left = env->deadline - clock_mono(env->clock);
	struct child_spec spec = { .argv = (const char *const *)argv,
				   .env = (const char *const *)more,
				   .cwd = json_str(args, "cwd", NULL),
				   .in = -1,
				   .out = -1,
				   .err = -1 };
	struct buf output = BUF_INIT;
	struct child_end end = { 0 };

	if (argv == NULL || child_run(&spec, NULL, timeout < left ? timeout : left, OUTPUT_MAX,
				      &output, NULL, &end, &err) < 0)
		reading_unknown(out, clock_wall(env->clock), "%s", err.msg);
	else
		judge(args, &end, &output, clock_wall(env->clock), out);
	buf_release(&output);
	argv_free(more);
	argv_free(argv);
}

const struct probe_type probe_command = {
	.type = { .name = "command",
		  .help = "how a command exits and what it prints",
		  .fields = fields },
	.blocks = true,
	.eval = eval,
};
