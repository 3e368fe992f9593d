/* Actions "command" (an argv) and "shell" (literal text): whether it had its effect, verify must
 * say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "actions/types.h"
#include "lib/argv.h"
#include "lib/clock.h"
#include "lib/jdoc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/timefmt.h"

static const char *const risks[] = { "safe", "caution", "destructive", NULL };

static const struct field command_fields[] = {
	{ "command", FIELD_STRINGS, true, "the command: a program and its arguments, no shell",
	  NULL, NULL },
	{ "cwd", FIELD_PATH, false, "the folder it runs in", NULL, NULL },
	{ "env", FIELD_MAP, false, "additions to its environment", "secret", NULL },
	{ "exit", FIELD_INT, false, "the exit status that means success (0)", NULL, NULL },
	{ "undo", FIELD_STRINGS, false, "the command that takes it back", NULL, NULL },
	{ "risk", FIELD_CHOICE, false, "how much care it needs (caution)", NULL, risks },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static const struct field shell_fields[] = {
	{ "shell", FIELD_LITERAL, true,
	  "text for /bin/sh; parameters are in its environment as BACKOUT_NAME", NULL, NULL },
	{ "cwd", FIELD_PATH, false, "the folder it runs in", NULL, NULL },
	{ "exit", FIELD_INT, false, "the exit status that means success (0)", NULL, NULL },
	{ "undo", FIELD_LITERAL, false, "text for /bin/sh that takes it back", NULL, NULL },
	{ "risk", FIELD_CHOICE, false, "how much care it needs (caution)", NULL, risks },
	{ NULL, FIELD_STRING, false, NULL, NULL, NULL },
};

static enum risk_class risk(const json_t *args)
{
	const char *name = json_str(args, "risk", "caution");

	return strcmp(name, "safe") == 0	  ? ACTION_SAFE
	       : strcmp(name, "destructive") == 0 ? ACTION_DESTRUCTIVE
						  : ACTION_CAUTION;
}

/* ---- either ---- */

/* New: the argv behind `key`, a list or text for the shell; NULL with err. */
static char **command_argv(const json_t *args, const char *key, struct err *err)
{
	const json_t *value = json_object_get(args, key);
	char **argv;

	if (!json_is_string(value))
		return argv_new(value, key, err);
	argv = xcalloc(4, sizeof(*argv));
	argv[0] = xstrdup("/bin/sh");
	argv[1] = xstrdup("-c");
	argv[2] = xstrdup(json_string_value(value));
	return argv;
}

static int execute(const struct action_env *env, const json_t *args, const char *key, int expected,
		   struct err *err)
{
	bool shell = json_is_string(json_object_get(args, key));
	char **argv = command_argv(args, key, err);
	char **own = argv_env(json_object_get(args, "env"));
	int64_t left = env->deadline - clock_mono(env->clock);
	struct child_spec spec = {
		.argv = (const char *const *)argv,
		.env = shell ? env->shell_env : (const char *const *)own,
		.cwd = json_str(args, "cwd", NULL),
		.usual_umask = true,
	};
	int rc = -1;

	if (argv != NULL && left <= 0)
		err_set(err, "%s: no time is left", argv[0]);
	else if (argv != NULL)
		rc = argv_run(&spec, left, env->log, expected, err);
	argv_free(own);
	argv_free(argv);
	return rc;
}

static const char *main_key(const json_t *args)
{
	return json_object_get(args, "shell") != NULL ? "shell" : "command";
}

static int run(const struct action_env *env, const json_t *args, const json_t *before,
	       json_t **facts, struct err *err)
{
	char from[TIME_RFC3339_MAX];

	(void)before;
	*facts = json_pack("{s:s}", FACT_SHOWN_SINCE, time_rfc3339(clock_wall(env->clock), from));
	return execute(env, args, main_key(args), (int)json_num(args, "exit", 0), err);
}

static int undo(const struct action_env *env, const json_t *args, const json_t *before,
		struct err *err)
{
	(void)before;
	if (json_object_get(args, "undo") == NULL)
		return err_set(err, "no command is given that takes it back");
	return execute(env, args, "undo", 0, err);
}

/* The exit status went to the outcome; what the command did to the world only a probe can tell. */
static enum settled settled(const struct action_env *env, const json_t *args, const json_t *before,
			    struct buf *why)
{
	(void)env;
	(void)args;
	(void)before;
	buf_puts(why, "a command's effect is known by its verifying probes alone");
	return SETTLED_UNKNOWN;
}

static void line_add(struct buf *out, const json_t *value)
{
	struct err err = ERR_INIT;
	char **argv;

	if (json_is_string(value)) {
		const char *text = json_string_value(value);

		while (*text != '\0') {
			size_t len = strcspn(text, "\n");

			buf_puts(out, "sh$ ");
			text_clean(out, text, len);
			buf_putc(out, '\n');
			text += len + (text[len] == '\n' ? 1 : 0);
		}
		return;
	}
	argv = argv_new(value, "command", &err);
	buf_puts(out, "$ ");
	if (argv != NULL)
		argv_text(out, (const char *const *)argv);
	buf_putc(out, '\n');
	argv_free(argv);
}

static int plan(const struct action_env *env, const json_t *args, struct plan *plan,
		struct err *err)
{
	const json_t *back = json_object_get(args, "undo");
	const char *cwd = json_str(args, "cwd", NULL);
	struct buf line = BUF_INIT;
	char **argv = command_argv(args, main_key(args), err);

	(void)env;
	if (argv == NULL)
		return -1;
	argv_free(argv);
	line_add(&plan->lines, json_object_get(args, main_key(args)));
	if (cwd != NULL) {
		buf_puts(&plan->lines, "in ");
		text_clean(&plan->lines, cwd, strlen(cwd));
		buf_putc(&plan->lines, '\n');
	}
	if (back != NULL) {
		line_add(&line, back);
		buf_printf(&plan->undo, "%.*s", (int)strcspn(buf_str(&line), "\n"), buf_str(&line));
	}
	buf_release(&line);
	return 0;
}

/* What is missing is found before anything is done, also the way back. */
static int ready(const struct action_env *env, const json_t *args, struct err *err)
{
	const char *const keys[] = { main_key(args), "undo" };
	const char *cwd = json_str(args, "cwd", NULL);
	struct stat st;
	int rc = 0;

	(void)env;
	for (size_t i = 0; rc == 0 && i < sizeof(keys) / sizeof(keys[0]); i++) {
		char **argv =
		    json_object_get(args, keys[i]) ? command_argv(args, keys[i], err) : NULL;

		if (argv != NULL)
			rc = argv_check((const char *const *)argv, err);
		else if (json_object_get(args, keys[i]) != NULL)
			rc = -1;
		argv_free(argv);
	}
	if (rc == 0 && cwd != NULL && stat(cwd, &st) < 0)
		rc = err_sys(err, "the folder %s", cwd);
	else if (rc == 0 && cwd != NULL && !S_ISDIR(st.st_mode))
		rc = err_set(err, "%s is no folder", cwd);
	return rc;
}

const struct action_type action_command = {
	.type = { .name = "command",
		  .help = "runs a command",
		  .fields = command_fields,
		  .examples =
		      "{\"command\": [\"${root}/bin/purge-cache\", \"--region\", \"${region}\"], "
		      "\"undo\": [\"${root}/bin/fill-cache\"], \"risk\": \"caution\"}" },
	.risk = risk,
	.plan = plan,
	.ready = ready,
	.run = run,
	.settled = settled,
	.undo = undo,
};

const struct action_type action_shell = {
	.type = { .name = "shell",
		  .help = "runs text in a shell",
		  .fields = shell_fields,
		  .examples = "{\"shell\": \"cd \\\"$BACKOUT_ROOT\\\" && ./bin/export "
			      ">export.csv\", \"risk\": \"safe\"}" },
	.risk = risk,
	.plan = plan,
	.ready = ready,
	.run = run,
	.settled = settled,
	.undo = undo,
};
