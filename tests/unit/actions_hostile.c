/*
 * Parameters that mean something to a shell, to SQL, to options' parsers: whatever they hold, each
 * stays one argv element, one environment variable, one value, one name of a file; and none of the
 * variables that decide what a program does is handed on.
 */
#include "tests/unit/act.h"

#include "lib/argv.h"
#include "lib/params.h"
#include "tests/unit/cluster.h"
#include "tests/unit/fault.h"

#define BATCH 50

static char self[4096];
static long values_tried, mismatches;

extern char **environ;

/* The program that is called: what it was given, one a line, in hexadecimal. */
static int show(const char *path, char **list)
{
	FILE *out = fopen(path, "w");

	for (; out && *list; list++) {
		for (const char *p = *list; *p; p++)
			fprintf(out, "%02x", (unsigned char)*p);
		fputc('\n', out);
	}
	return out && fclose(out) == 0 ? 0 : 1;
}

static const char *const pieces[] = {
	"'",
	"\"",
	"`touch pwned`",
	"$(touch pwned)",
	";touch pwned;",
	"|",
	"&",
	"\n",
	"\t",
	" ",
	"-rf",
	"--",
	"*",
	"?",
	"~",
	"\\",
	"${HOME}",
	"$HOME",
	"$${",
	"%s%n",
	"\x01",
	"\x1b[2J",
	"\x7f",
	"\xc3\xa9",
	"\xe2\x80\xae",
	"=",
	"#",
	"!!",
	"<(x)",
	">pwned",
	"'; DROP TABLE t; --",
	"../../",
	"/",
	"--output=pwned",
	"@x",
	"{a,b}",
	"[a]",
	"\r",
	"-",
	"\xf0\x9f\x92\xa9",
	"$'\\n'",
	"0",
};

enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };

static unsigned long seed = 1;

static unsigned next(unsigned below)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (unsigned)(seed >> 33) % below;
}

/* New: parameters p0, p1, ... */
static json_t *hostile(void)
{
	json_t *values = json_object();

	for (int i = 0; i < BATCH; i++) {
		struct buf text = BUF_INIT;
		char name[16];

		for (unsigned n = next(8) + (i > 0); n > 0; n--)
			buf_puts(&text, pieces[next(PIECES)]);
		snprintf(name, sizeof(name), "p%d", i);
		json_object_set_new(values, name, json_string(buf_str(&text)));
		buf_release(&text);
	}
	return values;
}

static const char *value_of(const json_t *values, int i)
{
	char name[16];

	snprintf(name, sizeof(name), "p%d", i);
	return json_string_value(json_object_get(values, name));
}

static void hex_line(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_printf(out, "%02x", (unsigned char)*text);
	buf_putc(out, '\n');
}

static void expect_file(const struct workspace *ws, const char *name, const struct buf *expected)
{
	char *text = ws_read(ws, name);

	values_tried += BATCH;
	if (!text || strcmp(text, buf_str(expected)) != 0) {
		mismatches++;
		print_message("# got %s# expected %s", text ? text : "nothing\n",
			      buf_str(expected));
	}
	free(text);
}

static int batches(void)
{
	int all = getenv("LONG") ? 10000 : 1000;

	return all / BATCH / 4; /* by four ways */
}

static void run(struct act *act, json_t *values)
{
	json_t *filled = params_fill(act->args, values, &act->err);

	assert_non_null(filled);
	if (act->type->run(&act->env, filled, NULL, &act->facts, &act->err) != 0)
		fail_msg("%s", act->err.msg);
	json_decref(filled);
}

static json_t *words(const struct workspace *ws)
{
	char *out = ws_path(ws, "shown");
	json_t *list = json_pack("[s, s, s]", self, "show", out);

	free(out);
	return list;
}

static void they_stay_one_argv_element(void **state)
{
	struct workspace *ws = *state;

	for (int batch = 0; batch < batches(); batch++) {
		json_t *values = hostile(), *argv = words(ws);
		struct buf expected = BUF_INIT;
		struct act act;

		for (int i = 0; i < BATCH; i++) {
			char *word = xasprintf(i % 2 ? "x${p%d}y" : "${p%d}", i);
			char *want = xasprintf(i % 2 ? "x%sy" : "%s", value_of(values, i));

			json_array_append_new(argv, json_string(word));
			hex_line(&expected, want);
			free(word);
			free(want);
		}
		act_begin(&act, ws, "command", "{}", "{}");
		json_object_set_new(act.args, "command", argv);
		json_object_set_new(act.args, "cwd", json_string(ws->path));
		run(&act, values);
		expect_file(ws, "shown", &expected);
		act_end(&act);
		json_decref(values);
		buf_release(&expected);
	}
	assert_int_equal(ws_sh(ws, "test ! -e pwned"), 0);
	assert_int_equal(mismatches, 0);
}

static void a_shell_gets_them_as_variables(void **state)
{
	struct workspace *ws = *state;

	for (int batch = 0; batch < batches(); batch++) {
		json_t *values = hostile();
		struct buf expected = BUF_INIT, text = BUF_INIT;
		char **env = params_env(values);
		struct act act;

		buf_printf(&text, "'%s' show '%s/shown'", self, ws->path);
		for (int i = 0; i < BATCH; i++) {
			buf_printf(&text, " \"$BACKOUT_P%d\"", i);
			hex_line(&expected, value_of(values, i));
		}
		act_begin(&act, ws, "shell", "{}", "{}");
		json_object_set_new(act.args, "shell", json_string(buf_str(&text)));
		json_object_set_new(act.args, "cwd", json_string(ws->path));
		act.env.shell_env = (const char *const *)env;
		/* Literal: nothing is filled in. */
		if (act.type->run(&act.env, act.args, NULL, &act.facts, &act.err) != 0)
			fail_msg("%s", act.err.msg);
		expect_file(ws, "shown", &expected);
		act_end(&act);
		argv_free(env);
		json_decref(values);
		buf_release(&expected);
		buf_release(&text);
	}
	assert_int_equal(ws_sh(ws, "test ! -e pwned"), 0);
	assert_int_equal(mismatches, 0);
}

static void sql_gets_them_bound(void **state)
{
	struct workspace *ws = *state;
	struct cluster cluster = { .folder = "" };

	if (cluster_start(&cluster) != 0)
		skip();
	assert_int_equal(cluster_sql(&cluster, "postgres",
				     "CREATE TABLE t (n int GENERATED ALWAYS AS IDENTITY, v text)"),
			 0);
	for (int batch = 0; batch < batches(); batch++) {
		json_t *values = hostile(), *with = json_array();
		struct buf sql = BUF_INIT, expected = BUF_INIT;
		struct act act;
		char *source = xasprintf("{'db': {'host': '%s', 'port': %d, 'database': 'postgres',"
					 " 'role': 'postgres'}}",
					 cluster.folder, cluster.port),
		     *got;

		buf_puts(&sql, "INSERT INTO t (v) VALUES ");
		for (int i = 0; i < BATCH; i++) {
			char *word = xasprintf("${p%d}", i);

			buf_printf(&sql, "%s($%d)", i ? ", " : "", i + 1);
			json_array_append_new(with, json_string(word));
			hex_line(&expected, value_of(values, i));
			free(word);
		}
		ws_sh(ws, "mkdir -p incident");
		act_begin(&act, ws, "pg_sql", source, "{'pg_sql': 'db', 'expect_rows': 50}");
		json_object_set_new(act.args, "sql", json_string(buf_str(&sql)));
		json_object_set_new(act.args, "with", with);
		free(act.intent);
		act.intent = xasprintf("test.%d", batch);
		act.env.intent = act.intent;
		json_t *filled = params_fill(act.args, values, NULL);
		json_t *before = act.type->before(&act.env, filled, &act.err);
		if (act.type->run(&act.env, filled, before, &act.facts, &act.err) != 0)
			fail_msg("%s", act.err.msg);
		got =
		    cluster_value(&cluster, "postgres",
				  "WITH g AS (DELETE FROM t RETURNING n, v) SELECT "
				  "string_agg(encode(convert_to(v, 'UTF8'), 'hex') || chr(10), '' "
				  "ORDER BY n) FROM g");
		values_tried += BATCH;
		if (!got || strcmp(got, buf_str(&expected)) != 0)
			mismatches++;
		json_decref(filled);
		json_decref(before);
		act_end(&act);
		json_decref(values);
		free(got);
		free(source);
		buf_release(&sql);
		buf_release(&expected);
	}
	cluster_end(&cluster);
	assert_int_equal(mismatches, 0);
}

/* As environment of a command, declared by name. */
static void an_environment_gets_them_whole(void **state)
{
	struct workspace *ws = *state;

	for (int batch = 0; batch < batches(); batch++) {
		json_t *values = hostile(), *env = json_object(), *argv = json_array();
		struct buf expected = BUF_INIT, text = BUF_INIT;
		struct act act;

		buf_printf(&text, "'%s' show '%s/shown'", self, ws->path);
		for (int i = 0; i < BATCH; i++) {
			char *word = xasprintf("${p%d}", i), *name = xasprintf("V%d", i);

			json_object_set_new(env, name, json_string(word));
			buf_printf(&text, " \"$V%d\"", i);
			hex_line(&expected, value_of(values, i));
			free(word);
			free(name);
		}
		json_array_append_new(argv, json_string("sh"));
		json_array_append_new(argv, json_string("-c"));
		json_array_append_new(argv, json_string(buf_str(&text)));
		act_begin(&act, ws, "command", "{}", "{}");
		json_object_set_new(act.args, "command", argv);
		json_object_set_new(act.args, "cwd", json_string(ws->path));
		json_object_set_new(act.args, "env", env);
		run(&act, values);
		expect_file(ws, "shown", &expected);
		act_end(&act);
		json_decref(values);
		buf_release(&expected);
		buf_release(&text);
	}
	assert_int_equal(ws_sh(ws, "test ! -e pwned"), 0);
	assert_int_equal(mismatches, 0);
}

static const char *const traps[] = {
	"LD_PRELOAD",
	"LD_LIBRARY_PATH",
	"LD_AUDIT",
	"BASH_ENV",
	"ENV",
	"IFS",
	"PS4",
	"SHELLOPTS",
	"BASHOPTS",
	"CDPATH",
	"GLOBIGNORE",
	"PYTHONPATH",
	"PYTHONSTARTUP",
	"PERL5LIB",
	"PERL5OPT",
	"RUBYOPT",
	"NODE_OPTIONS",
	"PGHOST",
	"PGSERVICE",
	"PGPASSWORD",
	"PGOPTIONS",
	"GIT_DIR",
	"GIT_SSH_COMMAND",
	"GIT_EXEC_PATH",
	"GIT_CONFIG_COUNT",
	"GCONV_PATH",
	"MALLOC_CHECK_",
	"EDITOR",
	"PAGER",
	"SSH_ASKPASS",
	"HTTP_PROXY",
	"http_proxy",
	"CURL_HOME",
	"OPENSSL_CONF",
	"BASH_FUNC_ls%%",
	"SUDO_USER",
	"BACKOUT_STATE_DIR",
	"SYSTEMD_EDITOR",
	"TMUX",
	"BACKOUT_TOKEN",
};

/* A variable that is handed on counts as a leak, whatever it is called. */
static void only_the_list_is_handed_on(void **state)
{
	static const char *const allowed[] = { "HOME",
					       "USER",
					       "LOGNAME",
					       "PATH",
					       "LANG",
					       "TZ",
					       "TERM",
					       "SSH_AUTH_SOCK",
					       "TMPDIR",
					       "SOURCE_DATE_EPOCH",
					       /* A shell's own. */ "PWD",
					       "OLDPWD",
					       "SHLVL",
					       "_" };
	struct workspace *ws = *state;
	long leaks = 0, given = 0;
	struct act act;
	char *text;

	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++)
		setenv(traps[i], "trap", 1);
	for (int way = 0; way < 2; way++) {
		char *line = xasprintf("'%s' env '%s/shown'", self, ws->path);

		act_begin(&act, ws, way ? "shell" : "command", "{}", "{}");
		json_object_set_new(act.args, way ? "shell" : "command",
				    way ? json_string(line)
					: json_pack("[s, s, o]", self, "env",
						    json_sprintf("%s/shown", ws->path)));
		if (act.type->run(&act.env, act.args, NULL, &act.facts, &act.err) != 0)
			fail_msg("%s", act.err.msg);
		text = ws_read(ws, "shown");
		assert_non_null(text);
		for (char *rest = text, *name; (name = strsep(&rest, "\n"));) {
			bool fine =
			    !*name || strncmp(name, "LC_", 3) == 0 || strncmp(name, "XDG_", 4) == 0;

			for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
				fine = fine || strcmp(name, allowed[i]) == 0;
			given += *name != '\0';
			leaks += !fine;
			if (!fine)
				print_message("# handed on: %s\n", name);
		}
		free(text);
		free(line);
		act_end(&act);
	}
	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++)
		unsetenv(traps[i]);
	assert_true(given > 2);
	fault(19, "variables that decide what a program does",
	      2 * (long)(sizeof(traps) / sizeof(traps[0])),
	      2 * (long)(sizeof(traps) / sizeof(traps[0])) - leaks, leaks);
	assert_int_equal(leaks, 0);
}

/* What a rollback builds is read by the service's own user. */
static void what_commands_make_is_readable(void **state)
{
	struct workspace *ws = *state;
	mode_t before = umask(077);
	struct act act;

	act_begin(&act, ws, "shell", "{}",
		  "{'shell': 'mkdir made; touch made/file; umask 077; touch made/secret', 'cwd': "
		  "'@'}");
	assert_int_equal(act.type->run(&act.env, act.args, NULL, &act.facts, &act.err), 0);
	act_end(&act);
	umask(before);
	ws_assert(ws, "stat -c %a made made/file made/secret | tr '\\n' ' '", "755 644 600 ");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(they_stay_one_argv_element, workspace_make,
						workspace_remove),
		cmocka_unit_test_setup_teardown(a_shell_gets_them_as_variables, workspace_make,
						workspace_remove),
		cmocka_unit_test_setup_teardown(an_environment_gets_them_whole, workspace_make,
						workspace_remove),
		cmocka_unit_test_setup_teardown(sql_gets_them_bound, workspace_make,
						workspace_remove),
		cmocka_unit_test_setup_teardown(only_the_list_is_handed_on, workspace_make,
						workspace_remove),
		cmocka_unit_test_setup_teardown(what_commands_make_is_readable, workspace_make,
						workspace_remove),
	};
	int failed;

	if (argc >= 3 && strcmp(argv[1], "show") == 0)
		return show(argv[2], argv + 3);
	if (argc == 3 && strcmp(argv[1], "env") == 0) {
		FILE *out = fopen(argv[2], "w");

		for (char **p = environ; out && *p; p++)
			fprintf(out, "%.*s\n", (int)strcspn(*p, "="), *p);
		return out && fclose(out) == 0 ? 0 : 1;
	}
	if (!realpath(argv[0], self))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fault(19, "hostile parameters: argv, environment, shell, SQL", values_tried,
	      values_tried - mismatches * BATCH, mismatches * BATCH);
	return failed;
}
