/* A command that reads: the number it prints, how it exits, how long it takes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/argv.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/number.h"
#include "lib/rx.h"
#include "lib/text.h"
#include "sources/types.h"

#define TIMEOUT_US (10 * CLOCK_US)
#define OUTPUT_MAX ((size_t)256 << 10)

static const struct field fields[] = {
	{ "argv", FIELD_STRINGS, true, "a program and its arguments, no shell; it must only read",
	  NULL, NULL },
	{ "cwd", FIELD_PATH, false, "the folder it runs in", NULL, NULL },
	{ "env", FIELD_MAP, false, "additions to its environment", "secret", NULL },
	{ "timeout", FIELD_DURATION, false, "it is ended after this time (10s)", NULL, NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field metric_fields[] = {
	{ "capture", FIELD_REGEX, false,
	  "of \"number\": its first group is the number; else the output begins with it", NULL,
	  NULL },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct read_def reads[] = {
	{ "number", "", "the number that it prints; unknown when it fails" },
	{ "lines", "", "how many lines it prints; unknown when it fails" },
	{ "exit", "", "its exit status" },
	{ "ms", "ms", "time that it takes" },
	{ NULL, NULL, NULL },
};

struct command_source {
	struct source source; /* first */
	json_t *args;
};

static void command_close(struct source *source)
{
	json_decref(((struct command_source *)source)->args);
	free(source);
}

static struct source *command_open(const struct source_env *env, const char *name,
				   const json_t *args, struct err *err)
{
	struct command_source *command = xcalloc(1, sizeof(*command));

	(void)err;
	source_init(&command->source, &source_command, env, name);
	command->args = json_deep_copy(args);
	return &command->source;
}

static size_t lines_of(const struct buf *output)
{
	size_t n = 0;

	for (size_t i = 0; i < output->len; i++)
		n += output->data[i] == '\n';
	return n + (output->len > 0 && output->data[output->len - 1] != '\n' ? 1 : 0);
}

static void number_read(const json_t *metric, const struct buf *output, int64_t now,
			struct reading *out)
{
	const char *pattern = json_str(metric, "capture", NULL), *text = buf_str(output);
	struct err err = ERR_INIT;
	struct rx *rx = pattern != NULL ? rx_new(pattern, false, &err) : NULL;
	size_t from = strspn(text, " \t\r\n"), to = output->len;
	char shown[80];
	double value;

	if (err.set)
		reading_unknown(out, now, "%s", err.msg);
	else if (rx != NULL && !rx_find(rx, text, output->len, 1, &from, &to))
		reading_unknown(out, now, "nothing in its output matches %s", pattern);
	else if (number_find(text + from, to - from, &value))
		reading_value(out, now, value, "");
	else
		reading_unknown(out, now, "it printed no number: \"%s\"",
				text_clean_to(shown, sizeof(shown), text + from,
					      strcspn(text + from, "\r\n")));
	rx_free(rx);
}

/* What it said, beside the value that was made of it. */
static void evidence_add(const struct child_end *end, const struct buf *output, struct reading *out)
{
	const char *text = buf_str(output);
	char how[96], said[120];

	if (out->verdict != VERDICT_PASS)
		return;
	text_clean_to(said, sizeof(said), text, strcspn(text, "\r\n"));
	snprintf(out->evidence, sizeof(out->evidence), "%s in %.0f ms: \"%s\"",
		 child_end_text(end, how, sizeof(how)), (double)end->elapsed_us / 1000, said);
}

static void answer_read(const json_t *metric, const struct child_end *end, const struct buf *output,
			int64_t now, struct reading *out)
{
	const char *read = json_str(metric, "read", "");
	char how[96];

	child_end_text(end, how, sizeof(how));
	if (end->timed_out || !WIFEXITED(end->status))
		reading_unknown(out, now, "%s", how);
	else if (strcmp(read, "ms") == 0)
		reading_value(out, now, (double)end->elapsed_us / 1000, "ms");
	else if (strcmp(read, "exit") == 0)
		reading_value(out, now, WEXITSTATUS(end->status), "");
	else if (WEXITSTATUS(end->status) != 0)
		reading_unknown(out, now, "%s", how);
	else if (strcmp(read, "lines") == 0)
		reading_value(out, now, (double)lines_of(output), "");
	else
		number_read(metric, output, now, out);
}

static void command_read(struct source *source, const json_t *metric, int64_t since,
			 struct reading *out)
{
	const json_t *args = ((const struct command_source *)source)->args;
	struct err err = ERR_INIT;
	char **argv = argv_new(json_object_get(args, "argv"), "argv", &err);
	char **env = argv_env(json_object_get(args, "env"));
	struct child_spec spec = { .argv = (const char *const *)argv,
				   .env = (const char *const *)env,
				   .cwd = json_str(args, "cwd", NULL),
				   .in = -1,
				   .out = -1,
				   .err = -1 };
	struct child_end end = { 0 };
	struct buf output = BUF_INIT;

	(void)since;
	if (argv == NULL || child_run(&spec, NULL, json_us(args, "timeout", TIMEOUT_US), OUTPUT_MAX,
				      &output, NULL, &end, &err) < 0) {
		reading_unknown(out, clock_wall(source->env->clock), "%s", err.msg);
	} else {
		answer_read(metric, &end, &output, clock_wall(source->env->clock), out);
		evidence_add(&end, &output, out);
	}
	buf_release(&output);
	argv_free(env);
	argv_free(argv);
}

const struct source_type source_command = {
	.type = { .name = "command",
		  .help = "a command that is run again and again; it must only read",
		  .fields = fields,
		  .reads = reads,
		  .metric_fields = metric_fields },
	.slow = source_all_slow,
	.open = command_open,
	.close = command_close,
	.read = command_read,
};
