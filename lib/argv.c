#include "lib/argv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cmdout.h"
#include "lib/mem.h"
#include "lib/text.h"

char *argv_scalar(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_integer(value))
		return xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_real(value))
		return xasprintf("%.15g", json_real_value(value));
	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "true" : "false");
	return NULL;
}

char **argv_new(const json_t *list, const char *what, struct err *err)
{
	size_t n = json_array_size(list);
	char **argv;

	if (!json_is_array(list) || n == 0) {
		err_set(err, "%s: expected a list with a program and its arguments", what);
		return NULL;
	}
	argv = xcalloc(n + 1, sizeof(*argv));
	for (size_t i = 0; i < n; i++) {
		argv[i] = argv_scalar(json_array_get(list, i));
		if (argv[i] == NULL) {
			err_set(err, "%s: element %zu is neither text nor a number", what, i + 1);
			argv_free(argv);
			return NULL;
		}
	}
	if (argv[0][0] == '\0') {
		err_set(err, "%s: the program's name is empty", what);
		argv_free(argv);
		return NULL;
	}
	return argv;
}

char **argv_env(const json_t *map)
{
	char **env = xcalloc(json_object_size(map) + 1, sizeof(*env));
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach((json_t *)map, key, value) {
		char *text = argv_scalar(value);

		if (text != NULL)
			env[n++] = xasprintf("%s=%s", key, text);
		free(text);
	}
	return env;
}

void argv_free(char **argv)
{
	if (argv == NULL)
		return;
	for (size_t i = 0; argv[i] != NULL; i++)
		free(argv[i]);
	free(argv);
}

static void word_quoted(struct buf *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./:=@%+,";

	if (*word != '\0' && word[strspn(word, plain)] == '\0') {
		buf_puts(out, word);
		return;
	}
	buf_putc(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *word);
	}
	buf_putc(out, '\'');
}

void argv_text(struct buf *out, const char *const *argv)
{
	struct buf line = BUF_INIT;

	for (size_t i = 0; argv[i] != NULL; i++) {
		if (i > 0)
			buf_putc(&line, ' ');
		word_quoted(&line, argv[i]);
	}
	text_clean(out, buf_str(&line), line.len);
	buf_release(&line);
}

static void on_tick(void *data)
{
	cmdout_pump(data);
}

int argv_run(const struct child_spec *spec, int64_t timeout_us, int log, int expected,
	     struct err *err)
{
	struct child_spec own = *spec;
	struct child_end end = { 0 };
	struct cmdout out;
	char how[96], last[300];
	int rc = -1;

	if (cmdout_open(&out, log, err) < 0)
		return -1;
	own.in = -1;
	own.out = own.err = out.fd;
	own.tick = on_tick;
	own.tick_data = &out;
	if (child_run(&own, NULL, timeout_us, 0, NULL, NULL, &end, err) < 0)
		goto out;
	if (!end.timed_out && WIFEXITED(end.status) && WEXITSTATUS(end.status) == expected) {
		rc = 0;
		goto out;
	}
	cmdout_last(&out, last, sizeof(last));
	err_set(err, "%s: %s%s%s", spec->argv[0], child_end_text(&end, how, sizeof(how)),
		last[0] != '\0' ? ": " : "", last);
out:
	cmdout_close(&out);
	return rc;
}

/* A file that may be executed; folders may, too, but can't be started. Else errno says why. */
static bool is_program(const char *path)
{
	struct stat st;

	if (access(path, X_OK) < 0 || stat(path, &st) < 0)
		return false;
	errno = EACCES;
	return S_ISREG(st.st_mode);
}

int argv_check(const char *const *argv, struct err *err)
{
	const char *path = getenv("PATH"), *name = argv[0];
	bool found = false;

	if (name[0] == '/')
		return is_program(name) ? 0 : err_sys(err, "%s can't be started", name);
	/* Below the folder that it will run in. */
	if (strchr(name, '/') != NULL)
		return 0;
	while (!found && path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");
		char *file = xasprintf("%.*s/%s", (int)len, path, name);

		found = len > 0 && is_program(file);
		free(file);
		path += len + (path[len] == ':' ? 1 : 0);
	}
	if (found || path == NULL)
		return 0;
	err_set(err, "%s is not found in PATH", name);
	return err_hint(err, "install it, or name it by its path");
}
